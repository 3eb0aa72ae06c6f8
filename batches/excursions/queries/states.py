"""What the rules say of a phase on the data as they are now, beside what was recorded. Writes nothing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries.evaluation_inputs import EvaluationInputs, inputs_unless_archived
from batches.excursions.rules.excursions import State, worst_state
from batches.excursions.rules.verdicts import PhaseReadings, Verdict, conclusion_in
from batches.models import BatchRecord, Phase
from batches.readings.queries.archived import ARCHIVED
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.models import Site
from gatekeeper.core.times import moment


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule of one phase: computed now from the readings, with the version that is recorded (0: none is).

    ``up_to_date``: what is recorded is what is computed, and final if the phase has ended. ``coverage`` is a share
    from 0 to 1; ``deviations`` are the numbers of those its excursions have opened.
    """

    phase: str
    rule: str
    rule_set: str
    title: str
    state: State
    coverage: Decimal
    final: bool
    version: int
    up_to_date: bool
    evaluated_to: datetime | None
    problem: str
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseStates:
    """All rules of a phase. ``problem`` is a code where nothing could be judged at all.

    ``rule_set_missing``, or ``readings_archived``: its evaluations stay as they are recorded.
    """

    phase: str
    rules: tuple[RuleState, ...]
    problem: str
    evaluated_to: datetime | None

    @property
    def state(self) -> State:
        """The worst state of the phase; UNKNOWN when it could not be judged."""
        return State.UNKNOWN if self.problem else worst_state(rule.state for rule in self.rules)

    @property
    def complete(self) -> bool:
        """Whether everything that the readings show is recorded."""
        return not self.problem and all(rule.up_to_date for rule in self.rules)


def states_of(phase: Phase) -> PhaseStates:
    """Return the state of every rule of a phase, evaluated now from its readings (integrity.md section 5)."""
    inputs, _archived = inputs_unless_archived(phase)
    if inputs is None:
        reached = [row.evaluated_to for row in newest_evaluations(phase).values()]
        return PhaseStates(phase.code, (), ARCHIVED, min(reached, default=None))
    if inputs.conditions.rule_set_code and inputs.conditions.rule_set is None:
        return PhaseStates(phase.code, (), "rule_set_missing", None)
    if inputs.readings is None:
        return PhaseStates(phase.code, (), "", None)
    recorded = newest_evaluations(phase)
    deviations = _deviations(phase)
    rules = tuple(
        _state(inputs, verdict, recorded.get(verdict.name), tuple(deviations[verdict.name]))
        for verdict in inputs.verdicts()
    )
    reached = [row.evaluated_to for row in recorded.values()]
    return PhaseStates(phase.code, rules, "", min(reached, default=None))


def is_current(verdict: Verdict, recorded: Evaluation | None, readings: PhaseReadings) -> bool:
    """Return whether the recorded version says what is computed now; of a running phase, all that people act on."""
    if recorded is None or recorded.final != readings.complete:
        return False
    return (
        recorded.content == verdict.content
        if readings.complete
        else conclusion_in(recorded.content) == verdict.conclusion
    )


def newest_evaluations(phase: Phase) -> dict[str, Evaluation]:
    """Return the newest version of each rule's evaluation, by rule."""
    rows = Evaluation.objects.filter(phase=phase).order_by("rule", "-version").distinct("rule")
    return {row.rule: row for row in rows}


def excursions_of(record: BatchRecord, *, sites: Iterable[Site] | None = None) -> QuerySet[Excursion]:
    """Return the excursions of a batch record that later data have not withdrawn, in order of time."""
    rows = Excursion.objects.filter(phase__batch_record=record, withdrawn_at__isnull=True)
    if sites is not None:
        rows = rows.filter(phase__batch_record__site__in=sites)
    return rows.select_related("phase__batch_record", "evaluation__rule_set", "deviation")


def _deviations(phase: Phase) -> dict[str, list[str]]:
    numbers: dict[str, list[str]] = defaultdict(list)
    rows = Excursion.objects.filter(phase=phase, withdrawn_at__isnull=True, deviation__isnull=False)
    for rule, number in rows.order_by("id").values_list("rule", "deviation__number"):
        numbers[rule].append(number)
    return numbers


def _state(
    inputs: EvaluationInputs, verdict: Verdict, recorded: Evaluation | None, deviations: tuple[str, ...]
) -> RuleState:
    assert inputs.readings is not None
    return RuleState(
        phase=inputs.conditions.phase.code,
        rule=verdict.name,
        rule_set=str(inputs.conditions.rule_set),
        title=parameter(verdict.rule.parameter).title,
        state=verdict.evaluation.state,
        coverage=verdict.evaluation.coverage,
        final=inputs.readings.complete,
        version=recorded.version if recorded else 0,
        up_to_date=is_current(verdict, recorded, inputs.readings),
        evaluated_to=recorded.evaluated_to if recorded else moment(inputs.readings.start_us),
        problem=verdict.problem,
        deviations=deviations,
    )
