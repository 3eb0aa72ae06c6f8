"""I-7: a log's local times become UTC by the zone that its mapping names; hours that clocks skip or repeat do not."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.stamps import Stamps

GERMAN = "%d.%m.%Y %H:%M:%S"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Singapore", "Australia/Lord_Howe", "UTC", "+05:30", "-0300"]


def read(text: str, form: str = GERMAN, zone: str = "Europe/Berlin") -> datetime | str:
    times, faults = Stamps(form, zone).times([text])
    return faults[0][1] if faults else EPOCH + timedelta(microseconds=int(times[0]))


def refusal_of(form: str, zone: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        Stamps(form, zone)
    assert refused.value.code == "mapping_value_invalid"
    return refused.value


@pytest.mark.parametrize(
    ("form", "zone", "text"),
    [
        (GERMAN, "Europe/Berlin", "20.11.2026 13:05:09"),
        (GERMAN, "Europe/Berlin", "20.11.2026   13:05:09"),
        (GERMAN, "+01:00", "20.11.2026 13:05:09"),
        (GERMAN, "-0330", "20.11.2026 08:35:09"),
        ("%Y-%m-%dT%H:%M:%S%z", "", "2026-11-20T13:05:09+01:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "", "2026-11-20T12:05:09Z"),
        ("%Y-%m-%d %H:%M:%S.%f", "UTC", "2026-11-20 12:05:09.0"),
        ("%m/%d/%y %I:%M:%S %p", "America/New_York", "11/20/26 7:05:09 am"),
        ("%d-%b-%Y %H:%M:%S", "UTC", "20-NOV-2026 12:05:09"),
        ("%%%Y.%m.%d (%H:%M:%S)", "UTC", "%2026.11.20 (12:05:09)"),
    ],
)
def test_a_format_and_a_zone_make_a_text_an_instant(form: str, zone: str, text: str) -> None:
    assert read(text, form, zone) == datetime(2026, 11, 20, 12, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(("text", "micros"), [("5", 500_000), ("05", 50_000), ("123456", 123_456)])
def test_a_fraction_of_a_second_is_read_as_it_is_written(text: str, micros: int) -> None:
    found = read(f"2026-11-20 12:05:09,{text}", "%Y-%m-%d %H:%M:%S,%f", "UTC")
    assert found == datetime(2026, 11, 20, 12, 5, 9, micros, tzinfo=UTC)


def test_a_format_without_seconds_means_whole_minutes() -> None:
    assert read("2026-11-20 12:05", "%Y-%m-%d %H:%M", "UTC") == datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(("text", "hour"), [("12:00 AM", 0), ("12:30 am", 0), ("1:00 PM", 13), ("12:00 PM", 12)])
def test_noon_and_midnight_are_where_a_clock_of_twelve_hours_has_them(text: str, hour: int) -> None:
    found = read(f"2026-11-20 {text}", "%Y-%m-%d %I:%M %p", "UTC")
    assert isinstance(found, datetime)
    assert found.hour == hour


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20.11.2026",
        "20.11.2026 13:05:09 ",
        "31.11.2026 13:05:09",
        "20.11.2026 24:05:09",
        "20.11.2026 13:60:09",
        "20.11.2026 13:05:60",
        "20.11.26 13:05:09",
        "٢٠.11.2026 13:05:09",
        "01.01.0001 00:00:00",
        "00.00.0000 00:00:00",
    ],
)
def test_what_is_no_time_is_named(text: str) -> None:
    assert read(text) == "time_not_recognised"


@pytest.mark.parametrize(
    ("text", "form"),
    [("2026-11-20 13:00 PM", "%Y-%m-%d %I:%M %p"), ("2026-11-20 0:30 AM", "%Y-%m-%d %I:%M %p")],
)
def test_an_hour_that_a_clock_of_twelve_hours_does_not_have_is_named(text: str, form: str) -> None:
    assert read(text, form, "UTC") == "time_not_recognised"


def test_an_offset_that_no_place_has_is_named() -> None:
    assert read("2026-11-20T13:05+25:00", "%Y-%m-%dT%H:%M%z", "") == "time_not_recognised"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("29.03.2026 01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("29.03.2026 02:00:00", "time_does_not_exist"),
        ("29.03.2026 02:59:59", "time_does_not_exist"),
        ("29.03.2026 03:00:00", datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)),
        ("25.10.2026 01:59:59", datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)),
        ("25.10.2026 02:00:00", "time_ambiguous"),
        ("25.10.2026 02:59:59", "time_ambiguous"),
        ("25.10.2026 03:00:00", datetime(2026, 10, 25, 2, 0, 0, tzinfo=UTC)),
    ],
)
def test_hours_that_clocks_skip_or_repeat_are_named(text: str, found: datetime | str) -> None:
    assert read(text) == found


def test_half_an_hour_repeats_where_clocks_are_set_back_by_half_an_hour() -> None:
    assert read("05.04.2026 01:29:59", zone="Australia/Lord_Howe") != "time_ambiguous"
    assert read("05.04.2026 01:30:00", zone="Australia/Lord_Howe") == "time_ambiguous"


def test_an_offset_in_the_text_tells_a_repeated_hour_apart() -> None:
    form = "%Y-%m-%d %H:%M:%S %z"
    first, second = (read(f"2026-10-25 02:30:00 {offset}", form, "") for offset in ("+0200", "+0100"))
    assert isinstance(first, datetime)
    assert isinstance(second, datetime)
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    "form",
    [
        "",
        "time",
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M:%S %H",
        "%d.%m.%Y %y %H:%M",
        "%d.%m.%Y %I:%M",
        "%d.%m.%Y %H:%M %p",
        "%d.%m.%Y %H:%M.%f",
        "%j.%Y %H:%M",
        "%d.%m.%Y %H:%M:%S %",
        "%d.%m.%Y %H:%M:%S %Z",
    ],
)
def test_a_format_that_does_not_say_a_time_is_refused(form: str) -> None:
    assert refusal_of(form, "UTC").field == "time.format"


@pytest.mark.parametrize(
    ("form", "zone"),
    [
        (GERMAN, ""),
        (f"{GERMAN}%z", "UTC"),
        (GERMAN, "Europe/Atlantis"),
        (GERMAN, "Europe"),
        (GERMAN, "../etc/passwd"),
        (GERMAN, "+25:00"),
    ],
)
def test_a_zone_is_named_once_and_exists(form: str, zone: str) -> None:
    assert refusal_of(form, zone).field == "time.zone"


@given(
    st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2080, 1, 1)), min_size=1, max_size=20),  # noqa: DTZ001 - a wall clock
    st.sampled_from(ZONES),
)
@settings(max_examples=150, deadline=None)
def test_every_local_time_is_the_instant_that_shows_it_or_is_named(moments: list[datetime], zone: str) -> None:
    signs = {"+05:30": timezone(timedelta(hours=5, minutes=30)), "-0300": timezone(timedelta(hours=-3))}
    there = signs.get(zone) or ZoneInfo(zone)
    times, faults = Stamps("%Y-%m-%d %H:%M:%S.%f", zone).times([f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in moments])
    named = dict(faults)
    for index, moment in enumerate(moments):
        folds = {moment.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1)}
        shown = {one for one in folds if one.astimezone(there).replace(tzinfo=None) == moment}
        if len(shown) == 1 == len(folds):
            assert EPOCH + timedelta(microseconds=int(times[index])) == shown.pop()
        else:
            assert named[index] == ("time_ambiguous" if shown else "time_does_not_exist")


@given(st.text(max_size=25), st.sampled_from(ZONES))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_time_or_is_named(text: str, zone: str) -> None:
    times, faults = Stamps("%d.%m.%Y %H:%M", zone).times([text])
    assert len(times) == 1
    assert [code for _index, code in faults] == ["time_not_recognised"] * len(faults)


@given(st.text("%YymbdHIpMSfz-:. T", max_size=20), st.sampled_from(["", "UTC"]))
@settings(max_examples=150, deadline=None)
def test_any_format_is_understood_or_refused(form: str, zone: str) -> None:
    try:
        stamps = Stamps(form, zone)
    except Refusal:
        return
    assert len(stamps.times(["2026"])[0]) == 1
