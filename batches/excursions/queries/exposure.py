"""The exposure of batches: the newest evaluation of every rule in every phase, in three queries."""

from collections import defaultdict
from collections.abc import Iterable

from batches.excursions.models import Excursion
from batches.excursions.queries.newest_evaluations import newest_of
from batches.excursions.rules.exposure import Exposure, Recorded, exposure
from batches.models import BatchRecord, Phase


def exposure_of(record: BatchRecord) -> Exposure:
    """Return what is recorded of the exposure of a batch, in the order of its phases.

    It says what evaluations hold, and evaluates nothing: the gate does (integrity.md section 5).
    """
    return exposures_of([record])[record.pk]


def exposures_of(records: Iterable[BatchRecord]) -> dict[int, Exposure]:
    """Return the exposure of each of these batches by its record, in three queries however many they are."""
    of_records = list(records)
    phases = list(Phase.objects.filter(batch_record__in=of_records).order_by("batch_record", "position"))
    newest, deviations = newest_of(phases), _deviations(of_records)
    recorded: dict[int, list[Recorded]] = {record.pk: [] for record in of_records}
    for phase in phases:
        recorded[phase.batch_record_id] += [
            Recorded(
                phase=phase.code,
                phase_title=phase.title,
                rule=row.rule,
                rule_set=str(row.rule_set),
                version=row.version,
                final=row.final,
                content=row.content,
                deviations=tuple(deviations[phase.pk, row.rule]),
            )
            for row in newest[phase.pk]
        ]
    return {
        pk: exposure(rows, phases=[phase.code for phase in phases if phase.batch_record_id == pk])
        for pk, rows in recorded.items()
    }


def _deviations(records: list[BatchRecord]) -> dict[tuple[int, str], list[str]]:
    numbers: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows = Excursion.objects.filter(phase__batch_record__in=records, withdrawn_at__isnull=True)
    rows = rows.filter(deviation__isnull=False)
    for phase, rule, number in rows.order_by("id").values_list("phase_id", "rule", "deviation__number"):
        if number not in numbers[phase, rule]:
            numbers[phase, rule].append(number)
    return numbers
