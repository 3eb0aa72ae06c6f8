"""I-6: many samples become few buckets, and neither a peak nor a sample is lost in them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batches.monitoring.rules.envelopes import envelope_of
from batches.monitoring.rules.signals import Signal, signal_of


def test_a_single_peak_among_a_million_samples_stays_in_the_picture():
    values = np.zeros(1_000_000)
    values[765_432] = 99.0
    signal = signal_of(range(1_000_000), values.tolist())
    found = envelope_of(signal, start=0, end=999_999, points=300)
    assert (len(found.times), found.high.max(), int(found.count.sum())) == (300, 99.0, 1_000_000)


def test_few_samples_are_shown_as_they_are():
    found = envelope_of(signal_of([3, 1, 2], [30.0, 10.0, 20.0]), start=1, end=3, points=10)
    assert found.times.tolist() == [1, 2, 3]
    assert found.low.tolist() == found.high.tolist() == [10.0, 20.0, 30.0]


def test_nothing_good_between_the_ends_is_an_empty_envelope():
    signal = signal_of([1, 5], [1.0, 2.0], [0, 192])
    assert [len(one) for one in (envelope_of(signal, start=0, end=4, points=3).times,)] == [0]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 9), st.booleans()), max_size=60), st.integers(1, 9))
def test_every_good_sample_is_in_the_bucket_of_its_time(rows, points):
    times, values, good = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    signal = Signal(np.asarray(times, dtype=np.int64), np.asarray(values, dtype=float), np.asarray(good, dtype=bool))
    found = envelope_of(signal, start=10, end=40, points=points)
    kept = [(at, value) for at, value, fine in rows if fine and 10 <= at <= 40]
    assert int(found.count.sum()) == len(kept)
    if len(kept) > points:
        assert len(found.times) <= points
    if kept:
        assert (found.low.min(), found.high.max()) == (min(v for _, v in kept), max(v for _, v in kept))
        assert np.all((found.low <= found.mean) & (found.mean <= found.high))
