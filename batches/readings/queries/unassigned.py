"""Readings that belong to no phase: they are kept, and no rule judges them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Case, F, IntegerField, Max, Min, Q, QuerySet, Sum, Value, When

from batches.readings.models import Frame, Segment, Source
from batches.readings.queries.assignments import assignments_of
from batches.readings.queries.corrected_samples import PLACE, Place, corrected_frames, reading_of
from batches.readings.rules.assignments import Between, between
from gatekeeper.core.times import micros, moment

_ASSIGNMENTS = 8  # newest ones between which is looked: a skid that never stops sends half a million frames in days


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Readings outside every assignment, from the first to the last; a sample is one value of one tag."""

    between: Between
    from_at: datetime
    until_at: datetime
    samples: int


type _Found = tuple[datetime, datetime, int]  # first, last, samples


def unassigned_of(source: Source) -> tuple[Unassigned, ...]:
    """Return what a source sent before, between and after its newest assignments, newest first."""
    spans = list(assignments_of(source).order_by("-started_at").values_list("started_at", "performed_at").distinct())
    gaps = between(spans[:_ASSIGNMENTS], whole=len(spans) <= _ASSIGNMENTS)
    found: dict[int, list[_Found]] = {place: [] for place in range(len(gaps))}
    frames = _frames(source)
    for place, first, last, samples in _inside(frames, gaps):
        found[place].append((first, last, samples))
    for place, one in _on_an_edge(source, frames, gaps):
        found[place].append(one)
    rows = (_together(gaps[place], parts) for place, parts in reversed(found.items()) if parts)
    return tuple(rows)


def _frames(source: Source) -> QuerySet[Frame]:
    if source.clock_corrections.exists():
        return corrected_frames([source])
    return Frame.objects.filter(source=source).annotate(from_at=F("first_at"), until_at=F("last_at"))


def _inside(frames: QuerySet[Frame], gaps: Sequence[Between]) -> Iterable[tuple[int, datetime, datetime, int]]:
    """What lies in each gap of the frames that lie in it as a whole, by one query."""
    if not gaps:
        return ()
    places = [When(_within(one), then=Value(place)) for place, one in enumerate(gaps)]
    placed = frames.annotate(place=Case(*places, default=None, output_field=IntegerField()))
    totals = placed.filter(place__isnull=False).order_by().values("place")
    totals = totals.annotate(first=Min("from_at"), last=Max("until_at"), held=Sum("samples"))
    return totals.values_list("place", "first", "last", "held")


def _within(gap: Between) -> Q:
    after = Q() if gap.after is None else Q(from_at__gt=gap.after)
    before = Q() if gap.before is None else Q(until_at__lt=gap.before)
    return after & before if after or before else Q(pk__isnull=False)


def _on_an_edge(source: Source, frames: QuerySet[Frame], gaps: Sequence[Between]) -> Iterable[tuple[int, _Found]]:
    """What lies in each gap of the frames that begin or end in an assignment."""
    edges = {edge for gap in gaps for edge in (gap.after, gap.before) if edge is not None}
    crossing = Q()
    for edge in edges:
        crossing |= Q(from_at__lte=edge, until_at__gte=edge)
    rows = dict(frames.filter(crossing).values_list("pk", "first_at")) if edges else {}
    if not rows:
        return
    held = Segment.objects.filter(source=source, frame__in=rows, frame_at__in=set(rows.values()))
    reading = reading_of({source.pk})
    for times, *place in held.values_list("times", *PLACE).order_by("frame", "tag"):
        counted, _kept = reading.times(np.frombuffer(bytes(times), dtype="<i8"), Place(*place))
        for number, gap in enumerate(gaps):
            own = counted[_mask(counted, gap)]
            if len(own):
                yield number, (moment(int(own.min())), moment(int(own.max())), len(own))


def _mask(times: Any, gap: Between) -> Any:
    mask = np.ones(len(times), dtype=np.bool_)
    if gap.after is not None:
        mask &= times > micros(gap.after)
    if gap.before is not None:
        mask &= times < micros(gap.before)
    return mask


def _together(gap: Between, parts: Sequence[_Found]) -> Unassigned:
    return Unassigned(
        gap,
        min(first for first, _last, _samples in parts),
        max(last for _first, last, _samples in parts),
        sum(samples for _first, _last, samples in parts),
    )
