"""A lot beside the earlier lots of its product, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass

from batches.excursions.queries.exposure import exposures_of
from batches.excursions.rules.measures import Measured, measures_of
from batches.models import BatchRecord
from gatekeeper.accounts.models import Site

MOST = 40  # earlier lots of one page: the newest


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """A batch with its numbers by their keys; ``current`` is the one that is compared."""

    record: BatchRecord
    current: bool
    by_key: dict[str, Measured]


def compared_lots(record: BatchRecord, *, sites: Iterable[Site]) -> list[Measures]:
    """Return the numbers of a batch and, after it, of the earlier ones of its material at these sites, newest first."""
    of_material = BatchRecord.objects.filter(lot__material=record.lot.material_id, site__in=sites)
    earlier = (
        of_material.filter(issued_at__lt=record.issued_at).select_related("lot", "site").order_by("-issued_at", "-id")
    )
    records = [record, *earlier[:MOST]]
    exposures = exposures_of(records)
    return [
        Measures(row, row.pk == record.pk, {measured.key: measured for measured in measures_of(exposures[row.pk])})
        for row in records
    ]
