"""Everything that the evaluation of a phase is computed from, read in a few queries."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batches.excursions.rules.excursion_rules import ExcursionRule, rule_from
from batches.excursions.rules.rule_sets import KIND
from batches.excursions.rules.verdicts import PhaseReadings, Sent, newest_us, watched_parameters
from batches.models import BatchRecord, EquipmentUse, Phase
from batches.readings.models import Segment, Tag
from batches.readings.queries.archived import ARCHIVED, check_not_away
from batches.readings.queries.assignments import tags_of
from batches.readings.queries.corrected_samples import ROW, Reading, Row, reading_of, signals_by_source, types_by_source
from batches.readings.rules.frame_sums import with_frames
from batches.readings.rules.signals import SECOND, Signal
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import micros, moment
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import in_force

EVALUATION = 3  # version of what an evaluation says of the same data: recorded ones of an older version are made anew


@dataclass(frozen=True, slots=True, eq=False)
class PhaseFacts:
    """The readings of a phase with the rules that watch it, and the digest of all of it.

    ``readings`` is None before there is anything to judge; ``rule_set`` None when the recipe names one of which no
    version was approved (``named`` says which).
    """

    phase: Phase
    named: str
    rule_set: Document | None
    rules: tuple[ExcursionRule, ...]
    readings: PhaseReadings | None
    inputs_sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a phase is judged under, beside its readings: rules, equipment, tags, and its time in µs.

    Readings from ``before_us`` before the start on may matter; ``end_us`` is None while the phase runs. ``reading`` is
    how stored samples are read: their signed corrections, and the quarantine.
    """

    phase: Phase
    named: str
    rule_set: Document | None
    rules: tuple[ExcursionRule, ...]
    uses: tuple[EquipmentUse, ...]
    tags: tuple[Tag, ...]
    start_us: int | None
    end_us: int | None
    before_us: int
    reading: Reading

    @property
    def since_us(self) -> int:
        """From which time as sent on readings may matter."""
        return self._span[0]

    @property
    def until_us(self) -> int | None:
        """Until which time as sent readings may matter, None while the phase runs."""
        return None if self.end_us is None else self._span[1]

    @property
    def _span(self) -> tuple[int, int]:
        start = self.start_us or 0
        return self.reading.span(start - self.before_us, start if self.end_us is None else self.end_us)

    @property
    def content(self) -> dict[str, object]:
        """What of it the digest of an evaluation's inputs covers."""
        return {
            "phase": [self.phase.code, self.phase.started_at, self.phase.performed_at],
            "rules": self.rule_set.sha256 if self.rule_set else "",
            "judged_as": EVALUATION,
            "modules": [_text(_module(use)) for use in self.uses],
            "tags": sorted(
                [tag.source.code, tag.code, tag.parameter, tag.unit, tag.declared_type.value] for tag in self.tags
            ),
            **self.reading.content,
            "disputed": self.reading.disputes_between(self.since_us, self.until_us),
        }


def rule_set_named(record: BatchRecord) -> str:
    """Return the code of the rule set in the record's frozen copy, empty when none watches it."""
    return str(record.content.get("master", {}).get("rule_set", ""))


def rule_set_of(record: BatchRecord) -> Document | None:
    """Return the version that was in force when the record was issued, None when there was none."""
    code = rule_set_named(record)
    if not code:
        return None
    return in_force(KIND, code, record.issued_at)


def rules_in(rule_set: Document | None) -> tuple[ExcursionRule, ...]:
    """Return the rules of a set, none without one."""
    return () if rule_set is None else tuple(rule_from(table) for table in rule_set.content["rules"])


def phase_facts(phase: Phase, *, every_signal: bool = False, what_if: Document | None = None) -> PhaseFacts:
    """Return what the evaluation of this phase needs; with ``every_signal`` also what no rule watches.

    ``what_if`` are other rules in place of those that were in force: what comes of them is no evaluation.

    :raises Refusal: ``readings_archived``: a phase is judged on all its readings or not at all.
    """
    ground = ground_of(phase, every_signal=every_signal, what_if=what_if)
    if ground.start_us is None:
        return facts_of(ground, None, "")
    found = [part_of(ground, row) for row in _segments(ground)]
    check_here(ground)
    inputs = inputs_of(ground, with_frames(b"", frames_as_read(found)))
    return facts_of(ground, signals_of(ground.tags, found), inputs)


def facts_or_archived(phase: Phase, *, every_signal: bool = False) -> tuple[PhaseFacts | None, Refusal | None]:
    """Return the facts of a phase, or the refusal that says where its readings are archived: what a page shows."""
    try:
        return phase_facts(phase, every_signal=every_signal), None
    except Refusal as refusal:
        if refusal.code != ARCHIVED:
            raise
        return None, refusal


