"""What detection judges: a phase with its rules, equipment, tags and readings, read in a few queries and frozen."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from batches.excursions.rules.excursion_rules import ExcursionRule, rule_from
from batches.excursions.rules.rule_sets import KIND
from batches.excursions.rules.verdicts import PhaseReadings, Sent, Verdict, judged_parameters, newest_us, verdicts
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

EVALUATION_VERSION = 3  # of what an evaluation says of the same data: recorded ones of an older version are made anew


class Scope(Enum):
    """Which signals of a phase are read: those that its rules judge, or all."""

    JUDGED = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSamples:
    """The samples of one segment that are judged, its tag, its frame's digest, and how many more are in quarantine."""

    tag: Tag
    frame: str
    signal: Signal
    quarantined: int


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationConditions:
    """What a phase is judged under, beside its readings: rules, equipment, tags, time in µs, corrections.

    ``rule_set`` is None when the recipe names one (``rule_set_code``) of which no version was approved. Readings up to
    ``lookback_us`` before the start may matter; ``end_us`` is None while the phase runs. ``corrections`` say how stored
    samples are read: at which times, and which of them are in quarantine.
    """

    phase: Phase
    rule_set_code: str
    rule_set: Document | None
    rules: tuple[ExcursionRule, ...]
    uses: tuple[EquipmentUse, ...]
    tags: tuple[Tag, ...]
    start_us: int | None
    end_us: int | None
    lookback_us: int
    corrections: Reading

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
        return self.corrections.span(start - self.lookback_us, start if self.end_us is None else self.end_us)

    @property
    def modules(self) -> tuple[dict[str, object], ...]:
        """The geometry of each unit in use, with its code and version."""
        return tuple(
            {**use.geometry, "equipment": use.equipment.code, "version": use.geometry_version} for use in self.uses
        )

    @property
    def content(self) -> dict[str, object]:
        """What of it the digest of an evaluation's inputs covers."""
        return {
            "phase": [self.phase.code, self.phase.started_at, self.phase.performed_at],
            "rules": self.rule_set.sha256 if self.rule_set else "",
            "judged_as": EVALUATION_VERSION,
            "modules": [{key: str(value) for key, value in module.items()} for module in self.modules],
            "tags": sorted(
                [tag.source.code, tag.code, tag.parameter, tag.unit, tag.declared_type.value] for tag in self.tags
            ),
            **self.corrections.content,
            "disputed": self.corrections.disputes_between(self.since_us, self.until_us),
        }

    def samples(self, rows: Iterable[Row]) -> list[SegmentSamples]:
        """Return the samples of stored segments at their corrected times, without what is in quarantine."""
        tags = {tag.pk: tag for tag in self.tags}
        result = []
        for row in rows:
            tag, sha256, _frame, times, *_rest = row
            signal = self.corrections.stored(row)
            result.append(SegmentSamples(tags[tag], sha256, signal, len(times) // 8 - len(signal.times)))
        return result

    def check_not_archived(self) -> None:
        """Pass when every reading that may matter is in the database; to be asked after they were read.

        A drop is recorded before it is done: whoever has read what it left behind finds the record now.

        :raises Refusal: ``readings_archived``.
        """
        until = None if self.until_us is None else moment(self.until_us)
        check_not_away({tag.source_id for tag in self.tags}, moment(self.since_us), until)


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationInputs:
    """Everything that an evaluation of a phase is computed from, and the digest of all of it.

    ``readings`` is None before there is anything to judge.
    """

    conditions: EvaluationConditions
    readings: PhaseReadings | None
    sha256: str

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdict of each rule, none before there is anything to judge."""
        return () if self.readings is None else verdicts(self.readings, self.conditions.rules)


def rule_set_code_of(record: BatchRecord) -> str:
    """Return the code of the rule set in the record's frozen copy, empty when it has none."""
    return str(record.content.get("master", {}).get("rule_set", ""))


def rule_set_of(record: BatchRecord) -> Document | None:
    """Return the version that was in force when the record was issued, None when there was none."""
    code = rule_set_code_of(record)
    if not code:
        return None
    return in_force(KIND, code, record.issued_at)


def rules_in(rule_set: Document | None) -> tuple[ExcursionRule, ...]:
    """Return the rules of a set, none without one."""
    return () if rule_set is None else tuple(rule_from(table) for table in rule_set.content["rules"])


def conditions_of(
    phase: Phase, *, scope: Scope = Scope.JUDGED, rule_set: Document | None = None
) -> EvaluationConditions:
    """Return everything but the readings that the evaluation of this phase needs.

    ``rule_set`` are other rules in place of those that were in force: what comes of them is no evaluation.
    """
    rule_set = rule_set or rule_set_of(phase.batch_record)
    rules = rules_in(rule_set)
    tags = tuple(tags_of(phase, None if scope is Scope.ALL else judged_parameters(rules, phase.code)))
    return EvaluationConditions(
        phase=phase,
        rule_set_code=rule_set_code_of(phase.batch_record),
        rule_set=rule_set,
        rules=rules,
        uses=tuple(phase.equipment_uses.select_related("equipment").order_by("id")),
        tags=tags,
        start_us=None if phase.started_at is None else micros(phase.started_at),
        end_us=None if phase.performed_at is None else micros(phase.performed_at),
        # A step-hold signal carries its last value into the phase.
        lookback_us=max((int(rule.max_gap_s * SECOND) for rule in rules if rule.max_gap_s is not None), default=0),
        corrections=reading_of({tag.source_id for tag in tags}),
    )


def inputs_of(phase: Phase, *, scope: Scope = Scope.JUDGED, rule_set: Document | None = None) -> EvaluationInputs:
    """Return what the evaluation of this phase needs, from every stored sample; arguments as for ``conditions_of``.

    :raises Refusal: ``readings_archived``: a phase is judged on all its readings or not at all.
    """
    conditions = conditions_of(phase, scope=scope, rule_set=rule_set)
    if conditions.start_us is None:
        return EvaluationInputs(conditions, None, "")
    since, until, corrections = conditions.since_us, conditions.until_us, conditions.corrections
    segments = Segment.objects.filter(tag__in=conditions.tags, last_us__gte=since)
    if until is not None:
        segments = segments.filter(first_us__lte=until)
    stored = corrections.rows_that_count(segments.values_list(*ROW).order_by("first_us", "frame_id"))
    samples = conditions.samples([*stored, *corrections.other_rows(conditions.tags, since=since, until=until)])
    conditions.check_not_archived()
    return inputs_from(conditions, samples, frame_sum=with_frames(b"", frame_digests(samples)))


def inputs_unless_archived(
    phase: Phase, *, scope: Scope = Scope.JUDGED
) -> tuple[EvaluationInputs | None, Refusal | None]:
    """Return what the evaluation of this phase needs, or the refusal that says where its readings are archived."""
    try:
        return inputs_of(phase, scope=scope), None
    except Refusal as refusal:
        if refusal.code != ARCHIVED:
            raise
        return None, refusal


def inputs_from(
    conditions: EvaluationConditions,
    samples: Iterable[SegmentSamples],
    *,
    frame_sum: bytes,
    newest_known_us: int | None = None,
) -> EvaluationInputs:
    """Return the inputs with these samples.

    ``frame_sum`` is the sum (rules.frame_sums) of all frames that are judged, ``newest_known_us`` the time of the
    newest sample that was judged before.
    """
    signals: dict[int, list[Signal]] = defaultdict(list)
    for segment in samples:
        signals[segment.tag.pk].append(segment.signal)
    types = types_by_source(conditions.tags)
    sent = tuple(
        Sent(source, by_parameter, types[source])
        for source, by_parameter in signals_by_source(conditions.tags, signals).items()
    )
    sha256 = digest({**conditions.content, "frames": hashlib.sha256(frame_sum).hexdigest()})
    return EvaluationInputs(conditions, _phase_readings(conditions, sent, newest_known_us), sha256)


def _phase_readings(
    conditions: EvaluationConditions, sent: tuple[Sent, ...], newest_known_us: int | None
) -> PhaseReadings | None:
    start, end = conditions.start_us, conditions.end_us
    if start is None:
        return None
    newest = (newest_known_us, newest_us(signal for source in sent for signal in source.signals.values()))
    reached = max((at for at in newest if at is not None), default=start) if end is None else end
    if end is None and reached <= start:
        return None
    return PhaseReadings(
        phase=conditions.phase.code,
        start_us=start,
        end_us=reached,
        complete=end is not None,
        sent=sent,
        modules=conditions.modules,
    )


def readings_needed_by(phase: Phase) -> tuple[int, int | None]:
    """Return from when until when (µs as sent; None: without an end) readings may matter to a phase."""
    conditions = conditions_of(phase, scope=Scope.ALL)
    return conditions.since_us, conditions.until_us


def frame_digests(samples: Iterable[SegmentSamples]) -> list[str]:
    """Return one digest for each frame of these segments: its own, with how much is in quarantine where some is.

    When a frame was received is no part of its digest, and decides what of it is in quarantine.
    """
    quarantined: dict[str, list[list[object]]] = defaultdict(list)
    for segment in samples:
        counts = quarantined[segment.frame]
        if segment.quarantined:
            counts.append([segment.tag.code, segment.quarantined])
    return [digest([frame, sorted(counts)]) if counts else frame for frame, counts in quarantined.items()]
