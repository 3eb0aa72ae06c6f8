"""A-10: a UNICORN curve is taken whole, over absolute time, or named; a cut one is never used."""

import math
import random
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import unicorn
from gatekeeper.instruments.archives import Allowance
from gatekeeper.instruments.readings import Finding
from gatekeeper.instruments.registry import parse_traces
from gatekeeper.instruments.traces import BAD, GOOD, TraceFile
from tests.instruments.unicorn_files import Curve, array, chromatogram, event, members, points, result, zipped

REAL = "cytiva_unicorn_1.zip"
WHOLE = {"System linear flow", "Conc Q1", "Conc Q2", "Conc Q3", "Conc Q4", "Frac temp", "UV cell path length"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(content: bytes) -> TraceFile:
    return parse_traces("cytiva_unicorn", "run.zip", content)


def at(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(micros))


def left_out(content: bytes) -> Finding:
    parsed = read(content)
    assert parsed.traces == ()
    assert len(parsed.findings) == 1, parsed.findings
    assert parsed.findings[0].blocking
    return parsed.findings[0]


def refusal_of(content: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(content)
    return refused.value


def test_the_real_file_gives_its_linear_flow_over_absolute_time(real_file: Callable[[str], bytes]) -> None:
    parsed = read(real_file(REAL))
    flow = parsed.trace("System linear flow")
    assert (len(flow), flow.reported_unit, flow.unit) == (5134, "cm/h", "cm/h")
    highest = int(np.argmax(flow.values))
    assert round(float(flow.values[highest]), 1) == 447.6
    assert at(flow.times[highest]).replace(microsecond=0) == datetime(2024, 1, 2, 16, 59, 31, tzinfo=UTC)
    above = int(np.count_nonzero(flow.values > 100)) / 60
    assert round(above, 2) == 46.85
    assert parsed.instrument == "Cytiva ÄKTA Avant1"
    assert dict(parsed.attributes)["unicorn"] == "7.7.0.4016"


def test_the_real_file_names_every_curve_that_was_cut(real_file: Callable[[str], bytes]) -> None:
    parsed = read(real_file(REAL))
    assert {trace.name for trace in parsed.traces} == WHOLE
    codes = {finding.parameter: finding.code for finding in parsed.findings if finding.blocking}
    assert len(parsed.traces) + len(codes) == 26
    without_time = {name for name, code in codes.items() if code == "curve_without_time"}
    assert without_time == {"% Cond", "Conc B", "UV 1_280_CUT_TEMP@100,BASEM"}
    assert {code for name, code in codes.items() if name not in without_time} == {"curve_cut_short"}
    with pytest.raises(Refusal, match="declares 51344 points and holds 19") as refused:
        parsed.trace("UV 1_280")
    assert refused.value.code == "trace_not_usable"


def test_the_real_file_keeps_fractions_injection_and_log(real_file: Callable[[str], bytes]) -> None:
    events = read(real_file(REAL)).events
    assert [sum(one.kind == kind for one in events) for kind in ("Fraction", "Injection", "Logbook")] == [8, 1, 203]
    fraction = next(one for one in events if one.text == "Frac")
    assert at(fraction.at).replace(microsecond=0) == datetime(2024, 1, 2, 17, 15, 32, tzinfo=UTC)
    assert fraction.volume == "828.6274"
    ends = events[-1]
    assert (ends.text, ends.type, ends.subtype, ends.locator) == (
        "End (Completed)", "Method", "BlockEnd", "Run Log, event 203",
    )  # fmt: skip


def test_the_real_file_cut_anywhere_is_refused(real_file: Callable[[str], bytes]) -> None:
    content = real_file(REAL)
    for length in random.Random(3).sample(range(len(content)), 40):
        # A cut inside a curve leaves that curve's own archive as the last whole one.
        assert refusal_of(content[:length]).code in {"archive_unreadable", "file_layout_unknown"}


def test_a_whole_curve_has_times_values_unit_and_places() -> None:
    parsed = read(result(events=event("7.75")))
    flow = parsed.trace("System flow")
    assert [at(one) for one in flow.times] == [
        datetime(2024, 1, 2, 16, 0, 30, tzinfo=UTC) + timedelta(seconds=second)
        for second in (0, 1, 2)
    ]  # fmt: skip
    assert (flow.values.tolist(), flow.quality.tolist(), flow.unit) == ([1.5, 2.0, 2.5], [GOOD] * 3, "mL/min")
    assert flow.locator(2) == "curve 8 (System flow), point 3"
    assert parsed.findings == ()
    assert at(parsed.events[0].at) == datetime(2024, 1, 2, 16, 7, 45, tzinfo=UTC)
    assert dict(parsed.attributes) == {
        "batch_id": "B7", "chromatogram": "Chrom.1", "filename": "run.zip", "result": "Capture",
        "system": "Avant1", "unicorn": "7.7.0.4016",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reported", "code"),
    [
        ("pH", "", "[pH]"),
        ("Cond", "mS/cm", "mS/cm"),
        ("Cond temp", "°C", "Cel"),
        ("System pressure", "MPa", "MPa"),
        ("UV 1_280", "mAU", "mAU"),
        ("System linear flow", "cm/h", "cm/h"),
        ("System flow", "CV/h", "{CV}/h"),
    ],
)
def test_units_are_of_the_closed_table(name: str, reported: str, code: str) -> None:
    parsed = read(result(Curve().with_fields(Name=name, AmplitudeUnit=reported)))
    assert (parsed.trace(name).unit, parsed.findings) == (code, ())


@pytest.mark.parametrize(("name", "reported"), [("System linear flow", "cm/s"), ("Odd", ""), ("Odd", "CV")])
def test_a_unit_that_is_not_in_the_table_is_named_and_never_guessed(name: str, reported: str) -> None:
    parsed = read(result(Curve().with_fields(Name=name, AmplitudeUnit=reported)))
    assert (parsed.trace(name).unit, parsed.trace(name).reported_unit) == ("", reported)
    (finding,) = parsed.findings
    assert (finding.code, finding.blocking, finding.parameter) == ("unknown_unit", False, name)


def test_a_curve_says_how_many_points_it_lost() -> None:
    cut = points(Amplitudes=array([1.0] * 19, declared=51344))
    finding = left_out(result(Curve(points=cut)))
    assert (finding.code, finding.parameter) == ("curve_cut_short", "System flow")
    assert "declares 51344 points and holds 19" in finding.message


WHOLE_ARRAY = array([1.0, 2.0])


@pytest.mark.parametrize(
    ("blob", "code"),
    [
        (WHOLE_ARRAY[:-1], "curve_cut_short"),
        (WHOLE_ARRAY[:-4], "curve_cut_short"),
        (WHOLE_ARRAY[:-5], "curve_cut_short"),
        (WHOLE_ARRAY[:27], "curve_cut_short"),
        (WHOLE_ARRAY + b"\x00" * 4, "curve_cut_short"),
        (WHOLE_ARRAY[:-1] + b"\x00", "curve_cut_short"),
        (array([1.0, 2.0], declared=-1), "curve_cut_short"),
        (array([1.0, 2.0], declared=1), "curve_cut_short"),
        (array([1.0, 2.0], declared=2**31 - 1), "curve_cut_short"),
        (WHOLE_ARRAY[:26], "curve_not_readable"),
        (WHOLE_ARRAY[:5], "curve_not_readable"),
        (b"\x00" + WHOLE_ARRAY, "curve_not_readable"),
        (b"\x01" + WHOLE_ARRAY[1:], "curve_not_readable"),
        (WHOLE_ARRAY[:17] + b"\x10" + WHOLE_ARRAY[18:], "curve_not_readable"),
        (WHOLE_ARRAY[:26] + b"\x06" + WHOLE_ARRAY[27:], "curve_not_readable"),
        (b"", "archive_member_missing"),
    ],
)
def test_an_array_of_wrong_length_or_offset_is_not_used(blob: bytes, code: str) -> None:
    for name in ("Amplitudes", "Volumes"):
        given = {"Amplitudes": array([1.0, 2.0]), "Volumes": array([0.0, 1.0]), name: blob}
        assert left_out(result(Curve(points=points(**given)))).code == code


def test_an_array_of_another_type_is_not_used() -> None:
    curve = Curve(points=points(AmplitudesDataType=b"System.Double[]\r\n"))
    assert left_out(result(curve)).code == "curve_not_readable"


def test_values_and_volumes_of_different_length_are_not_used() -> None:
    assert left_out(result(Curve(points=points([1.0, 2.0], [0.0])))).code == "curve_columns_differ"


def test_a_curve_without_points_is_named() -> None:
    assert left_out(result(Curve(points=points([])))).code == "curve_empty"


def test_points_without_a_number_are_of_bad_quality_and_counted() -> None:
    parsed = read(result(Curve(points=points([1.0, math.nan, math.inf]))))
    assert parsed.trace("System flow").quality.tolist() == [GOOD, BAD, BAD]
    (finding,) = parsed.findings
    assert (finding.code, finding.blocking) == ("value_missing", False)
    assert "2 of 3 points" in finding.message


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": " "}, "curve_not_readable"),
        ({"IsoChroneType": "Volume"}, "curve_without_time"),
        ({"DistanceBetweenPoints": "0"}, "curve_without_time"),
        ({"DistanceBetweenPoints": "-0.1"}, "curve_without_time"),
        ({"DistanceBetweenPoints": ""}, "curve_not_readable"),
        ({"DistanceBetweenPoints": "0,5"}, "curve_not_readable"),
        ({"DistanceBetweenPoints": "1e9"}, "curve_not_readable"),
        ({"DistanceBetweenPoints": "900000"}, "curve_not_readable"),
        ({"DistanceToStartPoint": "NaN"}, "curve_not_readable"),
        ({"TimeUnit": "s"}, "curve_not_readable"),
        ({"MethodStartTime": "yesterday"}, "curve_not_readable"),
        ({"MethodStartTime": "2024-01-02T11:00:00+01:00"}, "curve_not_readable"),
        ({"MethodStartTimeUtcOffsetMinutes": ""}, "curve_not_readable"),
        ({"MethodStartTimeUtcOffsetMinutes": "900"}, "curve_not_readable"),
        ({"ChromatogramStartTime": "2024-01-02T11:30:00"}, "curve_time_ambiguous"),
    ],
)
def test_a_curve_whose_name_or_time_cannot_be_told_is_not_used(fields: dict[str, str], code: str) -> None:
    assert left_out(result(Curve().with_fields(**fields))).code == code


