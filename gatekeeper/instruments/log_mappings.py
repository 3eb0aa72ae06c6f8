"""The mapping of a skid's log: versioned data that says what each column of its CSV files means.

A mapping is one TOML document; ``mapping_from`` shows its fields. It is checked when it is loaded, every fault at once.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from gatekeeper.core.canonical import digest
from gatekeeper.core.naming import natural_key
from gatekeeper.core.quantity import unit
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.instruments.stamps import Stamps

# Name in a mapping -> name of the codec; the signature bytes of a Unicode file are no text.
ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
}
DELIMITERS = frozenset({",", ";", "\t", "|"})
DECIMAL_SIGNS = frozenset({".", ","})
_LONGEST_TAG = 40  # as tags of sources and of frames have it


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumns:
    """Where the time stands: the columns, joined by a blank, their format (strftime) and the zone of its clock."""

    columns: tuple[str, ...]
    format: str
    zone: str = ""

    def stamps(self) -> Stamps:
        """Return the reader of these time stamps.

        :raises Refusal: ``mapping_value_invalid``.
        """
        return Stamps(self.format, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalColumn:
    """One measured column: its tag at the source, its unit, and the column whose ``good`` texts vouch for it.

    ``printed_unit`` is what the row of units must say, where the mapping has such a row.
    """

    name: str
    tag: str
    unit: str
    printed_unit: str = ""
    quality: str = ""
    good: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMapping:
    """One version of a mapping; rows count lines of the file from 1, ``units_row`` 0 means that there is none."""

    code: str
    version: int
    encoding: str
    delimiter: str
    decimal_sign: str
    header_row: int
    units_row: int = 0
    missing: tuple[str, ...] = ("",)
    time: TimeColumns
    columns: tuple[SignalColumn, ...]

    @property
    def sha256(self) -> str:
        """The digest of everything that the mapping says."""
        return digest(asdict(self))

    @property
    def first_row(self) -> int:
        """The first line that can hold readings."""
        return max(self.header_row, self.units_row) + 1


def mapping_from(toml: bytes) -> LogMapping:
    r"""Return the mapping that a TOML document holds.

    ::

        code = "tff01"          # and version, a whole number from 1
        encoding = "utf-8"      # utf-16, windows-1252, iso-8859-1
        delimiter = ";"         # , | or "\t"
        decimal_sign = ","      # or .
        header_row = 3          # units_row where a row below names the units
        missing = ["", "---"]   # texts of a cell that holds no value

        [time]
        columns = ["Date", "Time"]
        format = "%d.%m.%Y %H:%M:%S"
        zone = "Europe/Berlin"  # or +01:00; none where the format has %z

        [[column]]
        name = "Feed pressure"
        tag = "PI101"
        unit = "bar"            # printed_unit = "bar(g)" where there is a row of units
        quality = "PI101 state" # a column, and the texts of it that vouch for the value:
        good = ["OK"]

    :raises Refusal: ``not_toml``; every fault at once, its field named: ``mapping_field_missing``,
        ``mapping_field_unknown``, ``mapping_value_invalid``, ``mapping_twice``, ``unknown_unit``.
    """
    try:
        content = tomllib.loads(toml.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise Refusal("not_toml", "This is not a mapping in TOML: {fault}.", field="file", fault=fault) from None
    return mapping_of(content)


@dataclass(slots=True)
class _Table:
    """A table of the document: fields are taken by name and kind, and every fault is noted with its place."""

    content: Mapping[str, object]
    place: str
    faults: list[Refusal]
    taken: set[str] = field(default_factory=set)

    def invalid(self, name: str, reason: str) -> None:
        whole = f"{self.place}{name}"
        self.faults.append(
            Refusal(
                "mapping_value_invalid",
                "{name} of the mapping is not valid: {reason}.",
                field=whole,
                name=whole,
                reason=reason,
            )
        )

    def _given(self, name: str, *, needed: bool) -> object:
        self.taken.add(name)
        given = self.content.get(name)
        if given is None and needed:
            whole = f"{self.place}{name}"
            self.faults.append(Refusal("mapping_field_missing", "The mapping has no {name}.", field=whole, name=whole))
        return given

    def text(self, name: str, *, needed: bool = True, choices: Iterable[str] = ()) -> str:
        given = self._given(name, needed=needed)
        allowed = sorted(choices)
        if given is None:
            return ""
        if not isinstance(given, str) or not given or not (given.isprintable() or given in allowed):
            self.invalid(name, "it must be a text")
            return ""
        if allowed and given not in allowed:
            self.invalid(name, f"it must be one of {', '.join(map(repr, allowed))}")
        return given

    def texts(self, name: str, *, needed: bool = True) -> tuple[str, ...]:
        given = self._given(name, needed=needed)
        if given is None:
            return ()
        if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
            self.invalid(name, "it must be a list of texts")
            return ()
        return tuple(one.strip() for one in given)

    def whole(self, name: str, *, needed: bool = True) -> int:
        given = self._given(name, needed=needed)
        if given is None:
            return 0
        if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= 1_000_000:
            self.invalid(name, "it must be a whole number above zero")
            return 0
        return given

    def table(self, name: str) -> "_Table":
        given = self._given(name, needed=True)
        if given is not None and not isinstance(given, dict):
            self.invalid(name, "it must be a table")
        return _Table(given if isinstance(given, dict) else {}, f"{self.place}{name}.", self.faults)

    def tables(self, name: str) -> list["_Table"]:
        given = self._given(name, needed=True)
        if given is None:
            return []
        if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
            self.invalid(name, "it must be a list of tables")
            return []
        return [_Table(one, f"{self.place}{name}.{place}.", self.faults) for place, one in enumerate(given)]

    def close(self) -> None:
        """Note what no field of a mapping is called."""
        for name in self.content:
            if name not in self.taken:
                whole = f"{self.place}{name}"
                self.faults.append(
                    Refusal("mapping_field_unknown", "A mapping has no field called {name}.", field=whole, name=whole)
                )


def mapping_of(content: Mapping[str, object]) -> LogMapping:
    """Return the mapping that a table says, written as in ``mapping_from``.

    :raises Refusal: every fault at once, its field named: those of ``mapping_from`` but ``not_toml``.
    """
    faults: list[Refusal] = []
    top = _Table(content, "", faults)
    mapping = LogMapping(
        code=_code(top),
        version=top.whole("version"),
        encoding=top.text("encoding", choices=ENCODINGS),
        delimiter=top.text("delimiter", choices=DELIMITERS),
        decimal_sign=top.text("decimal_sign", choices=DECIMAL_SIGNS),
        header_row=top.whole("header_row"),
        units_row=top.whole("units_row", needed=False),
        missing=top.texts("missing"),
        time=_time(top.table("time")),
        columns=tuple(_column(one) for one in top.tables("column")),
    )
    top.close()
    if mapping.delimiter == mapping.decimal_sign == ",":
        top.invalid("decimal_sign", "it is the delimiter")
    if mapping.units_row and mapping.units_row <= mapping.header_row:
        top.invalid("units_row", "it must lie below the header")
    faults += _twice(mapping)
    refuse_all(faults)
    return mapping


def _code(top: _Table) -> str:
    text = top.text("code")
    try:
        return natural_key(text, field="code") if text else ""
    except Refusal as refusal:
        top.faults.append(refusal)
        return ""


def _time(table: _Table) -> TimeColumns:
    before = len(table.faults)
    time = TimeColumns(
        columns=table.texts("columns"), format=table.text("format"), zone=table.text("zone", needed=False)
    )
    table.close()
    if len(table.faults) == before:
        try:
            time.stamps()
        except Refusal as refusal:
            table.faults.append(refusal)
    return time


def _column(table: _Table) -> SignalColumn:
    column = SignalColumn(
        name=table.text("name").strip(),
        tag=table.text("tag").strip(),
        unit=table.text("unit"),
        printed_unit=table.text("printed_unit", needed=False).strip(),
        quality=table.text("quality", needed=False).strip(),
        good=table.texts("good", needed=False),
    )
    table.close()
    if len(column.tag) > _LONGEST_TAG:
        table.invalid("tag", f"it has more than {_LONGEST_TAG} characters")
    if bool(column.quality) != bool(column.good):
        table.invalid("good", "a column of quality and the texts that vouch for a value belong together")
    try:
        unit(column.unit or "1")
    except Refusal as refusal:
        place = f"{table.place}unit"
        table.faults.append(Refusal(refusal.code, refusal.template, field=place, unit=column.unit))
    return column


def _twice(mapping: LogMapping) -> list[Refusal]:
    tags = Counter(column.tag for column in mapping.columns)
    names = Counter([*mapping.time.columns, *(column.name for column in mapping.columns)])
    repeated = [name for counted in (tags, names) for name, count in counted.items() if name and count > 1]
    return [
        Refusal("mapping_twice", "“{name}” is there twice in the mapping.", field="column", name=name)
        for name in repeated
    ]
