"""The kind of controlled document that arriving plasmid lots are judged by."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from gatekeeper.core.documents import DocumentKind, Tables
from gatekeeper.core.panels import panel
from gatekeeper.documents.models import Document
from gatekeeper.ledger.records import check_fits
from plasmids.models import IncomingResult
from plasmids.rules.incoming import KIND, SCOPE


def _content(tables: Tables) -> Tables:
    for attribute in panel(tables).attributes:  # a test of a longer name would have no result
        check_fits(IncomingResult(attribute=attribute.code, unit=attribute.criterion.unit))
    return tables


def _present(document: Document, _request: Any) -> dict[str, Any]:
    return {"lines": panel(document.content).attributes}


SPECIFICATIONS = DocumentKind(
    code=KIND,
    address="plasmid-specifications",
    title=_("Specification for arriving plasmids"),
    titles=_("Specifications for arriving plasmids"),
    text=_("What a supplier's certificate must say. Another person approves it before lots are judged by it."),
    view="plasmids.view",
    author="release.author_specification",
    approve="release.approve_specification",
    template="plasmids/specification_content.html",
    scope=lambda _heading, _content: SCOPE,
    content=_content,
    present=_present,
)
