"""Work list: drafts of controlled documents."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document

_SHOWN = 20


def process_documents_to_approve(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the drafts of how batches are made and judged that somebody else has written, oldest first."""
    return _drafts(person, "batches.approve", _("Documents to approve"))


def specifications_to_approve(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the drafts of what lots are released by that somebody else has written, oldest first."""
    return _drafts(person, "release.approve_specification", _("Specifications to approve"))


def _drafts(person: Person, permission: str, label: str) -> WorkList:
    kinds = {kind.code: kind for kind in queries.document_kinds() if kind.approve == permission}
    drafts = Document.objects.filter(status=Document.Status.DRAFT, kind__in=kinds).exclude(authored_by=person)
    rows = tuple(
        Row(
            title=str(row),
            detail=f"{kinds[row.kind].title} · {row.title}",
            url=row.get_absolute_url(),
            state="alert",
            mark=_("Approve"),
        )
        for row in drafts.defer("content", "source").order_by("authored_at")[:_SHOWN]
    )
    return WorkList(label, "", drafts.count(), rows)
