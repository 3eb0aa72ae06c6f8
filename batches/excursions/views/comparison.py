"""The page of a lot beside the earlier lots of its product."""

from typing import Any

from django.shortcuts import get_object_or_404

from batches.excursions.presentation.replays import columns_of, comparison_heads, comparison_rows, dots_of
from batches.excursions.queries.comparison import MOST, compared_lots
from batches.models import BatchRecord
from gatekeeper.web import Page


class ComparisonOfLot(Page):
    """What a lot went through beside the earlier lots of its product: a column a lot, a small chart a number."""

    permission = "readings.view"
    template_name = "excursions/comparison.html"

    def context(self) -> dict[str, Any]:
        """Return the lots with their numbers, newest first, and where this one stands."""
        records = BatchRecord.objects.filter(site__in=self.sites).select_related("site", "lot__material")
        record = get_object_or_404(records, lot__number=self.kwargs["number"])
        lots = compared_lots(record, sites=self.sites)
        columns = columns_of(lots)
        return {
            "record": record,
            "lot": record.lot,
            "earlier": len(lots) - 1,
            "most": MOST,
            "heads": comparison_heads(lots),
            "rows": comparison_rows(lots, columns),
            "dots": [dots_of(column, lots, place=place) for place, column in enumerate(columns)],
        }
