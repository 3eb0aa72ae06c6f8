"""E-a, K-3: an altered or shortened ddPCR file is detected: results follow from droplets, no row is lost."""

import contextlib
import csv
import io
import random
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.instrument_files import Target, Well, qx_manager_csv, simulated_well
from gatekeeper.instruments.readings import ParsedFile, missing_results
from gatekeeper.instruments.registry import parse
from gatekeeper.instruments.titre import droplet_concentration

REAL = "biorad_qxmanager_quant.csv"
QUANTASOFT = "biorad_quantasoft_v174_test.csv"
CONC = "Conc(copies/µL)"
OLDER_HEADER = "Well,ExptType,Experiment,Sample,TypeAssay,Assay,Status,Concentration,PoissonConfMax,PoissonConfMin,"
OLDER_HEADER += "Positives,Negatives,Ch1+Ch2+,Ch1+Ch2-,Ch1-Ch2+,Ch1-Ch2-,AcceptedDroplets,MergedWells\n"

type Rows = list[list[str]]


def read(content: bytes) -> ParsedFile:
    return parse("bio_rad_ddpcr", "results.csv", content, timezone=ZoneInfo("UTC"))


def codes(parsed: ParsedFile, *, blocking: bool = True) -> set[str]:
    return {f.code for f in parsed.findings if f.blocking or not blocking}


def refusal_of(content: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        read(content)
    return refused.value.code


def edited(content: bytes, change: Callable[[Rows], None]) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    change(rows)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def with_cell(content: bytes, column: str, text: str, *, row: int = 1) -> bytes:
    def change(rows: Rows) -> None:
        rows[row][rows[0].index(column)] = text

    return edited(content, change)


@pytest.fixture
def plate() -> bytes:
    rng = random.Random(7)
    duplex = (Target("WPRE", "FAM", Decimal(850)), Target("RPP30", "HEX", Decimal(90)))
    wells = [
        simulated_well(rng, position="A01", sample="LV-001", targets=duplex),
        simulated_well(rng, position="A02", sample="LV-002", targets=duplex),
    ]
    return qx_manager_csv(wells)


def test_all_twelve_real_rows_recompute_from_their_droplets(real_file: Callable[[str], bytes]) -> None:
    parsed = read(real_file(REAL))
    assert parsed.findings == ()
    concentrations = [r for r in parsed.readings if r.parameter == "concentration"]
    assert len(concentrations) == 12
    for reading in concentrations:
        at = {r.parameter: r.value for r in parsed.readings if r.locator == reading.locator}
        computed = droplet_concentration(
            negatives=int(at["negatives"] or 0),
            accepted=int(at["accepted_droplets"] or 0),
            droplet_volume_ul=Decimal("0.00085"),
        )
        assert reading.value is not None
        assert abs(reading.value - computed) < Decimal("1e-7") * computed


def test_a_real_row_keeps_its_text_unit_and_place(real_file: Callable[[str], bytes]) -> None:
    parsed = read(real_file(REAL))
    first = parsed.readings[0]
    assert (first.text, first.unit, first.locator) == ("898.375854492188", "{copies}/uL", "A01/FAM/1")
    assert (first.told("sample_type"), first.told("dye"), first.measured_at) == ("PosCtrl", "FAM", None)
    assert dict(parsed.attributes)["columns"] == "73"


def test_any_changed_digit_above_single_precision_is_found_in_the_real_file(
    real_file: Callable[[str], bytes],
) -> None:
    content = real_file(REAL)
    text = "898.375854492188"
    for place, digit in enumerate(text):
        if digit == ".":
            continue
        changed = text[:place] + str((int(digit) + 1) % 10) + text[place + 1 :]
        found = codes(read(with_cell(content, CONC, changed)))
        # The software rounds to single precision: below 1e-6 relative a change has no meaning and cannot be told.
        visible = abs(Decimal(changed) - Decimal(text)) > Decimal("1.1e-6") * Decimal(text)
        assert ("concentration_does_not_match_droplets" in found) is visible, changed


@given(factor=st.floats(-0.9, 9.0).filter(lambda f: abs(f) > 2e-6), row=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_any_changed_concentration_is_found(factor: float, row: int) -> None:
    rng = random.Random(7)
    duplex = (Target("a", "FAM", Decimal(850)), Target("b", "HEX", Decimal(90)))
    content = qx_manager_csv([simulated_well(rng, position=p, sample=p, targets=duplex) for p in ("A01", "A02")])
    rows = list(csv.reader(io.StringIO(content.decode())))
    cell = rows[row][rows[0].index(CONC)]
    parsed = read(with_cell(content, CONC, f"{float(cell) * (1 + factor):.15g}", row=row))
    assert codes(parsed) == {"concentration_does_not_match_droplets"}
    assert [f.sample for f in parsed.findings if f.blocking] == [rows[row][1]]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("Positives", "3", "droplet_counts_do_not_add_up"),
        ("Accepted Droplets", "20001", "droplet_counts_do_not_add_up"),
        ("Ch1+Ch2+", "1", "droplet_counts_do_not_add_up"),
        ("Negatives", "", "droplet_counts_missing"),
        ("Negatives", "9.5", "not_a_number"),
        ("Negatives", "0", "saturated"),
        ("Accepted Droplets", "0", "no_droplets"),
        ("Status", "CHECK", "status_not_ok"),
        ("Status", "", "status_not_ok"),
        ("Well", "Z99", "well_not_recognised"),
        ("Sample description 1", " ", "sample_not_named"),
        (CONC, "", "value_missing"),
        (CONC, "No Call", "value_missing"),
        (CONC, "---", "value_missing"),
        (CONC, ">2000", "above_range"),
        (CONC, "898,37", "decimal_comma"),
        (CONC, "about 900", "not_a_number"),
        (CONC, "-0.0", "value_negative"),
        (CONC, "1e999999", "not_a_number"),
        ("Target", "RPP30", "concentration_does_not_match_droplets"),
    ],
)
def test_a_fault_in_a_row_is_named_with_its_well(plate: bytes, column: str, text: str, code: str) -> None:
    if column == "Target":  # another row's number under this row's name
        plate = with_cell(plate, CONC, "90")
    parsed = read(with_cell(plate, column, text))
    named = [f for f in parsed.findings if f.code == code]
    assert named
    assert named[0].blocking
    assert named[0].locator.endswith(("/FAM/WPRE", "/FAM/RPP30"))


