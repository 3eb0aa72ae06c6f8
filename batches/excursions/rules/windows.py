"""The time of a step: where its samples may be connected, which of it is unknown, and what slides along it.

Domain reference 2.2, points 6 and 7, and E-14.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from batches.readings.rules.signals import CONFLICT, DISPUTED, NOT_VALID, NOT_VOID, Flags, Floats, Signal, Times, micros
from gatekeeper.core.refusal import Refusal

type Indexes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a trusted value: from and to in µs; why: drop_out, excluded, conflict, not_valid, disputed."""

    started_us: int
    ended_us: int
    reason: str

    @property
    def lasted_us(self) -> int:
        """How long it lasted."""
        return self.ended_us - self.started_us


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The good samples of a step: ``joined[k]`` is whether sample k and k + 1 may be connected.

    ``breaks`` are the places where they may not.
    """

    times: Times
    values: Floats
    joined: Flags
    breaks: Indexes
    gaps: tuple[Gap, ...]
    start_us: int
    step_us: int

    def of(self, times: Times, values: Floats, joined: Flags) -> "Window":
        """The same step with other samples."""
        return Window(times, values, joined, np.flatnonzero(~joined), self.gaps, self.start_us, self.step_us)


def window_of(signal: Signal, *, start: int, end: int, max_gap_s: Decimal | None, hold: bool) -> Window:
    """The good samples of a cleaned signal between start and end (µs), with its gaps.

    A step-hold signal carries its last value into the step and to the step's end, within the allowed gap.

    :raises Refusal: window_ends_before_start.
    """
    if end < start:
        raise Refusal("window_ends_before_start", "The step ends before it starts.", field="end")
    max_gap = end - start + 1 if max_gap_s is None else micros(max_gap_s)
    times, values = _good(signal, start, end)
    if hold:
        times, values = _with_carried(signal, times, values, start, max_gap)
    first = int(times[0]) if len(times) and times[0] < start else start
    gap = _gaps(signal, times, (first, end), max_gap)
    gaps = _described(signal, times, gap, (start, first, end))
    joined = ~gap[1:-1]
    if first < start:
        times = np.maximum(times, start)
    if hold and len(times) and not gap[-1] and times[-1] < end:
        times, values, joined = np.append(times, end), np.append(values, values[-1]), np.append(joined, np.True_)
    return Window(times, values, joined, np.flatnonzero(~joined), gaps, start, end - start)


def _good(signal: Signal, start: int, end: int) -> tuple[Times, Floats]:
    low, high = np.searchsorted(signal.times, start), np.searchsorted(signal.times, end, side="right")
    good = signal.good[low:high]
    if good.all():
        return signal.times[low:high], signal.values[low:high]
    index = np.flatnonzero(good) + low
    return signal.times[index], signal.values[index]


def _with_carried(signal: Signal, times: Times, values: Floats, start: int, max_gap: int) -> tuple[Times, Floats]:
    before = np.flatnonzero(signal.good & (signal.times < start))
    if len(before) == 0 or start - signal.times[before[-1]] > max_gap or (len(times) and times[0] == start):
        return times, values
    return np.append(signal.times[before[-1:]], times), np.append(signal.values[before[-1:]], values)


def _gaps(signal: Signal, times: Times, edges: tuple[int, int], max_gap: int) -> Flags:
    """Whether the interval before each sample, and that behind the last, has no trusted value."""
    first, end = edges
    gap = np.zeros(len(times) + 1, dtype=np.bool_)
    steps = times[1:] - times[:-1]
    if steps.max(initial=0) > max_gap:
        np.greater(steps, max_gap, out=gap[1:-1])
    gap[0] = len(times) == 0 or times[0] - first > max_gap
    gap[-1] = len(times) == 0 or end - times[-1] > max_gap
    if signal.void is not None:
        void = signal.times[(signal.void != NOT_VOID) & (signal.times >= first) & (signal.times <= end)]
        gap[np.searchsorted(times, void)] = True
    return gap


def _described(signal: Signal, times: Times, gap: Flags, edges: tuple[int, int, int]) -> tuple[Gap, ...]:
    start, first, end = edges
    gaps = []
    for place in np.flatnonzero(gap).tolist():
        began = max(int(times[place - 1]) if place else first, start)
        ended = int(times[place]) if place < len(times) else end
        if ended > began:
            gaps.append(Gap(began, ended, _reason(signal, began, ended)))
    return tuple(gaps)


def _reason(signal: Signal, started: int, ended: int) -> str:
    low, high = np.searchsorted(signal.times, started), np.searchsorted(signal.times, ended, side="right")
    if signal.void is not None:
        marks = signal.void[low:high]
        for mark, reason in ((DISPUTED, "disputed"), (CONFLICT, "conflict"), (NOT_VALID, "not_valid")):
            if bool(np.any(marks == mark)):
                return reason
    return "drop_out" if signal.good[low:high].all() else "excluded"


def covered(window: Window, width_us: int) -> Flags:
    """For each sample whether trusted samples reach back over the whole width before it."""
    first = np.zeros(len(window.times), dtype=np.intp)
    first[window.breaks + 1] = window.breaks + 1
    first_times = window.times[np.maximum.accumulate(first)]
    return (window.times - first_times) >= width_us


def cut(window: Window, *, start: int) -> Window:
    """The window from a later start on; there is a good sample at it, or none before it."""
    at = int(np.searchsorted(window.times, start))
    gaps = tuple(gap for gap in window.gaps if gap.started_us >= start)
    joined = window.joined[at:]
    lasting = window.step_us - (start - window.start_us)
    return Window(window.times[at:], window.values[at:], joined, np.flatnonzero(~joined), gaps, start, lasting)
