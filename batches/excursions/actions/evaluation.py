"""Judge a phase by its rules and record what they say: versions of evaluations, excursions, deviations."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from batches.actions.commands import OpenDeviation
from batches.actions.deviations import open_deviation
from batches.actions.records import return_to_review
from batches.excursions import models
from batches.excursions.queries.evaluation_context import (
    EvaluationContext,
    cache_evaluations,
    contexts_of,
    lock_due_phases,
    lock_phases,
    new_frames,
)
from batches.excursions.queries.evaluation_inputs import EvaluationInputs, inputs_of
from batches.excursions.queries.incremental_evaluation import Judgement, judgement_of_new_frames
from batches.excursions.queries.states import is_current
from batches.excursions.rules.excursion_rules import TOTALS, RuleKind
from batches.excursions.rules.excursions import Excursion, Level
from batches.excursions.rules.verdicts import Verdict
from batches.models import Deviation, Phase
from batches.readings.models import Frame
from batches.readings.queries.archived import ARCHIVED
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import as_read, now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import PersonAuthority, check_authority
from gatekeeper.accounts.statements import planned
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import moment
from gatekeeper.jobs.actions import jobs

_PERMISSION = "batches.open_deviation"
# The streaming states and how far the phase has been evaluated, with the version of the row that says so.
_SAVE = """WITH saved AS (
      INSERT INTO excursions_streamingstate
        (phase_id, source_id, judged_under, low_frame, low_count, frames, frame_sum, state)
      SELECT %(phase)s::bigint, * FROM unnest(%(source_id)s::bigint[], %(judged_under)s::text[],
        %(low_frame)s::bigint[], %(low_count)s::bigint[], %(frames)s::bytea[], %(frame_sum)s::bytea[],
        %(state)s::bytea[])
      ON CONFLICT (phase_id, source_id) DO UPDATE SET judged_under = excluded.judged_under,
        low_frame = excluded.low_frame, low_count = excluded.low_count, frames = excluded.frames,
        frame_sum = excluded.frame_sum, state = excluded.state)
    UPDATE excursions_progress n SET inputs_sha256 = %(inputs_sha256)s::text,
      evaluated_to = %(evaluated_to)s::timestamptz, evaluated_at = %(evaluated_at)s::timestamptz
    WHERE n.phase_id = %(phase)s::bigint RETURNING concat_ws('.', n.id, n.xmin, n.ctid)"""
_STATE = ("source_id", "judged_under", "low_frame", "low_count", "frames", "frame_sum", "state")


@action
def evaluate_phase(*, by: Person, phase: Phase, frames: Sequence[Frame] = ()) -> list[models.Evaluation]:
    """Evaluate every rule on the readings of a phase and return the newest evaluation of each.

    Running it again, or on the same readings in another order, changes nothing. An excursion of action level opens
    a deviation in the same transaction; one that later data no longer show is withdrawn, never removed. A phase that
    has ended gets a further version when late readings change what is said of it, and a review that was signed over
    the former one is taken back (domain.md 2.2, point 8). While it runs only what is new is read
    (queries.incremental_evaluation); ``frames`` are those that must be among what is judged. A phase some of whose
    readings are archived keeps what was recorded of it, until restore_readings has them judged again.

    :raises Refusal: ``not_authorised``.
    """
    check_authority(by, _PERMISSION, phase.batch_record.site)
    _create_progress(lock_phases([phase.pk]))
    (context,) = contexts_of([phase.pk])
    return _evaluate(by, context, frames)


def evaluate_frames(*, by: PersonAuthority, frames: Sequence[int]) -> None:
    """Evaluate the phases to which frames (primary keys) of one source belong, each as ``evaluate_phase`` does.

    It is part of the transaction of the message that asks for it: while there is nothing to say of a phase only
    progress and streaming states are written, and no actor is set. Then the envelopes of the frames are asked for.

    :raises Refusal: ``not_authorised``.
    """
    new = new_frames(frames)
    phases = lock_due_phases(new)
    _create_progress(phases)
    for context in contexts_of(list(phases)):
        by.check(_PERMISSION, context.conditions.phase.batch_record.site, at=now())
        _evaluate(by.person, context, new.frames)
    payload = {"frames": [frame.pk for frame in new.frames]}
    jobs.enqueue("readings_judged", payload, batch_key=new.source.code)


def _create_progress(locked: Mapping[int, bool]) -> None:
    """Create the Progress of each phase that has none, and lock it.

    Two evaluations of a phase queue there; operators, who lock the phase itself, never wait.
    """
    new = [phase for phase, was_locked in locked.items() if not was_locked]
    if new:
        models.Progress.objects.bulk_create([models.Progress(phase_id=pk) for pk in new], ignore_conflicts=True)
        lock_phases(new)


def _evaluate(by: Person, context: EvaluationContext, frames: Sequence[Frame]) -> list[models.Evaluation]:
    """Record what is new of a phase whose Progress is locked, and return the newest evaluation of each rule."""
    recorded = dict(context.recorded)
    judgement = _judgement(context, frames)
    if judgement is None or judgement.inputs.readings is None:
        return list(recorded.values())
    phase, readings = context.conditions.phase, judgement.inputs.readings
    stale = [rule for rule in judgement.verdicts if not is_current(rule, recorded.get(rule.name), readings)]
    with as_read(context.at):
        if stale:
            record_verdicts(by=by, judgement=judgement, recorded=recorded, stale=stale)
        values = {
            "phase": phase.pk,
            "inputs_sha256": judgement.inputs.sha256,
            "evaluated_to": moment(readings.end_us),
            "evaluated_at": now(),
            **{column: [getattr(state, column) for state in judgement.states] for column in _STATE},
        }
        ((progress,),) = planned(_SAVE, values)
    # Not before it is committed: a database that dies before gives the same number to another transaction.
    transaction.on_commit(partial(cache_evaluations, phase, progress, recorded))
    return [recorded[verdict.name] for verdict in judgement.verdicts]


def _judgement(context: EvaluationContext, frames: Sequence[Frame]) -> Judgement | None:
    """Return what the rules say now, None when nothing has changed since or readings are archived."""
    try:
        if context.is_running:
            return judgement_of_new_frames(context, frames=frames)
        phase = context.conditions.phase
        if context.states:
            # What is said of a whole phase rests on every sample.
            models.StreamingState.objects.filter(phase=phase).delete()
        inputs = inputs_of(phase)
    except Refusal as refusal:
        if refusal.code != ARCHIVED:
            raise
        return None
    return None if inputs.sha256 == context.inputs_sha256 else Judgement(inputs, inputs.verdicts())


@action
def record_verdicts(
    *, by: Person, judgement: Judgement, recorded: dict[str, models.Evaluation], stale: Sequence[Verdict]
) -> None:
    """Write a further version of each stale evaluation, and the excursions and deviations of all.

    ``recorded`` are the newest evaluations by rule; they become those that were written. The caller has locked the
    phase's Progress.
    """
    phase = judgement.inputs.conditions.phase
    existing = {row.key: row for row in models.Excursion.objects.filter(phase=phase).select_related("deviation")}
    # Deviations first: they lock the batch record, which comes before its phase in the order of locks.
    deviations = _open_deviations(by, phase, judgement.verdicts, existing)
    rules = ", ".join(verdict.name for verdict in stale)
    reason = f"What the readings of {phase.code} say has changed since the review was signed: {rules}."
    return_to_review(by=by, batch_record=phase.batch_record, reason=reason)
    for verdict in stale:
        last = recorded.get(verdict.name)
        evaluation = _write_evaluation(by, judgement.inputs, verdict, last.version + 1 if last else 1)
        _write_excursions(evaluation, verdict, existing, deviations)
        recorded[verdict.name] = evaluation
    keys = {key for verdict in judgement.verdicts for key in verdict.keys}
    for key, row in existing.items():
        if key not in keys and row.withdrawn_at is None:
            row.withdrawn_at = now()
            row.save(update_fields=["withdrawn_at"])


def _write_evaluation(by: Person, inputs: EvaluationInputs, verdict: Verdict, version: int) -> models.Evaluation:
    assert inputs.readings is not None
    return models.Evaluation.objects.create(
        phase=inputs.conditions.phase,
        rule_set=inputs.conditions.rule_set,
        rule=verdict.name,
        version=version,
        state=verdict.evaluation.state.value,
        final=inputs.readings.complete,
        data_sha256=inputs.sha256,
        content=verdict.content,
        evaluated_to=moment(inputs.readings.end_us),
        evaluated_at=now(),
        evaluated_by=by,
    )


def _open_deviations(
    by: Person, phase: Phase, verdicts: tuple[Verdict, ...], existing: Mapping[str, models.Excursion]
) -> dict[str, Deviation]:
    """Return the deviation of each excursion of action level, by its key; opened where there is none yet."""
    deviations: dict[str, Deviation] = {}
    for verdict in verdicts:
        for key, place in verdict.keys.items():
            excursion = verdict.evaluation.excursions[place]
            if excursion.level is not Level.ACTION or not verdict.rule.auto_deviation:
                continue
            former = existing[key].deviation if key in existing else None
            deviations[key] = former or open_deviation(
                by=by,
                batch_record=phase.batch_record,
                phase=phase,
                authority_checked=True,
                command=OpenDeviation(
                    origin=Deviation.Origin.EXCURSION,
                    origin_key=f"{phase.code}:{key}",
                    severity=verdict.rule.severity,
                    title_code=_title_code(verdict, excursion),
                    title_params=_title_params(phase, verdict, excursion),
                ),
            )
    return deviations


def _title_code(verdict: Verdict, excursion: Excursion) -> str:
    if excursion.side == "coverage":
        return "excursion_coverage"
    if verdict.rule.kind not in TOTALS:
        return f"excursion_{excursion.side}"
    code = {RuleKind.CUMULATIVE_TIME: "time", RuleKind.DOSE: "dose", RuleKind.COUNT: "count"}[verdict.rule.kind]
    return f"excursion_{code}_bounded" if verdict.evaluation.bounded else f"excursion_{code}"


def _title_params(phase: Phase, verdict: Verdict, excursion: Excursion) -> dict[str, str]:
    # The rule by its code: several rules judge one signal, and two deviations must not look like one.
    rule, signal = verdict.rule, parameter(verdict.rule.parameter).title
    params = {
        "phase": phase.code,
        "rule": rule.code,
        "version": str(rule.version),
        "basis": rule.basis,
    }
    if excursion.side == "coverage":
        return params | {
            "signal": f"{signal[:1].lower()}{signal[1:]}",
            "peak": f"{excursion.peak * 100:.1f}",
            "limit": f"{excursion.limit * 100:.1f}",
        }
    return params | {
        "signal": signal,
        "since": moment(excursion.started_us).isoformat(timespec="seconds"),
        "duration_s": str(excursion.duration_s),
        "excess_dose": str(excursion.excess_dose),
        "count": str(verdict.evaluation.count),
        "peak": str(excursion.peak),
        "limit": str(excursion.limit),
        "unit": rule.unit,
    }


def _write_excursions(
    evaluation: models.Evaluation,
    verdict: Verdict,
    existing: dict[str, models.Excursion],
    deviations: Mapping[str, Deviation],
) -> None:
    contents: Any = verdict.content["excursions"]
    for key, place in verdict.keys.items():
        excursion = verdict.evaluation.excursions[place]
        row = existing.get(key) or models.Excursion(
            phase=evaluation.phase, key=key, detected_at=evaluation.evaluated_at
        )
        before = _recorded_values(row)
        row.rule, row.parameter, row.unit = verdict.name, verdict.rule.parameter, verdict.rule.unit
        row.level = excursion.level.value
        row.started_at = moment(excursion.started_us)
        row.ended_at = None if excursion.ended_us is None else moment(excursion.ended_us)
        row.peak, row.content, row.withdrawn_at = excursion.peak, contents[place], None
        row.deviation = deviations.get(key) or row.deviation
        # While a phase runs each excursion is written once, however many follow it; in the end all name the final one.
        if row.pk is None or evaluation.final or _recorded_values(row) != before:
            row.evaluation = evaluation
            row.save()
        existing[key] = row


def _recorded_values(row: models.Excursion) -> tuple[object, ...]:
    """What is recorded of an excursion, beside the evaluation that found it."""
    return row.rule, row.level, row.ended_at, row.content, row.withdrawn_at, row.deviation_id
