"""The exposure of a batch: the newest evaluation of every rule in every phase, in three queries."""

from collections import defaultdict

from batches.models import BatchRecord
from batches.monitoring.models import Evaluation, Excursion
from batches.monitoring.rules.exposure import Exposure, Recorded, exposure


def exposure_of(record: BatchRecord) -> Exposure:
    """Return what is recorded of the exposure of a batch, in the order of its phases.

    It says what evaluations hold, and evaluates nothing: the gate does (integrity.md section 5).
    """
    newest = Evaluation.objects.filter(phase__batch_record=record).select_related("phase", "rule_set")
    newest = newest.order_by("phase__position", "rule", "-version").distinct("phase__position", "rule")
    deviations = _deviations(record)
    recorded = [
        Recorded(
            phase=row.phase.code,
            phase_title=row.phase.title,
            rule=row.rule,
            rule_set=str(row.rule_set),
            version=row.version,
            final=row.final,
            content=row.content,
            deviations=tuple(deviations[row.phase_id, row.rule]),
        )
        for row in newest
    ]
    return exposure(recorded, phases=list(record.phases.order_by("position").values_list("code", flat=True)))


def _deviations(record: BatchRecord) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows = Excursion.objects.filter(phase__batch_record=record, withdrawn_at__isnull=True, deviation__isnull=False)
    for phase, rule, number in rows.order_by("id").values_list("phase_id", "rule", "deviation__number"):
        if number not in found[phase, rule]:
            found[phase, rule].append(number)
    return found
