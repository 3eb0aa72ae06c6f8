"""CSV logs of skids, read by a mapping: a trace a tag, and every line and cell that cannot be read by its name.

One line is one record: a broken line never takes its neighbours with it. Lines keep the file's order, repeated and
late ones included; who takes them in judges that.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.log_mappings import ENCODINGS, LogMapping, SignalColumn
from gatekeeper.instruments.readings import Finding
from gatekeeper.instruments.stamps import Stamps
from gatekeeper.instruments.tables import layout_unknown
from gatekeeper.instruments.traces import Bytes, Floats, Times, Trace, TraceFile, quality_of

KIND = "skid_log"
LARGEST_LOG_BYTES = 128 * 1024 * 1024  # 72 hours at 1 Hz of 20 columns are 45 MB
_MOST_FINDINGS = 10_000  # consecutive lines with one fault are one finding
_BLOCK = 1024  # lines whose cells stay in the processor's cache
_MOST_SHOWN = 60

_PLAIN = {".": re.compile(r"[-+0-9.eE\n]*"), ",": re.compile(r"[-+0-9,eE\n]*")}
_NUMBER = {
    ".": re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"),
    ",": re.compile(r"[-+]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][-+]?[0-9]+)?"),
}
_REASONS = {
    "line_cut_short": "the file ends without the end of this line",
    "line_not_readable": "this is not a record of {width} cells",
    "time_not_recognised": "this is no time in the mapping's format",
    "time_does_not_exist": "clocks skip this time",
    "time_ambiguous": "this time occurs twice, clocks are set back",
    "not_a_number": "this is not a number",
}


@dataclass(slots=True)
class _Run:
    """Consecutive lines with the same fault in the same column; ``text`` is what the first one says."""

    column: str
    tag: str
    code: str
    first: int
    last: int
    text: str

    def finding(self, width: int) -> Finding:
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"
        locator = f"{lines}, column {self.column}" if self.column else lines
        text = self.text if len(self.text) <= _MOST_SHOWN else f"{self.text[:_MOST_SHOWN]}…"
        message = f"{locator}: {_REASONS[self.code].format(width=width)} ({text!r})."
        return Finding(self.code, message, locator, blocking=False, parameter=self.tag)


@dataclass(slots=True)
class _Faults:
    """What could not be read, in the order in which it was met."""

    runs: list[_Run] = field(default_factory=list)
    newest: dict[str, _Run] = field(default_factory=dict)

    def note(self, code: str, line: int, text: str, *, column: str = "", tag: str = "") -> None:
        run = self.newest.get(column)
        if run and run.code == code and line == run.last + 1:
            run.last = line
            return
        run = self.newest[column] = _Run(column, tag, code, line, line, text)
        self.runs.append(run)
        if len(self.runs) > _MOST_FINDINGS:
            raise Refusal(
                "mapping_does_not_fit",
                "More than {most} places of the log cannot be read, from line {line} on: its mapping does not fit.",
                field="mapping",
                most=_MOST_FINDINGS,
                line=self.runs[0].first,
            )


@dataclass(slots=True)
class _Block:
    """Some consecutive records: cells by line and column, with the number of each line."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def columns(self, width: int) -> list[Sequence[str]]:
        return list(zip(*self.rows, strict=False)) if self.rows else [()] * width

    def keep(self, kept: Sequence[int]) -> None:
        self.rows = [self.rows[index] for index in kept]
        self.lines = [self.lines[index] for index in kept]


@dataclass(slots=True)
class _Gathered:
    """What is gathered of one signal, block by block."""

    values: list[Floats] = field(default_factory=list)
    quality: list[Bytes] = field(default_factory=list)
    missing: int = 0


def _decoded(content: bytes, encoding: str) -> str:
    if len(content) > LARGEST_LOG_BYTES:
        raise Refusal("file_too_large", "The file is larger than {limit} bytes.", field="file", limit=LARGEST_LOG_BYTES)
    try:
        return content.decode(ENCODINGS[encoding])
    except UnicodeError as fault:
        line = content.count(b"\n", 0, getattr(fault, "start", 0)) + 1
        raise Refusal(
            "file_encoding_differs",
            "The file is not text in {encoding}, as its mapping says: line {line}.",
            field="file",
            encoding=encoding,
            line=line,
        ) from None


