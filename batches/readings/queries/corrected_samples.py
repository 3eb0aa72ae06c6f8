"""How stored samples are read: the one place where disputes, corrections and the quarantine come before any rule.

The columns stay as they were sent. Whoever reads them for a judgement or a picture asks here for the times that count,
and puts ``content`` into the digest of its inputs: it changes whenever any answer of this module does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import (
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from batches.models import Phase
from batches.readings.models import ClockCorrection, ConflictResolution, Frame, Segment, Source, Tag
from batches.readings.queries.disputes import Disputed, disputed_frames, other_columns
from batches.readings.rules.clocks import Correction, Flags, Times, ahead, offset_in_us, offset_us
from batches.readings.rules.disputes import NEITHER
from batches.readings.rules.frames import signal_from
from batches.readings.rules.parameters import SignalType, sent_signal
from batches.readings.rules.signals import DISPUTED, Signal, joined_signal
from gatekeeper.core.times import micros

# What is read of a segment: tag, digest and primary key of its frame, times, values, quality, and of the frame source,
# boot id, sequence and when it was received.
type Row = tuple[int, str, int, bytes, bytes, bytes | None, int, str, int, datetime]
PLACE = ("frame__source_id", "frame__boot_id", "frame__sequence", "frame__received_at")
ROW = ("tag_id", "frame__sha256", "frame_id", "times", "values", "quality", *PLACE)


@dataclass(frozen=True, slots=True)
class Place:
    """The frame that samples came in: source (primary key), boot id, sequence, and when it was received."""

    source: int
    boot_id: str
    sequence: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """The corrections of some sources (by primary key, oldest first), the tolerance of the quarantine in µs, disputes.

    ``disputes`` are the disputed frames by primary key. They are no part of ``content``, because only those of the time
    that is judged belong into a digest: ``disputes_between`` says which.
    """

    corrections: Mapping[int, tuple[Correction, ...]]
    tolerance_us: int
    disputes: Mapping[int, Disputed]
    content: dict[str, Any]

    def offset_us(self, source: int, boot_id: str, sequence: int) -> int:
        """Return what is added to the event times of a frame."""
        return offset_us(self.corrections.get(source, ()), boot_id, sequence)

    def span(self, start_us: int, end_us: int) -> tuple[int, int]:
        """Return between which times (µs) as sent the samples between two times that count must lie."""
        offsets = [0, *(one.offset_us for rows in self.corrections.values() for one in rows)]
        return start_us - max(offsets), end_us - min(offsets)

    def times(self, times: Times, place: Place) -> tuple[Times, Flags]:
        """Return the times that count, and which of the samples are not in quarantine."""
        offset = self.offset_us(place.source, place.boot_id, place.sequence)
        counted = times + offset if offset else times
        received = micros(place.received_at)
        return counted, ~ahead(counted, received_us=received, tolerance_us=self.tolerance_us)

    def disputes_between(self, start_us: int, end_us: int | None) -> list[str]:
        """Return what is said of each dispute that has samples between two times as sent (None: without an end)."""
        return sorted(known.dispute.said for known in self.between(start_us, end_us).values())

    def between(self, start_us: int, end_us: int | None) -> dict[int, Disputed]:
        """Return the disputed frames, by primary key, that have samples between two times as sent."""
        return {
            pk: known
            for pk, known in self.disputes.items()
            if micros(known.last_at) >= start_us and (end_us is None or micros(known.first_at) <= end_us)
        }

    def stored(self, row: "Row") -> Signal:
        """Return the signal of one segment (of ``rows_that_count``) as it counts."""
        _tag, _sha256, frame, times, values, quality = row[:6]
        sent = signal_from(times, values, quality)
        known = self.disputes.get(frame)
        if known is not None and not known.dispute.is_trusted:
            # Which of several bodies is true is not known, or none is: no sample is trusted, and nothing is
            # connected across it. domain.md 2.2, 9.
            nothing, marks = np.zeros(len(sent.times), np.bool_), np.full(len(sent.times), DISPUTED, np.int8)
            sent = replace(sent, good=nothing, void=marks)
        return self.signal(sent, Place(*row[6:]))

    def rows_that_count(self, rows: Iterable["Row"]) -> list["Row"]:
        """Return the segments that count among the stored ones: not those of a frame of which another body does."""
        disputes = self.disputes
        return [row for row in rows if row[2] not in disputes or not disputes[row[2]].dispute.is_replaced]

    def other_rows(self, tags: Iterable[Tag], *, since: int, until: int | None = None) -> Iterator["Row"]:
        """Yield the segments of other bodies that count, those with samples between two times as sent (µs)."""
        by_code = {(tag.source_id, tag.code): tag for tag in tags}
        for pk, known in self.between(since, until).items():
            for column in other_columns(known):
                tag = by_code.get((known.source, column.tag))
                first, last = int(column.times.min()), int(column.times.max())
                if tag is None or last < since or (until is not None and first > until):
                    continue
                assert known.dispute.counts is not None
                assert known.body_at is not None
                place = (known.source, known.boot_id, known.sequence, known.body_at)
                yield (tag.pk, known.dispute.counts, pk, *column.packed, *place)

    def signal(self, sent: Signal, place: Place) -> Signal:
        """Return the signal that counts: at its corrected times, without what is in quarantine."""
        counted, kept = self.times(sent.times, place)
        if kept.all():
            return replace(sent, times=counted)
        return Signal(counted[kept], sent.values[kept], sent.good[kept], sent.marks[kept])


def reading_of(sources: Collection[int] | QuerySet[Source]) -> Reading:
    """Return how the samples of these sources (primary keys) are read."""
    found: dict[int, list[Correction]] = defaultdict(list)
    content: list[list[Any]] = []
    rows = ClockCorrection.objects.filter(source__in=sources).select_related("source").order_by("source__code", "id")
    for row in rows:
        offset = offset_in_us(row.offset_s)
        found[row.source_id].append(Correction(row.boot_id, row.first_sequence, row.last_sequence, offset))
        content.append([row.source.code, row.boot_id, row.first_sequence, row.last_sequence, offset])
    return Reading(
        {source: tuple(rows) for source, rows in found.items()},
        settings.READINGS_FUTURE_TOLERANCE_SECONDS * 1_000_000,
        disputed_frames(sources=sources),
        {"tolerance_s": settings.READINGS_FUTURE_TOLERANCE_SECONDS, "clock_corrections": content},
    )


def signals_by_source(tags: Iterable[Tag], parts: Mapping[int, Sequence[Signal]]) -> dict[str, dict[str, Signal]]:
    """Return what each source sent, by parameter and in its unit, from the parts of each tag (by primary key)."""
    sources: dict[str, dict[str, Signal]] = defaultdict(dict)
    for tag in sorted(tags, key=lambda tag: (tag.source.code, tag.code)):
        sources[tag.source.code][tag.parameter] = sent_signal(
            joined_signal(parts.get(tag.pk, ())),
            unit=tag.unit,
            code=tag.parameter,
            low=tag.range_low,
            high=tag.range_high,
        )
    return sources


def types_by_source(tags: Iterable[Tag]) -> dict[str, dict[str, SignalType]]:
    """Return the signal types that the tags declare, by source and parameter."""
    sources: dict[str, dict[str, SignalType]] = defaultdict(dict)
    for tag in tags:
        sources[tag.source.code][tag.parameter] = tag.declared_type
    return sources


def quarantined_as_sent(times: Times, received_at: datetime) -> int:
    """Return how many of the times as sent lie too far after the frame was received."""
    received = micros(received_at)
    tolerance = settings.READINGS_FUTURE_TOLERANCE_SECONDS * 1_000_000
    return int(ahead(times, received_us=received, tolerance_us=tolerance).sum())


def corrected_frames(sources: Collection[Source] | QuerySet[Source]) -> QuerySet[Frame]:
    """Return the frames of sources with ``offset_s`` and the times that count, ``from_at`` and ``until_at``."""
    corrections = ClockCorrection.objects.filter(
        Q(last_sequence__isnull=True) | Q(last_sequence__gte=OuterRef("sequence")),
        source=OuterRef("source"),
        boot_id=OuterRef("boot_id"),
        first_sequence__lte=OuterRef("sequence"),
    ).order_by("-id")
    offset = Coalesce(Subquery(corrections.values("offset_s")[:1]), Value(Decimal(0)), output_field=DecimalField())
    duration = ExpressionWrapper(F("offset_s") * Value(timedelta(seconds=1)), output_field=DurationField())
    return (
        Frame.objects.filter(source__in=sources)
        .annotate(offset_s=offset)
        .annotate(from_at=F("first_at") + duration, until_at=F("last_at") + duration)
    )


def frames_ahead(sources: Collection[Source] | QuerySet[Source]) -> QuerySet[Frame]:
    """Return the frames of sources that hold samples in quarantine."""
    tolerance = timedelta(seconds=settings.READINGS_FUTURE_TOLERANCE_SECONDS)
    found = corrected_frames(sources).filter(until_at__gt=F("received_at") + Value(tolerance))
    if not ClockCorrection.objects.filter(source__in=sources).exists():
        found = found.filter(last_at__gt=F("received_at"))  # what the index of frames ahead knows
    return found


def is_as_sent(sources: Collection[Source] | QuerySet[Source]) -> bool:
    """Return whether the samples of these sources are read as stored: none moved, replaced or in quarantine."""
    corrected = ClockCorrection.objects.filter(source__in=sources)
    replaced = ConflictResolution.objects.filter(frame__source__in=sources)
    replaced = replaced.exclude(chosen=NEITHER).exclude(chosen=F("frame__sha256"))
    return not corrected.exists() and not replaced.exists() and not frames_ahead(sources).exists()


def quarantined_in(frames: Collection[Frame] | QuerySet[Frame]) -> dict[int, int]:
    """Return how many samples of each of these frames are in quarantine, by primary key; those with none are left out.

    A sample is one value of one tag.
    """
    known = {row.pk: row for row in frames}
    reading = reading_of({row.source_id for row in known.values()})
    counts: dict[int, int] = defaultdict(int)
    places = {
        "source__in": {row.source_id for row in known.values()},
        "frame_at__in": [row.first_at for row in known.values()],
    }
    for frame, times in Segment.objects.filter(frame__in=known, **places).values_list("frame_id", "times"):
        row = known[frame]
        if frame in reading.disputes and reading.disputes[frame].dispute.is_replaced:
            continue
        place = Place(row.source_id, row.boot_id, row.sequence, row.received_at)
        _times, kept = reading.times(np.frombuffer(bytes(times), dtype="<i8"), place)
        if not kept.all():
            counts[frame] += int((~kept).sum())
    return dict(counts)


def quarantined_of(phase: Phase) -> int:
    """Return how many samples in quarantine may belong to a phase: of its time, or received while it ran."""
    if phase.started_at is None:
        return 0
    received, timed = Q(received_at__gte=phase.started_at), Q(until_at__gte=phase.started_at)
    if phase.performed_at is not None:
        received, timed = received & Q(received_at__lte=phase.performed_at), timed & Q(from_at__lte=phase.performed_at)
    sources = Source.objects.filter(equipment__uses__phase=phase).distinct()
    return sum(quarantined_in(frames_ahead(sources).filter(received | timed)).values())


def open_disputes_of(phase: Phase) -> dict[int, Disputed]:
    """Return the disputes that wait for a decision and have samples in the time of a phase, by frame."""
    if phase.started_at is None:
        return {}
    reading = reading_of(Source.objects.filter(equipment__uses__phase=phase).distinct())
    start = micros(phase.started_at)
    end = start if phase.performed_at is None else micros(phase.performed_at)
    begins, ends = reading.span(start, end)
    found = reading.between(begins, None if phase.performed_at is None else ends)
    return {pk: known for pk, known in found.items() if known.dispute.counts is None}
