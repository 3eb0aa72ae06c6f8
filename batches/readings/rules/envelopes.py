"""Many samples as few buckets, each with its smallest, largest and mean value, so that no peak is lost in a picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from batches.readings.rules.signals import SECOND, Floats, Signal, Times

# At 1 Hz a minute costs two bytes a sample, and 72 h are 4,320 of them: read in some ten milliseconds.
MINUTE = 60 * SECOND

type Range = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Buckets as columns: first time (µs), smallest, largest and mean value, number of samples."""

    times: Times
    low: Floats
    high: Floats
    mean: Floats
    count: Times


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """The good samples of each minute (since 1970) as columns: number, first time (µs), smallest, largest, total."""

    minute: Times
    count: Times
    times: Times
    low: Floats
    high: Floats
    total: Floats

    def kept(self, where: np.ndarray) -> "Minutes":
        """Return some of the minutes, or all in another order."""
        columns = (self.minute, self.count, self.times, self.low, self.high, self.total)
        return Minutes(*(column[where] for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class SignalSeries:
    """A signal as a chart asks for it (gatekeeper.charts.plots.Series)."""

    signal: Signal

    def buckets(self, *, start: int, end: int, points: int) -> Envelope:
        """Return ``envelope_of`` the signal."""
        return envelope_of(self.signal, start=start, end=end, points=points)


def envelope_of(signal: Signal, *, start: int, end: int, points: int) -> Envelope:
    """Return the good samples between start and end (µs, both included) in at most ``points`` buckets of equal time.

    A bucket without a good sample is left out. Buckets of a minute or more are whole minutes, added up minute by
    minute: stored minutes give the same answer to the last bit.
    """
    inside = _inside(signal, [(start, end)])
    times, values = inside.times, inside.values
    if len(times) == 0:
        none = np.zeros(0)
        return Envelope(times, none, none, none, times)
    if len(times) <= points:
        return Envelope(times, values, values, values, np.ones(len(times), dtype=np.int64))
    if is_coarse(start, end, points):
        return envelope_from(minutes_of(inside), start=start, end=end, points=points)
    width = max(-(-(end - start + 1) // points), 1)
    first = np.flatnonzero(np.diff((times - start) // width, prepend=-1))
    count = np.diff(np.append(first, len(times)))
    return Envelope(
        times[first],
        np.minimum.reduceat(values, first),
        np.maximum.reduceat(values, first),
        np.add.reduceat(values, first) / count,
        count.astype(np.int64),
    )


def is_coarse(start: int, end: int, points: int) -> bool:
    """Return whether so few points are asked for that each is a minute or more."""
    return end - start + 1 >= points * MINUTE


def envelope_from(minutes: Minutes, *, start: int, end: int, points: int) -> Envelope:
    """Return minutes, in order and of the samples between start and end only, as at most ``points`` buckets."""
    begin = start // MINUTE
    width = -(-(end // MINUTE - begin + 1) // points)
    first = np.flatnonzero(np.diff((minutes.minute - begin) // width, prepend=-1))
    count = np.add.reduceat(minutes.count, first)
    return Envelope(
        minutes.times[first],
        np.minimum.reduceat(minutes.low, first),
        np.maximum.reduceat(minutes.high, first),
        np.add.reduceat(minutes.total, first) / count,
        count,
    )


def minutes_of(signal: Signal, within: Sequence[Range] | None = None) -> Minutes:
    """Return the minutes of the good samples, in order; ``within`` are the times (µs, ends included) that count."""
    if within is not None:
        signal = _inside(signal, within)
    times, values = signal.times, signal.values
    minute = times // MINUTE
    first = np.flatnonzero(np.diff(minute, prepend=minute[:1] - 1))
    if not len(first):
        return Minutes(times, times, times, values, values, values)
    return Minutes(
        minute[first],
        np.diff(np.append(first, len(times))).astype(np.int64),
        times[first],
        np.minimum.reduceat(values, first),
        np.maximum.reduceat(values, first),
        np.add.reduceat(values, first),
    )


def in_order(parts: Iterable[Minutes]) -> Minutes:
    """Return the minutes of several parts, none of which has a minute of another, in order of time."""
    given = list(parts)
    names = ("minute", "count", "times", "low", "high", "total")
    whole = Minutes(*(np.concatenate([getattr(part, name) for part in given]) for name in names))
    return whole.kept(np.argsort(whole.minute, kind="stable"))


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return ranges (both ends included) in order, those that touch as one and the empty ones not at all."""
    found: list[Range] = []
    for low, high in sorted(one for one in ranges if one[0] <= one[1]):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def touched(times: Times) -> list[Range]:
    """Return the whole minutes in which there are samples, as ranges of µs."""
    minutes = np.unique(times // MINUTE)
    begins = np.flatnonzero(np.diff(minutes, prepend=minutes[:1] - 2) > 1)
    ends = np.append(begins[1:] - 1, len(minutes) - 1) if len(begins) else begins
    return [
        (int(low) * MINUTE, (int(high) + 1) * MINUTE - 1)
        for low, high in zip(minutes[begins], minutes[ends], strict=True)
    ]


def without(ranges: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """Return ranges of whole minutes (µs, ends included) without the minutes that any of the others touches."""
    left = list(ranges)
    for first, last in others:
        low, high = first // MINUTE * MINUTE, (last // MINUTE + 1) * MINUTE
        left = [part for a, b in left for part in ((a, min(b, low - 1)), (max(a, high), b)) if part[0] <= part[1]]
    return left


def _inside(signal: Signal, ranges: Sequence[Range]) -> Signal:
    """Return the good samples within some ranges, in order of time."""
    inside = np.zeros(len(signal.times), dtype=np.bool_)
    for low, high in ranges:
        inside |= (signal.times >= low) & (signal.times <= high)
    inside &= signal.good
    times, values = signal.times[inside], signal.values[inside]
    if len(times) > 1 and not bool((times[1:] >= times[:-1]).all()):
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    return Signal(times, values, np.ones(len(times), dtype=np.bool_))
