"""Runs of a signal outside or inside a level, and the excursions that on-delay, hysteresis and merging make of them.

Whole columns at a time, and beyond one comparison only where something happens. Domain reference 2.2, points 2 to 5.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from batches.excursions.rules.derived import excess_intervals
from batches.excursions.rules.windows import Indexes, Window
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import Flags, Floats, Times

type Wholes = npt.NDArray[Any]  # int64, or whole numbers of Python where their sum needs more

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
        if micros == 0:
            return self
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
    """Excursions as columns: start, end (``OPEN`` while it lasts), peak, its time, excess dose (``Sums``)."""

    starts: Times
    ends: Times
    peaks: Floats
    peaks_at: Times
    doses: tuple[int, ...]


class View:
    """A window as rules of one type of signal see it: what lies beyond a level is found once for all who ask."""

    def __init__(self, window: Window, signal_type: SignalType) -> None:
        self.window, self.signal_type = window, signal_type
        self._found: dict[tuple[int, float], Beyond] = {}

    @cached_property
    def _mirrored(self) -> Floats:
        return -self.window.values

    @cached_property
    def _highest(self) -> float:
        return float(self.window.values.max(initial=-np.inf))

    @cached_property
    def _lowest(self) -> float:
        return float(self.window.values.min(initial=np.inf))

    def passes(self, sign: int, level: float) -> bool:
        """Whether any of the signed values is beyond a level."""
        return (self._highest if sign > 0 else -self._lowest) > level

    def beyond(self, sign: int, level: float) -> "Beyond":
        """The signed values beyond a level: for a low limit both are mirrored."""
        key = (sign, level)
        if key not in self._found:
            self._found[key] = Beyond(self, sign, level, self.window.values if sign > 0 else self._mirrored)
        return self._found[key]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of the first doses, of none to all: in whole unit·µs and, each rounded by itself, in 2^-32 of one.

    They are exact, so that order and parts cannot show.
    """

    wholes: Wholes
    parts: Wholes

    @staticmethod
    def of(doses: Floats) -> "Sums":
        """The sums of these doses."""
        whole = np.floor(doses)
        parts = np.rint((doses - whole) * 2.0**FRACTION).astype(np.int64)
        if float(whole.max(initial=0.0)) * len(whole) < _WHOLE:
            return Sums(_summed(whole.astype(np.int64)), _summed(parts))
        return Sums(_summed(np.array([int(row) for row in whole.tolist()], dtype=np.object_)), _summed(parts))

    def between(self, first: Indexes, last: Indexes) -> tuple[int, ...]:
        """The sum in 2^-32 unit·µs of the doses from each first to its last one, that not included."""
        wholes, parts = self.wholes[last] - self.wholes[first], self.parts[last] - self.parts[first]
        return tuple((whole << FRACTION) + part for whole, part in zip(wholes.tolist(), parts.tolist(), strict=True))

    @property
    def total(self) -> int:
        """The sum of all in 2^-32 unit·µs."""
        return (int(self.wholes[-1]) << FRACTION) + int(self.parts[-1])


def _summed(numbers: Wholes) -> Wholes:
    sums = np.zeros(len(numbers) + 1, dtype=numbers.dtype)
    np.cumsum(numbers, out=sums[1:])
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """Intervals in which the values exceed a level: begin and end in µs, time above in µs in all, and doses."""

    begins: Times
    ends: Times
    time_us: int
    doses: Sums

    def doses_within(self, starts: Times, ends: Times) -> tuple[int, ...]:
        """The dose (2^-32 unit·µs) of the intervals that each stretch from start to end has a part of."""
        return self.doses.between(self.ends.searchsorted(starts, side="right"), self.begins.searchsorted(ends))


