"""E-h: pH, osmolality and temperature of a FLEX2 file are taken as reported, and what is missing is named."""

import contextlib
import csv
import io
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.instrument_files import FlexSample, nova_flex2_csv, simulated_flex_sample
from gatekeeper.instruments.readings import Finding, ParsedFile, missing_results
from gatekeeper.instruments.registry import parse

REAL = "SampleResultsDEVICE1232021-02-18_104838.csv"
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 20, 12, 5, tzinfo=BERLIN)

type Values = dict[str, Decimal | str]


def read(filename: str, content: bytes, timezone: ZoneInfo = BERLIN) -> ParsedFile:
    return parse("nova_flex2", filename, content, timezone=timezone)


def sample(name: str = "LV-001", at: datetime = NOON, sample_type: str = "Default", **values: str) -> FlexSample:
    given_values: Values = {"ph": Decimal("7.34"), "osmolality": Decimal(312), **values}
    return simulated_flex_sample(
        random.Random(5), sample=name, measured_at=at, values=given_values, operator="Olivia", sample_type=sample_type
    )


def read_back(*samples: FlexSample) -> ParsedFile:
    return read(*nova_flex2_csv("FLEX1", samples))


def edited(content: bytes, column: str, text: str, *, row: int = 1) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    rows[row][rows[0].index(column)] = text
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def with_cell(column: str, text: str, *, at: datetime = NOON) -> ParsedFile:
    name, content = nova_flex2_csv("FLEX1", [sample(at=at)])
    return read(name, edited(content, column, text))


def only_finding(parsed: ParsedFile) -> Finding:
    assert len(parsed.findings) == 1, parsed.findings
    return parsed.findings[0]


