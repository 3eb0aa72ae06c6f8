"""Lots as people may see them, and their family both ways, complete."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db import connection
from django.db.models import Count, Q, QuerySet

from gatekeeper.accounts.models import Site
from gatekeeper.lots.models import Lot, Material, StatusChange, Use

Direction = Literal["backward", "forward"]

# UNION, not UNION ALL: a lot reached by many paths is visited once, so pools stay cheap and a circle would end.
_WALK = {
    "backward": """
        WITH RECURSIVE kin(lot) AS (
          SELECT %s::bigint UNION SELECT u.parent_id FROM lots_use u JOIN kin k ON u.child_id = k.lot
        ) SELECT lot FROM kin""",
    "forward": """
        WITH RECURSIVE kin(lot) AS (
          SELECT %s::bigint UNION SELECT u.child_id FROM lots_use u JOIN kin k ON u.parent_id = k.lot
        ) SELECT lot FROM kin""",
}


@dataclass(frozen=True, slots=True)
class Kin:
    """A lot of the family, with how many generations (longest way) it is away from the lot in question."""

    number: str
    kind: str
    status: str
    site: str
    material: str
    generation: int


@dataclass(frozen=True, slots=True)
class Edge:
    """So much of ``source`` went into ``target``."""

    source: str
    target: str
    quantity: Decimal
    unit: str
    batch_record: str
    phase: str


@dataclass(frozen=True, slots=True)
class Family:
    """Every lot that is reached, the lot itself first, and every edge between them."""

    nodes: tuple[Kin, ...]
    edges: tuple[Edge, ...]


def matching(rows: QuerySet[Any], word: str, *fields: str) -> QuerySet[Any]:
    """Return the rows that hold the word in one of these fields; all of them for an empty word."""
    return rows.filter(reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields))) if word else rows


def all_lots() -> QuerySet[Lot]:
    """Return every lot with what names it; the doors limit it to their sites."""
    return Lot.objects.select_related("material", "site", "registered_by")


def listed_lots(sites: Iterable[Site], *, word: str = "", **chosen: str) -> QuerySet[Lot]:
    """Return the lots of these sites, newest first, searched and narrowed to a ``status`` and a ``kind``."""
    fields = {"status": "status", "kind": "material__kind"}
    narrowed = {fields[name]: value for name, value in chosen.items() if value}
    return matching(all_lots().filter(site__in=sites, **narrowed), word, "number", "material__name", "source")


def all_materials() -> QuerySet[Material]:
    """Return every material: master data that each site shares."""
    return Material.objects.all()


def listed_materials(sites: Iterable[Site], *, word: str = "", kind: str = "") -> QuerySet[Material]:
    """Return the materials with how many lots (``total``) these sites have of each, and how many are ``released``."""
    here = Q(lots__site__in=sites)
    rows = all_materials().annotate(
        total=Count("lots", filter=here), released=Count("lots", filter=here & Q(lots__status="released"))
    )
    return matching(rows.filter(kind=kind) if kind else rows, word, "code", "name").order_by("code")


def lots_of(material: Material, sites: Iterable[Site]) -> QuerySet[Lot]:
    """Return the lots of a material at these sites, newest first."""
    return all_lots().filter(material=material, site__in=sites)


def status_changes_of(lot: Lot) -> QuerySet[StatusChange]:
    """Return the status ledger of a lot, oldest line first."""
    return lot.status_changes.select_related("changed_by", "signature")


def kin_ids(lot: Lot, direction: Direction) -> list[int]:
    """Return the keys of the lot and of all its kin in this direction."""
    with connection.cursor() as cursor:
        cursor.execute(_WALK[direction], [lot.pk])
        return [row[0] for row in cursor.fetchall()]


def ancestors(lot: Lot) -> QuerySet[Lot]:
    """Return every lot that this one was made from, near and far."""
    return Lot.objects.filter(pk__in=kin_ids(lot, "backward")).exclude(pk=lot.pk)


def is_descendant(lot: Lot, *, of: Lot) -> bool:
    """Return whether ``lot`` was made, near or far, from ``of``."""
    return lot.pk in kin_ids(of, "forward")


def family(lot: Lot, direction: Direction) -> Family:
    """Return the lot's family in one direction: two queries, never cut."""
    ids = kin_ids(lot, direction)
    # Plain rows, not records: a recall may reach thousands of lots.
    fields = ("pk", "number", "material__kind", "status", "site__code", "material__name")
    lots = {row[0]: row[1:] for row in Lot.objects.filter(pk__in=ids).values_list(*fields)}
    uses = list(
        Use.objects.filter(parent__in=ids, child__in=ids)
        .order_by("id")
        .values_list("parent_id", "child_id", "quantity", "unit", "batch_record", "phase")
    )
    generations = _generations(lot.pk, [(parent, child) for parent, child, *_ in uses], direction)
    nodes = sorted((Kin(*(*lots[key], generations[key])) for key in lots), key=lambda kin: (kin.generation, kin.number))
    edges = (Edge(lots[parent][0], lots[child][0], *rest) for parent, child, *rest in uses)
    return Family(tuple(nodes), tuple(edges))


def _generations(start: int, uses: list[tuple[int, int]], direction: Direction) -> dict[int, int]:
    steps: dict[int, list[int]] = {}
    waiting: dict[int, int] = {}
    for parent, child in uses:
        near, far = (child, parent) if direction == "backward" else (parent, child)
        steps.setdefault(near, []).append(far)
        waiting[far] = waiting.get(far, 0) + 1
    generation, ready = {start: 0}, [start]
    while ready:  # Kahn's order: a lot is placed once all its nearer kin are
        near = ready.pop()
        for far in steps.get(near, []):
            generation[far] = max(generation.get(far, 0), generation[near] + 1)
            waiting[far] -= 1
            if not waiting[far]:
                ready.append(far)
    return generation


def has_its_own_gate(lot: Lot) -> bool:
    """Return whether the lot is released elsewhere: a plasmid lot by its results, a product lot by its gate."""
    return lot.material.kind in {"plasmid", "harvest", "drug_substance", "drug_product"}


def content(lot: Lot, *, decision: str) -> dict[str, Any]:
    """Return what a signed decision on the lot is bound to: the lot as it was made or received, and the decision.

    The reason is typed while signing, so it is no part of the content: it stands on the append-only status change
    that holds the signature.
    """
    return {
        "lot": lot.number,
        "material": lot.material.code,
        "site": lot.site.code,
        "source": lot.source,
        "quantity": {"value": lot.quantity, "unit": lot.material.unit},
        "expiry_date": lot.expiry_date,
        "decision": decision,
    }


def signed_decision(lot: Lot, act: str) -> dict[str, Any] | None:
    """Return the content that a signed decision of this act on the lot is bound to; None for acts of other apps."""
    kind, _, decision = act.partition(".")
    return content(lot, decision=decision) if kind == "lot" else None
