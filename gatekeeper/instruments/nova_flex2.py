"""Nova BioProfile FLEX2 result files: pH, gases, osmolality, metabolites and cells of culture and buffer samples.

The file states no units: those below are the analyser's defaults, also used by other readers of this format.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.readings import Finding, Pairs, ParsedFile, Reading
from gatekeeper.instruments.tables import (
    Cell,
    Row,
    check_widths,
    cut_short,
    encoding_findings,
    fault_finding,
    layout_unknown,
    read_number,
    read_table,
)

KIND = "nova_flex2"
_NAME = re.compile(r"SampleResults(?P<device>[\w .-]*?)(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})_(?P<time>[0-9]{6})\.csv")
_TIME = re.compile(
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[12][0-9]{3})\s+"
    r"(?P<hour>0?[1-9]|1[0-2]):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})\s+(?P<half>[AP]M)"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One measured column: its parameter, unit and the panel of the analyser that fills it."""

    name: str
    parameter: str
    unit: str
    panel: str


COLUMNS = (
    Column("Gln", "glutamine", "mmol/L", "chemistry"),
    Column("Glu", "glutamate", "mmol/L", "chemistry"),
    Column("Gluc", "glucose", "g/L", "chemistry"),
    Column("Lac", "lactate", "g/L", "chemistry"),
    Column("NH4+", "ammonium", "mmol/L", "chemistry"),
    Column("Na+", "sodium", "mmol/L", "chemistry"),
    Column("K+", "potassium", "mmol/L", "chemistry"),
    Column("Ca++", "calcium", "mmol/L", "chemistry"),
    Column("pH", "ph", "[pH]", "always"),
    Column("PO2", "po2", "mm[Hg]", "gas"),
    Column("PCO2", "pco2", "mm[Hg]", "gas"),
    Column("Osm", "osmolality", "mosm/kg", "always"),
    Column("Total Density", "total_cell_density", "10*6{cells}/mL", "cells"),
    Column("Viable Density", "viable_cell_density", "10*6{cells}/mL", "cells"),
    Column("Viability", "viability", "%", "cells"),
    Column("Avg. Live Diameter", "average_live_diameter", "um", "live cells"),
    Column("Total Live Count", "live_cell_count", "{cells}", "cells"),
    Column("Total Cell Count", "total_cell_count", "{cells}", "cells"),
    Column("Vessel Temperature (C)", "vessel_temperature", "Cel", "always"),
    Column("Vessel Pressure (psi)", "vessel_pressure", "[psi]", "typed in"),
    Column("Sparging O2%", "sparging_oxygen", "%", "typed in"),
    Column("pH @ Temp", "ph_at_temperature", "[pH]", "gas"),
    Column("PCO2 @ Temp", "pco2_at_temperature", "mm[Hg]", "gas"),
    Column("PO2 @ Temp", "po2_at_temperature", "mm[Hg]", "gas"),
    Column("O2 Saturation", "oxygen_saturation", "%", "gas"),
    Column("CO2 Saturation", "carbon_dioxide_saturation", "%", "gas"),
    Column("HCO3", "bicarbonate", "mmol/L", "gas"),
)
_CONTEXT = {
    "Sample Type": "sample_type",
    "Vessel ID": "vessel",
    "Batch ID": "batch",
    "Cell Type": "cell_type",
    "Pre-Dilution Multiplier": "pre_dilution_multiplier",
    "Cell Density Dilution": "cell_density_dilution",
    "Chemistry Dilution Ratio": "chemistry_dilution_ratio",
    "Sample Time": "sampled_at_text",
    "Operator": "operator",
}
_SETTINGS = (
    "Live Cell Std. Deviation",
    "Cell Inspection Type",
    "Valid Images",
    "Chemistry Flow Time",
    "pH / Gas Flow Time",
    "Cell Density Flow",
    "Tray Location",
    "Time In Tray",
)
_KNOWN = frozenset({"", "Date & Time", "Sample ID", *(column.name for column in COLUMNS), *_CONTEXT, *_SETTINGS})
_REQUIRED = ("Date & Time", "Sample ID", *(column.name for column in COLUMNS), *_CONTEXT)
# "Simple" samples run without the cell counter; a type that is not listed is expected to fill every panel.
_PANELS_NOT_RUN: Mapping[str, frozenset[str]] = {"Simple": frozenset({"cells", "live cells"})}


