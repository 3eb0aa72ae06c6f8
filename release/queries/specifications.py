"""Markets and specifications, and which version was effective when a lot was made."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.lots.models import Lot
from release.models import Market, Specification
from release.rules import specification as rules
from release.rules.dossier import LineFacts, MarketFacts, SpecificationFacts


def specifications() -> QuerySet[Specification]:
    """Return every version of every specification: master data that each site shares."""
    return Specification.objects.select_related("material", "market", "authored_by", "approved_by")


def markets() -> QuerySet[Market]:
    """Return every market with how many specifications are approved for it (``approved``)."""
    approved = Count("specifications", filter=Q(specifications__status="approved"))
    return Market.objects.annotate(approved=approved).order_by("code")


def market_named(code: str) -> Market:
    """Return the market of this code.

    :raises Refusal: ``unknown_market``.
    """
    market = Market.objects.filter(code=code).first()
    if market is None:
        raise Refusal("unknown_market", "There is no market “{code}”.", field="market", kind=Kind.MISSING, code=code)
    return market


def markets_of(lot: Lot) -> list[Market]:
    """Return the markets for which a specification of the lot's material is approved."""
    return list(
        Market.objects.filter(specifications__material=lot.material_id, specifications__status="approved").distinct()
    )


def first_market(lot: Lot) -> Market:
    """Return the market that a page of the lot shows when none is asked for.

    :raises Refusal: ``no_market`` when no market is known at all.
    """
    found = next(iter(markets_of(lot)), None) or Market.objects.order_by("code").first()
    if found is None:
        raise Refusal("no_market", "No market is known yet: import one.", kind=Kind.CONFLICT)
    return found


def effective(lot: Lot, market: Market, made_at: datetime | None) -> Specification | None:
    """Return the newest version that was approved when the lot was made (now, while it is being made). G-5."""
    rows = Specification.objects.filter(material=lot.material_id, market=market, approved_at__isnull=False)
    rows = rows.filter(status="approved") if made_at is None else rows.filter(approved_at__lte=made_at)
    return rows.order_by("-approved_at", "-version").first()


def approved_lines(lot: Lot, test: str) -> list[LineFacts]:
    """Return the lines on this test in every approved specification of the lot's material."""
    rows = Specification.objects.filter(material=lot.material_id, status="approved")
    return [line for row in rows for line in rules.lines(row.content) if line.code == test]


def specification_facts(row: Specification) -> SpecificationFacts:
    """Return the specification as the gate sees it; it must be approved."""
    if row.approved_at is None:
        raise ValueError(f"{row} is not approved")
    return SpecificationFacts(row.code, row.version, row.title, row.sha256, row.approved_at, rules.lines(row.content))


def market_facts(market: Market) -> MarketFacts:
    """Return the market as the gate sees it."""
    profile = market.profile
    return MarketFacts(
        code=market.code,
        name=market.name,
        releaser=profile["releaser"],
        meaning=profile["meaning"],
        signatures=tuple(profile["signatures"]),
        papers=tuple(profile["papers"]),
    )


def specification_content(row: Specification) -> dict[str, Any]:
    """Return what the approver's signature is bound to."""
    return {"code": row.code, "version": row.version, "content": row.content}
