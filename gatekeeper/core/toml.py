"""Bytes of a TOML file -> a table that a record can hold word for word: the one way in of every definition."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from gatekeeper.core.refusal import Refusal, refuse_all

_LARGEST_INTEGER = 2**53 - 1  # beyond it readers of JSON disagree: core.canonical writes none


def toml_table(toml: bytes) -> dict[str, Any]:
    """Return the table that these bytes write, each of its texts one that the database can keep.

    :raises Refusal: ``not_toml``; ``text_unprintable`` at the place of a text with a NUL in it.
    """
    try:
        table = tomllib.loads(toml.decode("utf-8-sig"))
    except (ValueError, RecursionError) as fault:  # brackets without an end nest too deeply for the reader
        raise Refusal("not_toml", "This is no TOML: {fault}.", field="file", fault=str(fault).rstrip(".")) from None
    refuse_all(
        [
            Refusal("text_unprintable", "“{key}” holds a character that no record can.", field=place, key=place)
            for place, value in _leaves(table)
            if "\0" in place or (isinstance(value, str) and "\0" in value)
        ]
    )
    return table


def check_exact(table: Mapping[str, Any]) -> None:
    """Pass when the table has one canonical form: no binary fraction, no date, no number beyond 2^53.

    :raises Refusal: every fault at its place: ``number_not_text``, ``date_not_text``, ``number_out_of_range``.
    """
    refuse_all([fault for place, value in _leaves(table) if (fault := _inexact(place, value)) is not None])


def _inexact(place: str, value: object) -> Refusal | None:
    match value:
        case float():
            return Refusal(
                "number_not_text", "Write the number “{key}” in quotes: it is kept as written.", field=place, key=place
            )
        case datetime() | date() | time():
            return Refusal("date_not_text", "Write the date “{key}” in quotes.", field=place, key=place)
        case int() if abs(value) > _LARGEST_INTEGER:
            return Refusal("number_out_of_range", "“{text}” has too many digits.", field=place, text=place)
    return None


def _leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    if not isinstance(value, dict | list):
        yield place, value
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(part, f"{place}.{key}" if place else f"{key}")
