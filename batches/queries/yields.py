"""The yields of a batch record, computed from the entries that count."""

from collections.abc import Sequence

from batches.models import BatchRecord, Phase
from batches.queries import phases as phase_queries
from batches.rules.recipe import Recipe
from batches.rules.yields import Measure, StepYield, steps
from gatekeeper.core.quantity import Quantity


def yields_of(record: BatchRecord) -> tuple[StepYield, ...]:
    """Return the table of yields, a row for each phase that measures one and was performed."""
    phases = record.phases.order_by("position").prefetch_related("results")
    return steps(measures_of(phase_queries.recipe_of(record), list(phases)))


def measures_of(recipe: Recipe, phases: Sequence[Phase]) -> list[Measure]:
    """Return how much was there after each started phase that measures a yield, in the recipe's order."""
    by_code = {phase.code: phase for phase in phases}
    measures = []
    for definition in recipe.phases:
        phase, rule = by_code.get(definition.code), definition.yielded
        if phase is None or rule is None or phase.state == Phase.State.PENDING:
            continue
        quantities = _quantities(phase)
        measures.append(
            Measure(
                phase=definition.code,
                title=definition.title,
                volume=quantities.get(rule.volume),
                concentration=quantities.get(rule.concentration),
                analyte=rule.analyte,
                method=rule.method,
                method_version=rule.method_version,
                step_limits=rule.step,
                overall_limits=rule.overall,
            )
        )
    return measures


def _quantities(phase: Phase) -> dict[str, Quantity]:
    # "<10" has a value to judge by, but nothing can be computed from it.
    return {
        row.control: Quantity(row.value, row.unit, row.reported)
        for row in phase_queries.current_results(phase.results.all())
        if row.value is not None and not row.reported.startswith(("<", ">"))
    }