def test_a_result_without_a_number_stays_in_the_readings(plate: bytes) -> None:
    parsed = read(with_cell(plate, CONC, ""))
    reading = parsed.readings_of("LV-001", "concentration")[0]
    assert (reading.text, reading.value, reading.usable) == ("", None, False)
    missing = next(f for f in parsed.findings if f.code == "value_missing")
    assert "A01/FAM/WPRE" in missing.message
    assert "LV-001" in missing.message


def test_a_clean_no_template_control_does_not_block(plate: bytes) -> None:
    target = (Target("WPRE", "FAM", Decimal(0)),)
    well = simulated_well(random.Random(1), position="H12", sample="NTC", targets=target, sample_type="NTC")
    parsed = read(qx_manager_csv([well]))
    assert codes(parsed) == set()
    assert codes(parsed, blocking=False) == {"status_not_ok", "value_missing"}
    assert parsed.readings_of("NTC", "positives")[0].value == 0


def test_a_target_that_occurs_twice_is_named(plate: bytes) -> None:
    assert "duplicate_row" in codes(read(edited(plate, lambda rows: rows.append(rows[1]))))


def test_quantasoft_results_that_are_blank_are_named_one_by_one(real_file: Callable[[str], bytes]) -> None:
    parsed = read(real_file(QUANTASOFT))
    missing = [f.locator for f in parsed.findings if f.code == "value_missing"]
    assert missing == ["A01/Ch1/t1.fw", "B02/Ch1/t2.fw", "A01/Ch2/t1.rev", "B02/Ch2/t2.rev"]
    assert parsed.instrument == "Bio-Rad QuantaSoft 1.7"


@pytest.mark.parametrize(("reported", "found"), [("40.8", False), ("40.9", True), ("43.7", True), ("41", True)])
def test_an_older_quantasoft_row_is_checked_with_its_own_droplet_volume(reported: str, found: bool) -> None:
    row = f"B01,Absolute Quantification,,S1,Ch1Unknown,BRAF,OK,{reported},44,37.7,637,16821,636,1,60,16761,17458,\n"
    parsed = read((OLDER_HEADER + row).encode())
    assert ("concentration_does_not_match_droplets" in codes(parsed)) is found
    assert dict(parsed.attributes)["droplet_volume_ul"] == "0.00091"
    assert "target_row_missing" in codes(parsed, blocking=False)


