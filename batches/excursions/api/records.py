"""What monitoring says of a batch record: envelopes, excursions, exposure."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from batches.excursions.models import Excursion
from batches.excursions.queries.exposure import exposure_of
from batches.excursions.queries.states import excursions_of
from batches.excursions.queries.traces import envelope, raw_readings
from batches.excursions.rules.exposure import Exposure, Row, Total
from batches.excursions.rules.potency import half_life_content
from batches.excursions.serializers import EnvelopeOutput, ExcursionOutput, ExposureOutput
from batches.models import BatchRecord
from batches.readings.queries.sensors import lapses_of
from batches.readings.rules.arrow_frames import MEDIA_TYPE, arrow_from
from gatekeeper.api import ApiView
from gatekeeper.core.refusal import Refusal
from gatekeeper.pagination import rfc3339

_ENVELOPE = [
    OpenApiParameter("parameter", str, required=True, description="Code of what is measured or derived."),
    OpenApiParameter("from", datetime, description="Not before this time."),
    OpenApiParameter("to", datetime, description="Not after this time."),
    OpenApiParameter("points", int, description="At most so many buckets a series, 600 by default."),
]


class ArrowStream(BaseRenderer):
    """Lets a client ask for samples instead of buckets; a problem is JSON all the same."""

    media_type = MEDIA_TYPE
    format = "arrow"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the bytes of a stream as they are, anything else as JSON."""
        return data if isinstance(data, bytes) else JSONRenderer().render(data)


