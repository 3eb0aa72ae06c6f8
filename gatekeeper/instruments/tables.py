"""Bytes of a comma-separated instrument file -> header and rows; text of a cell -> a number or the reason why not."""

import csv
import io
import re
from dataclasses import dataclass
from decimal import Decimal

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.readings import Finding, Qualifier

# The largest real result file seen is 14 kB for 16 wells; a full plate of six dyes stays below 1 MB.
LARGEST_FILE_BYTES = 4 * 1024 * 1024

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_WITH_COMMA = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NO_VALUE = frozenset({"", "---", "--", "-", "no call", "nan", "n/a", "na"})
_REASONS = {
    "value_missing": "holds no value ({text})",
    "above_range": "is above the instrument's range ({text})",
    "below_range": "is below the instrument's range ({text})",
    "decimal_comma": "is written with a comma ({text}), which could be a decimal or a thousands separator",
    "value_negative": "is negative ({text})",
    "not_a_number": "is not a number ({text})",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record; ``number`` counts records as a spreadsheet shows them, the header being row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Header (names as ``column_key`` gives them) and rows; ``ended``: the last record has its line end."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """The number in a cell; ``fault`` is empty or a finding's code, ``value`` None where nothing can be told."""

    text: str
    value: Decimal | None
    qualifier: Qualifier = ""
    fault: str = ""


def column_key(name: str) -> str:
    """The column's name without what a change of encoding does to it: micro signs become u, degree signs go."""
    return re.sub(r"[^\x20-\x7e]", "", re.sub(r"[µμ]", "u", name)).strip()


def cut_short() -> Refusal:
    """The refusal for a file that ends before its last record does."""
    return Refusal("file_cut_short", "The file ends in the middle of a record; export it again.", field="file")


def layout_unknown(reason: str) -> Refusal:
    """The refusal for a table that is not in a known layout of its instrument."""
    return Refusal("file_layout_unknown", "The file is not in a known layout: {reason}.", field="file", reason=reason)


def _decoded(content: bytes) -> tuple[str, str]:
    encodings = ("utf-16",) if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _UNPRINTABLE.search(text):
            return text, encoding
    if encodings == ("utf-16",) and len(content) % 2:
        raise cut_short()
    raise Refusal("file_not_text", "The file is not a text file.", field="file")


def read_table(content: bytes) -> Table:
    """The file as a table; rows without any text are left out.

    :raises Refusal: ``file_too_large``, ``file_not_text``, ``file_cut_short``, ``file_layout_unknown``.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise Refusal(
            "file_too_large", "The file is larger than {limit} bytes.", field="file", limit=LARGEST_FILE_BYTES
        )
    text, encoding = _decoded(content)
    try:
        records = [tuple(record) for record in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise cut_short() from error
        raise layout_unknown(str(error)) from error
    header = tuple(column_key(name) for name in records[0]) if records else ()
    rows = tuple(Row(n, r) for n, r in enumerate(records[1:], start=2) if any(cell.strip() for cell in r))
    if not rows:
        raise cut_short()
    return Table(header, rows, encoding, ended=text.endswith("\n"))


def check_widths(table: Table, *, trailing_blanks: bool) -> None:
    """Return when every row is as wide as the header (``trailing_blanks``: or wider by blank cells).

    :raises Refusal: ``file_cut_short`` when the last row is narrower, ``file_layout_unknown`` for any other row.
    """
    width = len(table.header)
    for row in table.rows:
        extra = row.cells[width:]
        if len(row.cells) < width and row is table.rows[-1]:
            raise cut_short()
        if len(row.cells) < width or (extra and not trailing_blanks) or any(cell.strip() for cell in extra):
            raise layout_unknown(f"row {row.number} has {len(row.cells)} cells, the header {width}")


def encoding_findings(table: Table) -> list[Finding]:
    """A finding where the letters beyond ASCII were read by assumption, because the file is not Unicode."""
    if table.encoding != "cp1252":
        return []
    message = "The file is not Unicode; names with letters beyond ASCII were read as Windows-1252."
    return [Finding("encoding_assumed", message, "file", blocking=False)]


def read_number(text: str) -> Cell:
    """The number in a cell, exactly as written; nothing is guessed about separators or ranges."""
    stripped = text.strip()
    qualifier: Qualifier = ""
    bare = stripped
    if stripped[:1] == ">":
        qualifier, bare = ">", stripped[1:].strip()
    elif stripped[:1] == "<":
        qualifier, bare = "<", stripped[1:].strip()
    if stripped.casefold() in _NO_VALUE:
        return Cell(text, None, fault="value_missing")
    if _WITH_COMMA.fullmatch(bare):
        return Cell(text, None, fault="decimal_comma")
    if not _NUMBER.fullmatch(bare):
        return Cell(text, None, fault="not_a_number")
    value = Decimal(bare)
    if qualifier:
        return Cell(text, value, qualifier, "above_range" if qualifier == ">" else "below_range")
    # A minus zero is a usual "no value" sentinel of instrument software, so the sign counts and not the amount.
    return Cell(text, None, fault="value_negative") if value.is_signed() else Cell(text, value)


def fault_finding(cell: Cell, *, column: str, locator: str, sample: str, parameter: str, blocking: bool) -> Finding:
    """The finding for a cell with a fault, naming sample and column."""
    reason = _REASONS[cell.fault].format(text=repr(cell.text) if cell.text.strip() else "blank")
    return Finding(
        cell.fault, f"{column} of sample {sample or '(not named)'} {reason}.", locator, blocking, sample, parameter
    )
