"""The times between the phases that a source was assigned to: what it sent then belongs to none of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Between:
    """A time outside every assignment, both ends excluded: since the one before ended, until the next one started.

    None: there is none before, or none after yet.
    """

    after: datetime | None
    before: datetime | None


def between(spans: Iterable[tuple[datetime, datetime | None]], *, whole: bool) -> list[Between]:
    """Return the times outside these assignments, oldest first; an assignment without an end lasts.

    Assignments may overlap. Without ``whole`` there are older ones, and nothing is said of the time before these.
    """
    found: list[Between] = []
    known, reached = not whole, None  # known: whether anything may be said of the time before the next assignment
    for start, end in sorted(spans, key=lambda span: span[0]):
        if (reached is None and not known) or (reached is not None and start > reached):
            found.append(Between(reached, start))
        if end is None:
            return found
        known, reached = True, end if reached is None else max(reached, end)
    if reached is not None or not known:
        found.append(Between(reached, None))
    return found