@dataclass(frozen=True, slots=True)
class _Sample:
    """One row with its texts by column name."""

    row: int
    texts: Mapping[str, str]
    measured_at: datetime | None

    @property
    def sample(self) -> str:
        return self.texts["Sample ID"].strip()

    @property
    def context(self) -> Pairs:
        told = {name: self.texts[column].strip() for column, name in _CONTEXT.items()}
        return tuple(sorted((name, text) for name, text in told.items() if text))

    def locator(self, column: str) -> str:
        return f"row {self.row}, column {column}"

    def finding(self, code: str, message: str, column: str, *, parameter: str = "", blocking: bool = True) -> Finding:
        text = f"Sample {self.sample or '(not named)'}: {message}"
        return Finding(code, text, self.locator(column), blocking, self.sample, parameter)


def _exported(filename: str, timezone: ZoneInfo) -> tuple[str, datetime]:
    match = _NAME.fullmatch(filename)
    if match:
        try:
            stamp = datetime.fromisoformat(f"{match['day']}T{match['time']}").replace(tzinfo=timezone)
        except ValueError:
            match = None
    if not match:
        raise Refusal(
            "file_name_not_recognised",
            "A FLEX2 file keeps its name SampleResults<device>YYYY-MM-DD_HHMMSS.csv; {filename} is another.",
            field="file",
            filename=filename,
        )
    return match["device"].strip(), stamp


def _columns(header: tuple[str, ...]) -> dict[str, int]:
    counted = Counter(header)
    wrong = [name for name in _REQUIRED if counted[name] != 1]
    if wrong:
        raise layout_unknown(f"each of these columns must be there once: {', '.join(wrong)}")
    return {name: place for place, name in enumerate(header) if name}