def test_a_file_cut_at_any_byte_is_refused_or_loses_nothing_unless_it_ends_with_a_whole_row(plate: bytes) -> None:
    whole = read(plate)
    expected = [(r.sample, r.parameter) for r in whole.readings]
    boundaries = {i + 1 for i, byte in enumerate(plate) if byte == 0x0A}
    kept: dict[int, ParsedFile] = {}
    for length in range(len(plate)):
        with contextlib.suppress(Refusal):
            kept[length] = read(plate[:length])
    assert len(kept) == 7  # after each of four whole rows, with and without its line end, but for the whole file
    for length, parsed in kept.items():
        if parsed.readings == whole.readings:
            assert length == len(plate) - 1
            continue
        assert length in boundaries or length + 1 in boundaries
        told = codes(parsed, blocking=False) | {f.code for f in missing_results(parsed, expected=expected)}
        assert told & {"target_row_missing", "result_missing"}, length


def test_the_real_file_cut_inside_a_row_is_refused(real_file: Callable[[str], bytes]) -> None:
    content = real_file(REAL)
    boundaries = {i + 1 for i, byte in enumerate(content) if byte == 0x0A}
    for length in range(0, len(content), 13):
        if length not in boundaries and length + 1 not in boundaries:
            assert refusal_of(content[:length]) == "file_cut_short", length


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_micro_sign_is_read_in_every_encoding_of_an_export(plate: bytes, encoding: str) -> None:
    parsed = read(plate.decode().encode(encoding))
    assert parsed.readings == read(plate).readings
    assert codes(parsed, blocking=False) == ({"encoding_assumed"} if encoding == "cp1252" else set())


@pytest.mark.parametrize("micro", ["μ", "u", "Âµ", "\ufffd"])
def test_a_spoilt_micro_sign_in_the_header_is_still_the_same_column(plate: bytes, micro: str) -> None:
    assert read(plate.replace("µ".encode(), micro.encode())).readings == read(plate).readings


def test_columns_may_stand_in_another_order(plate: bytes) -> None:
    turned = edited(plate, lambda rows: rows.__setitem__(slice(None), [[*r[3:], *r[:3]] for r in rows]))
    assert read(turned).readings == read(plate).readings


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_cut_short"),
        (b"Well,Target\n", "file_cut_short"),
        (b"Well,Target\nA01,WPRE\n", "file_layout_unknown"),
        (b"Well;Target\nA01;WPRE\n", "file_layout_unknown"),
        (b"PK\x03\x04\x00\x00\x00", "file_not_text"),
        (b"\x81\x8d\xff", "file_not_text"),
        (b"\xff\xfea\x00\n", "file_cut_short"),
        (b"\xff\xfe\x00\xd8", "file_not_text"),
        (b'Well,"Targ"et\nA01,WPRE\n', "file_layout_unknown"),
        (b"x" * (4 * 1024 * 1024 + 1), "file_too_large"),
        (b'Well,"Targ\nA01,WPRE\n', "file_cut_short"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(content: bytes, code: str) -> None:
    assert refusal_of(content) == code


def test_a_renamed_or_doubled_column_is_refused_by_name(plate: bytes) -> None:
    for old, new in ((b"Negatives", b"Negative droplets"), (b"Supermix", b"Negatives")):
        with pytest.raises(Refusal, match="Negatives") as refused:
            read(plate.replace(old, new))
        assert refused.value.code == "file_layout_unknown"


def test_a_row_wider_than_the_header_is_refused(plate: bytes) -> None:
    assert refusal_of(edited(plate, lambda rows: rows[1].append("7"))) == "file_layout_unknown"


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=12)


@given(
    seed=st.integers(0, 2**32),
    first=st.decimals("0.1", "5000", places=3),
    second=st.none() | st.decimals("0.1", "5000", places=3),
    name=NAMES,
)
@settings(max_examples=80, deadline=None)
def test_what_the_simulator_writes_is_what_the_reader_reads(
    seed: int, first: Decimal, second: Decimal | None, name: str
) -> None:
    targets = [Target("one", "FAM", first)] + ([] if second is None else [Target("two", "HEX", second)])
    well: Well = simulated_well(random.Random(seed), position="C07", sample=name, targets=targets)
    parsed = read(qx_manager_csv([well]))
    assert codes(parsed) <= {"saturated", "status_not_ok", "value_missing"}
    assert parsed.samples == (name,)
    assert [r.value for r in parsed.readings_of(name, "positives")] == [well.positives(i) for i in range(len(targets))]
    assert parsed.readings == read(qx_manager_csv([well])).readings


def test_the_simulated_concentration_scatters_around_the_true_one() -> None:
    rng = random.Random(3)
    target = (Target("WPRE", "FAM", Decimal(850)),)
    wells = [simulated_well(rng, position="A01", sample=str(n), targets=target) for n in range(40)]
    values = [r.value for r in read(qx_manager_csv(wells)).readings if r.parameter == "concentration"]
    mean = sum((v for v in values if v is not None), Decimal(0)) / len(values)
    assert abs(mean - 850) < 10
