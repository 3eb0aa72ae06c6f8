"""Samples of one tag: which of them may be judged, and which time has no trusted value.

Domain reference 2.2, points 6 to 9. Times are event times in µs since 1970 (UTC).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from batches.monitoring.rules.derived import (
    HollowFibre,
    conductivity_at_25,
    transmembrane_pressure,
    wall_shear,
)
from gatekeeper.core.refusal import Refusal

type Times = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Flags = npt.NDArray[np.bool_]
type Marks = npt.NDArray[np.int8]

GOOD_QUALITY = 192  # OPC DA quality: the two top bits 11 mean good
SECOND = 1_000_000
NOT_VOID, CONFLICT, NOT_VALID = 0, 1, 2


class Derived(StrEnum):
    """How the judged signal comes from the measured ones."""

    NONE = "none"
    WALL_SHEAR = "wall_shear"
    TMP = "tmp"
    COND25 = "cond25"


DERIVED_INPUTS: Mapping[Derived, tuple[str, ...]] = {
    Derived.WALL_SHEAR: ("flow",),
    Derived.TMP: ("feed_pressure", "retentate_pressure", "permeate_pressure"),
    Derived.COND25: ("conductivity", "temperature"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Samples of one signal: event times in µs (int64), values (float64), good (bool).

    ``void`` marks times that make the interval around them unknown, however short: two values for one time, or a
    formula that does not hold there.
    """

    times: Times
    values: Floats
    good: Flags
    void: Marks | None = None

    @property
    def marks(self) -> Marks:
        """The void marks, zero where there are none."""
        return np.zeros(len(self.times), dtype=np.int8) if self.void is None else self.void


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a trusted value: from and to in µs, and why (drop_out, excluded, conflict, not_valid)."""

    started_us: int
    ended_us: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The good samples of a step: ``joined[k]`` tells whether sample k and k + 1 may be connected."""

    times: Times
    values: Floats
    joined: Flags
    gaps: tuple[Gap, ...]
    start_us: int
    step_us: int
    good_us: int

    @property
    def coverage(self) -> Decimal:
        """Share of the step with trusted values, to six decimals."""
        if self.step_us <= 0:
            return Decimal(0)
        return (Decimal(self.good_us) / Decimal(self.step_us)).quantize(Decimal("0.000001"))


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
    ordered = _each_time_once(signal)
    good = ordered.good & np.isfinite(ordered.values)
    if sensor_low is not None:
        good &= ~(ordered.values < float(sensor_low))
    if sensor_high is not None:
        good &= ~(ordered.values > float(sensor_high))
    good &= ordered.marks == NOT_VOID
    if stuck_s is not None:
        good &= ~_frozen(ordered, good, _micros(stuck_s), None if max_gap_s is None else _micros(max_gap_s))
    return Signal(ordered.times, ordered.values, good, ordered.marks)


def _micros(seconds: Decimal) -> int:
    return int(seconds * SECOND)


def _each_time_once(signal: Signal) -> Signal:
    times, values = signal.times, signal.values
    if len(times) < 2 or bool(np.all(np.diff(times) > 0)):
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


def _frozen(signal: Signal, good: Flags, stuck_us: int, max_gap_us: int | None) -> Flags:
    """True for every sample in a run of identical good values that lasts longer than allowed."""
    frozen = np.zeros(len(good), dtype=np.bool_)
    index = np.flatnonzero(good)
    if len(index) < 2:
        return frozen
    times, values = signal.times[index], signal.values[index]
    changed = np.diff(values) != 0
    if max_gap_us is not None:
        changed |= np.diff(times) > max_gap_us
    first = np.flatnonzero(np.concatenate(([True], changed)))
    last = np.append(first[1:], len(index)) - 1
    too_long = (times[last] - times[first]) > stuck_us
    frozen[index] = np.repeat(too_long, last - first + 1)
    return frozen


