"""Status tables as data: one row a permitted change; what is not listed is refused."""

from collections.abc import Iterable
from dataclasses import dataclass

from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted change of status. ``meaning`` is the meaning of its signature, empty when none is needed."""

    source: str
    verb: str
    target: str
    permission: str
    meaning: str = ""


type TransitionTable = tuple[Transition, ...]


def transition(table: TransitionTable, *, source: str, verb: str) -> Transition:
    """Return the row for this verb at this status.

    :raises Refusal: ``transition_not_allowed`` when the table has no such row.
    """
    for row in table:
        if row.source == source and row.verb == verb:
            return row
    raise Refusal(
        "transition_not_allowed",
        "“{verb}” is not possible while the status is “{source}”.",
        kind=Kind.CONFLICT,
        verb=verb,
        source=source,
    )


def verbs(table: TransitionTable, *, source: str) -> tuple[Transition, ...]:
    """Return the rows that leave this status, in the table's order."""
    return tuple(row for row in table if row.source == source)


def pairs(table: TransitionTable) -> frozenset[tuple[str, str]]:
    """Return every permitted (source, target), as the transition trigger of the database has them."""
    return frozenset((row.source, row.target) for row in table)


def mermaid(title: str, table: Iterable[Transition]) -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    %% {title}"]
    lines += [f"    {row.source} --> {row.target}: {row.verb}" for row in table]
    return "\n".join(lines) + "\n"