def refusal_of(filename: str, content: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        read(filename, content)
    return refused.value.code


def test_the_real_file_keeps_text_unit_and_local_time(real_file: Callable[[str], bytes]) -> None:
    parsed = read(REAL, real_file(REAL), NEW_YORK)
    ph = parsed.readings_of("SAMPLE 0001", "ph")[0]
    assert (ph.text, ph.value, ph.unit, ph.locator) == ("7.340", Decimal("7.340"), "[pH]", "row 2, column pH")
    assert ph.measured_at == datetime(2021, 2, 18, 10, 28, 4, tzinfo=NEW_YORK)
    osmolality = parsed.readings_of("SAMPLE 0002", "osmolality")[0]
    assert (osmolality.text, osmolality.unit) == ("303", "mosm/kg")
    assert (parsed.instrument, parsed.operator) == ("Nova BioProfile FLEX2 DEVICE123", "Unither")
    assert dict(parsed.attributes)["exported_at"] == "2021-02-18T10:48:38-05:00"


def test_the_real_file_names_its_nonsense_cell_and_every_missing_osmolality(
    real_file: Callable[[str], bytes],
) -> None:
    parsed = read(REAL, real_file(REAL), NEW_YORK)
    named = [(f.code, f.sample, f.parameter) for f in parsed.findings]
    assert named == [
        ("not_a_number", "SAMPLE 0002", "viable_cell_density"),
        *(("value_missing", f"SAMPLE 000{n}", "osmolality") for n in (3, 4, 5, 6)),
    ]
    assert all(f.blocking for f in parsed.findings)
    assert parsed.readings_of("SAMPLE 0002", "viable_cell_density")[0].text == "10.00%"


@pytest.mark.parametrize(
    ("text", "code", "value", "qualifier"),
    [
        (">2000", "above_range", Decimal(2000), ">"),
        ("> 2000", "above_range", Decimal(2000), ">"),
        ("<100", "below_range", Decimal(100), "<"),
        ("---", "value_missing", None, ""),
        ("", "value_missing", None, ""),
        ("  ", "value_missing", None, ""),
        ("3,12", "decimal_comma", None, ""),
        ("1,312", "decimal_comma", None, ""),
        ("31O", "not_a_number", None, ""),
        ("٣١٢", "not_a_number", None, ""),
        ("NaN", "value_missing", None, ""),
        ("Infinity", "not_a_number", None, ""),
        (">", "not_a_number", None, ""),
        ("-0.0", "value_negative", None, ""),
    ],
)
def test_an_osmolality_that_is_no_result_is_named_and_kept(
    text: str, code: str, value: Decimal | None, qualifier: str
) -> None:
    parsed = with_cell("Osm", text)
    finding = only_finding(parsed)
    assert (finding.code, finding.sample, finding.parameter) == (code, "LV-001", "osmolality")
    assert (finding.locator, finding.blocking) == ("row 2, column Osm", True)
    assert "Osm of sample LV-001" in finding.message
    reading = parsed.readings_of("LV-001", "osmolality")[0]
    assert (reading.text, reading.value, reading.qualifier, reading.usable) == (text, value, qualifier, False)


@pytest.mark.parametrize("column", ["pH", "Osm", "Vessel Temperature (°C)", "Gluc", "Na+", "Viability"])
def test_every_expected_parameter_that_is_blank_is_named(column: str) -> None:
    assert only_finding(with_cell(column, "")).code == "value_missing"


def test_a_simple_sample_needs_no_cells_but_always_its_ph_and_osmolality() -> None:
    assert read_back(sample(sample_type="Simple")).findings == ()
    parsed = read_back(sample(sample_type="Simple", osmolality="", ph="---"))
    assert {(f.code, f.parameter) for f in parsed.findings} == {
        ("value_missing", "osmolality"),
        ("value_missing", "ph"),
        ("value_missing", "ph_at_temperature"),  # the simulator repeats the pH there
    }


def test_a_sample_type_that_is_not_known_is_expected_to_fill_every_panel() -> None:
    assert only_finding(read_back(sample(sample_type="Odd", viability=""))).parameter == "viability"


def test_trailing_zeros_stay_in_text_and_value() -> None:
    reading = with_cell("pH", "7.300").readings_of("LV-001", "ph")[0]
    assert (reading.text, str(reading.value)) == ("7.300", "7.300")


@pytest.mark.parametrize(
    ("column", "text"), [("Viable Density", "99"), ("Total Live Count", "99999"), ("Viability", "100.1")]
)
def test_more_living_than_all_cells_is_named(column: str, text: str) -> None:
    assert only_finding(with_cell(column, text)).code == "viable_exceeds_total"


def test_an_unquoted_decimal_comma_is_refused_as_a_shifted_row() -> None:
    name, content = nova_flex2_csv("FLEX1", [sample()])
    assert refusal_of(name, content.replace(b",7.340,", b",7,340,", 1)) == "file_layout_unknown"


@pytest.mark.parametrize("column", ["Osm", "pH", "Sample ID", "Date & Time", "Vessel Temperature (°C)"])
def test_a_renamed_column_is_refused_by_its_name(column: str) -> None:
    name, content = nova_flex2_csv("FLEX1", [sample()])
    changed = content.replace(f'"{column}"'.encode(), b'"Other"')
    with pytest.raises(Refusal, match=column[:18].replace("(", r"\(").strip()) as refused:
        read(name, changed)
    assert refused.value.code == "file_layout_unknown"


def test_a_column_that_is_not_known_is_named_and_does_not_block() -> None:
    name, content = nova_flex2_csv("FLEX1", [sample()])
    finding = only_finding(read(name, content.replace(b'"Time In Tray"', b'"Lactate 2"')))
    assert (finding.code, finding.locator, finding.blocking) == ("column_not_read", "column Lactate 2", False)


@pytest.mark.parametrize(
    "filename",
    [
        "results.csv",
        "SampleResultsFLEX1.csv",
        "SampleResultsFLEX12026-13-20_120700.csv",
        "SampleResultsFLEX12026-11-20_256000.csv",
        "SampleResultsFLEX12026-11-20_120700.csv.txt",
        "../SampleResultsFLEX12026-11-20_120700.csv",
        "SampleResults{x}2026-11-20_120700.csv",
    ],
)
def test_a_file_of_another_name_is_refused(filename: str) -> None:
    assert refusal_of(filename, nova_flex2_csv("FLEX1", [sample()])[1]) == "file_name_not_recognised"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "time_not_recognised"),
        ("20/11/2026  12:05:00 PM", "time_not_recognised"),
        ("11/20/2026  13:05:00 PM", "time_not_recognised"),
        ("1/1/0001  12:05:00 AM", "time_not_recognised"),
        ("11/20/2026  12:05:61 PM", "time_not_recognised"),
        ("11/20/2026  12:08:00 PM", "time_after_export"),
        ("3/29/2026  2:30:00 AM", "time_not_recognised"),
        ("10/25/2026  2:30:00 AM", "time_ambiguous"),
    ],
)
def test_a_time_that_cannot_be_told_is_named_and_left_out(text: str, code: str) -> None:
    parsed = with_cell("Date & Time", text)
    assert only_finding(parsed).code == code
    assert parsed.readings[0].measured_at is None