def ground_of(phase: Phase, *, every_signal: bool = False, what_if: Document | None = None) -> Ground:
    """Return everything but the readings that the evaluation of this phase needs."""
    rule_set = what_if or rule_set_of(phase.batch_record)
    rules = rules_in(rule_set)
    tags = tuple(tags_of(phase, None if every_signal else watched_parameters(rules, phase.code)))
    return Ground(
        phase=phase,
        named=rule_set_named(phase.batch_record),
        rule_set=rule_set,
        rules=rules,
        uses=tuple(phase.equipment_uses.select_related("equipment").order_by("id")),
        tags=tags,
        start_us=None if phase.started_at is None else micros(phase.started_at),
        end_us=None if phase.performed_at is None else micros(phase.performed_at),
        # A step-hold signal carries its last value into the phase.
        before_us=max((int(rule.max_gap_s * SECOND) for rule in rules if rule.max_gap_s is not None), default=0),
        reading=reading_of({tag.source_id for tag in tags}),
    )


def readings_needed_by(phase: Phase) -> tuple[int, int | None]:
    """Return from when until when (µs as sent; None: without an end) readings may matter to a phase."""
    ground = ground_of(phase, every_signal=True)
    return ground.since_us, ground.until_us


def check_here(ground: Ground) -> None:
    """Pass when every reading that may matter to a phase is in the database; asked after they were read.

    A drop is recorded before it is done: whoever has read what it left behind finds the record now.

    :raises Refusal: ``readings_archived``.
    """
    until = None if ground.until_us is None else moment(ground.until_us)
    check_not_away({tag.source_id for tag in ground.tags}, moment(ground.since_us), until)


def facts_of(
    ground: Ground, sent: tuple[Sent, ...] | None, inputs_sha256: str, *, newest: int | None = None
) -> PhaseFacts:
    """Return the facts of a phase with these signals; ``newest`` is the newest sample (µs) that is not among them."""
    phase, start, end = ground.phase, ground.start_us, ground.end_us
    readings = None
    if start is not None and sent is not None:
        times = (newest, newest_us(signal for one in sent for signal in one.signals.values()))
        reached = max((at for at in times if at is not None), default=start) if end is None else end
        if end is not None or reached > start:
            readings = PhaseReadings(
                phase=phase.code,
                start_us=start,
                end_us=reached,
                complete=end is not None,
                sent=sent,
                modules=tuple(_module(use) for use in ground.uses),
            )
    return PhaseFacts(phase, ground.named, ground.rule_set, ground.rules, readings, inputs_sha256)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The samples of one segment as they count: of which tag and frame (digest), and how many are in quarantine."""

    tag: Tag
    frame: str
    signal: Signal
    quarantined: int


def part_of(ground: Ground, row: Row) -> Part:
    """Return the samples of a segment at their corrected times, without what is in quarantine."""
    tag, sha256, _frame, times, *_rest = row
    signal = ground.reading.stored(row)
    known = next(one for one in ground.tags if one.pk == tag)
    return Part(known, sha256, signal, len(times) // 8 - len(signal.times))


def frames_as_read(parts: Iterable[Part]) -> list[str]:
    """Return one digest for each frame of these parts: its own, with how much of it is in quarantine where some is.

    When a frame was received is no part of its digest, and decides what of it is in quarantine.
    """
    held: dict[str, list[list[object]]] = {}
    for part in parts:
        counts = held.setdefault(part.frame, [])
        if part.quarantined:
            counts.append([part.tag.code, part.quarantined])
    return [digest([frame, sorted(counts)]) if counts else frame for frame, counts in held.items()]


def _segments(ground: Ground) -> list[Row]:
    rows = Segment.objects.filter(tag__in=ground.tags, last_us__gte=ground.since_us)
    if ground.until_us is not None:
        rows = rows.filter(first_us__lte=ground.until_us)
    stored = ground.reading.rows_that_count(rows.values_list(*ROW).order_by("first_us", "frame_id"))
    return [*stored, *ground.reading.other_rows(ground.tags, since=ground.since_us, until=ground.until_us)]


def inputs_of(ground: Ground, frames: bytes) -> str:
    """Return the digest of everything that an evaluation is computed from; ``frames`` is their sum (frame_sums)."""
    return digest({**ground.content, "frames": hashlib.sha256(frames).hexdigest()})


def _module(use: EquipmentUse) -> dict[str, object]:
    return {**use.geometry, "equipment": use.equipment.code, "version": use.geometry_version}


def _text(geometry: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in geometry.items()}


def signals_of(tags: Iterable[Tag], found: Iterable[Part]) -> tuple[Sent, ...]:
    """Return what each source sent, with every watched parameter of it, from the parts of its segments."""
    parts: dict[int, list[Signal]] = defaultdict(list)
    for one in found:
        parts[one.tag.pk].append(one.signal)
    known = list(tags)
    types = types_by_source(known)
    return tuple(Sent(source, signals, types[source]) for source, signals in signals_by_source(known, parts).items())