def _local_time(text: str) -> datetime | None:
    """The time as the analyser prints it (month first, twelve hours), without a zone; None when it is no time."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    hour = int(match["hour"]) % 12 + (12 if match["half"] == "PM" else 0)
    numbers = (int(match["year"]), int(match["month"]), int(match["day"]), hour)
    try:
        return datetime(*numbers, int(match["minute"]), int(match["second"]))  # noqa: DTZ001 -- zoned by the caller
    except ValueError:
        return None


def _time_fault(local: datetime, timezone: ZoneInfo, exported: datetime) -> tuple[str, str] | None:
    zoned = local.replace(tzinfo=timezone)
    if zoned.astimezone(UTC).astimezone(timezone).replace(tzinfo=None) != local:
        return "time_not_recognised", "does not exist in the site's time zone"
    if zoned.utcoffset() != zoned.replace(fold=1).utcoffset():
        return "time_ambiguous", "occurs twice in the site's time zone"
    if zoned > exported:
        return "time_after_export", "is later than the export of the file"
    day = exported.date()
    if local.date() != day and local.day <= 12 and date(local.year, local.day, local.month) == day:
        return "time_ambiguous", "is the day of the export when day and month are exchanged"
    return None


def _sample(
    row: Row, places: Mapping[str, int], timezone: ZoneInfo, exported: datetime
) -> tuple[_Sample, list[Finding]]:
    texts = {name: row.cells[place] for name, place in places.items()}
    text = texts["Date & Time"]
    local = _local_time(text)
    fault = ("time_not_recognised", "is no time") if local is None else _time_fault(local, timezone, exported)
    zoned = None if local is None or fault else local.replace(tzinfo=timezone)
    sample = _Sample(row.number, texts, zoned)
    findings = [] if fault is None else [sample.finding(fault[0], f"{text!r} {fault[1]}.", "Date & Time")]
    if not sample.sample:
        findings.append(sample.finding("sample_not_named", "the row has no sample name.", "Sample ID"))
    return sample, findings


def _expected(column: Column, sample: _Sample) -> bool:
    """Whether an empty cell of this column is a missing result; pH, osmolality and temperature always are."""
    if column.panel == "typed in" or column.panel in _PANELS_NOT_RUN.get(
        sample.texts["Sample Type"].strip(), frozenset()
    ):
        return False
    live = read_number(sample.texts["Total Live Count"]).value
    return column.panel != "live cells" or live is None or live > 0


def _values(sample: _Sample) -> tuple[list[Reading], list[Finding], dict[str, Cell]]:
    readings: list[Reading] = []
    findings: list[Finding] = []
    cells: dict[str, Cell] = {}
    for column in COLUMNS:
        text = sample.texts[column.name]
        if not text.strip() and not _expected(column, sample):
            continue
        cell = read_number(text)
        cells[column.parameter] = cell
        where = sample.locator(column.name)
        readings.append(
            Reading(
                parameter=column.parameter,
                sample=sample.sample,
                text=text,
                value=cell.value,
                qualifier=cell.qualifier,
                unit=column.unit,
                measured_at=sample.measured_at,
                locator=where,
                context=sample.context,
            )
        )
        if cell.fault:
            findings.append(
                fault_finding(
                    cell,
                    column=column.name,
                    locator=where,
                    sample=sample.sample,
                    parameter=column.parameter,
                    blocking=True,
                )
            )
    return readings, findings, cells


def _plausibility(sample: _Sample, cells: Mapping[str, Cell]) -> list[Finding]:
    pairs = (
        ("viable_cell_density", "total_cell_density", "Viable Density"),
        ("live_cell_count", "total_cell_count", "Total Live Count"),
    )
    found: list[Finding] = []
    for part, whole, column in pairs:
        fewer, more = cells.get(part), cells.get(whole)
        if fewer and more and fewer.value is not None and more.value is not None and fewer.value > more.value:
            message = f"{fewer.text} living of {more.text} cells is more than all."
            found.append(sample.finding("viable_exceeds_total", message, column, parameter=part))
    viability = cells.get("viability")
    if viability and viability.value is not None and viability.value > 100:
        message = f"a viability of {viability.text} % is more than all."
        found.append(sample.finding("viable_exceeds_total", message, "Viability", parameter="viability"))
    return found


def _row_repeats(samples: list[_Sample]) -> list[Finding]:
    counted = Counter((s.sample, s.texts["Date & Time"].strip()) for s in samples)
    return [
        s.finding("duplicate_row", "the same sample occurs twice at the same time.", "Sample ID")
        for s in samples
        if counted[s.sample, s.texts["Date & Time"].strip()] > 1
    ]


def read(filename: str, content: bytes, timezone: ZoneInfo) -> ParsedFile:
    """The readings of a FLEX2 file, one sample a row; its local times are of ``timezone``.

    An expected cell without a number stays in the readings, with value None, and is named by a blocking finding:
    ``value_missing``, ``above_range``, ``below_range``, ``decimal_comma``, ``value_negative``, ``not_a_number``.

    :raises Refusal: ``file_name_not_recognised``, ``file_too_large``, ``file_not_text``, ``file_cut_short``,
        ``file_layout_unknown``.
    """
    device, exported = _exported(filename, timezone)
    table = read_table(content)
    places = _columns(table.header)
    check_widths(table, trailing_blanks=False)
    if not table.ended:
        raise cut_short()
    readings: list[Reading] = []
    findings = encoding_findings(table)
    for name in table.header:
        if name not in _KNOWN:
            message = f"The column {name} is not known and was not read."
            findings.append(Finding("column_not_read", message, f"column {name}", blocking=False))
    samples: list[_Sample] = []
    for row in table.rows:
        sample, time_findings = _sample(row, places, timezone, exported)
        values, value_findings, cells = _values(sample)
        samples.append(sample)
        readings += values
        findings += [*time_findings, *value_findings, *_plausibility(sample, cells)]
    operators = dict.fromkeys(s.texts["Operator"].strip() for s in samples)
    return ParsedFile(
        kind=KIND,
        sha256=hashlib.sha256(content).hexdigest(),
        instrument=f"Nova BioProfile FLEX2 {device}".strip(),
        operator=", ".join(name for name in operators if name),
        readings=tuple(readings),
        findings=(*findings, *_row_repeats(samples)),
        attributes=(
            ("columns", str(len(table.header))),
            ("device", device),
            ("encoding", table.encoding),
            ("exported_at", exported.isoformat()),
            ("filename", filename),
            ("rows", str(len(samples))),
        ),
    )
