"""Many samples as few buckets, each with its smallest, largest and mean value, so that no peak is lost in a picture."""

from dataclasses import dataclass

import numpy as np

from batches.monitoring.rules.signals import Floats, Signal, Times


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Buckets as columns: first time (µs), smallest, largest and mean value, number of samples."""

    times: Times
    low: Floats
    high: Floats
    mean: Floats
    count: Times


def envelope_of(signal: Signal, *, start: int, end: int, points: int) -> Envelope:
    """Return the good samples between start and end (µs, both included) in at most ``points`` buckets of equal time.

    A bucket without a good sample is left out.
    """
    inside = signal.good & (signal.times >= start) & (signal.times <= end)
    order = np.argsort(signal.times[inside], kind="stable")
    times, values = signal.times[inside][order], signal.values[inside][order]
    if len(times) == 0:
        none = np.zeros(0)
        return Envelope(times, none, none, none, times)
    if len(times) <= points:
        return Envelope(times, values, values, values, np.ones(len(times), dtype=np.int64))
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
