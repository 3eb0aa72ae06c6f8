"""E-k: the mapping of a log is versioned data, checked when it is loaded; every fault names its field."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.log_mappings import LogMapping, mapping_from

TOML = """
code = "tff01"
version = 3
encoding = "windows-1252"
delimiter = ";"
decimal_sign = ","
header_row = 2
units_row = 3
missing = ["", " --- "]

[time]
columns = ["Date", "Time"]
format = "%d.%m.%Y %H:%M:%S"
zone = "Europe/Berlin"

[[column]]
name = "Feed pressure"
tag = "PI101"
unit = "bar"
printed_unit = "bar(g)"
quality = "State"
good = ["OK", "1"]

[[column]]
name = "Feed flow"
tag = "FI101"
unit = "L/min"
"""


def edited(old: str, new: str) -> bytes:
    assert old in TOML
    return TOML.replace(old, new, 1).encode()


def faults(toml: bytes) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refused:
        mapping_from(toml)
    assert all(one.message for one in refused.value.all)
    return [(one.code, one.field) for one in refused.value.all]


def test_a_mapping_says_all_that_a_log_needs() -> None:
    mapping = mapping_from(TOML.encode())
    assert (mapping.code, mapping.version, mapping.first_row, mapping.missing) == ("tff01", 3, 4, ("", "---"))
    assert (mapping.time.columns, mapping.time.zone) == (("Date", "Time"), "Europe/Berlin")
    pressure, flow = mapping.columns
    assert (pressure.tag, pressure.unit, pressure.printed_unit, pressure.good) == (
        "PI101",
        "bar",
        "bar(g)",
        ("OK", "1"),
    )
    assert (flow.tag, flow.unit, flow.quality, flow.good) == ("FI101", "L/min", "", ())


def test_a_tab_is_a_delimiter_and_the_row_of_units_may_be_absent() -> None:
    mapping = mapping_from(TOML.replace('";"', '"\\t"').replace("units_row = 3\n", "").encode())
    assert (mapping.delimiter, mapping.units_row, mapping.first_row) == ("\t", 0, 3)


def test_the_digest_changes_with_anything_that_the_mapping_says() -> None:
    mapping = mapping_from(TOML.encode())
    assert mapping.sha256 == mapping_from(b"# a remark\n" + TOML.encode()).sha256
    changed = [
        replace(mapping, version=4),
        replace(mapping, missing=("",)),
        replace(mapping, time=replace(mapping.time, zone="UTC")),
        replace(mapping, columns=mapping.columns[:1]),
        replace(mapping, columns=(replace(mapping.columns[0], unit="kPa"), mapping.columns[1])),
    ]
    assert len({mapping.sha256, *(one.sha256 for one in changed)}) == 6


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ('code = "tff01"', "", "mapping_field_missing", "code"),
        ('code = "tff01"', 'code = ""', "mapping_value_invalid", "code"),
        ('code = "tff01"', 'code = "a/b"', "key_malformed", "code"),
        ("version = 3", "version = 0", "mapping_value_invalid", "version"),
        ("version = 3", "version = true", "mapping_value_invalid", "version"),
        ("version = 3", 'version = "3"', "mapping_value_invalid", "version"),
        ("windows-1252", "rot13", "mapping_value_invalid", "encoding"),
        ('";"', '";;"', "mapping_value_invalid", "delimiter"),
        ('";"', '","', "mapping_value_invalid", "decimal_sign"),
        ('decimal_sign = ","', 'decimal_sign = " "', "mapping_value_invalid", "decimal_sign"),
        ("header_row = 2", "", "mapping_field_missing", "header_row"),
        ("units_row = 3", "units_row = 2", "mapping_value_invalid", "units_row"),
        ('missing = ["", " --- "]', "missing = []", "mapping_value_invalid", "missing"),
        ('missing = ["", " --- "]', "missing = [0]", "mapping_value_invalid", "missing"),
        ('missing = ["", " --- "]', "", "mapping_field_missing", "missing"),
        ('columns = ["Date", "Time"]', "", "mapping_field_missing", "time.columns"),
        ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "mapping_value_invalid", "time.format"),
        ("Europe/Berlin", "Middle/Earth", "mapping_value_invalid", "time.zone"),
        ('zone = "Europe/Berlin"', "", "mapping_value_invalid", "time.zone"),
        ('zone = "Europe/Berlin"', 'zoen = "UTC"', "mapping_field_unknown", "time.zoen"),
        ('name = "Feed flow"', "name = 5", "mapping_value_invalid", "column.1.name"),
        ('name = "Feed flow"', 'name = "Time"', "mapping_twice", "column"),
        ('name = "Feed flow"', 'name = "Feed pressure"', "mapping_twice", "column"),
        ('tag = "FI101"', 'tag = "PI101"', "mapping_twice", "column"),
        ('tag = "FI101"', f'tag = "{"F" * 41}"', "mapping_value_invalid", "column.1.tag"),
        ('tag = "FI101"', 'tag = "F\\u0000"', "mapping_value_invalid", "column.1.tag"),
        ('unit = "L/min"', 'unit = "gal/min"', "unknown_unit", "column.1.unit"),
        ('unit = "L/min"', "", "mapping_field_missing", "column.1.unit"),
        ('good = ["OK", "1"]', "", "mapping_value_invalid", "column.0.good"),
        ('quality = "State"', "", "mapping_value_invalid", "column.0.good"),
        ('quality = "State"', 'quality = "State"\nlimit = 3', "mapping_field_unknown", "column.0.limit"),
    ],
)
def test_each_fault_names_its_field(old: str, new: str, code: str, field: str) -> None:
    found = faults(edited(old, new))
    assert (code, field) in found
    assert len(found) <= 2  # a zone that is misspelt is missing as well


def test_all_faults_are_told_at_once() -> None:
    toml = TOML.replace("version = 3", "").replace('"bar"', '"psi"').replace("Europe/Berlin", "X")
    assert faults(toml.encode()) == [
        ("mapping_field_missing", "version"),
        ("mapping_value_invalid", "time.zone"),
        ("unknown_unit", "column.0.unit"),
    ]


@pytest.mark.parametrize("tail", ['time = "now"\ncolumn = []', 'column = ["PI101"]', "time = {}\ncolumn = 5"])
def test_tables_are_tables(tail: str) -> None:
    head = TOML.partition("[time]")[0]
    found = {field: code for code, field in faults((head + tail).encode())}
    assert found["column"] == "mapping_value_invalid"
    assert any((field or "").startswith("time") for field in found)


def test_a_mapping_without_columns_or_time_is_refused() -> None:
    found = faults(TOML.partition("[time]")[0].encode())
    assert {("mapping_field_missing", "time"), ("mapping_field_missing", "column")} <= set(found)


@pytest.mark.parametrize("content", [b"code = ", b"\xff\xfe", b"a = " + b"[" * 5000])
def test_what_is_no_toml_is_refused(content: bytes) -> None:
    assert faults(content) == [("not_toml", "file")]


@given(st.floats(0, 1), st.integers(0, 30), st.text("abcTFI0159=\"'[]{}#.,;%\n ", max_size=8))
@settings(max_examples=250, deadline=None)
def test_a_damaged_mapping_is_a_mapping_or_a_refusal(start: float, cut: int, noise: str) -> None:
    place = int(start * len(TOML))
    try:
        mapping = mapping_from((TOML[:place] + noise + TOML[place + cut :]).encode())
    except Refusal:
        return
    assert isinstance(mapping, LogMapping)
    assert mapping.columns
    assert len(mapping.sha256) == 64