def test_a_day_written_before_its_month_is_not_taken_for_another_day() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=BERLIN)
    assert with_cell("Date & Time", "3/2/2026  9:00:00 AM", at=at).findings == ()
    assert only_finding(with_cell("Date & Time", "2/3/2026  9:00:00 AM", at=at)).code == "time_ambiguous"


def test_the_same_sample_at_the_same_time_is_named() -> None:
    assert {f.code for f in read_back(sample(), sample()).findings} == {"duplicate_row"}
    assert read_back(sample(), sample(at=NOON + timedelta(minutes=9))).findings == ()


def test_a_sample_without_a_name_is_named_by_its_row() -> None:
    finding = only_finding(read_back(sample(name=" ")))
    assert (finding.code, finding.locator) == ("sample_not_named", "row 2, column Sample ID")


def test_results_that_were_expected_and_are_not_there_are_named() -> None:
    parsed = read_back(sample(osmolality=">2000"))
    expected = [("LV-001", "ph"), ("LV-001", "osmolality"), ("LV-002", "ph")]
    found = missing_results(parsed, expected=expected)
    assert [(f.sample, f.parameter) for f in found] == [("LV-001", "osmolality"), ("LV-002", "ph")]
    assert {f.sample for f in parsed.findings_of("LV-002")} == set()


def test_a_file_cut_at_any_byte_is_refused_unless_it_ends_with_a_whole_row() -> None:
    name, content = nova_flex2_csv("FLEX1", [sample("A"), sample("B", NOON + timedelta(minutes=5))])
    expected = [(r.sample, r.parameter) for r in read(name, content).readings]
    kept: dict[int, ParsedFile] = {}
    for length in range(len(content)):
        with contextlib.suppress(Refusal):
            kept[length] = read(name, content[:length])
    first_row_ends = content.index(b"\n", content.index(b"\n") + 1) + 1
    assert list(kept) == [first_row_ends]
    missing = missing_results(kept[first_row_ends], expected=expected)
    assert {f.sample for f in missing} == {"B"}


def test_the_real_file_cut_inside_a_row_is_refused(real_file: Callable[[str], bytes]) -> None:
    content = real_file(REAL)
    for length in range(0, len(content), 5):
        if content[length - 1 : length] != b"\n":
            assert refusal_of(REAL, content[:length]) in {"file_cut_short", "file_layout_unknown"}


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=12)


@given(
    seed=st.integers(0, 2**32),
    name=NAMES,
    ph=st.decimals("4", "10", places=3),
    osmolality=st.integers(0, 2000),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(ZoneInfo("UTC"))),  # noqa: DTZ001 -- hypothesis adds the zone
)
@settings(max_examples=80, deadline=None)
def test_what_the_simulator_writes_is_what_the_reader_reads(
    seed: int, name: str, ph: Decimal, osmolality: int, at: datetime
) -> None:
    values: Values = {"ph": ph, "osmolality": Decimal(osmolality)}
    moment = at.replace(microsecond=0)
    row = simulated_flex_sample(
        random.Random(seed), sample=name, measured_at=moment, values=values, operator="Olivia", batch="B7"
    )
    filename, content = nova_flex2_csv("FLEX 2", [row])
    parsed = read(filename, content, ZoneInfo("UTC"))
    assert {f.code for f in parsed.findings} <= {"time_ambiguous"}
    assert parsed.readings_of(name, "ph")[0].text == f"{ph:.3f}"
    assert parsed.readings_of(name, "osmolality")[0].value == osmolality
    assert parsed.readings_of(name, "vessel_temperature")[0].unit == "Cel"
    assert (parsed.operator, parsed.readings[0].told("batch")) == ("Olivia", "B7")
    if not parsed.findings:
        assert parsed.readings[0].measured_at == moment
