"""Controlled documents over REST, for every kind."""

from typing import ClassVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api import ApiView
from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents import queries
from gatekeeper.documents.actions.documents import approve_document, import_document, retire_document
from gatekeeper.documents.models import Document
from gatekeeper.documents.presentation import file_of
from gatekeeper.documents.rules.reading import JSON, TOML
from gatekeeper.documents.serializers import ApprovalGiven, OneDocumentOutput, RetirementGiven, output_of
from gatekeeper.parsers import JsonParser, TomlParser


class DocumentView(ApiView):
    """A resource of one kind of document: each address has a class of its own, which declares its permission."""

    kind: ClassVar[DocumentKind]

    def document(self) -> Document:
        """Return the version of the address."""
        return get_object_or_404(queries.documents_of(self.kind), **self.kwargs)

    def answer(self, document: Document, status: int = 200) -> Response:
        """Return a version as clients see it."""
        return Response(output_of(self.kind, OneDocumentOutput)(document).data, status=status)


class Documents(DocumentView):
    """Every version of every document of the kind."""

    parser_classes = [JsonParser, TomlParser]

    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(queries.documents_of(self.kind), output_of(self.kind))

    def post(self, request: Request) -> Response:
        """Record a draft from TOML or JSON; `reason` says why there is a new version."""
        body = request.data  # of TOML its bytes, bounded; none for an empty body
        draft = import_document(
            by=request.user,
            kind=self.kind,
            source=body if isinstance(body, bytes) else request.body,
            media_type=JSON if str(request.content_type).startswith(JSON) else TOML,
            reason=request.query_params.get("reason", ""),
        )
        return self.answer(draft, status=201)


class OneDocument(DocumentView):
    """One version."""

    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version, and what differs from the version before it."""
        return self.answer(self.document())


class ApproveDocument(DocumentView):
    """The signed approval of a draft."""

    signs = True

    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft; the version before it is superseded."""
        approval = self.parsed(ApprovalGiven)
        approved = approve_document(
            by=request.user,
            credentials=approval.credentials(request),
            site=self.sites[0],
            document=self.document(),
            effective_date=approval.validated_data["effective_date"],
            shown_digest=approval.validated_data["sha256"],
        )
        return self.answer(approved, status=201)


class RetireDocument(DocumentView):
    """The signed retirement of a version."""

    signs = True

    def post(self, request: Request, code: str, version: int) -> Response:
        """Retire the version: none is in force after it."""
        retirement = self.parsed(RetirementGiven)
        retired = retire_document(
            by=request.user,
            credentials=retirement.credentials(request),
            site=self.sites[0],
            document=self.document(),
            reason=retirement.validated_data["reason"],
        )
        return self.answer(retired, status=201)


class DocumentFile(DocumentView):
    """The file of a version."""

    def get(self, request: Request, code: str, version: int) -> HttpResponse:
        """Return the file, byte for byte as it came: it can be imported again."""
        return file_of(self.document())
