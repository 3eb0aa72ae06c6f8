"""Work list: drafts of controlled documents."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import authority_of
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document

_SHOWN = 20


def documents_to_approve(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the drafts that somebody else has written and that this person may approve, oldest first."""
    held = frozenset().union(*authority_of(person).values())
    kinds = {kind.code: kind for kind in queries.document_kinds() if kind.approve in held}
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
    return WorkList(_("Documents to approve"), "", drafts.count(), rows)
