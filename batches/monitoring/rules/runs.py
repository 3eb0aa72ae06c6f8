"""Runs of a signal outside or inside a level, and the excursions that on-delay, hysteresis and merging make of them.

Whole columns at a time, and beyond one comparison only where something happens. Domain reference 2.2, points 2 to 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from batches.monitoring.rules.derived import excess_intervals
from batches.monitoring.rules.parameters import SignalType
from batches.monitoring.rules.signals import Flags, Floats, Times
from batches.monitoring.rules.windows import Indexes, Window

OPEN = np.iinfo(np.int64).max
FRACTION = 32  # binary places below one unit·µs that a dose keeps
_WHOLE = float(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Start and end of each run in µs, both ends included."""

    starts: Times
    ends: Times

    def lasting(self, micros: int) -> "Runs":
        """The runs that last at least so long."""
        keep = (self.ends - self.starts) >= micros
        return Runs(self.starts[keep], self.ends[keep])


@dataclass(frozen=True, slots=True)
class Machine:
    """Level to pass and level to return to (the level less the deadband); on-delay, off-delay, merge time in µs."""

    level: float
    release: float
    t_on: int
    t_off: int
    t_merge: int


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Excursions as columns: start, end (``OPEN`` while it lasts), peak, its time, excess dose (``exact``)."""

    starts: Times
    ends: Times
    peaks: Floats
    peaks_at: Times
    doses: tuple[int, ...]


def runs_where(window: Window, values: Floats, mask: Flags, level: float, signal_type: SignalType) -> Runs:
    """The runs in which the mask holds; a linear signal crosses the level between two joined samples."""
    times = window.times
    first, last = _ends(mask, window.breaks if signal_type is not SignalType.EVENT else window.breaks[:0])
    starts, ends = times[first], times[last]
    if signal_type is SignalType.EVENT or len(first) == 0:
        return Runs(starts, ends)
    before, after = first > 0, last < len(times) - 1
    before[before] = window.joined[first[before] - 1]
    after[after] = window.joined[last[after]]
    if signal_type is SignalType.HOLD:
        ends[after] = times[last[after] + 1]
        return Runs(starts, ends)
    starts[before] = _crossings(times, values, first[before] - 1, level)
    ends[after] = _crossings(times, values, last[after], level)
    return Runs(starts, ends)


def _ends(mask: Flags, breaks: Indexes) -> tuple[Indexes, Indexes]:
    """First and last place of each run; a break ends a run even where the mask goes on."""
    turns = np.flatnonzero(mask[1:] != mask[:-1])
    begins, ends = mask[:1].any(), mask[-1:].any()
    first = np.concatenate(([0] if begins else [], turns[int(begins) :: 2] + 1)).astype(np.intp)
    last = np.concatenate((turns[int(not begins) :: 2], [len(mask) - 1] if ends else [])).astype(np.intp)
    inside = breaks[mask[breaks] & mask[breaks + 1]] if len(breaks) else breaks
    if len(inside) == 0:
        return first, last
    return np.union1d(first, inside + 1), np.union1d(last, inside)


def _crossings(times: Times, values: Floats, left: Indexes, level: float) -> Times:
    width = (times[left + 1] - times[left]).astype(np.float64)
    share = (level - values[left]) / (values[left + 1] - values[left])
    return times[left] + np.rint(np.clip(share, 0.0, 1.0) * width).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """Intervals in which the values exceed a level: their places, time above in µs, excess dose in µs·unit."""

    places: Indexes
    widths: Times
    doses: Floats


def excess(window: Window, values: Floats, above: Flags, level: float, signal_type: SignalType) -> Excess:
    """Time above the level and excess dose of each interval that has some; ``above`` is where the values exceed it."""
    if signal_type is SignalType.EVENT or len(window.times) < 2:
        return Excess(np.zeros(0, dtype=np.intp), window.times[:0], np.zeros(0))
    touched = above[:-1] if signal_type is SignalType.HOLD else above[:-1] | above[1:]
    places = np.flatnonzero(touched & window.joined)
    widths = (window.times[places + 1] - window.times[places]).astype(np.float64)
    left = values[places]
    right = left if signal_type is SignalType.HOLD else values[places + 1]
    spent, doses = excess_intervals(widths, left, right, level)
    # A µs is the grain of time: each interval is rounded by itself, so that sums do not depend on their order.
    return Excess(places, np.rint(spent).astype(np.int64), doses)


@dataclass(frozen=True, eq=False)
class Beyond:
    """The values of a window beyond a level; what several questions ask of it is computed once."""

    window: Window
    values: Floats
    level: float
    signal_type: SignalType

    @cached_property
    def above(self) -> Flags:
        """Where the values exceed the level."""
        return self.values > self.level

    @cached_property
    def runs(self) -> Runs:
        """The runs above the level."""
        return runs_where(self.window, self.values, self.above, self.level, self.signal_type)

    @cached_property
    def excess(self) -> Excess:
        """Time above the level and excess dose of each interval that has some."""
        return excess(self.window, self.values, self.above, self.level, self.signal_type)


def exact(doses: Floats) -> int:
    """The sum of doses in 2^-32 µs·unit: each is rounded by itself, the sum is exact in whatever order and parts."""
    return exact_sums(doses, [(0, len(doses))])[0]


def exact_sums(doses: Floats, spans: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The sum (``exact``) of each span of places, the last one not included."""
    if len(doses) == 0:
        return (0,) * len(spans)
    whole = np.floor(doses)
    parts = np.concatenate(([0], np.cumsum(np.rint((doses - whole) * 2.0**FRACTION).astype(np.int64)))).tolist()
    if float(whole.max()) * len(doses) < _WHOLE:
        wholes = np.concatenate(([0], np.cumsum(whole.astype(np.int64)))).tolist()
    else:
        wholes = [0, *accumulate(int(one) for one in whole.tolist())]
    return tuple(((wholes[end] - wholes[begin]) << FRACTION) + parts[end] - parts[begin] for begin, end in spans)


