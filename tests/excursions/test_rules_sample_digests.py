"""2.2.12: the digest of a signal's samples does not show which of them were let go, nor how they were cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batches.excursions.rules.sample_digests import BLOCK, NOTHING, samples_content, sealed_with
from batches.readings.rules.signals import Signal, signal_of

SIZES = st.integers(0, 4 * BLOCK)


def signal(count, values=None):
    given_values = np.arange(count) / 8 if values is None else values
    return Signal(np.arange(count, dtype=np.int64) * 1000, given_values, np.ones(count, dtype=np.bool_))


def between(whole, begin, end):
    return Signal(whole.times[begin:end], whole.values[begin:end], whole.good[begin:end])


@given(count=SIZES, cuts=st.lists(st.integers(0, 4), max_size=3))
def test_letting_whole_blocks_go_changes_no_digest(count, cuts):
    whole, sealed, at = signal(count), NOTHING, 0
    for blocks in cuts:
        end = min(at + blocks * BLOCK, count - count % BLOCK)
        sealed, at = sealed_with(sealed, between(whole, at, end)), end
    assert samples_content(between(whole, at, count), sealed) == samples_content(whole)


def test_nothing_more_leaves_a_seal_as_it_is():
    sealed = sealed_with(NOTHING, signal(BLOCK))
    assert sealed_with(sealed, signal_of([], [])) == sealed
    assert sealed_with(NOTHING, signal_of([], [])) == NOTHING


def test_another_time_value_or_quality_is_another_digest():
    one = samples_content(signal(3))
    for other in (
        Signal(np.array([0, 1000, 2001]), np.arange(3) / 8, np.ones(3, dtype=np.bool_)),
        signal(3, np.array([0.0, 0.125, 0.26])),
        Signal(np.array([0, 1000, 2000]), np.arange(3) / 8, np.array([True, True, False])),
    ):
        assert samples_content(other)["sha256"] != one["sha256"]


def test_zero_and_no_value_have_one_spelling():
    quiet, loud = np.float64("nan"), np.frombuffer(b"\1\0\0\0\0\0\xf8\xff", dtype="<f8")[0]
    assert np.isnan(loud)
    assert samples_content(signal(2, np.array([0.0, quiet]))) == samples_content(signal(2, np.array([-0.0, loud])))
