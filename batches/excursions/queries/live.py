"""A running batch record as it is followed: only what is new is read, however long its phases have run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from batches.excursions.models import Evaluation, Excursion, Progress
from batches.excursions.queries.alarms import with_acknowledgements
from batches.excursions.queries.evaluation_inputs import rule_set_of, rules_in
from batches.excursions.rules.excursion_rules import ExcursionRule
from batches.excursions.rules.geometry import Module, module_of
from batches.excursions.rules.plots import Plot, plots_of, plotted
from batches.models import BatchRecord, Phase
from batches.readings.models import Frame, Segment, Tag
from batches.readings.queries.archived import check_not_away
from batches.readings.queries.clock_spans import sources_held
from batches.readings.queries.corrected_samples import ROW, reading_of, signals_by_source, types_by_source
from batches.readings.rules.signals import Signal
from gatekeeper.accounts.clock import now
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import micros, moment

# A frame is visible at its commit and numbered before it: for so long one with a smaller number may still appear.
_SETTLES = timedelta(seconds=5)
_MOST_ALARMS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A running phase with its plots, and the tags and the module that their signals come from."""

    phase: Phase
    plots: tuple[Plot, ...]
    tags: tuple[Tag, ...]
    module: Module | None

    @property
    def sources(self) -> set[int]:
        """The keys of the sources whose readings belong to it."""
        return {tag.source_id for tag in self.tags}