def derive(derived: Derived, inputs: Mapping[str, Signal], geometry: HollowFibre | None = None) -> Signal:
    """The derived signal at the times that all its inputs share; the inputs are named as in ``DERIVED_INPUTS``.

    Inputs should have been cleaned, so that a frozen or conflicting input makes the result unknown.

    :raises Refusal: derived_input_missing, geometry_required.
    """
    names = DERIVED_INPUTS[derived]
    missing = [name for name in names if name not in inputs]
    if missing:
        raise Refusal("derived_input_missing", "The signal {name} is missing.", field="inputs", name=missing[0])
    columns = [_each_time_once(inputs[name]) for name in names]
    times = columns[0].times
    for column in columns[1:]:
        times = np.intersect1d(times, column.times, assume_unique=True)
    places = [np.searchsorted(column.times, times) for column in columns]
    values = [column.values[place] for column, place in zip(columns, places, strict=True)]
    good = np.logical_and.reduce([column.good[place] for column, place in zip(columns, places, strict=True)])
    marks = np.maximum.reduce([column.marks[place] for column, place in zip(columns, places, strict=True)])
    result = _formula(derived, values, geometry)
    known = good & np.logical_and.reduce([np.isfinite(value) for value in values])
    # A surge beyond laminar flow must not be bridged like a short drop-out (E-1).
    marks = np.where(known & np.isnan(result), NOT_VALID, marks).astype(np.int8)
    return Signal(times, result, good & np.isfinite(result), marks)


def _formula(derived: Derived, values: Sequence[Floats], geometry: HollowFibre | None) -> Floats:
    if derived is Derived.TMP:
        return transmembrane_pressure(*values)
    if derived is Derived.COND25:
        return conductivity_at_25(*values)
    if geometry is None:
        raise Refusal("geometry_required", "Wall shear needs the geometry of the module.", field="geometry")
    return wall_shear(values[0], geometry)


def window_of(signal: Signal, *, start: int, end: int, max_gap_s: Decimal | None, hold: bool) -> Window:
    """The good samples of a cleaned signal between start and end (µs), with its gaps and coverage.

    A step-hold signal carries its last value into the step and to the step's end, within the allowed gap.

    :raises Refusal: window_ends_before_start.
    """
    if end < start:
        raise Refusal("window_ends_before_start", "The step ends before it starts.", field="end")
    max_gap = end - start + 1 if max_gap_s is None else _micros(max_gap_s)
    inside = signal.good & (signal.times >= start) & (signal.times <= end)
    index = np.flatnonzero(inside)
    if hold:
        index = _with_carried(signal, index, start, max_gap)
    taken = signal.times[index]
    edges = np.concatenate(([min([start, *taken[:1].tolist()])], taken, [end])).astype(np.int64)
    gap = np.diff(edges) > max_gap
    if len(index) == 0:
        gap[:] = True
    void = np.flatnonzero((signal.marks != NOT_VOID) & (signal.times >= edges[0]) & (signal.times <= end))
    gap[np.searchsorted(taken, signal.times[void])] = True
    edges = np.maximum(edges, start)
    gaps = tuple(
        Gap(int(edges[k]), int(edges[k + 1]), _reason(signal, int(edges[k]), int(edges[k + 1])))
        for k in np.flatnonzero(gap & (np.diff(edges) > 0))
    )
    times, values, joined = np.maximum(taken, start), signal.values[index], ~gap[1:-1]
    if hold and len(times) and not gap[-1] and times[-1] < end:
        times, values = np.append(times, end), np.append(values, values[-1])
        joined = np.append(joined, True)
    lost = sum(one.ended_us - one.started_us for one in gaps)
    return Window(
        times=times.astype(np.int64),
        values=values,
        joined=joined,
        gaps=gaps,
        start_us=start,
        step_us=end - start,
        good_us=end - start - lost,
    )


def _with_carried(signal: Signal, index: npt.NDArray[np.intp], start: int, max_gap: int) -> npt.NDArray[np.intp]:
    before = np.flatnonzero(signal.good & (signal.times < start))
    if len(before) == 0 or start - signal.times[before[-1]] > max_gap:
        return index
    if len(index) and signal.times[index[0]] == start:
        return index
    return np.concatenate((before[-1:], index))


def _reason(signal: Signal, started: int, ended: int) -> str:
    low, high = np.searchsorted(signal.times, started), np.searchsorted(signal.times, ended, side="right")
    marks = signal.marks[low:high]
    if bool(np.any(marks == CONFLICT)):
        return "conflict"
    if bool(np.any(marks == NOT_VALID)):
        return "not_valid"
    return "excluded" if bool(np.any(~signal.good[low:high])) else "drop_out"