def _record(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line, or None where its quotation marks do not close."""
    text = line.rstrip("\r\n")
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _head(lines: Iterator[str], mapping: LogMapping) -> tuple[str, ...]:
    """The names of the columns, the units below them checked; what stands above the header is passed over."""
    top = list(islice(lines, mapping.first_row - 1))
    header = _record(top[mapping.header_row - 1], mapping.delimiter) if len(top) == mapping.first_row - 1 else None
    if header is None:
        raise layout_unknown(f"line {mapping.header_row} is no header")
    names = tuple(name.strip() for name in header)
    wanted = [*mapping.time.columns]
    for column in mapping.columns:
        wanted += [column.name, column.quality] if column.quality else [column.name]
    wrong = [name for name in dict.fromkeys(wanted) if names.count(name) != 1]
    if wrong:
        raise layout_unknown(f"each of these columns must be there once: {', '.join(wrong)}")
    if mapping.units_row:
        _check_units(top[mapping.units_row - 1], names, mapping)
    return names


def _check_units(line: str, names: Sequence[str], mapping: LogMapping) -> None:
    units = _record(line, mapping.delimiter) or []
    for column in mapping.columns:
        printed = dict(zip(names, units, strict=False)).get(column.name, "").strip()
        if printed != column.printed_unit:
            raise Refusal(
                "log_unit_differs",
                "The column {column} is in “{printed}”; its mapping is for “{unit}”.",
                field="file",
                column=column.name,
                printed=printed,
                unit=column.printed_unit,
            )


def _blocks(lines: Iterator[str], mapping: LogMapping, width: int, faults: _Faults) -> Iterator[_Block]:
    """The records below the header; lines that are none are noted, blank lines are passed over."""
    number = mapping.first_row - 1
    while part := list(islice(lines, _BLOCK)):
        block = _Block()
        for line in part:
            number += 1
            cells = _record(line, mapping.delimiter)
            if line[-1] not in "\r\n":
                # Its last number may have lost digits and looks whole all the same.
                faults.note("line_cut_short", number, line)
            elif cells is not None and (len(cells) == width or (len(cells) > width and not any(cells[width:]))):
                block.rows.append(cells)
                block.lines.append(number)
            elif line.strip():
                faults.note("line_not_readable", number, line.rstrip("\r\n"))
        yield block


def _placed(block: _Block, places: Sequence[int], stamps: Stamps, name: str, faults: _Faults) -> Times:
    """The times of a block; records without one are noted and leave the block."""
    texts = [" ".join([row[place].strip() for place in places]) for row in block.rows]
    times, wrong = stamps.times(texts)
    if not wrong:
        return times
    for index, code in wrong:
        faults.note(code, block.lines[index], texts[index], column=name)
    lost = {index for index, _code in wrong}
    kept = [index for index in range(len(texts)) if index not in lost]
    block.keep(kept)
    return times[kept]


def _all_numbers(texts: Sequence[str], sign: str) -> Floats | None:
    """The numbers of cells that all hold one, in one go; None where a cell has to be looked at by itself."""
    joined = "\n".join(texts)
    if not _PLAIN[sign].fullmatch(joined):
        return None
    plain = joined.replace(",", ".").split("\n") if sign == "," else texts
    try:
        values = np.fromiter(map(float, plain), dtype=np.float64, count=len(texts))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _number(text: str, sign: str) -> float | None:
    value = float(text.replace(sign, ".")) if _NUMBER[sign].fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def _numbers(cells: Sequence[str], sign: str, missing: frozenset[str]) -> tuple[Floats, list[int], int]:
    """The values of a column, NaN where there is none, the places that are no number, and how many are missing."""
    if missing.isdisjoint(cells) and (found := _all_numbers(cells, sign)) is not None:
        return found, [], 0
    stripped = [cell.strip() for cell in cells]
    present = [place for place, cell in enumerate(stripped) if cell not in missing]
    texts = [stripped[place] for place in present]
    wrong: list[int] = []
    found = _all_numbers(texts, sign)
    if found is None:
        each = [_number(text, sign) for text in texts]
        wrong = [place for place, value in zip(present, each, strict=True) if value is None]
        found = np.array(each, dtype=np.float64)  # None becomes NaN
    values = np.full(len(cells), np.nan)
    values[present] = found
    return values, wrong, len(cells) - len(present)


def _gather(
    block: _Block, column: SignalColumn, cells: Mapping[str, Sequence[str]], mapping: LogMapping, faults: _Faults
) -> tuple[Floats, Bytes, int]:
    given = cells[column.name]
    values, wrong, missing = _numbers(given, mapping.decimal_sign, frozenset(mapping.missing))
    for place in wrong:
        faults.note("not_a_number", block.lines[place], given[place], column=column.name, tag=column.tag)
    good = None
    if column.quality:
        vouching = frozenset(column.good)
        good = [text.strip() in vouching for text in cells[column.quality]]
    return values, quality_of(values, good), missing


def _remarks(names: Sequence[str], mapping: LogMapping, gathered: Sequence[_Gathered]) -> Iterator[Finding]:
    """What a person has to know of the log as a whole."""
    read = {*mapping.time.columns, *(column.name for column in mapping.columns)}
    read |= {column.quality for column in mapping.columns}
    for name in names:
        if name and name not in read:
            message = f"The column {name} is not in the mapping and was not read."
            yield Finding("column_not_read", message, f"column {name}", blocking=False)
    for column, one in zip(mapping.columns, gathered, strict=True):
        if one.missing:
            message = f"{one.missing} cells of {column.name} say that they hold no value."
            yield Finding("value_missing", message, f"column {column.name}", blocking=False, parameter=column.tag)


def read_log(filename: str, content: bytes, mapping: LogMapping) -> TraceFile:
    """The traces of a log, one a tag of its mapping, all over the same lines.

    A cell that is missing, is no number or is not vouched for stays as a sample of bad quality. What cannot be read
    is named by a finding each, consecutive lines with one fault together: ``line_cut_short``, ``line_not_readable``,
    ``time_not_recognised``, ``time_does_not_exist``, ``time_ambiguous``, ``not_a_number``; ``value_missing`` counts
    and ``column_not_read`` names what the mapping leaves out.

    :raises Refusal: ``file_too_large``, ``file_encoding_differs``, ``file_layout_unknown``, ``log_unit_differs``,
        ``log_without_readings``, ``mapping_does_not_fit``.
    """
    lines = iter(io.StringIO(_decoded(content, mapping.encoding), newline=""))
    names = _head(lines, mapping)
    stamps, faults = mapping.time.stamps(), _Faults()
    places = [names.index(name) for name in mapping.time.columns]
    times: list[Times] = []
    numbers: list[int] = []
    gathered = [_Gathered() for _column in mapping.columns]
    for block in _blocks(lines, mapping, len(names), faults):
        times.append(_placed(block, places, stamps, ", ".join(mapping.time.columns), faults))
        numbers += block.lines
        cells = dict(zip(names, block.columns(len(names)), strict=False))
        for column, one in zip(mapping.columns, gathered, strict=True):
            values, quality, missing = _gather(block, column, cells, mapping, faults)
            one.values.append(values)
            one.quality.append(quality)
            one.missing += missing
    if not numbers:
        raise Refusal("log_without_readings", "No line of the log can be read by its mapping.", field="file")
    found = [run.finding(len(names)) for run in faults.runs]
    return TraceFile(
        kind=KIND,
        sha256=hashlib.sha256(content).hexdigest(),
        instrument=mapping.code,
        traces=_traces(mapping, gathered, np.concatenate(times), np.array(numbers, dtype=np.int64)),
        events=(),
        findings=(*found, *_remarks(names, mapping, gathered)),
        attributes=(
            ("encoding", mapping.encoding),
            ("filename", filename),
            ("lines", str(len(numbers))),
            ("mapping", mapping.code),
            ("mapping_sha256", mapping.sha256),
            ("mapping_version", str(mapping.version)),
        ),
    )


def _traces(mapping: LogMapping, gathered: Sequence[_Gathered], times: Times, numbers: Times) -> tuple[Trace, ...]:
    return tuple(
        Trace(
            name=column.tag,
            unit=column.unit,
            reported_unit=column.printed_unit or column.unit,
            times=times,
            values=np.concatenate(one.values),
            quality=np.concatenate(one.quality),
            place=f"column {column.name}, line",
            lines=numbers,
        )
        for column, one in zip(mapping.columns, gathered, strict=True)
    )