@pytest.mark.parametrize("offset", ["-300", "0", "+330", "840"])
def test_the_offset_of_the_file_makes_local_times_absolute(offset: str) -> None:
    fields = {"MethodStartTimeUtcOffsetMinutes": offset, "ChromatogramStartTimeUtcOffsetMinutes": offset}
    first = read(result(Curve().with_fields(**fields))).trace("System flow").times[0]
    assert at(first) == datetime(2024, 1, 2, 11, 0, 30, tzinfo=UTC) - timedelta(minutes=int(offset))


@pytest.mark.parametrize("full", [(), ("false",), ("true", "true")])
def test_a_curve_without_one_full_resolution_is_not_used(full: tuple[str, ...]) -> None:
    assert left_out(result(Curve(full=full))).code == "curve_not_readable"


def test_a_thinned_copy_beside_the_full_points_does_no_harm() -> None:
    assert len(read(result(Curve(full=("false", "true")))).trace("System flow")) == 3


def test_two_curves_of_one_name_are_both_left_out() -> None:
    parsed = read(
        result(Curve(), Curve().with_fields(CurveNumber="9"), Curve().with_fields(Name="A", CurveNumber="10"))
    )
    assert [trace.name for trace in parsed.traces] == ["A"]
    with pytest.raises(Refusal, match="Several curves have this name"):
        parsed.trace("System flow")
    assert [finding.code for finding in parsed.findings] == ["curve_twice", "curve_twice"]


