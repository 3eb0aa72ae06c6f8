"""I-6: a skid's log is read completely: each cell is a sample, or is named by its line and column."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import skid_logs
from gatekeeper.instruments.log_mappings import LogMapping, SignalColumn, TimeColumns
from gatekeeper.instruments.skid_logs import read_log
from gatekeeper.instruments.traces import BAD, GOOD, TraceFile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRESSURE = SignalColumn(name="Feed pressure", tag="PI101", unit="bar")
FLOW = SignalColumn(name="Feed flow", tag="FI101", unit="L/min")
HEAD = "KrosFlo TFF01\nTime;Feed pressure;Feed flow;State\n"


def mapped(**changes: object) -> LogMapping:
    fields: dict[str, object] = {
        "code": "tff01",
        "version": 2,
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal_sign": ",",
        "header_row": 2,
        "missing": ("", "---"),
        "time": TimeColumns(columns=("Time",), format="%d.%m.%Y %H:%M:%S", zone="Europe/Berlin"),
        "columns": (PRESSURE, FLOW),
        **changes,
    }
    return LogMapping(**fields)  # type: ignore[arg-type] # a test names fields by hand


def log(*lines: str, head: str = HEAD, end: str = "\n") -> bytes:
    return (head + "".join(f"{line}{end}" for line in lines)).encode()


def line(second: int, pressure: str = "1,5", flow: str = "0,8", state: str = "OK") -> str:
    return f"20.11.2026 13:05:{second:02};{pressure};{flow};{state}"


def read(content: bytes, **changes: object) -> TraceFile:
    return read_log("tff01.csv", content, mapped(**changes))


def named(parsed: TraceFile) -> list[tuple[str, str]]:
    return [(finding.code, finding.locator) for finding in parsed.findings if finding.code != "column_not_read"]


def refusal_of(content: bytes, **changes: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(content, **changes)
    return refused.value


def test_a_log_gives_a_trace_a_tag_in_utc_with_its_lines() -> None:
    parsed = read(log(line(1), line(2, "1,25", "-0,8e1")))
    pressure, flow = parsed.trace("PI101"), parsed.trace("FI101")
    assert [EPOCH + timedelta(microseconds=int(at)) for at in pressure.times] == [
        datetime(2026, 11, 20, 12, 5, 1, tzinfo=UTC),
        datetime(2026, 11, 20, 12, 5, 2, tzinfo=UTC),
    ]
    assert (pressure.values.tolist(), flow.values.tolist()) == ([1.5, 1.25], [0.8, -8.0])
    assert (pressure.unit, flow.unit, pressure.quality.tolist()) == ("bar", "L/min", [GOOD, GOOD])
    assert flow.locator(1) == "column Feed flow, line 4"
    told = dict(parsed.attributes)
    assert (told["mapping"], told["mapping_version"], told["lines"]) == ("tff01", "2", "2")
    assert told["mapping_sha256"] == mapped().sha256
    assert [(one.code, one.locator) for one in parsed.findings] == [("column_not_read", "column State")]


def test_lines_keep_the_order_of_the_file_repeated_and_late_ones_too() -> None:
    parsed = read(log(line(5), line(3), line(5), line(5, "9,9")))
    seconds = (parsed.trace("PI101").times // 1_000_000 % 60).tolist()
    assert (seconds, parsed.trace("PI101").values.tolist()) == ([5, 3, 5, 5], [1.5, 1.5, 1.5, 9.9])
    assert named(parsed) == []


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("1,5", ",", 1.5),
        (" 1,5 ", ",", 1.5),
        ("+1,", ",", 1.0),
        (",5", ",", 0.5),
        ("-1e-3", ",", -0.001),
        ("1.5", ".", 1.5),
        ("0012", ".", 12.0),
        ("1.5E+2", ".", 150.0),
    ],
)
def test_a_number_is_read_by_the_decimal_sign_of_the_mapping(text: str, sign: str, value: float) -> None:
    assert read(log(line(1, text)), decimal_sign=sign).trace("PI101").values.tolist() == [value]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("1.5", ","),
        ("1,5", "."),
        ("1.234,5", ","),
        ("1 234", ","),
        ("1_000", "."),
        ("nan", "."),
        ("inf", "."),
        ("1e999", "."),
        ("1.2.3", "."),
        ("--5", "."),
        ("5-", "."),
        ("e5", "."),
        (".", "."),
        ("٣", "."),
        ("> 5", "."),
        ("#WERT!", "."),
    ],
)
def test_a_cell_that_is_no_number_stays_as_a_bad_sample_and_is_named(text: str, sign: str) -> None:
    other = "2" if sign == "." else "2,0"
    parsed = read(log(line(1, other, other), line(2, text, other), line(3, other, other)), decimal_sign=sign)
    pressure = parsed.trace("PI101")
    assert (pressure.values[0], pressure.values[2], pressure.quality.tolist()) == (2.0, 2.0, [GOOD, BAD, GOOD])
    assert math.isnan(pressure.values[1])
    assert parsed.trace("FI101").values.tolist() == [2.0, 2.0, 2.0]
    (finding,) = [one for one in parsed.findings if one.code == "not_a_number"]
    assert (finding.locator, finding.parameter, finding.blocking) == ("line 4, column Feed pressure", "PI101", False)
    assert repr(text) in finding.message


def test_cells_that_are_marked_as_missing_are_bad_samples_and_counted() -> None:
    parsed = read(log(line(1, ""), line(2, " --- "), line(3)))
    assert parsed.trace("PI101").quality.tolist() == [BAD, BAD, GOOD]
    (finding,) = [one for one in parsed.findings if one.code == "value_missing"]
    assert (finding.parameter, finding.message) == ("PI101", "2 cells of Feed pressure say that they hold no value.")


def test_a_blank_cell_is_no_number_unless_the_mapping_says_that_it_is_missing() -> None:
    assert named(read(log(line(1, "")), missing=("---",))) == [("not_a_number", "line 3, column Feed pressure")]


def test_a_number_that_means_missing_is_never_a_value() -> None:
    parsed = read(log(line(1, "-9999"), line(2)), missing=("-9999",))
    assert parsed.trace("PI101").quality.tolist() == [BAD, GOOD]
    assert math.isnan(parsed.trace("PI101").values[0])


def test_a_column_without_any_value_is_a_trace_of_bad_samples() -> None:
    assert read(log(line(1, ""), line(2, ""))).trace("PI101").quality.tolist() == [BAD, BAD]


def test_only_what_its_column_of_quality_vouches_for_is_good() -> None:
    column = SignalColumn(name="Feed pressure", tag="PI101", unit="bar", quality="State", good=("OK", "1"))
    states = ("OK", " 1 ", "", "ok", "Sensor fault")
    parsed = read(log(*(line(n, state=state) for n, state in enumerate(states))), columns=(column, FLOW))
    assert parsed.trace("PI101").quality.tolist() == [GOOD, GOOD, BAD, BAD, BAD]
    assert parsed.trace("PI101").values.tolist() == [1.5] * 5
    assert parsed.trace("FI101").quality.tolist() == [GOOD] * 5
    assert parsed.findings == ()


@pytest.mark.parametrize(
    "broken",
    ["20.11.2026 13:05:02;1,5", "20.11.2026 13:05:02;1,5;0,8;OK;5", "reboot", 'a;"b;c;d', 'a;"b"c;d;e', ";;"],
)
def test_a_broken_line_is_named_and_takes_no_other_with_it(broken: str) -> None:
    parsed = read(log(line(1), broken, line(3)))
    assert named(parsed) == [("line_not_readable", "line 4")]
    assert (parsed.trace("PI101").lines.tolist(), len(parsed.trace("FI101"))) == ([3, 5], 2)


def test_blank_lines_and_blank_cells_behind_the_last_column_are_passed_over() -> None:
    parsed = read(log(line(1), "", f"{line(2)};;", "   ", line(3)))
    assert (parsed.trace("PI101").lines.tolist(), named(parsed)) == ([3, 5, 7], [])


def test_cells_in_quotation_marks_may_hold_the_delimiter() -> None:
    parsed = read(log('"20.11.2026 13:05:01";"1,5";"0,8";"OK; running"'))
    assert parsed.trace("PI101").values.tolist() == [1.5]


def test_a_line_that_the_file_does_not_end_is_never_used() -> None:
    content = log(line(1), line(2, flow="0,85"))
    for lost in range(1, 10):
        parsed = read(content[:-lost])
        assert named(parsed) == [("line_cut_short", "line 4")]
        assert len(parsed.trace("FI101")) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    parsed = read(log(line(1), "x", line(3), head=HEAD.replace("\n", end), end=end))
    assert (parsed.trace("PI101").lines.tolist(), named(parsed)) == ([3, 5], [("line_not_readable", "line 4")])


@pytest.mark.parametrize(
    ("stamps", "code"),
    [
        (("29.03.2026 02:00:00", "29.03.2026 02:30:00"), "time_does_not_exist"),
        (("25.10.2026 02:00:00", "25.10.2026 02:59:59"), "time_ambiguous"),
        (("", "noon"), "time_not_recognised"),
    ],
)
def test_lines_without_a_certain_time_are_named_together_and_not_used(stamps: tuple[str, str], code: str) -> None:
    rest = ";1,5;0,8;OK"
    parsed = read(log(line(1), *(f"{stamp}{rest}" for stamp in stamps), line(4)))
    assert named(parsed) == [(code, "lines 4 to 5, column Time")]
    assert parsed.trace("PI101").lines.tolist() == [3, 6]


def test_faults_are_one_finding_only_while_lines_follow_each_other() -> None:
    parsed = read(log(*(line(n, "x" if n in {1, 2, 4} else "1") for n in range(6))))
    assert named(parsed) == [
        ("not_a_number", "lines 4 to 5, column Feed pressure"),
        ("not_a_number", "line 7, column Feed pressure"),
    ]


def test_a_long_text_is_shown_by_its_beginning() -> None:
    (finding,) = [one for one in read(log(line(1), "x" * 500)).findings if one.code == "line_not_readable"]
    assert "x" * 60 + "…" in finding.message
    assert len(finding.message) < 150


def test_date_and_time_may_stand_in_two_columns() -> None:
    content = log("20.11.2026; 13:05:01;1,5", head="Date;Time;Feed pressure\n")
    time = TimeColumns(columns=("Date", "Time"), format="%d.%m.%Y %H:%M:%S", zone="UTC")
    parsed = read(content, header_row=1, time=time, columns=(PRESSURE,))
    assert EPOCH + timedelta(microseconds=int(parsed.trace("PI101").times[0])) == datetime(
        2026, 11, 20, 13, 5, 1, tzinfo=UTC
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "iso-8859-1"])
def test_the_mapping_names_the_encoding(encoding: str) -> None:
    column = SignalColumn(name="Vorlauf °C", tag="TI101", unit="Cel")
    text = f"\nTime;Vorlauf °C\n{line(1).rpartition(';0')[0]}\n"
    parsed = read(text.encode(encoding), encoding=encoding, columns=(column,))
    assert parsed.trace("TI101").values.tolist() == [1.5]


def test_signature_bytes_of_unicode_are_no_part_of_the_first_name() -> None:
    content = b"\xef\xbb\xbf" + log(line(1), head="Time;Feed pressure;Feed flow;State\n")
    assert len(read(content, header_row=1).trace("PI101")) == 1


def test_a_file_in_another_encoding_is_refused_with_its_line() -> None:
    refused = refusal_of(log(line(1)) + "20.11.2026 °".encode("cp1252"))
    assert (refused.code, refused.params["line"]) == ("file_encoding_differs", 4)
    wide = log(line(1)).decode().encode("utf-16")
    assert refusal_of(wide[:-1], encoding="utf-16").code == "file_encoding_differs"
    assert refusal_of(log(line(1)) * 2, encoding="utf-16").code == "file_layout_unknown"


@pytest.mark.parametrize("length", range(0, len(HEAD), 3))
def test_a_file_that_ends_in_its_head_is_refused(length: int) -> None:
    # A header that lost only columns which nobody asks for is one, above no lines.
    asked_for = length >= HEAD.index("Feed flow") + len("Feed flow")
    assert refusal_of(HEAD.encode()[:length]).code == ("log_without_readings" if asked_for else "file_layout_unknown")


@pytest.mark.parametrize(
    "head",
    ["\nTime;Feed pressure\n", "\nTime;Feed flow;Feed pressure;Feed flow\n", '\n"Time;Feed flow;Feed pressure\n'],
)
def test_each_mapped_column_must_be_there_once(head: str) -> None:
    assert refusal_of(log(line(1), head=head)).code == "file_layout_unknown"


def test_a_quality_column_that_is_not_there_is_refused() -> None:
    column = SignalColumn(name="Feed flow", tag="FI101", unit="L/min", quality="Health", good=("1",))
    assert "Health" in refusal_of(log(line(1)), columns=(column,)).message


def test_the_row_of_units_must_say_what_the_mapping_says() -> None:
    column = SignalColumn(name="Feed pressure", tag="PI101", unit="bar", printed_unit="bar(g)")
    fits, differs = (log(f";{unit};L/min", line(1)) for unit in ("bar(g)", "psi"))
    trace = read(fits, units_row=3, columns=(column,)).trace("PI101")
    assert (trace.lines.tolist(), trace.reported_unit) == ([4], "bar(g)")
    refused = refusal_of(differs, units_row=3, columns=(column,))
    assert (refused.code, refused.params["printed"]) == ("log_unit_differs", "psi")
    assert refusal_of(log('"', line(1)), units_row=3, columns=(column,)).code == "log_unit_differs"


def test_a_log_without_a_readable_line_is_refused() -> None:
    assert refusal_of(HEAD.encode()).code == "log_without_readings"
    assert refusal_of(log("noon;1;1;OK")).code == "log_without_readings"


def test_a_log_that_its_mapping_does_not_fit_is_refused_and_does_not_fill_the_memory() -> None:
    lines = [line(n % 60, "x" if n % 2 else "1") for n in range(20_010)]
    assert refusal_of(log(*lines)).code == "mapping_does_not_fit"


def test_a_log_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skid_logs, "LARGEST_LOG_BYTES", 10)
    assert refusal_of(log(line(1))).code == "file_too_large"


def test_blocks_of_lines_join_without_a_seam() -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    moments = [start + timedelta(seconds=n) for n in range(2_500)]
    rows = [f"{moment:%d.%m.%Y %H:%M:%S};{n};x;OK" for n, moment in enumerate(moments)]
    time = TimeColumns(columns=("Time",), format="%d.%m.%Y %H:%M:%S", zone="UTC")
    parsed = read(log(*rows), time=time)
    pressure = parsed.trace("PI101")
    assert pressure.values.tolist() == list(range(2_500))
    assert pressure.lines.tolist() == list(range(3, 2_503))
    assert np.array_equal(pressure.times, [int((moment - EPOCH) / timedelta(microseconds=1)) for moment in moments])
    assert named(parsed) == [("not_a_number", "lines 3 to 2502, column Feed flow")]


NUMBERS = st.floats(-1e6, 1e6).map(repr) | st.integers(-(10**9), 10**9).map(str)
TEXTS = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters='";'), max_size=8)


@given(st.lists(NUMBERS | TEXTS, min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_each_cell_is_its_number_or_is_named_whatever_stands_beside_it(cells: list[str]) -> None:
    moments = [f"{n // 60:02}:{n % 60:02}" for n in range(len(cells))]
    rows = [f"20.11.2026 13:{moment};{cell};1;OK" for moment, cell in zip(moments, cells, strict=True)]
    parsed = read(log(*rows), decimal_sign=".")
    lines = {
        number
        for finding in parsed.findings
        if finding.code == "not_a_number"
        for number in _numbers(finding.locator)
    }  # fmt: skip
    trace = parsed.trace("PI101")
    assert len(trace) == len(cells)
    for index, cell in enumerate(cells):
        if trace.quality[index] == GOOD:
            assert trace.values[index] == float(cell)
        else:
            assert cell.strip() in {"", "---"} or index + 3 in lines


def _numbers(locator: str) -> range:
    first, _, last = locator.partition(",")[0].removeprefix("lines ").removeprefix("line ").partition(" to ")
    return range(int(first), int(last or first) + 1)


def only_text_is_read(refused: Refusal) -> None:
    assert refused.code == "file_encoding_differs"


@given(place=st.integers(0, 5), noise=st.binary(max_size=30))
@settings(max_examples=80, deadline=None)
def test_a_damaged_line_changes_no_sample_of_another_line(place: int, noise: bytes) -> None:
    rows = [line(n, f"{n},5") for n in range(6)]
    damaged = [row.encode() for row in rows]
    damaged[place] = noise.translate(None, b"\r\n")
    content = HEAD.encode() + b"\n".join(damaged) + b"\n"
    try:
        parsed = read(content)
    except Refusal as refused:
        only_text_is_read(refused)
        return
    trace = parsed.trace("PI101")
    found = dict(zip(trace.lines.tolist(), trace.values.tolist(), strict=True))
    assert {at: found[at] for at in range(3, 9) if at != place + 3} == {
        n + 3: n + 0.5 for n in range(6) if n != place
    }  # fmt: skip


@given(start=st.floats(0, 1), cut=st.integers(0, 40), noise=st.binary(max_size=12))
@settings(max_examples=80, deadline=None)
def test_damaged_bytes_are_a_log_or_a_refusal(start: float, cut: int, noise: bytes) -> None:
    content = log(*(line(n) for n in range(8)))
    place = int(start * len(content))
    for encoding in ("utf-8", "utf-16", "windows-1252"):
        try:
            parsed = read(content[:place] + noise + content[place + cut :], encoding=encoding)
        except Refusal:
            continue
        assert {len(trace.times) for trace in parsed.traces} == {len(parsed.trace("PI101").values)}
        assert all(np.isfinite(trace.values[trace.quality == GOOD]).all() for trace in parsed.traces)
