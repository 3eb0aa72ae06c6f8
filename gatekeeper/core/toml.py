"""Bytes of a TOML file -> a table that a record can hold word for word: the one way in of every definition.

What a file may cost is decided before anything is built of it: its size, how deep it nests and how long a key, a text
and a number in it are. The scan that checks this also says where each value stands.
"""

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from gatekeeper.core.refusal import Refusal, refuse_all

MOST_BYTES = 1024 * 1024
_DEEPEST = 16  # keys and places from the top of the file to a value
_LONGEST_KEY, _LONGEST_TEXT, _LONGEST_NUMBER = 100, 20_000, 64  # characters
_MOST_VALUES = 50_000
_LARGEST_INTEGER = 2**53 - 1  # beyond it readers of JSON disagree: core.canonical writes none

_BASIC, _LITERAL = r'"(?:[^"\\\n]++|\\.)*+"', r"'[^'\n]*+'"
_TEXT = (
    rf'"""(?:[^"\\]++|\\.|"{{1,2}}+(?!"))*+"{{3,5}}|\'\'\'(?:[^\']++|\'{{1,2}}+(?!\'))*+\'{{3,5}}|{_BASIC}|{_LITERAL}'
)
_PART = rf"(?:[A-Za-z0-9_-]++|{_BASIC}|{_LITERAL})"
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_GAP = r"(?P<gap>(?:[ \t\r\n]++|\#[^\n]*+)++)"
_PARTS = re.compile(_PART, re.DOTALL)
# Where a key or the header of a table can stand, and where a value can.
_ENTRY = re.compile(
    rf"{_GAP}|(?P<header>\[\[?[ \t]*+{_KEY}[ \t]*+\]\]?)|(?P<key>{_KEY}[ \t]*+=)|(?P<comma>,)|(?P<close>[\]}}])",
    re.DOTALL,
)
_VALUE = re.compile(
    rf"{_GAP}|(?P<text>{_TEXT})|(?P<open>[\[{{])|(?P<comma>,)|(?P<close>[\]}}])|(?P<bare>[^\s\[\]{{}}=,\#\"']++)",
    re.DOTALL,
)
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # in no text of the database, or of UTF-8
_TOLD = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

type Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The table that a file writes, and where in the file each of its values stands."""

    table: dict[str, Any]
    text: str
    offsets: Mapping[str, int]

    def placed(self, faults: list[Refusal]) -> list[Refusal]:
        """Return the faults with ``line`` and ``column`` (from 1) of their field, or of the table that lacks it."""
        lines = _line_starts(self.text)
        return [_at(fault, lines, self._offset(fault.field or "")) for fault in faults]

    def _offset(self, path: str) -> int:
        while path and path not in self.offsets:
            path = path.rpartition(".")[0]
        return self.offsets.get(path, 0)


def toml_table(toml: bytes) -> dict[str, Any]:
    """Return the table that these bytes write, each of its texts one that the database can keep.

    :raises Refusal: those of ``toml_file``; ``text_unprintable`` at the place of a text with a NUL in it.
    """
    file = toml_file(toml)
    refuse_all(file.placed([fault for fault in inexact(file.table) if fault.code == "text_unprintable"]))
    return file.table


def toml_file(toml: bytes) -> TomlFile:
    """Return the table that these bytes write, with the place of each value; in time linear to their number.

    :raises Refusal: at a line and column: ``file_too_large``, ``not_toml``, ``nested_too_deeply``, ``key_too_long``,
        ``text_too_long``, ``number_out_of_range``, ``too_many_values``.
    """
    if len(toml) > MOST_BYTES:
        raise Refusal("file_too_large", "The file is larger than {limit} bytes.", field="file", limit=MOST_BYTES)
    try:
        text = toml.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise _not_toml(toml[: fault.start].decode("utf-8-sig"), fault.start, fault.reason) from None
    offsets = _Scan(text).run()
    try:
        return TomlFile(tomllib.loads(text), text, offsets)
    except ValueError as fault:
        told = _TOLD.search(str(fault))
        offset = _line_starts(text)[int(told[1]) - 1] + int(told[2]) - 1 if told and told[1] else len(text)
        raise _not_toml(text, offset, _TOLD.sub("", str(fault)).rstrip(".")) from None


def check_exact(table: Mapping[str, Any]) -> None:
    """Pass when the table has one canonical form.

    :raises Refusal: every fault of ``inexact``.
    """
    refuse_all(inexact(table))


def inexact(value: object, place: str = "") -> list[Refusal]:
    """Return what in a table has no canonical form, or none that the database can keep, each at its place.

    ``number_not_text`` (a binary fraction), ``date_not_text``, ``number_out_of_range`` (beyond 2^53),
    ``text_unprintable`` (a NUL, half a surrogate pair), ``key_twice`` (two keys that are equal in Unicode's NFC).
    """
    return [fault for path, leaf in _leaves(value, place) if (fault := _fault(path, leaf)) is not None]


@dataclass(slots=True)
class _Scan:
    """One pass over a file: the offset of each value by its dotted path, and a refusal where a bound is crossed."""

    text: str
    offsets: dict[str, int] = field(default_factory=lambda: {"": 0})
    tables: dict[Path, int] = field(default_factory=dict)  # how many tables an array of tables has by now
    table: Path = ()  # that the lines belong to
    path: Path = ()  # of the value that is read
    is_due: bool = False  # a key was read: its value comes next
    brackets: list[tuple[str, Path]] = field(default_factory=list)  # what closes each, and the path of what it holds
    counts: list[int] = field(default_factory=list)  # how many values each of these brackets holds by now

    def run(self) -> dict[str, int]:
        """Return the offsets."""
        offset, end = 0, len(self.text)
        while offset < end:
            is_array = bool(self.brackets) and self.brackets[-1][0] == "]"
            match = (_VALUE if self.is_due or is_array else _ENTRY).match(self.text, offset)
            if match is None:
                raise _not_toml(self.text, offset, "Not understood from here")
            match match.lastgroup:
                case "header":
                    self._header(match.group(), offset)
                case "key":
                    names = self._names(match.group()[:-1], offset)
                    self._enter((*(self.brackets[-1][1] if self.brackets else self.table), *names), offset)
                    self.is_due = True
                case "text" | "bare" | "open":
                    self._value(match.lastgroup, match.group(), offset)
                case "close" if not self.brackets or self.brackets.pop()[0] != match.group():
                    raise _not_toml(self.text, offset, "This bracket closes nothing")
                case "close":
                    self.counts.pop()
            offset = match.end()
        return self.offsets

    def _header(self, written: str, offset: int) -> None:
        names = self._names(written.strip("[]"), offset)
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self.tables:
                path = (*path, str(self.tables[path] - 1))
        path = (*path, names[-1])
        if written.startswith("[["):
            self.tables[path] = self.tables.get(path, 0) + 1
            path = (*path, str(self.tables[path] - 1))
        self._enter(path, offset)
        self.table = path

    def _value(self, kind: str, written: str, offset: int) -> None:
        if not self.is_due:
            self._enter((*self.brackets[-1][1], str(self.counts[-1])), offset)
            self.counts[-1] += 1
        self.is_due = False
        if kind == "open":
            self.brackets.append(("]" if written == "[" else "}", self.path))
            self.counts.append(0)
        elif kind == "text" and len(written) > _LONGEST_TEXT:
            raise self._beyond("text_too_long", "At most {limit} characters fit here.", _LONGEST_TEXT, offset)
        elif kind == "bare" and len(written) > _LONGEST_NUMBER:
            raise self._beyond("number_out_of_range", "A number has at most {limit} digits.", _LONGEST_NUMBER, offset)

    def _names(self, written: str, offset: int) -> list[str]:
        names = _PARTS.findall(written)
        if len(names) > _DEEPEST:
            raise self._beyond("nested_too_deeply", "A file nests at most {limit} levels.", _DEEPEST, offset)
        if max(map(len, names)) > _LONGEST_KEY:
            raise self._beyond("key_too_long", "A key has at most {limit} characters.", _LONGEST_KEY, offset)
        return [self._unquoted(name, offset) for name in names]

    def _unquoted(self, name: str, offset: int) -> str:
        if not name.startswith(('"', "'")):
            return name
        try:
            return str(tomllib.loads(f"key = {name}")["key"])
        except ValueError:
            raise _not_toml(self.text, offset, "This is no key") from None

    def _enter(self, path: Path, offset: int) -> None:
        if len(path) > _DEEPEST:
            raise self._beyond("nested_too_deeply", "A file nests at most {limit} levels.", _DEEPEST, offset)
        if len(self.offsets) > _MOST_VALUES:
            raise self._beyond("too_many_values", "A file has at most {limit} values.", _MOST_VALUES, offset)
        self.path = path
        self.offsets.setdefault(".".join(path), offset)

    def _beyond(self, code: str, template: str, limit: int, offset: int) -> Refusal:
        field = ".".join(self.path) or "file"
        return _at(Refusal(code, template, field=field, limit=limit), _line_starts(self.text), offset)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _at(fault: Refusal, lines: list[int], offset: int) -> Refusal:
    line = bisect_right(lines, offset)
    params: dict[str, Any] = {**fault.params, "line": line, "column": offset - lines[line - 1] + 1}
    return Refusal(fault.code, fault.template, field=fault.field, kind=fault.kind, **params)


def _not_toml(text: str, offset: int, reason: str) -> Refusal:
    fault = Refusal("not_toml", "This is no TOML: {fault}.", field="file", fault=reason)
    return _at(fault, _line_starts(text), min(offset, len(text)))


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    if not isinstance(value, Mapping | list):
        yield place, value
        return
    if isinstance(value, Mapping) and len({unicodedata.normalize("NFC", key) for key in value}) < len(value):
        yield place, _Twice()
    for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _leaves(part, f"{place}.{key}" if place else f"{key}")


class _Twice:
    """Stands for a table of which two keys are one."""


def _fault(place: str, value: object) -> Refusal | None:
    code = template = ""
    match value:
        case _ if _UNWRITABLE.search(place) or (isinstance(value, str) and _UNWRITABLE.search(value)):
            code, template = "text_unprintable", "“{key}” holds a character that no record can."
        case _Twice():
            code, template = "key_twice", "Two keys of “{key}” are the same text."
        case float():
            code, template = "number_not_text", "Write the number “{key}” in quotes: it is kept as written."
        case datetime() | date() | time():
            code, template = "date_not_text", "Write the date “{key}” in quotes."
        case int() if abs(value) > _LARGEST_INTEGER:
            return Refusal("number_out_of_range", "“{text}” has too many digits.", field=place, text=value)
    return Refusal(code, template, field=place, key=place) if code else None
