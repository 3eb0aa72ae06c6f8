"""Bio-Rad droplet digital PCR result files: QX Manager (73 columns) and two layouts of QuantaSoft.

Every concentration is recomputed from its droplet counts, so a changed cell is found without trust in the sender.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from gatekeeper.instruments.readings import Finding, Pairs, ParsedFile, Reading
from gatekeeper.instruments.tables import (
    Cell,
    Row,
    Table,
    check_widths,
    cut_short,
    encoding_findings,
    fault_finding,
    layout_unknown,
    read_number,
    read_table,
)
from gatekeeper.instruments.titre import droplet_concentration

KIND = "bio_rad_ddpcr"
_WELL = re.compile(r"[A-H](?:0[1-9]|1[0-2])|M[0-9]{1,2}")
_CLUSTERS = ("both", "first_only", "second_only", "neither")
_COUNTS = ("accepted", "positives", "negatives")
_SINGLE_PRECISION = Decimal("1e-6")  # the software computes in single precision: 7.8e-8 seen over 12 real rows


@dataclass(frozen=True, slots=True)
class DropletVolume:
    """The volume the software divides by, in µL, and where the number comes from."""

    microlitres: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One software's table: field -> column names that mean it, the droplet volume and how results are rounded.

    ``significant_digits`` None means that the concentration is printed in full.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    droplet_volume: DropletVolume
    significant_digits: int | None


_QX_MANAGER = Layout(
    name="Bio-Rad QX Manager",
    columns={
        "well": ("Well",),
        "sample": ("Sample description 1",),
        "sample_description_2": ("Sample description 2",),
        "sample_description_3": ("Sample description 3",),
        "sample_description_4": ("Sample description 4",),
        "target": ("Target",),
        "concentration": ("Conc(copies/uL)", "Conc(copies/L)"),  # the second is left when the micro sign was lost
        "status": ("Status",),
        "status_reason": ("Status Reason",),
        "experiment": ("Experiment",),
        "sample_type": ("SampleType",),
        "target_type": ("TargetType",),
        "dye": ("DyeName(s)",),
        "confidence_max": ("PoissonConfMax",),
        "confidence_min": ("PoissonConfMin",),
        "accepted": ("Accepted Droplets",),
        "positives": ("Positives",),
        "negatives": ("Negatives",),
        "merged_wells": ("MergedWells",),
        "both": ("Ch1+Ch2+",),
        "first_only": ("Ch1+Ch2-",),
        "second_only": ("Ch1-Ch2+",),
        "neither": ("Ch1-Ch2-",),
    },
    droplet_volume=DropletVolume(
        Decimal("0.00085"), "Bio-Rad's constant; recomputes 12 of 12 rows of a QX Manager file to 7.8e-8"
    ),
    significant_digits=None,
)
_QUANTASOFT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "well": ("Well",),
    "sample": ("Sample",),
    "target": ("Target",),
    "concentration": ("Concentration",),
    "status": ("Status",),
    "experiment": ("ExptType",),
    "target_type": ("TargetType",),
    "confidence_max": ("PoissonConfMax",),
    "confidence_min": ("PoissonConfMin",),
    "accepted": ("AcceptedDroplets",),
    "positives": ("Positives",),
    "negatives": ("Negatives",),
    "merged_wells": ("MergedWells",),
    "both": ("Ch1+Ch2+",),
    "first_only": ("Ch1+Ch2-",),
    "second_only": ("Ch1-Ch2+",),
    "neither": ("Ch1-Ch2-",),
}
_QUANTASOFT_174 = Layout(
    name="Bio-Rad QuantaSoft 1.7",
    columns=_QUANTASOFT_COLUMNS,
    droplet_volume=DropletVolume(Decimal("0.00085"), "Bio-Rad's constant since QuantaSoft 1.7"),
    significant_digits=3,
)
_QUANTASOFT_OLDER = Layout(
    name="Bio-Rad QuantaSoft before 1.7",
    columns={**_QUANTASOFT_COLUMNS, "target": ("Assay",), "target_type": ("TypeAssay",)},
    droplet_volume=DropletVolume(
        Decimal("0.00091"), "Bio-Rad's earlier constant; recomputes 5 of 5 rows of a QuantaSoft file to its 3 digits"
    ),
    significant_digits=3,
)
LAYOUTS = (_QX_MANAGER, _QUANTASOFT_174, _QUANTASOFT_OLDER)


@dataclass(frozen=True, slots=True)
class _Result:
    """One row of the file, one target in one well, its texts by field and its counts read."""

    row: int
    texts: Mapping[str, str]
    counts: Mapping[str, int]
    layout: Layout

    @property
    def sample(self) -> str:
        return self.texts["sample"]

    @property
    def dye(self) -> str:
        return self.texts["dye"] if "dye" in self.texts else self.texts["target_type"][:3]  # "Ch1Unknown"

    @property
    def sample_type(self) -> str:
        return self.texts["sample_type"] if "sample_type" in self.texts else self.texts["target_type"][3:]

    @property
    def locator(self) -> str:
        return "/".join(part for part in (self.texts["well"], self.dye, self.texts["target"]) if part)

    @property
    def empty_control(self) -> bool:
        """A no-template control without a positive droplet: the software calls it CHECK and gives no concentration."""
        return self.sample_type == "NTC" and self.counts.get("positives") == 0

    def finding(self, code: str, message: str, *, blocking: bool = True, parameter: str = "concentration") -> Finding:
        return Finding(code, f"{self.locator}: {message}", self.locator, blocking, self.sample, parameter)


def _layout_of(header: tuple[str, ...]) -> tuple[Layout, dict[str, int]]:
    lacking: list[list[str]] = []
    for layout in LAYOUTS:
        found = {f: [i for i, name in enumerate(header) if name in names] for f, names in layout.columns.items()}
        wrong = [layout.columns[field][0] for field, places in found.items() if len(places) != 1]
        if not wrong:
            return layout, {field: places[0] for field, places in found.items()}
        lacking.append(wrong)
    nearest = min(lacking, key=len)
    raise layout_unknown(f"each of these columns must be there once: {', '.join(nearest)}")


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _result(row: Row, layout: Layout, places: Mapping[str, int]) -> _Result:
    texts = {field: row.cells[place].strip() for field, place in places.items()}
    counts = {field: count for field in (*_COUNTS, *_CLUSTERS) if (count := _count(texts[field])) is not None}
    return _Result(row.number, texts, counts, layout)


def _whole(result: _Result) -> bool:
    """True when the cluster counts, which end a QX Manager row, add up: then its last cell was not cut."""
    clusters = [result.counts.get(name) for name in _CLUSTERS]
    known = [count for count in clusters if count is not None]
    return len(known) == len(_CLUSTERS) and sum(known) == result.counts.get("accepted")


def _count_findings(result: _Result) -> list[Finding]:
    blanks = [name for name in _COUNTS if not result.texts[name]]
    odd = [name for name in _COUNTS if result.texts[name] and name not in result.counts]
    found = [
        result.finding("not_a_number", f"{name} is not a count ({result.texts[name]!r}).", parameter=name)
        for name in odd
    ]
    if blanks and result.texts["concentration"]:
        names = ", ".join(blanks)
        found.append(result.finding("droplet_counts_missing", f"{names} missing, so the result cannot be checked."))
    if blanks or odd:
        return found
    accepted, positives, negatives = (result.counts[name] for name in _COUNTS)
    if positives + negatives != accepted:
        message = f"{positives} positive and {negatives} negative droplets are not {accepted} accepted ones."
        found.append(result.finding("droplet_counts_do_not_add_up", message))
    if all(name in result.counts for name in _CLUSTERS) and not _whole(result):
        message = f"the four clusters do not add up to {accepted} accepted droplets."
        found.append(result.finding("droplet_counts_do_not_add_up", message))
    if not accepted:
        found.append(result.finding("no_droplets", "no droplet was accepted."))
    elif not negatives:
        found.append(result.finding("saturated", "no droplet is negative, so there is no upper bound."))
    return found


def _agrees(reported: Decimal, computed: Decimal, significant_digits: int | None) -> bool:
    if not computed:
        return reported == 0
    if significant_digits is None:
        return abs(reported - computed) <= _SINGLE_PRECISION * computed
    half_unit = Decimal(5).scaleb(computed.adjusted() - significant_digits)
    return abs(reported - computed) <= half_unit * (1 + _SINGLE_PRECISION)


def _concentration_findings(result: _Result, cell: Cell) -> list[Finding]:
    counts = result.counts
    if cell.value is None or cell.fault or not 0 < counts.get("negatives", 0) <= counts.get("accepted", 0):
        return []
    computed = droplet_concentration(
        negatives=counts["negatives"],
        accepted=counts["accepted"],
        droplet_volume_ul=result.layout.droplet_volume.microlitres,
    )
    if _agrees(cell.value, computed, result.layout.significant_digits):
        return []
    message = f"the reported {cell.text} copies/µL is not the {computed:.6g} that follow from the droplet counts."
    return [result.finding("concentration_does_not_match_droplets", message)]


def _row_findings(result: _Result, cells: Mapping[str, Cell]) -> list[Finding]:
    found: list[Finding] = []
    if not result.sample:
        found.append(result.finding("sample_not_named", "the sample has no name.", parameter=""))
    if not _WELL.fullmatch(result.texts["well"]):
        found.append(result.finding("well_not_recognised", "this is no well of a 96-well plate.", parameter=""))
    status = result.texts["status"]
    if status != "OK":
        reason = result.texts.get("status_reason") or "no reason given"
        # "Manual" says that a person set the threshold: a matter for review; the number itself is checked below.
        blocking = status != "Manual" and not result.empty_control
        found.append(
            result.finding("status_not_ok", f"the status is {status!r} ({reason}).", blocking=blocking, parameter="")
        )
    found += [
        fault_finding(
            cell,
            column=f"{result.locator}: {result.layout.columns[field][0]}",
            locator=result.locator,
            sample=result.sample,
            parameter=field,
            blocking=not result.empty_control,
        )
        for field, cell in cells.items()
        if cell.fault and (field == "concentration" or cell.text)
    ]
    return [*found, *_count_findings(result), *_concentration_findings(result, cells["concentration"])]


def _cross_row_findings(results: list[_Result]) -> list[Finding]:
    """Findings that need more than one row: a target twice, or a channel with positives and no row of its own."""
    found: list[Finding] = []
    seen: set[str] = set()
    wells: dict[str, list[_Result]] = {}
    for result in results:
        wells.setdefault(result.texts["well"], []).append(result)
        if result.locator in seen:
            found.append(result.finding("duplicate_row", "this target of this well occurs twice."))
        seen.add(result.locator)
    for rows in wells.values():
        first = rows[0]
        both_channels = (first.counts.get("first_only") or first.counts.get("both")) and (
            first.counts.get("second_only") or first.counts.get("both")
        )
        if len(rows) == 1 and both_channels:
            message = "both channels have positive droplets, but the file has a row for one target only."
            found.append(first.finding("target_row_missing", message, blocking=False, parameter=""))
    return found


def _readings(result: _Result, cells: Mapping[str, Cell]) -> list[Reading]:
    skipped = {"sample", "concentration", "confidence_max", "confidence_min", *_COUNTS}
    told = {f: text for f, text in result.texts.items() if f not in skipped and text}
    context: Pairs = tuple(sorted({**told, "dye": result.dye, "sample_type": result.sample_type}.items()))

    def reading(parameter: str, text: str, cell: Cell, unit: str) -> Reading:
        # The files carry no time of measurement, and none is invented.
        return Reading(parameter, result.sample, text, cell.value, cell.qualifier, unit, None, result.locator, context)

    found = [
        reading(field, cell.text, cell, "{copies}/uL")
        for field, cell in cells.items()
        if field == "concentration" or cell.text
    ]
    for field in _COUNTS:
        count = result.counts.get(field)
        value = None if count is None else Decimal(count)
        name = "accepted_droplets" if field == "accepted" else field
        found.append(reading(name, result.texts[field], Cell(result.texts[field], value), "1"))
    return found


def _results(table: Table, layout: Layout, places: Mapping[str, int]) -> list[_Result]:
    results = [_result(row, layout, places) for row in table.rows]
    # QX Manager may end its file without a line end; then only the sums tell whether the last cell is whole.
    if not table.ended and not (layout is _QX_MANAGER and _whole(results[-1])):
        raise cut_short()
    return results


def read(filename: str, content: bytes, timezone: ZoneInfo) -> ParsedFile:
    """The results of a Bio-Rad ddPCR file, one target in one well a row; the name and the zone tell nothing here.

    Readings: concentration, confidence_max, confidence_min in copies per µL of reaction; accepted_droplets, positives,
    negatives as counts. Blocking findings: ``concentration_does_not_match_droplets``, ``droplet_counts_do_not_add_up``,
    ``droplet_counts_missing``, ``saturated``, ``no_droplets``, ``status_not_ok``, ``value_missing`` and further ones.

    :raises Refusal: ``file_too_large``, ``file_not_text``, ``file_cut_short``, ``file_layout_unknown``.
    """
    table = read_table(content)
    layout, places = _layout_of(table.header)
    check_widths(table, trailing_blanks=layout is not _QX_MANAGER)
    results = _results(table, layout, places)
    readings: list[Reading] = []
    findings = encoding_findings(table)
    for result in results:
        names = ("concentration", "confidence_max", "confidence_min")
        cells = {name: read_number(result.texts[name]) for name in names}
        readings += _readings(result, cells)
        findings += _row_findings(result, cells)
    return ParsedFile(
        kind=KIND,
        sha256=hashlib.sha256(content).hexdigest(),
        instrument=layout.name,
        operator="",
        readings=tuple(readings),
        findings=(*findings, *_cross_row_findings(results)),
        attributes=(
            ("columns", str(len(table.header))),
            ("droplet_volume_source", layout.droplet_volume.source),
            ("droplet_volume_ul", str(layout.droplet_volume.microlitres)),
            ("encoding", table.encoding),
            ("filename", filename),
            ("layout", layout.name),
            ("rows", str(len(results))),
        ),
    )
