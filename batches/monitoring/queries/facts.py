"""Everything that the evaluation of a phase is computed from, read in a few queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from batches.models import BatchRecord, EquipmentUse, Phase
from batches.monitoring.models import Frame, RuleSet, Segment, Tag
from batches.monitoring.queries.reading_of import (
    COLUMNS,
    PLACE,
    Place,
    Reading,
    phases_between,
    reading_of,
    signals_by_source,
    with_disputes,
)
from batches.monitoring.rules.excursion_rules import ExcursionRule, rule_from
from batches.monitoring.rules.frames import digest as frame_digest
from batches.monitoring.rules.signals import SECOND, Signal
from batches.monitoring.rules.verdicts import PhaseReadings, Sent, newest_us, watched_parameters
from gatekeeper.core.canonical import digest

EVALUATION = 2  # version of what an evaluation says of the same data: recorded ones of an older version are made anew
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class PhaseFacts:
    """The readings of a phase with the rules that watch it, and the digest of all of it.

    ``readings`` is None before there is anything to judge; ``rule_set`` None when the recipe names one of which no
    version was approved (``named`` says which).
    """

    phase: Phase
    named: str
    rule_set: RuleSet | None
    rules: tuple[ExcursionRule, ...]
    readings: PhaseReadings | None
    inputs_sha256: str


def micros(at: datetime) -> int:
    """Return a time as µs since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at_us: int) -> datetime:
    """Return µs since 1970 as a time."""
    return EPOCH + timedelta(microseconds=at_us)


def rule_set_content(rule_set: RuleSet) -> dict[str, Any]:
    """Return what the approver's signature is bound to."""
    return {"code": rule_set.code, "version": rule_set.version, "content": rule_set.content}


def rule_set_named(record: BatchRecord) -> str:
    """Return the code of the rule set in the record's frozen copy, empty when none watches it."""
    return str(record.content.get("master", {}).get("rule_set", ""))


def rule_set_of(record: BatchRecord) -> RuleSet | None:
    """Return the version that was in force when the record was issued, None when there was none."""
    code = rule_set_named(record)
    if not code:
        return None
    approved = RuleSet.objects.filter(code=code, approved_at__lte=record.issued_at)
    return approved.order_by("-approved_at", "-version").first()


def rules_in(rule_set: RuleSet | None) -> tuple[ExcursionRule, ...]:
    """Return the rules of a set, none without one."""
    return () if rule_set is None else tuple(rule_from(table) for table in rule_set.content["rules"])


def tags_of(phase: Phase, parameters: Iterable[str] | None = None) -> QuerySet[Tag]:
    """Return the tags of every source whose equipment the phase uses; with parameters, those that measure them."""
    tags = Tag.objects.filter(source__equipment__uses__phase=phase).select_related("source")
    return tags if parameters is None else tags.filter(parameter__in=list(parameters))


def phase_facts(phase: Phase, *, every_signal: bool = False, what_if: RuleSet | None = None) -> PhaseFacts:
    """Return what the evaluation of this phase needs; with ``every_signal`` also what no rule watches.

    ``what_if`` are other rules in place of those that were in force: what comes of them is no evaluation.
    """
    rule_set = what_if or rule_set_of(phase.batch_record)
    rules = rules_in(rule_set)
    uses = list(phase.equipment_uses.select_related("equipment").order_by("id"))
    named = rule_set_named(phase.batch_record)
    if phase.started_at is None:
        return PhaseFacts(phase, named, rule_set, rules, None, "")
    start = micros(phase.started_at)
    end = None if phase.performed_at is None else micros(phase.performed_at)
    tags = list(tags_of(phase, None if every_signal else watched_parameters(rules, phase.code)))
    # A step-hold signal carries its last value into the phase.
    before = max((int(rule.max_gap_s * SECOND) for rule in rules if rule.max_gap_s is not None), default=0)
    reading = reading_of({tag.source_id for tag in tags})
    first, last = reading.span(start - before, start if end is None else end)
    segments = _segments(tags, first, None if end is None else last)
    read = [_read(reading, row) for row in segments]
    inputs = _inputs(phase, rule_set, uses, tags, segments=segments, as_read=_as_read(reading, tags, segments, read))
    signals = _signals(tags, read)
    newest = newest_us(signal for sent in signals for signal in sent.signals.values())
    if end is None and (newest is None or newest <= start):
        return PhaseFacts(phase, named, rule_set, rules, None, inputs)
    readings = PhaseReadings(
        phase=phase.code,
        start_us=start,
        end_us=newest if end is None else end,  # type: ignore[arg-type]  # one of the two is there
        complete=end is not None,
        sent=signals,
        modules=tuple(_module(use) for use in uses),
    )
    return PhaseFacts(phase, named, rule_set, rules, readings, inputs)


