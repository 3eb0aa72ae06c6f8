"""Runs of a signal outside or inside a level, and the excursions that on-delay, hysteresis and merging make of them.

Whole columns at a time: a million samples are judged in well under a second. Domain reference 2.2, points 2 to 5.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batches.monitoring.rules.derived import excess_intervals
from batches.monitoring.rules.excursion_rules import SignalType
from batches.monitoring.rules.signals import Flags, Floats, Times, Window

type Indexes = npt.NDArray[np.intp]

OPEN = np.iinfo(np.int64).max


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
    """Excursions as columns: start, end (``OPEN`` while it lasts), peak, its time, excess dose (µs·unit)."""

    starts: Times
    ends: Times
    peaks: Floats
    peaks_at: Times
    doses: Floats


def runs_where(window: Window, values: Floats, mask: Flags, level: float, signal_type: SignalType) -> Runs:
    """The runs in which the mask holds; a linear signal crosses the level between two joined samples."""
    times = window.times
    joined = np.ones(max(len(times) - 1, 0), dtype=np.bool_) if signal_type is SignalType.EVENT else window.joined
    edge = np.zeros(1, dtype=np.bool_)
    first = np.flatnonzero(mask & ~np.concatenate((edge, mask[:-1] & joined))[: len(mask)])
    last = np.flatnonzero(mask & ~np.concatenate((mask[1:] & joined, edge))[: len(mask)])
    starts, ends = times[first].copy(), times[last].copy()
    if signal_type is SignalType.EVENT:
        return Runs(starts, ends)
    before = (first > 0) & np.concatenate((edge, joined))[first]
    after = (last < len(times) - 1) & np.concatenate((joined, edge))[last]
    if signal_type is SignalType.HOLD:
        ends[after] = times[last[after] + 1]
        return Runs(starts, ends)
    starts[before] = _crossings(times, values, first[before] - 1, level)
    ends[after] = _crossings(times, values, last[after], level)
    return Runs(starts, ends)


def _crossings(times: Times, values: Floats, left: Indexes, level: float) -> Times:
    width = (times[left + 1] - times[left]).astype(np.float64)
    share = (level - values[left]) / (values[left + 1] - values[left])
    return times[left] + np.rint(np.clip(share, 0.0, 1.0) * width).astype(np.int64)


def excess(window: Window, values: Floats, level: float, signal_type: SignalType) -> tuple[Floats, Floats]:
    """Time above the level (µs) and excess dose (µs·unit) for each interval; zero where it may not be judged."""
    if signal_type is SignalType.EVENT or len(window.times) < 2:
        none = np.zeros(max(len(window.times) - 1, 0))
        return none, none
    widths = np.where(window.joined, np.diff(window.times), 0).astype(np.float64)
    right = values[:-1] if signal_type is SignalType.HOLD else values[1:]
    return excess_intervals(widths, values[:-1], right, level)


def spells_above(window: Window, values: Floats, machine: Machine, signal_type: SignalType) -> Spells:
    """The excursions of the values above the machine's level.

    An excursion is entered when the values stay above the level for the on-delay and left when they stay at or below
    the level less the deadband for the off-delay; it starts and ends at the first crossing. A gap neither ends an
    excursion nor counts towards a delay.
    """
    level, release = machine.level, machine.release
    entries = runs_where(window, values, values > level, level, signal_type).lasting(machine.t_on)
    exits = runs_where(window, values, values <= release, release, signal_type).lasting(machine.t_off)
    after = np.searchsorted(exits.starts, entries.starts, side="right")
    fresh = np.concatenate((np.ones(min(len(after), 1), dtype=np.bool_), np.diff(after) > 0))
    starts = entries.starts[fresh]
    ends = np.append(exits.starts, OPEN)[after[fresh]]
    if len(starts) > 1:
        apart = (starts[1:] - ends[:-1]) >= machine.t_merge
        starts = starts[np.concatenate(([True], apart))]
        ends = ends[np.concatenate((apart, [True]))]
    return _described(window, values, starts, ends, excess(window, values, level, signal_type)[1])


def _described(window: Window, values: Floats, starts: Times, ends: Times, doses: Floats) -> Spells:
    if len(starts) == 0:
        return Spells(starts, ends, np.zeros(0), starts, np.zeros(0))
    times = window.times
    upto = np.minimum(ends, times[-1])
    low, high = np.searchsorted(times, starts), np.searchsorted(times, upto, side="right")
    peaks = _sliced(np.maximum, values, low, high)
    count = high - low
    which = np.repeat(np.arange(len(starts)), count)
    index = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    hit = values[index] == peaks[which]
    first = np.unique(which[hit], return_index=True)[1]
    peaks_at = times[index[hit][first]]
    begin, stop = np.searchsorted(times, starts, side="right") - 1, np.searchsorted(times, upto)
    begin = np.maximum(begin, 0)
    total = np.where(stop > begin, _sliced(np.add, np.append(doses, 0.0), begin, np.maximum(stop, begin)), 0.0)
    return Spells(starts, ends, peaks, peaks_at, total)


def _sliced(ufunc: np.ufunc, values: Floats, low: Indexes, high: Indexes) -> Floats:
    padded = np.append(values, values[-1:])
    bounds = np.column_stack((low, high)).ravel()
    return np.asarray(ufunc.reduceat(padded, bounds)[::2], dtype=np.float64)
