"""What controlled documents look like over REST."""

from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gatekeeper.accounts.clock import now
from gatekeeper.api import Signs
from gatekeeper.core.canonical import digest
from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document


class DocumentOutput(serializers.ModelSerializer[Document]):
    """A version with its content and digest; ``state`` is what it is now, by its dates."""

    state = serializers.SerializerMethodField()
    authored_by = serializers.CharField(source="authored_by.username")
    approved_by = serializers.CharField(source="approved_by.username", default=None)
    retired_by = serializers.CharField(source="retired_by.username", default=None)
    supersedes = serializers.CharField(default=None)

    class Meta:
        model = Document
        fields = [
            "code", "version", "title", "scope", "status", "state", "sha256", "content", "reason",
            "authored_at", "authored_by", "approved_at", "approved_by", "supersedes", "effective_from",
            "effective_until", "retired_at", "retired_by", "retired_reason",
        ]  # fmt: skip

    def get_state(self, document: Document) -> str:
        """Return draft, approved (and not effective yet), effective, superseded or retired."""
        return document.state(now()).value


class DifferenceOutput(serializers.Serializer[Any]):
    """A value that differs; null where a version has no such value."""

    path = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class OneDocumentOutput(DocumentOutput):
    """A version, what differs from the version before it, and the digest of what an approver signs."""

    differences = serializers.SerializerMethodField()
    approval_sha256 = serializers.SerializerMethodField()

    class Meta(DocumentOutput.Meta):
        fields = [*DocumentOutput.Meta.fields, "differences", "approval_sha256"]

    @extend_schema_field(DifferenceOutput(many=True))
    def get_differences(self, document: Document) -> Any:
        """Return every value that differs from the version before."""
        return DifferenceOutput(queries.differences_of(document), many=True).data

    def get_approval_sha256(self, document: Document) -> str:
        """Return the digest to be given with an approval."""
        return digest(queries.approval_content(document))


@cache
def output_of(kind: DocumentKind, base: type[DocumentOutput] = DocumentOutput) -> type[DocumentOutput]:
    """Return the serializer of a kind: the common fields, and its facts by their names."""
    facts = {fact.name: serializers.CharField(source=f"content.{fact.path}") for fact in kind.facts}
    meta = type("Meta", (base.Meta,), {"fields": [*base.Meta.fields, *facts]})
    name = kind.code.title().replace("_", "") + ("Output" if base is DocumentOutput else "DetailOutput")
    return type(name, (base,), {**facts, "Meta": meta, "__doc__": base.__doc__, "__module__": __name__})


class ApprovalGiven(Signs):
    """The signature of an approval.

    ``sha256`` is the ``approval_sha256`` as it was read, checked where it is given; ``effective_date`` a later day from
    which the version is in force, at the site of the caller.
    """

    sha256 = serializers.CharField(max_length=64, required=False, default="")
    effective_date = serializers.DateField(allow_null=True, default=None)


class RetirementGiven(Signs):
    """The signature of a retirement, with its reason."""

    reason = serializers.CharField(max_length=400, allow_blank=True)
