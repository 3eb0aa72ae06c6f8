"""The smallest, largest or mean value and the slope over a window of time that slides along a signal.

Every window is put together from blocks of 1, 2, 4, 8 … samples, so its value depends on its own samples alone: where
a signal was cut into frames cannot show in the last digit. E-14 of the domain reference.
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from batches.excursions.rules.derived import DERIVED_DECIMALS
from batches.excursions.rules.windows import Indexes, Window, covered
from batches.readings.rules.signals import SECOND, Floats, Times

type Sums = tuple[Floats, ...]

LEAST_POINTS = 3  # of a slope (E-14)
_MINUTE = 60 * SECOND


class Aggregation(StrEnum):
    """What is judged of the values in a window of time: each by itself, or what they give together."""

    NONE = "none"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    SLOPE = "slope"


def aggregated(window: Window, kind: Aggregation, width_us: int) -> Window:
    """The window with each value replaced by that of the time up to it; a slope is a change a minute.

    Where trusted samples do not reach back over the whole width there is no value (E-14: fully covered). The time is
    not unknown for that: gaps stay those of the samples.
    """
    times = window.times
    covered_until = covered(window, width_us)
    first = np.searchsorted(times, times[covered_until] - width_us)
    last = np.flatnonzero(covered_until)
    values, enough = _FORMULAS[kind](window, first, last)
    places = last[enough]
    # Two values are connected where the samples that they stand at are neighbours and connected themselves.
    joined = (np.diff(places) == 1) & window.joined[places[:-1]]
    return window.of(times[places], np.round(values[enough], DERIVED_DECIMALS), joined)


def _folded(
    blocks: Sums, merge: Callable[[Sums, Sums, Floats], Sums], times: Times, span: tuple[Indexes, Indexes]
) -> Sums:
    """What the merged samples from first to last (both included) give, for each pair of first and last."""
    first, last = span
    count, at = last - first + 1, first.copy()
    sums: Sums = ()
    size, began = 1, np.zeros(len(first), dtype=np.bool_)
    while size <= int(count.max(initial=0)):
        taking = np.flatnonzero((count & size) != 0)
        chosen = tuple(block[at[taking]] for block in blocks)
        if not sums:
            sums = tuple(np.zeros(len(first)) for _ in blocks)
        apart = (times[at[taking]] - times[first[taking]]) / _MINUTE
        merged = merge(tuple(result[taking] for result in sums), chosen, apart)
        is_new = ~began[taking]
        for row, new, old in zip(sums, chosen, merged, strict=True):
            row[taking] = np.where(is_new, new, old)
        began[taking] = True
        at[taking] += size
        if len(blocks[0]) > size:
            apart = (times[size:] - times[:-size])[: len(blocks[0]) - size] / _MINUTE
            blocks = merge(tuple(block[:-size] for block in blocks), tuple(block[size:] for block in blocks), apart)
        size *= 2
    return sums


def _smaller(left: Sums, right: Sums, _apart: Floats) -> Sums:
    return (np.minimum(left[0], right[0]),)


def _larger(left: Sums, right: Sums, _apart: Floats) -> Sums:
    return (np.maximum(left[0], right[0]),)


def _added(left: Sums, right: Sums, _apart: Floats) -> Sums:
    return (left[0] + right[0], left[1] + right[1])


def _moments(left: Sums, right: Sums, apart: Floats) -> Sums:
    """Count, Σt, Σv, Σt², Σtv, with times from the first sample of the left part; the right starts ``apart`` later."""
    n, t, v, tt, tv = right
    moved = (n, t + n * apart, v, tt + 2 * apart * t + n * apart**2, tv + apart * v)
    return tuple(row + other for row, other in zip(left, moved, strict=True))


type Slid = tuple[Floats, Indexes]


def _extreme(merge: Callable[[Sums, Sums, Floats], Sums]) -> Callable[[Window, Indexes, Indexes], Slid]:
    def formula(window: Window, first: Indexes, last: Indexes) -> Slid:
        (values,) = _folded((window.values,), merge, window.times, (first, last)) or (np.zeros(0),)
        return values, np.arange(len(last))

    return formula


def _mean(window: Window, first: Indexes, last: Indexes) -> Slid:
    blocks = (np.ones(len(window.values)), window.values)
    count, total = _folded(blocks, _added, window.times, (first, last)) or (np.ones(0), np.zeros(0))
    return total / count, np.arange(len(last))


def _slope(window: Window, first: Indexes, last: Indexes) -> Slid:
    none = np.zeros(len(window.values))
    blocks = (none + 1, none, window.values, none, none)
    n, t, v, tt, tv = _folded(blocks, _moments, window.times, (first, last)) or (np.zeros(0),) * 5
    spread = n * tt - t * t
    return (n * tv - t * v) / np.where(spread > 0, spread, 1.0), np.flatnonzero((n >= LEAST_POINTS) & (spread > 0))


_FORMULAS = {
    Aggregation.MIN: _extreme(_smaller),
    Aggregation.MAX: _extreme(_larger),
    Aggregation.MEAN: _mean,
    Aggregation.SLOPE: _slope,
}