def spells_above(beyond: Beyond, machine: Machine) -> Spells:
    """The excursions of the values beyond the machine's level.

    An excursion is entered when the values stay above the level for the on-delay and left when they stay at or below
    the level less the deadband for the off-delay; it starts and ends at the first crossing. A gap neither ends an
    excursion nor counts towards a delay.
    """
    window, values, release = beyond.window, beyond.values, machine.release
    entries = beyond.runs.lasting(machine.t_on)
    if len(entries.starts) == 0:
        return Spells(entries.starts, entries.ends, np.zeros(0), entries.starts, ())
    exits = runs_where(window, values, values <= release, release, beyond.signal_type).lasting(machine.t_off)
    after = np.searchsorted(exits.starts, entries.starts, side="right")
    fresh = np.concatenate(([True], np.diff(after) > 0))
    starts = entries.starts[fresh]
    ends = np.append(exits.starts, OPEN)[after[fresh]]
    if len(starts) > 1:
        apart = (starts[1:] - ends[:-1]) >= machine.t_merge
        starts = starts[np.concatenate(([True], apart))]
        ends = ends[np.concatenate((apart, [True]))]
    return _described(beyond, starts, ends)


def _described(beyond: Beyond, starts: Times, ends: Times) -> Spells:
    times, values, over = beyond.window.times, beyond.values, beyond.excess
    upto = np.minimum(ends, times[-1])
    low, high = np.searchsorted(times, starts), np.searchsorted(times, upto, side="right")
    count = high - low
    which = np.repeat(np.arange(len(starts)), count)
    offsets = np.cumsum(count) - count
    index = np.arange(len(which)) + (low - offsets)[which]
    inside = values[index]
    peaks = np.maximum.reduceat(inside, offsets)
    hit = inside == peaks[which]
    first = np.unique(which[hit], return_index=True)[1]
    peaks_at = times[index[hit][first]]
    begin = np.maximum(np.searchsorted(times, starts, side="right") - 1, 0)
    stop = np.searchsorted(times, upto)
    span = zip(np.searchsorted(over.places, begin).tolist(), np.searchsorted(over.places, stop).tolist(), strict=True)
    return Spells(starts, ends, peaks, peaks_at, exact_sums(over.doses, list(span)))