@dataclass(frozen=True, slots=True)
class Tail:
    """The frames to read. ``cursor`` is what to ask for next; ``beyond`` are those of them that will come again."""

    frames: tuple[int, ...]
    cursor: int | None

    @property
    def beyond(self) -> tuple[int, ...]:
        """The frames that the next answer will find again because smaller numbers may still appear before them."""
        return tuple(frame for frame in self.frames if self.cursor is None or frame > self.cursor)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is recorded of the running phases: the newest state of each rule, how far they are judged, alarms."""

    states: Mapping[tuple[int, str], Evaluation]
    judged_to: Mapping[int, datetime | None]
    alarms: tuple[Excursion, ...]
    more: bool  # there are more alarms than these

    @property
    def version(self) -> list[object]:
        """What changes when any of it does."""
        return [
            [
                (
                    *(alarm.pk, alarm.level, alarm.ended_at, alarm.evaluation_id),
                    [row.pk for row in alarm.acknowledgements.all()],
                    alarm.deviation.status if alarm.deviation else "",
                )
                for alarm in self.alarms
            ],
            sorted(state.pk for state in self.states.values()),
            sorted(self.judged_to.items()),
        ]


@dataclass(frozen=True, slots=True)
class Clocks:
    """How the clocks of what runs are read: the digest of their corrections, which are corrected, which are ahead."""

    digest: str
    corrected: frozenset[str]
    held: frozenset[str]


def clocks(running: Iterable[Followed], *, start: datetime) -> Clocks:
    """Return the clocks of the sources that are followed; ``held`` had quarantined readings since ``start``."""
    sources = set().union(*(phase.sources for phase in running))
    content = reading_of(sources).content
    corrected = frozenset(code for code, _boot, _first, _last, offset in content["clock_corrections"] if offset)
    return Clocks(digest(content), corrected, frozenset(sources_held(sources, since=start)))


def followed(record: BatchRecord) -> tuple[Followed, ...]:
    """Return the running phases of a record, in order, with what is drawn of each."""
    phases = record.phases.filter(state=Phase.State.RUNNING).order_by("position")
    running = list(phases.prefetch_related("equipment_uses__equipment"))
    if not running:
        return ()
    rules = rules_in(rule_set_of(record))
    used = {use.equipment_id for phase in running for use in phase.equipment_uses.all()}
    tags = list(
        Tag.objects.filter(source__equipment__in=used).select_related("source").order_by("source__code", "code")
    )
    return tuple(_followed(phase, rules, tags) for phase in running)


def _followed(phase: Phase, rules: Sequence[ExcursionRule], tags: Iterable[Tag]) -> Followed:
    uses = list(phase.equipment_uses.all())
    own_tags = tuple(tag for tag in tags if tag.source.equipment_id in {use.equipment_id for use in uses})
    sources: dict[str, list[str]] = defaultdict(list)
    for tag in own_tags:
        sources[tag.source.code].append(tag.parameter)
    try:
        module = module_of(
            [{**use.geometry, "equipment": use.equipment.code, "version": use.geometry_version} for use in uses]
        )
    except Refusal:  # no module, or two: what needs one cannot be drawn, and its rule says UNKNOWN
        module = None
    return Followed(phase, plots_of(rules, phase.code, sources, types=types_by_source(own_tags)), own_tags, module)


def tail(running: Iterable[Followed], *, since: int | None, start: datetime) -> Tail:
    """Return which frames to read: those numbered after ``since``, or without it all that reach beyond ``start``.

    :raises Refusal: ``readings_archived``, of a phase that was left running for months.
    """
    sources = set().union(*(phase.sources for phase in running))
    if since is None:  # what has come since the last answer cannot be archived yet
        check_not_away(sources, start, None)
    frames = Frame.objects.filter(source__in=sources)
    frames = frames.filter(last_at__gte=start) if since is None else frames.filter(pk__gt=since)
    rows = list(frames.order_by("pk").values_list("pk", "received_at"))
    settled = now() - _SETTLES
    cursor = since
    if rows:
        first_loose = next((place for place, (_pk, at) in enumerate(rows) if at >= settled), len(rows))
        cursor = rows[first_loose - 1][0] if first_loose else (since if since is not None else rows[0][0] - 1)
    return Tail(tuple(pk for pk, _at in rows), cursor)


def signals_of(running: Followed, frames: Iterable[int]) -> list[Signal]:
    """Return the signal of each plot in these frames, in the order of the plots."""
    # The keys of readings lead with the source.
    keys = {"source__in": running.sources, "tag__in": [tag.pk for tag in running.tags]}
    keys_of_frames = set(frames)
    reading = reading_of(running.sources)
    rows = reading.rows_that_count(Segment.objects.filter(frame__in=keys_of_frames, **keys).values_list(*ROW))
    parts: dict[int, list[Signal]] = defaultdict(list)
    for row in [*rows, *(other for other in reading.other_rows(running.tags, since=0) if other[2] in keys_of_frames)]:
        parts[row[0]].append(reading.stored(row))
    sent = signals_by_source(running.tags, parts)
    return [plotted(plot, sent[plot.source], running.module) for plot in running.plots]


def frames_between(running: Followed, start: datetime, end: datetime) -> list[int]:
    """Return the frames of a phase's sources with readings between two times.

    :raises Refusal: ``readings_archived``.
    """
    begins, ends = reading_of(running.sources).span(micros(start), micros(end))
    check_not_away(running.sources, moment(begins), moment(ends))
    frames = Frame.objects.filter(source__in=running.sources, last_at__gte=moment(begins), first_at__lte=moment(ends))
    return list(frames.values_list("pk", flat=True))


def judged(running: Iterable[Followed], *, start: datetime) -> Judged:
    """Return what the rules have recorded of the running phases: excursions of this time, or not acknowledged."""
    phases = [phase.phase.pk for phase in running]
    newest = Evaluation.objects.filter(phase__in=phases).defer("content").order_by("phase_id", "rule", "-version")
    rows = Excursion.objects.filter(phase__in=phases, withdrawn_at__isnull=True).filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=start) | Q(acknowledgements__isnull=True)
    )
    # Those of action level first ("action" comes before "alert"): they are never the ones cut off.
    alarms = tuple(with_acknowledgements(rows.distinct()).order_by("level", "-detected_at", "-id")[: _MOST_ALARMS + 1])
    progress = Progress.objects.filter(phase__in=phases).values_list("phase_id", "evaluated_to")
    return Judged(
        {(phase.phase_id, phase.rule): phase for phase in newest.distinct("phase_id", "rule")},
        dict(progress),
        alarms[:_MOST_ALARMS],
        len(alarms) > _MOST_ALARMS,
    )