def test_a_curve_whose_points_are_missing_or_no_archive_is_named() -> None:
    assert left_out(result(Curve(points=None))).code == "archive_member_missing"
    assert left_out(result(Curve(points=b"not a zip"))).code == "archive_unreadable"


def test_an_event_without_a_time_is_named_and_the_others_stay() -> None:
    parsed = read(result(events=event("soon") + event("1", "End")))
    assert [one.text for one in parsed.events] == ["End"]
    (finding,) = parsed.findings
    assert (finding.code, finding.locator, finding.blocking) == ("event_not_readable", "Run Log, event 1", False)


def test_a_trace_that_is_not_in_the_file_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        read(result(Curve().with_fields(AmplitudeUnit="cm/h"))).trace("UV 1_280")
    assert refused.value.code == "trace_unknown"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Chrom.1.Xml": None}, "file_layout_unknown"),
        ({"Chrom.2.Xml": b"<Chromatogram/>"}, "file_layout_unknown"),
        ({"Chrom.1.Xml": b"<Other/>"}, "file_layout_unknown"),
        ({"Chrom.1.Xml": b"<Chromatogram><Curves/></Chromatogram>"}, "file_layout_unknown"),
        ({"Chrom.1.Xml": chromatogram([Curve()] * 501).encode()}, "file_layout_unknown"),
        ({"Chrom.1.Xml": b"<Chromatogram>"}, "xml_not_readable"),
        ({"Result.xml": None}, "archive_member_missing"),
        ({"Result.xml": b"<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>"}, "xml_not_readable"),
    ],
)
def test_a_file_that_is_no_result_is_refused(changes: dict[str, bytes | None], code: str) -> None:
    changed = {name: part for name, part in {**members(), **changes}.items() if part is not None}
    assert refusal_of(zipped(changed)).code == code


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unicorn, "LARGEST_FILE_BYTES", 100)
    assert refusal_of(result()).code == "file_too_large"