@dataclass(frozen=True, eq=False)
class Beyond:
    """The signed values of a view beyond a level; what several questions ask of it is computed once."""

    view: View
    sign: int
    level: float
    values: Floats

    @cached_property
    def above(self) -> Flags:
        """Where the values exceed the level."""
        return self.values > self.level

    @cached_property
    def places(self) -> Indexes:
        """The places of the values that exceed the level."""
        return self.above.nonzero()[0]

    @cached_property
    def samples(self) -> tuple[Times, Floats]:
        """Times and values of the samples that exceed the level."""
        return self.view.window.times[self.places], self.values[self.places]

    @cached_property
    def above_runs(self) -> Runs:
        """The runs above the level; a linear signal crosses it between two joined samples."""
        return self._runs(above=True)

    @cached_property
    def inside_runs(self) -> Runs:
        """The runs at or below the level."""
        return self._runs(above=False)

    @cached_property
    def _turns(self) -> tuple[Times, Times]:
        """When the values before each passage of the level end, and when those behind it begin."""
        window, kind = self.view.window, self.view.signal_type
        left = (self.above[1:] != self.above[:-1]).nonzero()[0]
        ended, begun = window.times[left], window.times[left + 1]
        if kind is SignalType.EVENT:
            return ended, begun
        met = begun
        if kind is SignalType.LINEAR:
            share = (self.level - self.values[left]) / (self.values[left + 1] - self.values[left])
            met = ended + np.rint(np.minimum(np.maximum(share, 0.0), 1.0) * (begun - ended)).astype(np.int64)
        if len(window.breaks) == 0:
            return met, met
        joined = window.joined[left]
        return np.where(joined, met, ended), np.where(joined, met, begun)

    def _runs(self, *, above: bool) -> Runs:
        window, (ended, begun) = self.view.window, self._turns
        opens = bool(self.above[:1].any()) is above
        closes = (len(ended) + opens) % 2
        starts = [window.times[:opens], begun[opens::2]]
        ends = [ended[not opens :: 2], window.times[len(window.times) - closes :]]
        if len(window.breaks) and self.view.signal_type is not SignalType.EVENT:
            # A break ends a run even where the values stay on their side.
            left = self.above[window.breaks]
            within = window.breaks[(left == above) & (left == self.above[window.breaks + 1])]
            starts.append(window.times[within + 1])
            ends.append(window.times[within])
            return Runs(*(np.sort(np.concatenate(moments), kind="stable") for moments in (starts, ends)))
        return Runs(np.concatenate(starts), np.concatenate(ends))

    @cached_property
    def excess(self) -> Excess:
        """Time above the level and excess dose of each interval that has some."""
        window, values, hold = self.view.window, self.values, self.view.signal_type is SignalType.HOLD
        left = window.breaks[:0]
        if self.view.signal_type is not SignalType.EVENT:
            touched = self.above[:-1] if hold else self.above[:-1] | self.above[1:]
            left = (touched & window.joined if len(window.breaks) else touched).nonzero()[0]
        begins, ends = window.times[left], window.times[left + 1]
        lengths, doses = excess_intervals(
            (ends - begins).astype(np.float64), values[left], values[left if hold else left + 1], self.level
        )
        # A µs is the grain of time: each interval is rounded by itself, so that sums do not depend on their order.
        return Excess(begins, ends, int(np.rint(lengths).astype(np.int64).sum()), Sums.of(doses))


def spells_above(beyond: Beyond, machine: Machine) -> Spells:
    """The excursions of the values beyond the machine's level.

    An excursion is entered when the values stay above the level for the on-delay and left when they stay at or below
    the level less the deadband for the off-delay; it starts and ends at the first crossing. A gap neither ends an
    excursion nor counts towards a delay.
    """
    entries = beyond.above_runs.lasting(machine.t_on)
    if len(entries.starts) == 0:
        return Spells(entries.starts, entries.ends, np.zeros(0), entries.starts, ())
    exits = beyond.view.beyond(beyond.sign, machine.release).inside_runs.lasting(machine.t_off)
    after = exits.starts.searchsorted(entries.starts, side="right")
    is_first = np.concatenate(([True], after[1:] != after[:-1]))
    starts = entries.starts[is_first]
    ends = np.append(exits.starts, OPEN)[after[is_first]]
    if machine.t_merge > 0 and len(starts) > 1:
        apart = (starts[1:] - ends[:-1]) >= machine.t_merge
        starts = starts[np.concatenate(([True], apart))]
        ends = ends[np.concatenate((apart, [True]))]
    return _described(beyond, starts, ends)


def _described(beyond: Beyond, starts: Times, ends: Times) -> Spells:
    """Peak and dose are those of the samples above the level alone; every excursion has one."""
    times, values = beyond.samples
    upto = np.minimum(ends, beyond.view.window.times[-1])
    low = times.searchsorted(starts)
    # Every second stretch is that of an excursion; those between them were above for less than the on-delay.
    bounds = np.stack((low, times.searchsorted(upto, side="right")), axis=1).ravel()
    values = values[: bounds[-1]]
    peaks = np.maximum.reduceat(values, bounds[:-1])
    peak_places = low[0] + (values[low[0] :] == peaks.repeat(bounds[1:] - bounds[:-1])).nonzero()[0]
    first = peak_places[peak_places.searchsorted(low)]
    return Spells(starts, ends, peaks[::2], times[first], beyond.excess.doses_within(starts, upto))
