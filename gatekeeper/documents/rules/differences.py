"""What differs between two versions of a document, value by value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: where it stands, and as text what it was and is; None where that version has no such value."""

    path: str
    before: str | None
    after: str | None


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Difference, ...]:
    """Return every value that is not the same in both, in the order of their paths.

    The tables of a list are compared by their ``code`` where each has one of its own, so that a table that is put in
    between changes no other; else by their place.
    """
    old, new = dict(_values(before, "")), dict(_values(after, ""))
    paths = sorted(old.keys() | new.keys())
    return tuple(Difference(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path))


def _values(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _values(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(part, Mapping | list | tuple) for part in value):
        for name, part in zip(_names(value), value, strict=True):
            yield from _values(part, f"{path}[{name}]")
    else:
        yield path, _text(value)


def _names(parts: list[object] | tuple[object, ...]) -> list[str]:
    codes = [str(part.get("code", "")) if isinstance(part, Mapping) else "" for part in parts]
    if all(codes) and len(set(codes)) == len(codes):
        return codes
    return [str(place) for place in range(1, len(parts) + 1)]


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "–" if value is None or value == {} else str(value)
