"""I-6: many samples become few buckets, and neither a peak nor a sample is lost in them."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batches.readings.rules.envelopes import (
    MINUTE,
    SignalSeries,
    envelope_from,
    envelope_of,
    in_order,
    is_coarse,
    merged,
    minutes_of,
    touched,
    without,
)
from batches.readings.rules.signals import Signal, signal_of


def test_a_single_peak_among_a_million_samples_stays_in_the_picture():
    values = np.zeros(1_000_000)
    values[765_432] = 99.0
    signal = signal_of(range(1_000_000), values.tolist())
    found = envelope_of(signal, start=0, end=999_999, points=300)
    assert (len(found.times), found.high.max(), int(found.count.sum())) == (300, 99.0, 1_000_000)


def test_few_samples_are_shown_as_they_are():
    signal = signal_of([3, 1, 2], [30.0, 10.0, 20.0])
    found = SignalSeries(signal).buckets(start=1, end=3, points=10)  # as a chart asks for it
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


seconds = st.lists(st.integers(0, 20 * 60), max_size=60)


@given(seconds, st.integers(0, 300), st.integers(301, 1200), st.integers(1, 6), st.integers(0, 20))
def test_minutes_added_up_are_what_the_samples_say_to_the_last_bit(at, first, last, points, cut):
    values = np.sin(np.array(at, dtype=float))
    signal = signal_of([second * 1_000_000 for second in at], values.tolist())
    start, end = first * 1_000_000, last * 1_000_000
    whole = envelope_of(signal, start=start, end=end, points=points)
    inside = [(start, max(start, cut * MINUTE) - 1), (max(start, cut * MINUTE), end)]
    minutes = in_order([minutes_of(signal, [part]) for part in reversed(inside)])
    if int(minutes.count.sum()) <= points or not is_coarse(start, end, points):
        return
    if start < cut * MINUTE < end or cut * MINUTE <= start:
        parts = envelope_from(minutes, start=start, end=end, points=points)
        assert [column.tolist() for column in (whole.times, whole.low, whole.high, whole.mean, whole.count)] == [
            column.tolist() for column in (parts.times, parts.low, parts.high, parts.mean, parts.count)
        ]
        assert len(parts.times) <= points


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_merged_ranges_hold_the_same_times_and_never_touch(ranges):
    found = merged(ranges)
    assert {at for low, high in found for at in range(low, high + 1)} == {
        at for low, high in ranges for at in range(low, high + 1)
    }
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(found))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_the_touched_minutes_are_those_with_a_sample(minutes):
    found = touched(np.array([minute * MINUTE + 7 for minute in minutes]))
    assert {minute for low, high in found for minute in range(low // MINUTE, high // MINUTE + 1)} == set(minutes)
    assert all((low % MINUTE, high % MINUTE) == (0, MINUTE - 1) for low, high in found)


@given(
    st.sets(st.integers(0, 20), min_size=1),
    st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(0, 3 * MINUTE)), max_size=3),
)
def test_what_is_left_are_the_minutes_that_nothing_else_touches(minutes, others):
    spans = [(first, first + length) for first, length in others]
    found = without(touched(np.array([minute * MINUTE for minute in sorted(minutes)])), spans)
    left = {minute for low, high in found for minute in range(low // MINUTE, high // MINUTE + 1)}
    taken = {minute for first, last in spans for minute in range(first // MINUTE, last // MINUTE + 1)}
    assert left == minutes - taken
    assert all((low % MINUTE, high % MINUTE) == (0, MINUTE - 1) for low, high in found)


def test_no_samples_touch_no_minute_and_make_none():
    assert touched(np.zeros(0, dtype=np.int64)) == []
    assert len(minutes_of(signal_of([], [])).minute) == 0


def test_samples_out_of_order_are_put_in_order():
    assert minutes_of(signal_of([2 * MINUTE, MINUTE, 5], [3.0, 2.0, 1.0]), [(0, 3 * MINUTE)]).total.tolist() == [
        1.0,
        2.0,
        3.0,
    ]
