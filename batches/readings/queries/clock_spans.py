"""When the readings of a phase are special because of a clock: moved by a signed correction, or in quarantine."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, Q, QuerySet

from batches.models import Phase
from batches.readings.models import ClockCorrection, Source
from batches.readings.queries.corrected_samples import corrected_frames, frames_ahead

CORRECTED, HELD = "corrected", "held"


@dataclass(frozen=True, slots=True)
class ClockSpan:
    """From when until when readings of a source (its code) are corrected; what is held is at when it was received."""

    source: str
    kind: str
    started_at: datetime
    ended_at: datetime


def clock_spans(phase: Phase) -> tuple[ClockSpan, ...]:
    """Return the spans of a phase; two queries where no clock was corrected and none is ahead."""
    if phase.started_at is None:
        return ()
    sources = Source.objects.filter(equipment__uses__phase=phase).distinct()
    return (*_corrected(phase, sources), *_held(phase, sources))


def sources_held(sources: Collection[int], *, since: datetime) -> set[str]:
    """Return the codes of the sources (primary keys) that have sent readings into quarantine since a time."""
    known = Source.objects.filter(pk__in=sources)
    return set(frames_ahead(known).filter(received_at__gte=since).values_list("source__code", flat=True))


def _corrected(phase: Phase, sources: QuerySet[Source]) -> list[ClockSpan]:
    if not ClockCorrection.objects.filter(source__in=sources).exists():
        return []
    timed = Q(until_at__gte=phase.started_at)
    if phase.performed_at is not None:
        timed &= Q(from_at__lte=phase.performed_at)
    rows = corrected_frames(sources).filter(timed).exclude(offset_s=0).values("source__code", "boot_id", "offset_s")
    spans = rows.annotate(begun=Min("from_at"), ended=Max("until_at")).order_by("source__code", "begun")
    return [ClockSpan(row["source__code"], CORRECTED, row["begun"], row["ended"]) for row in spans]


def _held(phase: Phase, sources: QuerySet[Source]) -> list[ClockSpan]:
    received = Q(received_at__gte=phase.started_at)
    if phase.performed_at is not None:
        received &= Q(received_at__lte=phase.performed_at)
    rows = frames_ahead(sources).filter(received).values("source__code")
    spans = rows.annotate(begun=Min("received_at"), ended=Max("received_at")).order_by("source__code")
    return [ClockSpan(row["source__code"], HELD, row["begun"], row["ended"]) for row in spans]