def phases_of(frame: Frame) -> QuerySet[Phase]:
    """Return the phases to which readings of this frame belong: its equipment served them at that time."""
    moved_us = reading_of({frame.source_id}).offset_us(frame.source_id, frame.boot_id, frame.sequence)
    moved = timedelta(microseconds=moved_us)
    return phases_between(frame.source, frame.first_at + moved, frame.last_at + moved)


def verify_frame(frame: Frame) -> bool:
    """Return whether the stored segments of a frame still have the digest that its evidence holds."""
    packed = [
        (row.tag.code, row.count, (bytes(row.times), bytes(row.values), row.quality and bytes(row.quality)))
        for row in frame.segments.filter(source=frame.source, frame_at=frame.first_at).select_related("tag")
    ]
    return frame_digest(frame.source.code, frame.boot_id, frame.sequence, packed) == frame.sha256


# tag, digest of the frame, times, values, quality, whether another body came under the frame's identity, and of the
# frame: source, boot id, sequence, when it was received
type _Row = tuple[int, str, bytes, bytes, bytes | None, bool, int, str, int, datetime]
type _Rows = list[_Row]


def _segments(tags: list[Tag], start_us: int, end_us: int | None) -> _Rows:
    rows = with_disputes(Segment.objects.filter(tag__in=tags, last_us__gte=start_us))
    if end_us is not None:
        rows = rows.filter(first_us__lte=end_us)
    return list(rows.values_list("tag_id", "frame__sha256", *COLUMNS, *PLACE).order_by("first_us", "frame_id"))


def _inputs(
    phase: Phase,
    rule_set: RuleSet | None,
    uses: list[EquipmentUse],
    tags: list[Tag],
    *,
    segments: _Rows,
    as_read: Mapping[str, Any],
) -> str:
    return digest(
        {
            "phase": [phase.code, phase.started_at, phase.performed_at],
            "rules": rule_set.sha256 if rule_set else "",
            "judged_as": EVALUATION,
            "modules": [_text(_module(use)) for use in uses],
            "tags": sorted([tag.source.code, tag.code, tag.parameter, tag.unit] for tag in tags),
            "frames": sorted({row[1] for row in segments}),
            "disputed": sorted({row[1] for row in segments if row[5]}),
            **as_read,
        }
    )


def _module(use: EquipmentUse) -> dict[str, object]:
    return {**use.geometry, "equipment": use.equipment.code, "version": use.geometry_version}


def _text(geometry: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in geometry.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    tag: int
    signal: Signal
    quarantined: int


def _read(reading: Reading, row: _Row) -> _Read:
    tag, _sha256, times, values, quality, disputed, *place = row
    signal = reading.stored((times, values, quality, disputed), Place(*place))
    return _Read(tag, signal, len(times) // 8 - len(signal.times))


def _as_read(reading: Reading, tags: list[Tag], segments: _Rows, read: list[_Read]) -> dict[str, Any]:
    # When a frame was received is no part of its digest, and decides what of it is in quarantine.
    codes = {tag.pk: tag.code for tag in tags}
    held = sorted(
        [row[1], codes[one.tag], one.quarantined] for row, one in zip(segments, read, strict=True) if one.quarantined
    )
    return {**reading.content, "quarantined": held}


def _signals(tags: list[Tag], read: list[_Read]) -> tuple[Sent, ...]:
    parts: dict[int, list[Signal]] = defaultdict(list)
    for one in read:
        parts[one.tag].append(one.signal)
    return tuple(Sent(source, signals) for source, signals in signals_by_source(tags, parts).items())
