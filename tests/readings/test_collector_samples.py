"""domain.md 2.2, 6 to 9: what an OPC UA value is as a sample, and what is lost on the way is a gap, never nothing."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from batches.readings.collector.samples import (
    LOST,
    Join,
    Sample,
    columns,
    gap,
    has_overflowed,
    is_gap,
    moment_of,
    number_of,
    quality_of,
    sample_of,
)

AT = datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)
AT_US = int(AT.timestamp()) * 1_000_000 + 250_000
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x00000000, 192),  # Good
        (0x00960000, 216),  # GoodLocalOverride
        (0x00000480, 192),  # Good, and its queue has overflowed
        (0x40000000, 64),  # Uncertain
        (0x40900000, 68),  # UncertainLastUsableValue
        (0x40930000, 80),  # UncertainSensorNotAccurate
        (0x40940000, 84),  # UncertainEngineeringUnitsExceeded
        (0x80000000, 0),  # Bad
        (0x808C0000, 16),  # BadSensorFailure
        (0x80310000, 24),  # BadNoCommunication
        (0x808D0000, 28),  # BadOutOfService
        (0x80320000, 32),  # BadWaitingForInitialData
        (0xC0000000, 0),  # reserved: not good
    ],
)
def test_a_status_code_is_a_quality(status, quality):
    assert quality_of(status) == quality


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1.5, 1.5), (2, 2.0), (True, 1.0), (None, None), ("7.2", None), ([1.0], None),
        (math.nan, None), (math.inf, None), (10**400, None),
    ],
)  # fmt: skip
def test_only_a_finite_number_is_a_value(value, number):
    assert number_of(value) == number


def test_the_time_is_the_sources_in_whatever_zone_it_is_written():
    for given in (AT, AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=8)))):
        assert sample_of("T", 1.0, 0, given, None) == Sample("T", AT_US, 1.0, 192)
    assert moment_of(AT_US) == AT


@pytest.mark.parametrize("none", [None, datetime(1601, 1, 1, tzinfo=UTC)])
def test_the_servers_time_stands_in_and_makes_the_sample_uncertain_unless_it_is_trusted(none):
    assert sample_of("T", 1.0, 0, none, AT) == Sample("T", AT_US, 1.0, 64)
    assert sample_of("T", 1.0, 0, none, AT, trust_server_time=True) == Sample("T", AT_US, 1.0, 192)
    assert sample_of("T", None, 0x808C0000, none, AT) == Sample("T", AT_US, None, 16)
    assert sample_of("T", 1.0, 0, none, none) is None


def test_what_is_no_number_is_bad_whatever_its_status_says():
    assert sample_of("T", math.nan, 0, AT, AT) == Sample("T", AT_US, None, 0)
    assert sample_of("T", "off", 0x40000000, AT, AT) == Sample("T", AT_US, None, 0)


def test_an_overflow_is_told_by_its_two_bits_only():
    assert has_overflowed(0x480)
    assert has_overflowed(0x808C0480)
    assert not has_overflowed(0x400)
    assert not has_overflowed(0x80)


def history(*times):
    return [Sample("T", at, float(at), 192) for at in times]


def test_history_that_holds_both_ends_leaves_no_gap():
    join = Join("T", 100, 500)
    assert join.slice() == (100, 501)
    assert join.take(history(100, 200, 500, 600)) == history(100, 200, 500)
    assert join.is_whole
    assert join.give_up() == []


def test_history_that_began_too_late_leaves_a_gap_before_it():
    join = Join("T", 100, 500)
    assert join.take(history(300, 500)) == [Sample("T", 101, None, LOST), *history(300, 500)]
    assert join.is_whole


def test_history_that_writes_behind_is_asked_again_and_its_end_is_a_gap_when_given_up():
    join = Join("T", 100, 500)
    assert join.take(history(100, 200)) == history(100, 200)
    assert not join.is_whole
    assert join.take(history(200, 300)) == history(200, 300)
    assert join.give_up() == [Sample("T", 301, None, LOST)]


def test_no_history_is_one_gap_after_what_is_known():
    (mark,) = Join("T", 100, 500).give_up()
    assert mark == Sample("T", 101, None, LOST)
    assert is_gap(mark)
    assert not is_gap(Sample("T", 101, 1.0, 192))


def test_a_clock_that_was_set_back_is_a_gap_as_well():
    join = Join("T", 500, 100)
    assert join.is_last_slice
    assert join.take([]) == []
    assert join.give_up() == [Sample("T", 501, None, LOST)]


def test_a_long_absence_is_asked_hour_by_hour_and_an_hour_without_a_change_is_believed():
    join = Join("T", 0, 2 * HOUR + 10)
    assert join.slice() == (0, HOUR)
    join.take(history(0))
    assert join.slice() == (HOUR, 2 * HOUR)
    assert not join.is_last_slice
    join.take([])
    assert join.is_last_slice
    assert join.slice() == (2 * HOUR, 2 * HOUR + 11)
    assert join.take(history(2 * HOUR + 10)) == history(2 * HOUR + 10)
    assert join.is_whole


def test_no_time_between_two_values_is_no_gap():
    assert gap("T", 100, 101) == []
    assert Join("T", 100, 100).is_whole


def test_samples_become_columns_by_tag_in_their_order():
    samples = [Sample("A", 2, 1.0, 192), Sample("B", 1, None, 0), Sample("A", 1, 2.0, 64)]
    assert columns(samples) == {
        "A": {"times": [2, 1], "values": [1.0, 2.0], "quality": [192, 64]},
        "B": {"times": [1], "values": [None], "quality": [0]},
    }
