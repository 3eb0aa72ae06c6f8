"""A document's file -> its heading and content, with every fault at its path, and in TOML at its line and column."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.core.documents import LONGEST_SCOPE, DocumentKind, Heading, heading_of
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.core.toml import MOST_BYTES, TomlFile, inexact, toml_file

TOML, JSON = "application/toml", "application/json"
_DEEPEST, _MOST_FAULTS = 16, 100
_PLACE = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says."""

    heading: Heading
    scope: str
    content: Mapping[str, Any]


def read(kind: DocumentKind, source: bytes, media_type: str = TOML) -> Reading:
    """Return what a file of this kind says.

    :raises Refusal: those of ``core.toml.toml_file`` or ``not_json``; all at once those of
        ``core.documents.heading_of``, of ``core.toml.inexact`` and of the kind, one for each path, a hundred at most.
    """
    file = toml_file(source) if media_type == TOML else None
    tables = file.table if file else _json(source)
    faults: list[Refusal] = []
    heading = heading_of(kind, tables, faults)
    faults += inexact(tables)
    content: Mapping[str, Any] = {}
    try:
        content = kind.content(tables)
    except Refusal as refusal:
        faults += refusal.all
    refuse_all(_once(faults, file))
    scope = kind.scope(heading, content)
    if len(scope) > LONGEST_SCOPE:
        raise Refusal("text_too_long", "At most {limit} characters fit here.", limit=LONGEST_SCOPE)
    return Reading(heading, scope, content)


def placed(source: bytes, media_type: str, refusal: Refusal) -> list[Refusal]:
    """Return every fault of a refusal with the place of its field in the file."""
    return _once(list(refusal.all), toml_file(source) if media_type == TOML else None)


def _once(faults: list[Refusal], file: TomlFile | None) -> list[Refusal]:
    """Return the first fault of each path, as many as a person reads."""
    first: dict[str, Refusal] = {}
    for number, fault in enumerate(faults):
        field, params = _PLACE.sub(r".\1", fault.field or "") or None, dict[str, Any](fault.params)
        moved = Refusal(fault.code, fault.template, field=field, kind=fault.kind, **params)
        first.setdefault(field or f"#{number}", moved)
    rows = list(first.values())[:_MOST_FAULTS]
    return file.placed(rows) if file else rows


def _json(source: bytes) -> Mapping[str, Any]:
    if len(source) > MOST_BYTES:
        raise Refusal("file_too_large", "The file is larger than {limit} bytes.", field="file", limit=MOST_BYTES)
    try:
        tables = json.loads(source.decode())
    except (ValueError, RecursionError) as fault:
        raise Refusal("not_json", "This is no JSON: {fault}.", field="file", fault=str(fault)) from None
    if not isinstance(tables, Mapping):
        raise Refusal("not_json", "This is no JSON: {fault}.", field="file", fault="no object")
    _check_depth(tables, 1)
    return tables


def _check_depth(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise Refusal("nested_too_deeply", "A file nests at most {limit} levels.", field="file", limit=_DEEPEST)
    if isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            _check_depth(part, depth + 1)
