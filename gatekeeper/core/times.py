"""Times as µs since 1970 (UTC), as readings are stored and evaluated, and as text for people."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return an aware time as µs since 1970."""
    return (at - EPOCH) // _MICROSECOND


def moment(at_us: int) -> datetime:
    """Return µs since 1970 as an aware time in UTC."""
    return EPOCH + timedelta(microseconds=int(at_us))


def in_zone(at: datetime, zone: str) -> str:
    """Return a time in a zone (IANA name), to the second, with the zone named."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
