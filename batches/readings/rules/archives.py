"""Months of readings in files: which may go, how the files are called, and what the manifest of one says."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from batches.readings.rules.parquet_frames import ArchivedFrame, FileAlteredError
from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Kind, Refusal

FORMAT = "gatekeeper-readings-1"
# Nobody has to judge these lots again: each has been released or rejected, and what follows needs no reading.
DISPOSED = frozenset({"released", "rejected", "recalled", "expired", "consumed", "destroyed"})
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")  # the partitions are those of this century


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC, by its first day."""

    first: date

    def __str__(self) -> str:
        """Return year and month."""
        return f"{self.first:%Y-%m}"

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime(self.first.year, self.first.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return (self.start + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class LogPosition:
    """The newest sealed head of the evidence log when a file was written: its name, size and root (hexadecimal)."""

    origin: str
    entries: int
    root: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one file holds. ``frames`` are boot id, sequence, SHA-256 and number of samples, in the file's order."""

    format: str
    source: str
    month: str
    part: int
    ledger: LogPosition
    file: str
    file_sha256: str
    file_bytes: int
    segments: int
    samples: int
    frames: tuple[tuple[str, int, str, int], ...]

    @property
    def content(self) -> bytes:
        """The manifest as canonical JSON."""
        return canonical(self)


def month_from(text: str) -> Month:
    """Return the month that is written YYYY-MM.

    :raises Refusal: ``month_malformed``.
    """
    if not (found := _MONTH.fullmatch(text)):
        raise Refusal("month_malformed", "Write the month as YYYY-MM, of this century.", field="month")
    return Month(date(int(found[1]), int(found[2]), 1))


def check_cold(month: Month, *, at: datetime, after_days: int) -> None:
    """Pass when the month has been over for so many days.

    :raises Refusal: ``month_not_cold``.
    """
    cold_at = month.end + timedelta(days=after_days)
    if at < cold_at:
        raise Refusal(
            "month_not_cold",
            "{month} may go to files from {day} on: {days} days after its end.",
            kind=Kind.CONFLICT,
            field="month",
            month=month,
            day=cold_at.date(),
            days=after_days,
        )


def drop_faults(month: Month, *, waiting: Iterable[str], unjudged: int) -> list[Refusal]:
    """Return why a month may not be dropped: phases whose lot waits for its disposition, frames nobody has judged."""
    faults = [
        Refusal(
            "phase_without_disposition",
            "{phase} has readings in {month}, and its lot is neither released nor rejected.",
            kind=Kind.CONFLICT,
            field="month",
            phase=phase,
            month=month,
        )
        for phase in waiting
    ]
    if unjudged:
        faults.append(
            Refusal(
                "readings_not_judged",
                "{count} frames of {month} wait for the workers.",
                kind=Kind.CONFLICT,
                field="month",
                count=unjudged,
                month=month,
            )
        )
    return faults


def name_of(source: str, key: int, month: Month, part: int) -> str:
    """Return the name of a part's file and manifest, without endings: readable, and safe on any file system."""
    readable = re.sub(r"[^A-Za-z0-9_-]", "_", source)
    return f"{month}-{readable}-{key}-{part}"


def manifest_from(content: bytes) -> Manifest:
    """Return the manifest of these bytes.

    :raises FileAlteredError: for anything that ``Manifest.content`` would not write.
    """
    try:
        found = msgspec.json.decode(content, type=Manifest)
        same = found.content == content
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as fault:
        raise FileAlteredError(f"the manifest cannot be read: {fault}") from fault
    if not same or found.format != FORMAT:
        raise FileAlteredError("the manifest is not written as one")
    return found


def listed(frames: Iterable[ArchivedFrame]) -> tuple[tuple[str, int, str, int], ...]:
    """Return frames as a manifest names them."""
    return tuple((one.boot_id, one.sequence, one.sha256, one.samples) for one in frames)


def parts_here(present: set[str], parts: Sequence[tuple[int, frozenset[str]]]) -> list[int] | None:
    """Return the parts (key, digests of its frames) that together hold exactly the frames that are present.

    None when a part is present in part only, or a frame is in no part: then something is not archived yet.
    """
    here = [(key, frames) for key, frames in parts if frames & present]
    whole = all(frames <= present for _key, frames in here)
    return (
        [key for key, _frames in here] if whole and set().union(*(frames for _k, frames in here)) == present else None
    )