def test_a_bomb_in_a_curve_refuses_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.instruments.unicorn.Allowance", lambda: Allowance(left=500_000))
    bomb = zipped({"CoordinateData.Amplitudes": bytes(1_000_000)})
    assert len(bomb) < 2_000
    assert refusal_of(result(Curve(points=bomb))).code == "archive_too_large"


@cache
def whole() -> tuple[bytes, TraceFile]:
    values = [round(math.sin(n / 9), 3) for n in range(40)]
    content = result(
        Curve(points=points(values)),
        Curve(points=points(values[::-1])).with_fields(Name="pH", AmplitudeUnit="", CurveNumber="7"),
        events=event("1") + event("2.5", "End"),
    )
    return content, read(content)


def same_or_named(damaged: bytes) -> bool:
    """True where the damaged file is refused, or says of every curve the same as the whole one, or names it."""
    _content, expected = whole()
    try:
        parsed = read(damaged)
    except Refusal:
        return True
    named = {finding.parameter for finding in parsed.findings if finding.blocking}
    usable = {trace.name: trace for trace in parsed.traces}
    assert usable.keys().isdisjoint(named)
    assert usable.keys() | named == {trace.name for trace in expected.traces}
    for name, trace in usable.items():
        good = expected.trace(name)
        assert (trace.unit, trace.place) == (good.unit, good.place)
        assert np.array_equal(trace.times, good.times)
        assert np.array_equal(trace.values, good.values)
    return (parsed.events, parsed.instrument) == (expected.events, expected.instrument)


@given(start=st.floats(0, 1), cut=st.integers(0, 40), noise=st.binary(max_size=12))
@settings(max_examples=400, deadline=None)
def test_damaged_bytes_give_the_same_curves_or_name_them(start: float, cut: int, noise: bytes) -> None:
    content, _parsed = whole()
    place = int(start * len(content))
    assert same_or_named(content[:place] + noise + content[place + cut :])


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=400, deadline=None)
def test_changed_bytes_give_the_same_curves_or_name_them(changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(whole()[0])
    for place, value in changes:
        damaged[int(place * len(damaged))] = value
    assert same_or_named(bytes(damaged))


@given(st.binary(max_size=60), st.sampled_from(["Amplitudes", "Volumes"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_an_array_are_named(blob: bytes, name: str) -> None:
    assert left_out(result(Curve(points=points(**{name: blob})))).blocking


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12), st.sampled_from(
    ["DistanceBetweenPoints", "DistanceToStartPoint", "MethodStartTime", "TimeUnit", "AmplitudeUnit", "Name"]
))  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_any_text_in_the_list_of_curves_is_read_or_named(text: str, name: str) -> None:
    parsed = read(result(Curve().with_fields(**{name: text})))
    assert len(parsed.traces) + sum(finding.blocking for finding in parsed.findings) == 1


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200),
    st.decimals("0.0001", "5", places=6),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - a wall clock
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_what_is_read(values: list[float], step: float, start: datetime) -> None:
    fields = {"DistanceBetweenPoints": str(step), "MethodStartTime": start.isoformat(), "ChromatogramStartTime": ""}
    trace = read(result(Curve(points=points(values)).with_fields(**fields))).trace("System flow")
    assert trace.values.tolist() == [struct.unpack("<f", struct.pack("<f", value))[0] for value in values]
    spacing = float(step) * 60e6
    assert all(abs(later - earlier - spacing) <= 1 for earlier, later in pairwise(trace.times.tolist()))
    assert at(trace.times[0]) == start.replace(tzinfo=UTC) + timedelta(hours=5, seconds=30)
