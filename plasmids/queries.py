"""Plasmids and their lots as people may see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.core.criteria import Outcome
from gatekeeper.core.panels import Attribute, panel
from gatekeeper.core.refusal import Refusal
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import in_force
from plasmids.models import IncomingResult, Plasmid, PlasmidLot
from plasmids.rules import incoming


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute of the specification with its newest result and the superseded ones before it."""

    attribute: Attribute
    result: IncomingResult | None
    former: tuple[IncomingResult, ...]


def plasmids() -> QuerySet[Plasmid]:
    """Return every construct: master data that each site shares."""
    return Plasmid.objects.select_related("material", "registered_by").order_by("code")


def listed_plasmids(sites: Iterable[Site]) -> QuerySet[Plasmid]:
    """Return the constructs with how many lots (``total``) these sites have of each, and how many are ``released``."""
    here = Q(lots__lot__site__in=sites)
    return plasmids().annotate(
        total=Count("lots", filter=here), released=Count("lots", filter=here & Q(lots__lot__status="released"))
    )


def plasmid_lots() -> QuerySet[PlasmidLot]:
    """Return plasmid lots with what every view of them shows; the caller limits them to its sites."""
    return PlasmidLot.objects.select_related("lot__site", "lot__material", "plasmid", "specification")


def listed_plasmid_lots(sites: Iterable[Site], **fields: Any) -> QuerySet[PlasmidLot]:
    """Return the plasmid lots of these sites with these values, newest first."""
    return plasmid_lots().filter(lot__site__in=sites, **fields).order_by("-lot__registered_at")


def lines(plasmid_lot: PlasmidLot) -> list[Line]:
    """Return the certificate as the specification orders it."""
    by_attribute: dict[str, list[IncomingResult]] = {}
    for result in plasmid_lot.results.select_related("entered_by").order_by("id"):
        by_attribute.setdefault(result.attribute, []).append(result)
    certificate = []
    for attribute in panel(plasmid_lot.specification.content).attributes:
        results = by_attribute.get(attribute.code, [])
        certificate.append(Line(attribute, results[-1] if results else None, tuple(results[:-1])))
    return certificate


def obstacles(plasmid_lot: PlasmidLot) -> Sequence[Refusal]:
    """Return what stands in the way of the lot's release."""
    outcomes = {
        line.attribute.code: Outcome(line.result.outcome) for line in lines(plasmid_lot) if line.result is not None
    }
    return incoming.obstacles(
        panel(plasmid_lot.specification.content),
        incoming.Arrival(outcomes, plasmid_lot.plasmid.sequence_sha256, plasmid_lot.sequence_sha256),
    )


def release_content(plasmid_lot: PlasmidLot) -> dict[str, Any]:
    """Return what the releaser's signature is bound to: the lot, its specification and every result that counts."""
    lot = plasmid_lot.lot
    return {
        "lot": lot.number,
        "plasmid": plasmid_lot.plasmid.code,
        "site": lot.site.code,
        "supplier": lot.source,
        "certificate": plasmid_lot.certificate_number,
        "quantity": {"value": lot.quantity, "unit": lot.material.unit},
        "expiry_date": lot.expiry_date,
        "sequence_sha256": plasmid_lot.sequence_sha256,
        "specification": {"code": str(plasmid_lot.specification), "sha256": plasmid_lot.specification.sha256},
        "results": [
            {
                "attribute": line.attribute.code,
                "asked": line.attribute.asked,
                "reported": line.result.reported if line.result else None,
                "unit": line.result.unit if line.result else None,
                "outcome": line.result.outcome if line.result else None,
            }
            for line in lines(plasmid_lot)
        ],
    }


def specification_in_force() -> Document | None:
    """Return the specification that arriving plasmid lots are judged by now."""
    return in_force(incoming.KIND, incoming.SCOPE, now())
