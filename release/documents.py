"""The kinds of controlled document that lots are judged by: markets, and what a product must meet for one."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.core.documents import DocumentKind, Fact, Tables
from gatekeeper.documents.models import Document
from gatekeeper.ledger.records import check_fits
from release.models import Result
from release.queries.specifications import check_named
from release.rules import markets, specification
from release.rules.dossier import LineFacts
from release.rules.printing import raised


def _market_content(tables: Tables) -> Tables:
    markets.facts(tables)
    return tables


def _specification_content(tables: Tables) -> Tables:
    specification.subject(tables)
    for line in specification.lines(tables):  # a test of a longer name would have no result
        check_fits(Result(test=line.code, unit=line.unit))
    return tables


def _line(line: LineFacts) -> dict[str, str]:
    """Return a line as components/criteria.html takes it."""
    scheme = {"n": line.replicates, "cv": line.max_cv, "average": line.average}
    return {
        "title": line.title,
        "method": line.method,
        "sample": line.sample,
        "asked": raised(line.asked),
        "basis": line.basis,
        "note": gettext("%(n)s replicates, %%CV ≤ %(cv)s, %(average)s") % scheme if line.replicates else "",
    }


def _present_specification(document: Document, _request: Any) -> dict[str, Any]:
    return {"lines": [_line(line) for line in specification.lines(document.content)]}


def _present_market(document: Document, _request: Any) -> dict[str, Any]:
    return {"market": markets.facts(document.content)}


MARKETS = DocumentKind(
    code=markets.KIND,
    address="markets",
    title=_("Market"),
    titles=_("Markets"),
    text=_("Who releases for a market, in which words, and which papers it asks for."),
    view="release.view",
    author="release.author_specification",
    approve="release.approve_specification",
    template="release/market_content.html",
    facts=(Fact("releaser", _("Who releases"), "releaser"), Fact("meaning", _("In which words"), "meaning")),
    content=_market_content,
    present=_present_market,
)

SPECIFICATIONS = DocumentKind(
    code=specification.KIND,
    address="specifications",
    title=_("Specification"),
    titles=_("Specifications"),
    text=_("What a product must meet for a market. Its material and its market are there before it."),
    view="release.view",
    author="release.author_specification",
    approve="release.approve_specification",
    template="release/specification_content.html",
    facts=(Fact("material", _("Product"), "material"), Fact("market", _("Market"), "market")),
    scope=lambda _heading, content: specification.scope(content["material"], content["market"]),
    content=_specification_content,
    check=check_named,
    present=_present_specification,
)
