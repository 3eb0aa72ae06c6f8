"""To which phases a source was assigned, and which tags served a phase."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Min, Q, QuerySet

from batches.models import Phase
from batches.readings.models import ClockCorrection, ConflictResolution, Frame, Source, Tag
from batches.readings.queries.corrected_samples import Reading, reading_of


def tags_of(phase: Phase, parameters: Iterable[str] | None = None) -> QuerySet[Tag]:
    """Return the tags of every source whose equipment the phase uses; with parameters, those that measure them."""
    tags = Tag.objects.filter(source__equipment__uses__phase=phase).select_related("source")
    return tags if parameters is None else tags.filter(parameter__in=list(parameters))


def phases_of(frames: Collection[Frame]) -> QuerySet[Phase]:
    """Return the phases to which readings of any body of these frames of one source belong.

    The equipment of the source served them meanwhile.
    """
    source = next(iter(frames)).source
    return phases_between(source, *span_of(frames, reading_of({source.pk})))


def span_of(frames: Collection[Frame], reading: Reading) -> tuple[datetime, datetime]:
    """Return from when until when any body of these frames has samples, at the times that count."""
    spans = []
    for frame in frames:
        moved = timedelta(microseconds=reading.offset_us(frame.source_id, frame.boot_id, frame.sequence))
        known = reading.disputes.get(frame.pk, frame)
        spans.append((known.first_at + moved, known.last_at + moved))
    return min(first for first, _last in spans), max(last for _first, last in spans)


def phases_corrected(correction: ClockCorrection) -> QuerySet[Phase]:
    """Return the phases that the frames of a correction belong to, or have belonged to under an earlier one."""
    source = correction.source
    others = ClockCorrection.objects.filter(source=source, boot_id=correction.boot_id)
    offsets = [timedelta(0), *(timedelta(seconds=float(one)) for one in others.values_list("offset_s", flat=True))]
    frames = covered_frames(correction)
    first, last = frames.order_by("first_at").first(), frames.order_by("-last_at").first()
    if first is None or last is None:
        return Phase.objects.none()
    settled = ConflictResolution.objects.filter(frame__in=frames).aggregate(first=Min("first_at"), last=Max("last_at"))
    begin = min(first.first_at, settled["first"] or first.first_at)
    end = max(last.last_at, settled["last"] or last.last_at)
    return phases_between(source, begin + min(offsets), end + max(offsets))


def covered_frames(correction: ClockCorrection) -> QuerySet[Frame]:
    """Return the frames that a correction, recorded or not, covers."""
    frames = Frame.objects.filter(
        source=correction.source, boot_id=correction.boot_id, sequence__gte=correction.first_sequence
    )
    return frames if correction.last_sequence is None else frames.filter(sequence__lte=correction.last_sequence)


def phases_between(source: Source, begin: datetime, end: datetime) -> QuerySet[Phase]:
    """Return the phases that the equipment of a source served at any time between these two."""
    served = assignments_of(source).filter(started_at__lte=end)
    return served.filter(Q(performed_at__isnull=True) | Q(performed_at__gte=begin)).order_by("id").distinct()


def assignments_of(source: Source) -> QuerySet[Phase]:
    """Return the phases that have used the equipment of a source: it is assigned to each while that runs."""
    used = Phase.objects.filter(equipment_uses__equipment=source.equipment_id, started_at__isnull=False)
    return used.select_related("batch_record__site")
