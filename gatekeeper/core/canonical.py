"""One spelling of a record as bytes, so that the same content always has the same digest (after RFC 8785)."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

_FIRST_INEXACT_INTEGER = 2**53  # RFC 7493 section 2.2: beyond it readers of JSON disagree


def canonical(content: object) -> bytes:
    """Return the content as JSON in UTF-8: keys in order of UTF-16 code units, no spaces, text in NFC.

    A Decimal becomes a string with exactly its digits, an aware datetime RFC 3339 in UTC with ``Z`` and microseconds
    only where there are any, a dataclass an object of its fields, an Enum its value.

    :raises TypeError: for a float, a naive datetime, a key that is not text and every type not named here.
    :raises ValueError: for an integer of 2^53 or more, a Decimal that is not finite, keys equal in NFC, and
        text that UTF-8 cannot write.
    """
    return json.dumps(_plain(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(content: object) -> str:
    """Return the SHA-256 of the canonical bytes in lower-case hexadecimal, 64 characters."""
    return hashlib.sha256(canonical(content)).hexdigest()


def _plain(content: object) -> object:  # noqa: PLR0911 -- one return a type is the table of types
    match content:
        case Enum():
            return _plain(content.value)
        case None | bool():
            return content
        case str():
            return unicodedata.normalize("NFC", content)
        case int():
            return _exact(content)
        case Decimal():
            return _digits(content)
        case datetime():
            return _instant(content)
        case date():
            return content.isoformat()
        case Mapping():
            return _ordered(content)
        case list() | tuple():
            return [_plain(part) for part in content]
    if is_dataclass(content) and not isinstance(content, type):
        return _ordered({field.name: getattr(content, field.name) for field in fields(content)})
    raise TypeError(f"{type(content).__name__} has no canonical form")


def _exact(whole: int) -> int:
    if abs(whole) >= _FIRST_INEXACT_INTEGER:
        raise ValueError(f"{whole} is too large for a JSON number: write it as text")
    return whole


def _digits(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError(f"{number} has no canonical form")
    return str(number)


def _instant(moment: datetime) -> str:
    if moment.utcoffset() is None:
        raise TypeError("a datetime without a time zone has no canonical form")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _ordered(table: Mapping[object, object]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, part in table.items():
        name = _plain(key)
        if not isinstance(name, str) or not isinstance(key, str):
            raise TypeError(f"the key {key!r} is not text")
        if name in plain:
            raise ValueError(f"two keys are both {name!r} in NFC")
        plain[name] = _plain(part)
    return dict(sorted(plain.items(), key=lambda entry: entry[0].encode("utf-16-be")))
