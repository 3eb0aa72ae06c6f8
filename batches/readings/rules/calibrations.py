"""When equipment was out of calibration: pure times, so that pages, papers and tests say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """From ``recorded_at`` on a calibration was known to hold until ``until`` (None: the equipment needs none)."""

    recorded_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time in which no calibration held; ``until`` is when the one before it had ended."""

    began_at: datetime
    ended_at: datetime
    until: datetime


def lapses(calibrations: Sequence[Held], *, end: datetime) -> tuple[Lapse, ...]:
    """Return the times up to ``end`` in which no calibration held, of calibrations in the order of their recording.

    A later calibration says nothing of the time before it was recorded.
    """
    followed = [*(one.recorded_at for one in calibrations[1:]), end]
    found = []
    for one, following in zip(calibrations, followed, strict=True):
        if one.until is not None and (began := max(one.recorded_at, one.until)) < following:
            found.append(Lapse(began, following, one.until))
    return tuple(found)
