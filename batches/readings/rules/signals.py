"""Samples of one tag: which of them may be judged, and which time has no trusted value.

Domain reference 2.2, points 6 to 9. Times are event times in µs since 1970 (UTC).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from gatekeeper.core.refusal import Refusal

type Times = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Flags = npt.NDArray[np.bool_]
type Marks = npt.NDArray[np.int8]

GOOD_QUALITY = 192  # OPC DA quality: the two top bits 11 mean good
SECOND = 1_000_000
NOT_VOID, CONFLICT, NOT_VALID, DISPUTED = 0, 1, 2, 3
LARGEST = 1e12  # no unit of the table reaches it: beyond, a number is a fault of its sender and spoils every sum


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Samples of one signal: event times in µs (int64), values (float64), good (bool).

    ``void`` marks times that make the interval around them unknown, however short: two values for one time, a formula
    that does not hold there, or a frame of which several bodies are known and none counts.
    """

    times: Times
    values: Floats
    good: Flags
    void: Marks | None = None

    @property
    def marks(self) -> Marks:
        """The void marks, zero where there are none."""
        return np.zeros(len(self.times), dtype=np.int8) if self.void is None else self.void


def signal_of(times: Sequence[int], values: Sequence[float | None], quality: Sequence[int] | None = None) -> Signal:
    """A signal from the columns of one frame or many; quality is the OPC number, 192 and above is good.

    :raises Refusal: columns_differ_in_length.
    """
    if len(times) != len(values) or (quality is not None and len(quality) != len(times)):
        raise Refusal("columns_differ_in_length", "Times, values and quality differ in length.", field="values")
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    good = np.ones(len(times), dtype=np.bool_)
    if quality is not None:
        good = np.asarray(quality, dtype=np.int64) >= GOOD_QUALITY
    return Signal(np.asarray(times, dtype=np.int64), numbers, good)


def joined_signal(parts: Sequence[Signal]) -> Signal:
    """One signal from the parts of many frames, in any order."""
    if not parts:
        return signal_of([], [])
    return Signal(
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.good for part in parts]),
        np.concatenate([part.marks for part in parts]),
    )


def clean(
    signal: Signal,
    *,
    stuck_s: Decimal | None = None,
    max_gap_s: Decimal | None = None,
    sensor_low: Decimal | None = None,
    sensor_high: Decimal | None = None,
) -> Signal:
    """The signal in order of time, each time once, with everything that may not be judged marked as not good.

    The same time and value twice is one sample (bad quality wins); one time with two values is a conflict. NaN,
    values outside the sensor's range and a value frozen for longer than ``stuck_s`` are not good.
    """
    ordered = each_time_once(signal)
    low = -LARGEST if sensor_low is None else max(float(sensor_low), -LARGEST)
    high = LARGEST if sensor_high is None else min(float(sensor_high), LARGEST)
    # One comparison with each end also leaves out what is no number: it is neither above nor below.
    good = (ordered.values >= low) & (ordered.values <= high) & ordered.good
    if ordered.void is not None:
        good &= ordered.void == NOT_VOID
    if stuck_s is not None:
        frozen = _frozen(ordered, good, micros(stuck_s), None if max_gap_s is None else micros(max_gap_s))
        good[frozen] = False
    return Signal(ordered.times, ordered.values, good, ordered.void)


def micros(seconds: Decimal) -> int:
    """Seconds as whole µs."""
    return int(seconds * SECOND)


def each_time_once(signal: Signal) -> Signal:
    """The signal in order of time, each time once; two values for one time are a conflict, bad quality wins."""
    times, values = signal.times, signal.values
    if len(times) < 2 or bool((times[1:] > times[:-1]).all()):
        return signal
    order = np.lexsort((values, times))
    times, values, good, marks = times[order], values[order], signal.good[order], signal.marks[order]
    first = np.flatnonzero(np.concatenate(([True], np.diff(times) > 0)))
    head = np.repeat(values[first], np.diff(np.append(first, len(times))))
    same = (values == head) | (np.isnan(values) & np.isnan(head))
    agree = np.logical_and.reduceat(same, first)
    void = np.maximum.reduceat(marks, first)
    return Signal(
        times[first],
        np.where(agree, values[first], np.nan),
        np.logical_and.reduceat(good, first) & agree,
        np.where(agree, void, CONFLICT).astype(np.int8),
    )


def contradictions(signal: Signal, *, start: int, end: int) -> int:
    """At how many times from start to end (µs) a signal in order has two values: none of them is known."""
    return int(np.count_nonzero((signal.marks == CONFLICT) & (signal.times >= start) & (signal.times <= end)))


def _frozen(signal: Signal, good: Flags, stuck_us: int, max_gap_us: int | None) -> npt.NDArray[np.intp]:
    """The places of the samples in a run of identical good values that lasts longer than allowed."""
    index = None if good.all() else np.flatnonzero(good)
    times, values = (signal.times, signal.values) if index is None else (signal.times[index], signal.values[index])
    same = np.flatnonzero(values[1:] == values[:-1])
    if max_gap_us is not None:
        same = same[(times[same + 1] - times[same]) <= max_gap_us]
    # Neighbouring pairs of equal samples make one run.
    ends = np.flatnonzero(np.diff(same) != 1)
    first = same[np.concatenate(([0], ends + 1))] if len(same) else same
    last = same[np.concatenate((ends, [len(same) - 1]))] + 1 if len(same) else same
    too_long = (times[last] - times[first]) > stuck_us
    runs = [np.arange(begin, end + 1) for begin, end in zip(first[too_long], last[too_long], strict=True)]
    places = np.concatenate(runs) if runs else same[:0]
    return places if index is None else index[places]
