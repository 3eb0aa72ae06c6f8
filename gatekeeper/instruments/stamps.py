"""Time stamps of a log in the format and zone that its mapping names -> microseconds since 1970, UTC.

Only what can be told is told: an hour that clocks skip or repeat is named and never guessed.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.traces import Times

NOT_RECOGNISED = "time_not_recognised"
SKIPPED = "time_does_not_exist"
REPEATED = "time_ambiguous"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Directive of strftime -> what it may look like; two digits of a year are of this century.
_DIRECTIVES = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{1,2}",
    "b": "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "p": "(?i:am|pm)",
    "M": "[0-9]{1,2}",
    "S": "[0-9]{1,2}",
    "f": "[0-9]{1,6}",
    "z": "Z|[+-][0-9]{2}:?[0-9]{2}",
}
# One of each group must be there, and no other of it beside it.
_NEEDED = ({"Y", "y"}, {"m", "b"}, {"d"}, {"H", "I"}, {"M"})
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):?(?P<minutes>[0-5][0-9])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000


def zone_named(name: str) -> tzinfo:
    """Return the time zone of an IANA name (``Europe/Berlin``) or of an offset (``+01:00``).

    :raises Refusal: ``mapping_value_invalid``.
    """
    offset = _OFFSET.fullmatch(name)
    if offset:
        return _fixed(offset)
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise _invalid("time.zone", "there is no time zone of this name") from None


def _fixed(match: re.Match[str]) -> timezone:
    ahead = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-ahead if match["sign"] == "-" else ahead)


def _invalid(field: str, reason: str) -> Refusal:
    return Refusal(
        "mapping_value_invalid", "{name} of the mapping is not valid: {reason}.", field=field, name=field, reason=reason
    )


def _pattern(text: str) -> tuple[re.Pattern[str], frozenset[str]]:
    parts: list[str] = []
    used: Counter[str] = Counter()
    for directive, literal in re.findall(r"%(.?)|([^%]+)", text, flags=re.DOTALL):
        if directive in _DIRECTIVES:
            used[directive] += 1
            parts.append(f"(?P<{directive}>{_DIRECTIVES[directive]})" if used[directive] == 1 else "")
        elif literal or directive == "%":
            parts.append(re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(literal or "%")))
        else:
            raise _invalid("time.format", f"%{directive} is not known")
    fine = (
        max(used.values(), default=0) == 1
        and all(len(group & used.keys()) == 1 for group in _NEEDED)
        and ("I" in used) == ("p" in used)
        and ("f" not in used or "S" in used)
    )
    if not fine:
        raise _invalid("time.format", "it must name year, month, day, hour and minute once each, and %p with %I")
    return re.compile("".join(parts)), frozenset(used)


class Stamps:
    """Reads time stamps of one format; ``zone`` is empty where the format itself holds the offset (%z)."""

    def __init__(self, text: str, zone: str) -> None:
        """Prepare a format.

        :raises Refusal: ``mapping_value_invalid``.
        """
        self._pattern, used = _pattern(text)
        if ("z" in used) == bool(zone):
            raise _invalid("time.zone", "the zone is named either here or by %z in the format, and never in both")
        self._zone = zone_named(zone) if zone else None
        # What decides about the minute; lines of one minute share its zone's arithmetic.
        self._minute_by = tuple(sorted(used - {"S", "f"}))
        self._second_by = tuple(sorted(used & {"S", "f"}))
        self._minutes: dict[tuple[str, ...], int | str] = {}

    def times(self, texts: Sequence[str]) -> tuple[Times, list[tuple[int, str]]]:
        """Return the times in µs, 0 where there is none, and (index, code) of each text that gives none.

        Codes: ``time_not_recognised``, ``time_does_not_exist``, ``time_ambiguous``.
        """
        found: list[int] = []
        faults: list[tuple[int, str]] = []
        for index, text in enumerate(texts):
            at = self._instant(text)
            if isinstance(at, str):
                faults.append((index, at))
                at = 0
            found.append(at)
        return np.array(found, dtype=np.int64), faults

    def _instant(self, text: str) -> int | str:
        match = self._pattern.fullmatch(text)
        if match is None:
            return NOT_RECOGNISED
        key = match.group(*self._minute_by)
        minute = self._minutes.get(key)
        if minute is None:
            minute = self._minutes[key] = self._minute(dict(zip(self._minute_by, key, strict=True)))
        if isinstance(minute, str) or not self._second_by:
            return minute
        seconds = int(match["S"])
        if seconds > 59:
            return NOT_RECOGNISED
        fraction = int(match["f"].ljust(6, "0")) if len(self._second_by) > 1 else 0
        return minute + seconds * _SECOND_US + fraction

    def _minute(self, told: dict[str, str]) -> int | str:
        year = int(told["Y"]) if "Y" in told else 2000 + int(told["y"])
        month = int(told["m"]) if "m" in told else _MONTHS.index(told["b"].lower()) + 1
        try:
            local = datetime(year, month, int(told["d"]), _hour(told), int(told["M"]))  # noqa: DTZ001 -- zoned below
            return self._utc(local, told)
        except (ValueError, OverflowError):
            return NOT_RECOGNISED

    def _utc(self, local: datetime, told: dict[str, str]) -> int | str:
        zone = self._zone
        if zone is None:
            offset = _OFFSET.fullmatch(told["z"])
            if offset is None and told["z"] != "Z":
                return NOT_RECOGNISED
            zone = _fixed(offset) if offset else UTC
        zoned = local.replace(tzinfo=zone)
        if zoned.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            return SKIPPED
        if zoned.utcoffset() != zoned.replace(fold=1).utcoffset():
            return REPEATED
        return (zoned - _EPOCH) // _MICROSECOND


def _hour(told: dict[str, str]) -> int:
    if "H" in told:
        return int(told["H"])
    hour = int(told["I"])
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if told["p"].lower() == "pm" else 0)
