"""Evaluations and excursions of a batch for its dossier, evaluated now from its readings."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from batches.excursions.models import Excursion
from batches.excursions.queries.states import PhaseStates, RuleState, states_of
from batches.excursions.queries.states import excursions_of as excursions
from batches.models import BatchRecord, Deviation
from batches.queries.records import RecordView
from batches.readings.queries.archived import ARCHIVED
from batches.readings.rules.parameters import parameter
from gatekeeper.core.quantity import decimal_text, unit
from release.rules.dossier import EvaluationFacts, ExcursionFacts


def evaluations_of(view: RecordView) -> tuple[EvaluationFacts, ...]:
    """Return the state of every rule of every phase, in the record's order; nothing is written."""
    return tuple(fact for phase in view.phases for fact in _phase(view, states_of(phase.phase)))


def excursions_of(record: BatchRecord) -> tuple[ExcursionFacts, ...]:
    """Return the excursions that later data have not withdrawn."""
    return tuple(
        ExcursionFacts(
            id=row.pk,
            phase=row.phase.code,
            rule=row.rule,
            title=title_of(row),
            level=row.level,
            deviation=row.deviation.number if row.deviation else "",
        )
        for row in excursions(record)
    )


def title_of(row: Excursion) -> str:
    """Return the excursion in words: the parameter, the limit and the peak."""
    name = parameter(row.parameter).title
    if row.content.get("side") == "coverage":
        return f"{name} not known for all of the phase"
    if row.peak is None:
        return f"{name} outside its {row.level} limit"
    peak = decimal_text(row.peak.quantize(Decimal(1)) if abs(row.peak) >= 100 else row.peak.normalize() + 0)
    return f"{name} outside its {row.level} limit, {peak} {unit(row.unit).label} at most".replace("  ", " ")


def _phase(view: RecordView, states: PhaseStates) -> Iterable[EvaluationFacts]:
    reported = _reported_by_people(view.deviations, states.phase)
    if states.problem:
        yield _without_evaluation(view, states)
    for rule in states.rules:
        yield _rule(rule, reported)


def _rule(state: RuleState, reported: tuple[str, ...]) -> EvaluationFacts:
    return EvaluationFacts(
        phase=state.phase,
        rule=state.rule,
        rule_set=state.rule_set,
        title=state.title,
        state=state.state.value,
        coverage_percent=state.coverage * 100,
        final=state.final,
        version=state.version,
        up_to_date=state.up_to_date,
        deviations=state.deviations or reported,
    )


def _without_evaluation(view: RecordView, states: PhaseStates) -> EvaluationFacts:
    """Return the unknown state of a phase that cannot be evaluated, or not before archived readings are restored."""
    archived = states.problem == ARCHIVED
    note = ", the readings being archived (restore_readings)," if archived else ""
    return EvaluationFacts(
        phase=states.phase,
        rule="",
        rule_set=view.recipe.rule_set,
        title=f"The rule set {view.recipe.rule_set}{note}",
        state="unknown",
        coverage_percent=None,
        final=archived,
        version=int(archived),
        up_to_date=False,
        deviations=(),
    )


def _reported_by_people(deviations: Sequence[Deviation], phase: str) -> tuple[str, ...]:
    # A gap too short to open a deviation can be explained by one that a person opened.
    rows = (row for row in deviations if row.origin == "manual" and row.phase and row.phase.code == phase)
    return tuple(sorted(row.number for row in rows))
