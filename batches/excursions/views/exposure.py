"""The page of what the vector of a batch went through."""

from typing import Any

from django.shortcuts import get_object_or_404

from batches.excursions.presentation.charts import MARKS, exposure_bars
from batches.excursions.presentation.formatting import assumption_rows, exposure_rows, total_rows
from batches.excursions.presentation.replays import half_life_columns, legend
from batches.excursions.queries.exposure import exposure_of
from batches.models import BatchRecord
from batches.readings.queries.sensors import lapses_of
from gatekeeper.web import Page


class ExposureOfRecord(Page):
    """What the vector of a batch went through, as recorded: one chart, one table, the totals and what they assume."""

    permission = "readings.view"
    template_name = "excursions/exposure.html"

    def context(self) -> dict[str, Any]:
        """Return the exposure of the record in words and units."""
        records = BatchRecord.objects.filter(site__in=self.sites).select_related("site", "lot", "master")
        record = get_object_or_404(records, number=self.kwargs["number"])
        exposure = exposure_of(record)
        return {
            "record": record,
            "bars": exposure_bars(exposure.rows) if exposure.rows else None,
            "legend": legend(),
            "rows": exposure_rows(exposure.rows, marks=MARKS),
            "totals": total_rows(exposure),
            "assumptions": assumption_rows(exposure.assumptions),
            "lapses": lapses_of(record),
            "half_life_columns": half_life_columns(),
        }
