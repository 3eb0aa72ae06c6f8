"""What monitoring says of a lot: its exposure, and how it stands among the earlier lots of its product."""

from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.excursions.api.records import exposure_content, lapses_content
from batches.excursions.presentation.replays import columns_of
from batches.excursions.queries.comparison import Measures, compared_lots
from batches.excursions.queries.exposure import exposure_of
from batches.excursions.rules.measures import TIME, Measured, measures_of
from batches.excursions.serializers import ComparisonOutput, LotExposureOutput
from batches.models import BatchRecord
from gatekeeper.api import ApiView


class LotExposure(ApiView):
    """What a lot went through while it was made."""

    permission = "readings.view"

    @extend_schema(responses=LotExposureOutput)
    def get(self, request: Request, number: str) -> Response:
        """Return the exposure of the batch that made the lot, with its times outside over all phases."""
        record = _record(self, number)
        exposure = exposure_of(record)
        times = [_time(measure) for measure in measures_of(exposure) if measure.kind == TIME]
        head = {"lot": number, "batch_record": record.number, "time_outside": times}
        return Response({**head, **exposure_content(exposure), **lapses_content(record)})


class LotComparison(ApiView):
    """A lot beside the earlier lots of its product at the caller's sites."""

    permission = "readings.view"

    @extend_schema(responses=ComparisonOutput)
    def get(self, request: Request, number: str) -> Response:
        """Return the numbers of the lot and of each earlier one, newest first, and where the lot stands."""
        record = _record(self, number)
        lots = compared_lots(record, sites=self.sites)
        standings = [
            {
                "key": column.measured.key,
                "unit": column.measured.unit,
                "value": _text(column.value),
                "median": _text(column.standing.median),
                "low": _text(column.standing.low),
                "high": _text(column.standing.high),
                "lots": column.standing.lots,
                "above": column.standing.above,
                "place": column.standing.place(column.value),
            }
            for column in columns_of(lots)
        ]
        rows = [_lot(lot) for lot in lots]
        return Response({"lot": number, "material": record.lot.material.code, "standings": standings, "lots": rows})


def _record(view: ApiView, number: str) -> BatchRecord:
    records = BatchRecord.objects.filter(site__in=view.sites).select_related("lot__material", "site")
    return get_object_or_404(records, lot__number=number)


def _lot(lot: Measures) -> dict[str, Any]:
    return {
        "lot": lot.record.lot.number,
        "batch_record": lot.record.number,
        "issued_at": lot.record.issued_at,
        "measures": [{"key": row.key, "value": _amount(row), "bound": row.bound.value} for row in lot.by_key.values()],
    }


def _time(measured: Measured) -> dict[str, Any]:
    return {
        "parameter": measured.parameter,
        "counted_beyond": [
            {"side": side, "value": _text(limit), "unit": measured.limit_unit} for side, limit in measured.beyond
        ],
        "value": _amount(measured),
        "bound": measured.bound.value,
        "phases": measured.phases,
        "without": measured.without,
    }


def _amount(measured: Measured) -> dict[str, str] | None:
    return None if measured.value is None else {"value": format(measured.value, "f"), "unit": measured.unit}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
