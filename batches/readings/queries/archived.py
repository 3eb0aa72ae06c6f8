"""Readings that have left the database for files: whoever needs them is told so, and never answered from fewer."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from batches.readings.models import ArchivedMonth, ArchiveMove, Frame, Segment
from gatekeeper.core.refusal import Kind, Refusal

ARCHIVED = "readings_archived"


def away_between(sources: Iterable[int], start: datetime, end: datetime | None) -> tuple[Frame, ...]:
    """Return the frames of these sources (keys) with samples of this time whose readings have left the database.

    Mostly one look into a small table: only where a month that was dropped touches the time are frames looked for.
    """
    keys = list(sources)
    dropped = with_moves(ArchivedMonth.objects.filter(source__in=keys, last_at__gte=start))
    dropped = dropped.filter(moved=ArchiveMove.Kind.DROPPED)
    frames = Frame.objects.filter(source__in=keys, last_at__gte=start)
    if end is not None:
        dropped, frames = dropped.filter(first_at__lte=end), frames.filter(first_at__lte=end)
    if not dropped.exists():
        return ()
    return tuple(frames.filter(~has_readings()).select_related("source").order_by("first_at", "pk"))


def check_not_away(sources: Iterable[int], start: datetime, end: datetime | None) -> None:
    """Pass when every sample of these sources and this time is in the database; ask after they were read.

    A drop is recorded before it is done, so that whoever has read what it left behind finds the record.

    :raises Refusal: ``readings_archived``, with the month and where its files were written.
    """
    if found := away_between(sources, start, end):
        raise archived(found[0])


def archived(frame: Frame) -> Refusal:
    """Return what is said to whoever needs the readings of a frame that lie in a file."""
    month = frame.first_at.astimezone(UTC).date().replace(day=1)
    part = ArchivedMonth.objects.filter(source=frame.source, month_date=month).order_by("-part").first()
    return Refusal(
        "readings_archived",
        "Readings of {source} in {month} are archived in {place}: restore_readings brings them back.",
        kind=Kind.CONFLICT,
        source=frame.source.code,
        month=f"{month:%Y-%m}",
        place=part.place if part else "?",
    )


def has_readings() -> Exists:
    """Return whether the readings of a frame, the outer row, are in the database: it has at least one segment."""
    return Exists(
        Segment.objects.filter(source=OuterRef("source"), frame=OuterRef("pk"), frame_at=OuterRef("first_at"))
    )


def with_moves(parts: QuerySet[ArchivedMonth]) -> QuerySet[ArchivedMonth]:
    """Return parts with ``moved``: dropped, restored, or None for what has never left the database."""
    newest = ArchiveMove.objects.filter(archive=OuterRef("pk")).order_by("-id")
    return parts.annotate(moved=Subquery(newest.values("kind")[:1]))
