"""Markets and specifications, and which version was in force when a lot was made."""

from datetime import datetime

from django.db.models import QuerySet

from gatekeeper.accounts.clock import now
from gatekeeper.core.documents import Tables
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import effective, in_force
from gatekeeper.lots.models import Lot, Material
from release.rules import markets, specification
from release.rules.dossier import LineFacts, MarketFacts, SpecificationFacts


def market_named(code: str) -> MarketFacts:
    """Return what is in force of the market of this code.

    :raises Refusal: ``unknown_market``.
    """
    market = in_force(markets.KIND, code, now())
    if market is None:
        raise _unknown_market(code, Kind.MISSING)
    return markets.facts(market.content)


def markets_of(lot: Lot) -> list[MarketFacts]:
    """Return the markets for which a specification of the lot's material is in force, in the order of their codes."""
    codes = {row.content["market"] for row in _specifications_of(lot)}
    rows = effective(markets.KIND, now()).filter(scope__in=codes) if codes else ()
    return [markets.facts(row.content) for row in rows]


def first_market(lot: Lot) -> MarketFacts:
    """Return the market that a page of the lot shows when none is asked for.

    :raises Refusal: ``no_market`` when no market is in force at all.
    """
    if its_own := markets_of(lot):
        return its_own[0]
    market = effective(markets.KIND, now()).first()
    if market is None:
        raise Refusal("no_market", "No market is approved yet: import one.", kind=Kind.CONFLICT)
    return markets.facts(market.content)


def specification_for(lot: Lot, market: MarketFacts, made_at: datetime | None) -> Document | None:
    """Return the version that was in force when the lot was made (now, while it is being made). G-5."""
    scope = specification.scope(lot.material.code, market.code)
    return in_force(specification.KIND, scope, made_at or now())


def lines_in_force(lot: Lot, test: str) -> list[LineFacts]:
    """Return the lines on this test in every specification of the lot's material that is in force."""
    return [line for row in _specifications_of(lot) for line in specification.lines(row.content) if line.code == test]


def specification_facts(row: Document) -> SpecificationFacts:
    """Return the specification as the gate sees it; it must be approved."""
    if row.approved_at is None:
        raise ValueError(f"{row} is not approved")
    lines = specification.lines(row.content)
    return SpecificationFacts(row.code, row.version, row.title, row.sha256, row.approved_at, lines)


def check_named(content: Tables) -> None:
    """Pass when the material of a specification is there, and its market is in force.

    :raises Refusal: ``unknown_material``, ``unknown_market``.
    """
    faults = []
    if not Material.objects.filter(code=content["material"]).exists():
        code = content["material"]
        faults.append(Refusal("unknown_material", "There is no material “{code}”.", field="material", code=code))
    if in_force(markets.KIND, content["market"], now()) is None:
        faults.append(_unknown_market(content["market"], Kind.INVALID))
    refuse_all(faults)


def _specifications_of(lot: Lot) -> QuerySet[Document]:
    return effective(specification.KIND, now()).filter(content__material=lot.material.code)


def _unknown_market(code: str, kind: Kind) -> Refusal:
    return Refusal("unknown_market", "There is no market “{code}”.", field="market", kind=kind, code=code)
