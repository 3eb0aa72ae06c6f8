"""Places the family of a lot on a picture: oldest kin on the left, the lot itself marked, quantities on the edges."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.core.quantity import unit
from gatekeeper.lots.models import Lot, Material
from gatekeeper.lots.queries import Edge, Family, Kin

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 210, 88, 150, 20, 12  # px of the picture
STATES = {
    "released": "inside",
    "consumed": "inside",
    "conditionally_released": "alert",
    "quarantine": "unknown",
    "planned": "unknown",
    "in_process": "unknown",
    "on_hold": "alert",
    "expired": "action",
    "rejected": "action",
    "recalled": "action",
    "destroyed": "action",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A lot on the picture."""

    number: str
    kind: str
    state: str
    status: str
    url: str
    current: bool
    x: int
    y: int
    w: int = WIDTH
    h: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Line:
    """A use on the picture, drawn from parent to child, with its quantity at (x, y)."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything components/family_graph.html draws, with the rows of its table twin."""

    width: int
    height: int
    summary: str
    nodes: tuple[Node, ...]
    edges: tuple[Line, ...]
    rows: tuple[tuple[str, str, str], ...]


def picture(lot: Lot, backward: Family, forward: Family) -> Picture:
    """Return the picture of both directions of a lot's family, the lot in the middle."""
    column = {kin.number: -kin.generation for kin in backward.nodes} | {
        kin.number: kin.generation for kin in forward.nodes if kin.number != lot.number
    }
    kin_by_number = {kin.number: kin for kin in (*backward.nodes, *forward.nodes)}
    first = min(column.values())
    places = _places({number: place - first for number, place in column.items()})
    nodes = tuple(_node(kin_by_number[number], lot, *place) for number, place in places.items())
    edges = tuple(dict.fromkeys((*backward.edges, *forward.edges)))
    return Picture(
        width=max(node.x for node in nodes) + WIDTH + MARGIN,
        height=max(node.y for node in nodes) + HEIGHT + MARGIN,
        summary=_("%(up)d lots went into it, it went into %(down)d.")
        % {"up": len(backward.nodes) - 1, "down": len(forward.nodes) - 1},
        nodes=nodes,
        edges=tuple(_line(edge, places) for edge in edges),
        rows=tuple((edge.source, edge.target, amount(edge)) for edge in edges),
    )


def amount(edge: Edge) -> str:
    """Return the quantity of an edge for people, without the zeros that only the column's width adds."""
    return f"{edge.quantity.normalize():f} {unit(edge.unit).label}".strip()


def _places(columns: dict[str, int]) -> dict[str, tuple[int, int]]:
    by_column: dict[int, list[str]] = {}
    for number, place in columns.items():
        by_column.setdefault(place, []).append(number)
    tallest = max(map(len, by_column.values()))
    places = {}
    for place, numbers in by_column.items():
        top = MARGIN + (tallest - len(numbers)) * (HEIGHT + GAP_Y) // 2
        for row, number in enumerate(sorted(numbers)):
            places[number] = (MARGIN + place * (WIDTH + GAP_X), top + row * (HEIGHT + GAP_Y))
    return places


def _node(kin: Kin, lot: Lot, x: int, y: int) -> Node:
    return Node(
        number=kin.number,
        kind=f"{Material.Kind(kin.kind).label} · {kin.site}",
        state=STATES[kin.status],
        status=str(Lot.Status(kin.status).label),
        url=reverse("lots:detail", args=[kin.number]),
        current=kin.number == lot.number,
        x=x,
        y=y,
    )


def _line(edge: Edge, places: dict[str, tuple[int, int]]) -> Line:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    start, end = (x1 + WIDTH, y1 + HEIGHT // 2), (x2 - 4, y2 + HEIGHT // 2)
    bend = (end[0] - start[0]) // 2
    path = f"M{start[0]} {start[1]} C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}"
    return Line(path, amount(edge), start[0] + bend, (start[1] + end[1]) // 2 + 4)  # the curve's middle
