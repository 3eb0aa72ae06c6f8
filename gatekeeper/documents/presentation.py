"""How versions of documents are shown: one table of marks for their states, and the words of what they name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents.models import Document
from gatekeeper.documents.rules.statuses import State

# State -> its mark (components/mark.html) and its word.
MARKS: dict[State, tuple[str, Any]] = {
    State.DRAFT: ("plain", _("draft")),
    State.APPROVED: ("alert", _("approved, not effective yet")),
    State.EFFECTIVE: ("inside", _("effective")),
    State.SUPERSEDED: ("unknown", _("superseded")),
    State.RETIRED: ("unknown", _("retired")),
}

VERBS: dict[str, Any] = {"approve": _("Approve"), "retire": _("Retire")}


def mark_of(document: Document, at: datetime) -> dict[str, Any]:
    """Return the mark of a version's state at a time, as components/mark.html takes it."""
    state, label = MARKS[document.state(at)]
    return {"state": state, "label": label}


def rows_of(kind: DocumentKind, documents: Iterable[Document], at: datetime) -> list[dict[str, Any]]:
    """Return versions as rows of a list."""
    return [
        {"document": row, "mark": mark_of(row, at), "facts": [fact.of(row.content) for fact in kind.facts]}
        for row in documents
    ]


def place_in_file(params: dict[str, Any], field: str | None) -> str:
    """Return where in a file a fault is: ``line 12, column 3, rule.2.alert_high: ``; empty for no place."""
    if "line" not in params:
        return f"{field}: " if field and field != "file" else ""
    place = _("line %(line)s, column %(column)s") % params
    return f"{place}, {field}: " if field and field != "file" else f"{place}: "


def file_of(document: Document) -> HttpResponse:
    """Return the file of a version as an answer."""
    name = f"{document.code}-{document.version}.{document.media_type.rpartition('/')[2]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(document.source.encode(), content_type=document.media_type, headers=headers)
