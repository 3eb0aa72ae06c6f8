"""What a value of an OPC UA server is as a sample: its time, its number, its quality; and what a gap is.

Qualities are those of OPC Data Access, as readings carry them: 192 and above good, 64 to 191 uncertain, below bad.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gatekeeper.core.refusal import Refusal
from gatekeeper.core.unit_codes import unece_of, unit_spelled

GOOD, UNCERTAIN, BAD = 192, 64, 0
MISDECLARED = 4  # bad, configuration error: the unit of the value is another than the tag was registered with
_CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
LOST = 24  # bad, communication failure: here values were or may have been lost on the way
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = 946_684_800_000_000  # the year 2000: before it a clock was never set, and the service refuses
# OPC 10000-8, annex A: the status codes that have a Data Access quality of their own. The rest goes by severity.
_QUALITIES: Mapping[int, int] = {
    0x8089: 4,  # BadConfigurationError
    0x808A: 8,  # BadNotConnected
    0x808B: 12,  # BadDeviceFailure
    0x808C: 16,  # BadSensorFailure
    0x8005: 24,  # BadCommunicationError
    0x8031: 24,  # BadNoCommunication
    0x808D: 28,  # BadOutOfService
    0x8032: 32,  # BadWaitingForInitialData
    0x4090: 68,  # UncertainLastUsableValue
    0x4093: 80,  # UncertainSensorNotAccurate
    0x4094: 84,  # UncertainEngineeringUnitsExceeded
    0x4095: 88,  # UncertainSubNormal
    0x0096: 216,  # GoodLocalOverride
}
_SLICE_US = 3_600_000_000
_OVERFLOW = 0x480  # OPC 10000-4, 7.39: the info bits belong to a data value, and its queue has lost values


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a tag at a time in µs since 1970. None is no value: its quality is never good."""

    tag: str
    time_us: int
    value: float | None
    quality: int

    def identity(self) -> tuple[str, int, str]:
        """Return what makes it the same sample when it comes again: tag, time, and value with quality as text."""
        return self.tag, self.time_us, f"{self.value!r} {self.quality}"


def said_otherwise(declared: str, unit_id: int, namespace: str) -> str:
    """Return the unit that a server says the values have, where it is another than the declared one, else nothing.

    A server says it by a UNECE code as a number (OPC 10000-8, EUInformation); in another namespace it says nothing
    that can be known. A code that the table of units does not have is another unit than any that it has.
    """
    unece = unece_of(unit_id) if namespace == _CEFACT else ""
    if not unece:
        return ""
    try:
        told = unit_spelled(unece).code
    except Refusal:
        return unece
    return "" if told == declared else told


def quality_of(status: int) -> int:
    """Return the quality of an OPC UA status code (32 bits)."""
    severity = {0: GOOD, 1: UNCERTAIN}.get(status >> 30 & 3, BAD)
    return _QUALITIES.get(status >> 16 & 0xFFFF, severity)


def has_overflowed(status: int) -> bool:
    """Return whether the server lost values of this monitored item just before this one, or after it."""
    return status & _OVERFLOW == _OVERFLOW


def number_of(value: Any) -> float | None:
    """Return a reading as a number; None for what is none: text, lists, NaN, the infinite."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def sample_of(
    tag: str,
    value: Any,
    status: int,
    source_time: datetime | None,
    server_time: datetime | None,
    *,
    trust_server_time: bool = False,
) -> Sample | None:
    """Return the sample of a data value, or None when it has no usable time at all.

    The time is the source's. Where the source set none, the server's stands in and the sample is at best uncertain,
    unless the configuration trusts it. A value that is no number is bad whatever its status says.
    """
    quality, number = quality_of(status), number_of(value)
    time_us = _micros(source_time)
    if time_us is None:
        time_us = _micros(server_time)
        if not trust_server_time:
            quality = min(quality, UNCERTAIN)
    if time_us is None:
        return None
    if number is None and quality >= UNCERTAIN:
        quality = BAD
    return Sample(tag, time_us, number, quality)


def _micros(moment: datetime | None) -> int | None:
    """Return µs since 1970; None for no time and for one before 2000. OPC UA times are UTC."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    micros = (aware - _EPOCH) // _MICROSECOND
    return micros if micros >= _FIRST_US else None


def moment_of(time_us: int) -> datetime:
    """Return the time as an aware datetime in UTC."""
    return _EPOCH + time_us * _MICROSECOND


@dataclass(slots=True)
class Join:
    """The time of one tag between what is kept and what came live, until it is known whole or known to be a gap.

    From ``resume_us``, up to which everything is kept, to ``live_us``, the first value that came live after it.
    History is believed when it holds both ends; what it does not hold is a gap.
    """

    tag: str
    resume_us: int
    live_us: int
    known_us: int = 0
    asked_us: int = 0
    began: bool = False

    def __post_init__(self) -> None:
        self.known_us = self.asked_us = self.resume_us

    @property
    def is_whole(self) -> bool:
        """Whether nothing can be missing between both ends."""
        return self.live_us == self.resume_us or (self.began and self.known_us >= self.live_us)

    def slice(self) -> tuple[int, int]:
        """Return the next times to ask history for, both included: at most an hour, so that no answer is too long."""
        return self.asked_us, min(self.asked_us + _SLICE_US, self.live_us + 1)

    @property
    def is_last_slice(self) -> bool:
        """Whether the next slice reaches the live value."""
        return self.asked_us + _SLICE_US > self.live_us

    def take(self, history: Sequence[Sample]) -> list[Sample]:
        """Return what history adds for the slice, gap included when it does not reach back to ``resume_us``.

        An hour without a value in the middle is believed: nothing has changed. The last slice is asked for again
        until it holds the live value, because a historian may write behind.
        """
        if not self.is_last_slice:
            self.asked_us = self.slice()[1]
        inside = sorted(
            (one for one in history if self.known_us <= one.time_us <= self.live_us), key=lambda one: one.time_us
        )
        if not inside:
            return []
        added: list[Sample] = []
        if not self.began:
            if inside[0].time_us > self.resume_us:
                added += gap(self.tag, self.resume_us, inside[0].time_us)
            self.began = True
        self.known_us = inside[-1].time_us
        return [*added, *inside]

    def give_up(self) -> list[Sample]:
        """Return the gap that is left between what is known and the live value."""
        return [] if self.is_whole else gap(self.tag, self.known_us, self.live_us)


def gap(tag: str, after_us: int, before_us: int) -> list[Sample]:
    """Return the mark of a gap, a bad sample just after the last known value; none where no time lies between."""
    if abs(before_us - after_us) <= 1:
        return []
    return [Sample(tag, after_us + 1, None, LOST)]


def is_gap(sample: Sample) -> bool:
    """Return whether the sample is the mark of a gap."""
    return sample.quality == LOST and sample.value is None


def columns(samples: Iterable[Sample]) -> dict[str, dict[str, list[Any]]]:
    """Return samples as the columns of a frame by tag, in the order given."""
    tags: dict[str, dict[str, list[Any]]] = {}
    for one in samples:
        column = tags.setdefault(one.tag, {"times": [], "values": [], "quality": []})
        column["times"].append(one.time_us)
        column["values"].append(one.value)
        column["quality"].append(one.quality)
    return tags