class RecordReadings(ApiView):
    """The readings of one parameter over a batch record: an envelope, or as Arrow every sample as it was sent."""

    permission = "readings.view"
    renderer_classes: ClassVar = [JSONRenderer, ArrowStream]

    @extend_schema(
        parameters=_ENVELOPE,
        responses={(200, "application/json"): EnvelopeOutput, (200, MEDIA_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, number: str) -> Response:
        """Return at most ``points`` buckets (min, max, mean) of ``parameter`` between ``from`` and ``to``.

        As Arrow: the samples themselves (tag, time, value, quality), untrusted ones too, in the unit of their tag.
        Where there are more than one answer takes, ``Gatekeeper-Next-From`` is the ``from`` of the next.
        """
        record = _record(self, number)
        params = request.query_params
        code = params.get("parameter", "")
        span = {"start": _time(params.get("from"), "from"), "end": _time(params.get("to"), "to")}
        if not isinstance(request.accepted_renderer, ArrowStream):
            return Response(envelope(record, parameter=code, points=_points(params.get("points", "600")), **span))
        series, following = raw_readings(record, parameter=code, limit=settings.READINGS_MAX_SAMPLES, **span)
        columns = [(raw.tag, raw.signal.times, raw.signal.values, raw.quality) for raw in series]
        headers = {} if following is None else {"Gatekeeper-Next-From": following.isoformat()}
        return Response(arrow_from(columns), headers=headers)


class RecordExcursions(ApiView):
    """The excursions of a batch record."""

    permission = "readings.view"

    @extend_schema(responses=ExcursionOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List what the rules have found and later data have not withdrawn."""
        return self.listed(excursions_of(_record(self, number)), excursion_content)


class RecordExposure(ApiView):
    """The exposure of a batch: time in each state, doses, passes, residual potency with what it assumes."""

    permission = "readings.view"

    @extend_schema(responses=ExposureOutput)
    def get(self, request: Request, number: str) -> Response:
        """Return what the newest evaluations hold; a number that was not measured is null."""
        record = _record(self, number)
        content = exposure_content(exposure_of(record)) | lapses_content(record)
        return Response({"batch_record": record.number, **content})


def exposure_content(exposure: Exposure) -> dict[str, Any]:
    """Return an exposure as clients see it."""
    return {
        "phases": exposure.phases,
        "rows": [_exposure_row(row) for row in exposure.rows],
        "totals": [_exposure_total(total) for total in exposure.totals],
        "assumptions": [
            {
                "rule": assumption.rule,
                "rule_version": assumption.version,
                "rule_set": assumption.rule_set,
                "phases": assumption.phases,
                "equation": assumption.equation,
                "formula": assumption.formula,
                "basis": assumption.basis,
                "half_lives": half_life_content(assumption.half_lives),
            }
            for assumption in exposure.assumptions
        ],
    }


def lapses_content(record: BatchRecord) -> dict[str, Any]:
    """Return when equipment of a record was out of calibration while its phase ran, as clients see it."""
    return {
        "calibration_lapses": [
            {
                "phase": lapse.phase.code,
                "equipment": lapse.equipment.code,
                "tags": [tag.code for tag in lapse.tags],
                "calibration_due_date": lapse.due_date,
                "from_at": lapse.lapse.began_at,
                "until_at": lapse.lapse.ended_at,
            }
            for lapse in lapses_of(record)
        ]
    }


def _exposure_row(row: Row) -> dict[str, Any]:
    durations, code = row.durations, row.rule.unit
    parts = {
        "inside": durations.inside,
        "alert": durations.alert,
        "action": durations.action,
        "unknown": durations.unknown,
    }
    return {
        "phase": row.phase,
        "rule": row.name,
        "rule_version": row.rule.version,
        "rule_set": row.rule_set,
        "evaluation_version": row.version,
        "final": row.final,
        "parameter": row.rule.parameter,
        "kind": row.rule.kind.value,
        "state": row.state.value,
        "problem": row.problem,
        "time": {name: _amount(seconds, "s") for name, seconds in parts.items()},
        "counted_beyond": [{"side": side, **_amount(limit, code)} for side, limit in row.beyond],
        "time_outside": row.time_outside if row.time_outside is None else _amount(row.time_outside, "s"),
        "excess_dose": row.excess_dose if row.excess_dose is None else _amount(row.excess_dose, f"{code}.s"),
        "worst": row.worst if row.worst is None else _amount(row.worst, code),
        "coverage": _amount(row.coverage, "1"),
        "deviations": row.deviations,
    }


_TOTAL_UNITS = {"pump_passes": "{pass}", "residual_potency": "1"}


def _exposure_total(total: Total) -> dict[str, Any]:
    code = _TOTAL_UNITS.get(total.measure.value, "1/s.s")
    return {
        "measure": total.measure.value,
        "value": None if total.value is None else _amount(total.value, code),
        "bound": total.bound.value,
        "counted_beyond": None if total.beyond is None else _amount(total.beyond, "1/s"),
        "phases": total.phases,
        "without": total.without,
    }


def _amount(number: Decimal, code: str) -> dict[str, str]:
    return {"value": format(number, "f"), "unit": code}


def excursion_content(excursion: Excursion) -> dict[str, Any]:
    """Return an excursion as clients see it."""
    content = excursion.content
    return {
        "id": excursion.pk,
        "batch_record": excursion.phase.batch_record.number,
        "phase": excursion.phase.code,
        "rule": excursion.rule,
        "rule_set": str(excursion.evaluation.rule_set),
        "parameter": excursion.parameter,
        "level": excursion.level,
        "started_at": excursion.started_at,
        "ended_at": excursion.ended_at,
        "duration": {"value": content["duration_s"], "unit": "s"},
        "peak": {"value": content["peak"], "unit": "1" if content["side"] == "coverage" else excursion.unit},
        "limit": {"value": content["limit"], "unit": _limit_unit(excursion)},
        "excess_dose": {"value": content["excess_dose"], "unit": f"{excursion.unit}.s"},
        "evaluation_version": excursion.evaluation.version,
        "data_sha256": excursion.evaluation.data_sha256,
        "deviation": excursion.deviation.number if excursion.deviation else None,
    }


def _limit_unit(excursion: Excursion) -> str:
    """Return the unit of what was compared: a share, a total time, a total dose, or the signal itself."""
    if excursion.content["side"] == "coverage":
        return "1"
    kind = excursion.evaluation.content["rule"]["kind"]
    return {"cumulative_time": "s", "dose": f"{excursion.unit}.s"}.get(kind, excursion.unit)


def _record(view: ApiView, number: str) -> BatchRecord:
    return get_object_or_404(BatchRecord, number=number, site__in=view.sites)


def _time(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    if (at := rfc3339(text)) is None:
        raise Refusal("time_malformed", "An RFC 3339 time with its offset is needed.", field=field)
    return at


def _points(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 5000:
        raise Refusal("points_out_of_range", "Ask for 1 to 5000 points.", field="points")
    return int(text)
