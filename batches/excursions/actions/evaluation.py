"""Judge a phase by its rules and record what they say: versions of evaluations, excursions, deviations."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from batches.actions.commands import OpenDeviation
from batches.actions.deviations import open_deviation
from batches.actions.records import return_to_review
from batches.excursions import models
from batches.excursions.queries.evaluation_context import Look, looks_at, news_of, phases_due, phases_held, remember
from batches.excursions.queries.evaluation_inputs import PhaseFacts, phase_facts
from batches.excursions.queries.incremental_evaluation import Watched, watch
from batches.excursions.queries.states import is_current
from batches.excursions.rules.excursion_rules import TOTALS, RuleKind
from batches.excursions.rules.excursions import Excursion, Level
from batches.excursions.rules.verdicts import Verdict, verdicts
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
# The states of the sources and how far the phase has come, with the version of what says so.
_KEEP = """WITH kept AS (
      INSERT INTO excursions_watch
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


@action
def evaluate_phase(*, by: Person, phase: Phase, frames: Sequence[Frame] = ()) -> list[models.Evaluation]:
    """Evaluate every rule on the readings of a phase and return the newest evaluation of each.

    Running it again, or on the same readings in another order, changes nothing. An excursion of action level opens
    a deviation in the same transaction; one that later data no longer show is withdrawn, never removed. A phase that
    has ended gets a further version when late readings change what is said of it, and a review that was signed over
    the former one is taken back (domain.md 2.2, point 8). While it runs only what is new is read (queries.watches);
    ``frames`` are those that must be among what is judged. A phase some of whose readings are archived keeps what was
    recorded of it, until restore_readings has them judged again.

    :raises Refusal: ``not_authorised``.
    """
    check_authority(by, _PERMISSION, phase.batch_record.site)
    _hold_new(phases_held([phase.pk]))
    (look,) = looks_at([phase.pk])
    return _evaluated(by, look, frames)


def look_at(*, by: PersonAuthority, frames: Sequence[int]) -> None:
    """Evaluate the phases to which frames (primary keys) of one source belong, each as ``evaluate_phase`` does.

    It is part of the transaction of the message that asks for it: while there is nothing to say of a phase only the
    machinery's own notes are written, and nobody acts. Then the envelopes of the frames are asked for.

    :raises Refusal: ``not_authorised``.
    """
    news = news_of(frames)
    due = phases_due(news)
    _hold_new(due)
    for look in looks_at(list(due)):
        by.check(_PERMISSION, look.ground.phase.batch_record.site, at=now())
        _evaluated(by.person, look, news.frames)
    asked = {"frames": [frame.pk for frame in news.frames]}
    jobs.enqueue("readings_judged", asked, batch_key=news.source.code)


def _hold_new(held: Mapping[int, bool]) -> None:
    """Make the Progress of each phase that has none, and hold it.

    Two evaluations of a phase queue there; operators, who lock the phase itself, never wait.
    """
    new = [phase for phase, was_held in held.items() if not was_held]
    if new:
        models.Progress.objects.bulk_create([models.Progress(phase_id=pk) for pk in new], ignore_conflicts=True)
        phases_held(new)


def _evaluated(by: Person, look: Look, frames: Sequence[Frame]) -> list[models.Evaluation]:
    """Record what is new of a phase whose Progress is held, and return the newest evaluation of each rule."""
    try:
        judged = _judged(look, frames)
    except Refusal as refusal:
        if refusal.code != ARCHIVED:
            raise
        judged = None
    recorded = dict(look.recorded)
    if judged is None or judged.facts.readings is None:
        return list(recorded.values())
    facts, found = judged.facts, judged.found
    stale = {one.name for one in found if not is_current(one, recorded.get(one.name), complete=facts.readings.complete)}
    with as_read(look.at):
        if stale:
            record_verdicts(by=by, judged=judged, recorded=recorded, stale=stale)
        ((progress,),) = planned(_KEEP, _kept(judged))
    # Not before it is committed: a database that dies before gives the same number to another transaction.
    transaction.on_commit(partial(remember, facts.phase, progress, recorded))
    return [recorded[verdict.name] for verdict in found]


def _kept(judged: Watched) -> dict[str, object]:
    assert judged.facts.readings is not None
    columns = ("source_id", "judged_under", "low_frame", "low_count", "frames", "frame_sum", "state")
    return {
        "phase": judged.facts.phase.pk,
        "inputs_sha256": judged.facts.inputs_sha256,
        "evaluated_to": moment(judged.facts.readings.end_us),
        "evaluated_at": now(),
        **{column: [getattr(row, column) for row in judged.watches] for column in columns},
    }


def _reason(phase: Phase, changed: list[Verdict]) -> str:
    rules = ", ".join(one.name for one in changed)
    return f"What the readings of {phase.code} say has changed since the review was signed: {rules}."


def _judged(look: Look, frames: Sequence[Frame]) -> Watched | None:
    """Return what the rules say now, None when nothing has changed since."""
    if look.is_running:
        return watch(look, frames=frames)
    phase = look.ground.phase
    if look.watches:
        models.Watch.objects.filter(phase=phase).delete()  # what is said of a whole phase rests on every sample
    facts = phase_facts(phase)
    if facts.readings is None or facts.inputs_sha256 == look.inputs_sha256:
        return None
    return Watched(facts, verdicts(facts.readings, facts.rules), ())


@action
def record_verdicts(
    *, by: Person, judged: Watched, recorded: dict[str, models.Evaluation], stale: Collection[str]
) -> None:
    """Write a further version of each stale evaluation, and the excursions and deviations of all.

    ``recorded`` are the newest evaluations by rule; they become those that were written. The caller holds the phase's
    Progress.
    """
    facts, found = judged.facts, judged.found
    # Deviations first: they lock the batch record, which comes before its phase in the order of locks.
    recorded_before = models.Excursion.objects.filter(phase=facts.phase).select_related("deviation")
    known = {row.key: row for row in recorded_before}
    deviations = _deviations(by, facts.phase, found, known)
    changed = [verdict for verdict in found if verdict.name in stale]
    return_to_review(by=by, batch_record=facts.phase.batch_record, reason=_reason(facts.phase, changed))
    for verdict in changed:
        last = recorded.get(verdict.name)
        recorded[verdict.name] = _write(by, facts, verdict, last.version + 1 if last else 1)
        _write_excursions(recorded[verdict.name], verdict, known, deviations)
    _withdraw(known, {key for verdict in found for key in verdict.keys})


def _write(by: Person, facts: PhaseFacts, verdict: Verdict, version: int) -> models.Evaluation:
    assert facts.readings is not None
    return models.Evaluation.objects.create(
        phase=facts.phase,
        rule_set=facts.rule_set,
        rule=verdict.name,
        version=version,
        state=verdict.evaluation.state.value,
        final=facts.readings.complete,
        data_sha256=facts.inputs_sha256,
        content=verdict.content,
        evaluated_to=moment(facts.readings.end_us),
        evaluated_at=now(),
        evaluated_by=by,
    )


def _deviations(
    by: Person, phase: Phase, found: tuple[Verdict, ...], known: Mapping[str, models.Excursion]
) -> dict[str, Deviation]:
    opened: dict[str, Deviation] = {}
    for verdict in found:
        for key, place in verdict.keys.items():
            excursion = verdict.evaluation.excursions[place]
            if excursion.level is not Level.ACTION or not verdict.rule.auto_deviation:
                continue
            before = known[key].deviation if key in known else None
            opened[key] = before or open_deviation(
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
    return opened


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
    known: dict[str, models.Excursion],
    deviations: Mapping[str, Deviation],
) -> None:
    contents: Any = verdict.content["excursions"]
    for key, place in verdict.keys.items():
        one = verdict.evaluation.excursions[place]
        row = known.get(key) or models.Excursion(phase=evaluation.phase, key=key, detected_at=evaluation.evaluated_at)
        before = _said(row)
        row.rule, row.parameter, row.unit = verdict.name, verdict.rule.parameter, verdict.rule.unit
        row.level = one.level.value
        row.started_at = moment(one.started_us)
        row.ended_at = None if one.ended_us is None else moment(one.ended_us)
        row.peak, row.content, row.withdrawn_at = one.peak, contents[place], None
        row.deviation = deviations.get(key) or row.deviation
        # While a phase runs each excursion is written once, however many follow it; in the end all name the final one.
        if row.pk is None or evaluation.final or _said(row) != before:
            row.evaluation = evaluation
            row.save()
        known[key] = row


def _said(row: models.Excursion) -> tuple[object, ...]:
    """What is recorded of an excursion, beside the evaluation that found it."""
    return row.rule, row.level, row.ended_at, row.content, row.withdrawn_at, row.deviation_id


def _withdraw(known: Mapping[str, models.Excursion], found: set[str]) -> None:
    for key, row in known.items():
        if key not in found and row.withdrawn_at is None:
            row.withdrawn_at = now()
            row.save(update_fields=["withdrawn_at"])
