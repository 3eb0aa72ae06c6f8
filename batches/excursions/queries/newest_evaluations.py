"""The newest evaluation of every rule of some phases, in one query however many they are."""

from collections.abc import Iterable

from batches.excursions.models import Evaluation
from batches.excursions.rules.naming import in_use
from batches.models import Phase


def newest_of(phases: Iterable[Phase]) -> dict[int, list[Evaluation]]:
    """Return by phase the newest evaluation of each rule, without names that the rule no longer has.

    A rule is called by its code, or by its code and its source where several sources measure the same: when a second
    source joins, what was recorded under the code alone is no longer valid.
    """
    of_phases = list(phases)
    rows = Evaluation.objects.filter(phase__in=of_phases).select_related("rule_set")
    newest: dict[int, list[Evaluation]] = {phase.pk: [] for phase in of_phases}
    for row in rows.order_by("phase_id", "rule", "-version").distinct("phase_id", "rule"):
        newest[row.phase_id].append(row)
    names = {phase: in_use({row.rule: row.pk for row in rows}) for phase, rows in newest.items()}
    return {phase: [row for row in rows if row.rule in names[phase]] for phase, rows in newest.items()}
