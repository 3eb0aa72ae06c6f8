"""E-m: one instant has one number, and says its zone where people read it."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.times import EPOCH, in_zone, micros, moment


@given(st.integers(min_value=-(2**52), max_value=2**52))
def test_a_number_of_microseconds_is_one_instant_and_back(at_us):
    assert micros(moment(at_us)) == at_us


def test_an_instant_is_the_same_in_every_zone():
    singapore = timezone(timedelta(hours=8))
    assert micros(datetime(1970, 1, 1, 8, tzinfo=singapore)) == 0
    assert moment(1_500_000) == EPOCH + timedelta(seconds=1.5)


def test_people_read_the_time_of_a_zone_with_its_name():
    assert in_zone(datetime(2026, 11, 30, 22, 11, 5, tzinfo=UTC), "Asia/Tokyo") == "2026-12-01 07:11:05 Asia/Tokyo"
