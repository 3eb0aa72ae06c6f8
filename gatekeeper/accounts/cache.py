"""Values kept in a process for as long as the rows that decide them stay as they are."""

from collections.abc import Callable, Hashable

from django.db import connection


class VersionedCache[K: Hashable, V]:
    """A bounded cache of one database's values, each with the version of what it was made from.

    A version is read before the value is made: what changes in between is of a newer version than is noted, and is made
    again the next time. Values are shared: nobody changes them. When ``most`` values are kept, all are dropped.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._values: dict[tuple[str, K], tuple[str, V]] = {}

    def get(self, key: K, version: str = "") -> V | None:
        """Return the value of this version, None when there is none."""
        entry = self._values.get(self._place(key))
        return entry[1] if entry is not None and entry[0] == version else None

    def put(self, key: K, value: V, version: str = "") -> V:
        """Keep a value under its version and return it."""
        place = self._place(key)
        if len(self._values) >= self._most and place not in self._values:
            self._values.clear()
        self._values[place] = (version, value)
        return value

    def get_or_make(self, key: K, version: str, make: Callable[[], V]) -> V:
        """Return the value of this version, made and kept when there is none."""
        value = self.get(key, version)
        return self.put(key, make(), version) if value is None else value

    def discard(self, key: K) -> None:
        """Drop a value, of whatever version."""
        self._values.pop(self._place(key), None)

    def __len__(self) -> int:
        return len(self._values)

    def _place(self, key: K) -> tuple[str, K]:
        return str(connection.settings_dict["NAME"]), key
