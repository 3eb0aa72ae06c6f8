"""REST resources of monitoring: readings in, sources, envelopes and excursions out."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.http import JsonResponse
from django.http.request import RawPostDataException
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from batches.models import BatchRecord
from batches.monitoring import queries
from batches.monitoring.actions.readings import Conflicting, Recorded, record_frame
from batches.monitoring.actions.rule_sets import approve_rule_set, import_rule_set
from batches.monitoring.actions.sources import DescribeTag, RegisterSource, register_source
from batches.monitoring.models import Excursion, RuleSet, Source
from batches.monitoring.queries.traces import envelope
from batches.monitoring.rules.exposure import Exposure, Row, Total
from batches.monitoring.rules.frames import Frame, decoded, unpacked
from batches.monitoring.rules.potency import half_life_content
from batches.monitoring.serializers import (
    EnvelopeShown,
    ExcursionShown,
    ExposureShown,
    FrameInput,
    FrameShown,
    RuleSetShown,
    SourceInput,
    SourceShown,
)
from gatekeeper.api import ApiView, Signs
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.parsers import TomlParser

_ENVELOPE = [
    OpenApiParameter("parameter", str, required=True, description="Code of what is measured or derived."),
    OpenApiParameter("from", datetime, description="Not before this time."),
    OpenApiParameter("to", datetime, description="Not after this time."),
    OpenApiParameter("points", int, description="At most so many buckets a series, 600 unless told."),
]


class Body(BaseParser):
    """Gives the body as it came: a frame is decoded in one pass, straight into columns."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> bytes:
        """Return the bytes."""
        return stream.read()


class Readings(ApiView):
    """Frames of readings. A frame's own identity makes it safe to send again; an Idempotency-Key is not needed."""

    permission = "monitoring.record_readings"
    idempotent = False
    parser_classes: ClassVar = [Body]

    @extend_schema(request=FrameInput, responses={201: FrameShown, 200: FrameShown})
    def post(self, request: Request) -> JsonResponse:
        """Record one frame: 201 recorded, 200 replay, 409 another body under its identity, 422 with every fault."""
        frame = _frame(request)
        outcome = record_frame(by=request.user, site=_site(self, frame), frame=frame)
        if isinstance(outcome, Conflicting):
            raise Refusal(
                "frame_conflict",
                "Frame {frame} is recorded with another body; this one is kept beside it and flagged.",
                kind=Kind.CONFLICT,
                field="sequence",
                frame=str(outcome.frame),
            )
        recorded = isinstance(outcome, Recorded)
        answer = {
            "frame": str(outcome.frame),
            "status": "recorded" if recorded else "replayed",
            "samples": outcome.frame.samples,
            "sha256": outcome.frame.sha256,
        }
        return JsonResponse(answer, status=201 if recorded else 200)


def _frame(request: Request) -> Frame:
    body = _body(request)
    match request.headers.get("Content-Encoding", "identity").strip().lower():
        case "gzip":
            body = unpacked(body, limit=settings.READINGS_MAX_BYTES)
        case "" | "identity":
            if len(body) > settings.READINGS_MAX_BYTES:
                raise _too_large()
        case other:
            raise UnsupportedMediaType(other)
    return decoded(body)


def _body(request: Request) -> bytes:
    # The size is known before the bytes are read.
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.READINGS_MAX_BYTES:
        raise _too_large()
    try:
        body = request.data  # negotiates: 415 for a media type that is not read here
    except RawPostDataException:
        raise _too_large() from None
    if not isinstance(body, bytes):
        raise Refusal("frame_not_readable", "The body is empty.")
    return body


def _too_large() -> Refusal:
    return Refusal("body_too_large", "The body is larger than {limit} bytes.", limit=settings.READINGS_MAX_BYTES)


def _site(view: ApiView, frame: Frame) -> Any:
    """Return the site of the token; of a person with several sites, that of the source."""
    if len(view.sites) == 1:
        return view.sites[0]
    source = Source.objects.select_related("site").filter(code=frame.source, site__in=view.sites).first()
    if source is None:
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=frame.source)
    return source.site


class Sources(ApiView):
    """Skids and probes with their tags."""

    permissions: ClassVar = {"GET": "monitoring.view", "POST": "monitoring.configure"}

    @extend_schema(responses=SourceShown(many=True))
    def get(self, request: Request) -> Response:
        """List the sources of the caller's sites."""
        return self.listed(_sources(self), source_content)

    @extend_schema(request=SourceInput, responses={201: SourceShown})
    def post(self, request: Request) -> Response:
        """Register a source with its tags."""
        data = self.parsed(SourceInput).validated_data
        tags = tuple(DescribeTag(**tag) for tag in data.pop("tags"))
        source = register_source(by=request.user, command=RegisterSource(**data, tags=tags))
        return Response(source_content(source), status=201, headers={"Location": f"/api/v1/sources/{source.code}/"})


class SourceDetail(ApiView):
    """One skid or probe."""

    permission = "monitoring.view"

    @extend_schema(responses=SourceShown)
    def get(self, request: Request, code: str) -> Response:
        """Return the source."""
        return Response(source_content(get_object_or_404(_sources(self), code=code)))


class RuleSets(ApiView):
    """Every version of every set of excursion rules."""

    permissions: ClassVar = {"GET": "monitoring.view", "POST": "monitoring.configure"}
    parser_classes: ClassVar = [TomlParser]

    @extend_schema(responses=RuleSetShown(many=True))
    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(RuleSet.objects.select_related("authored_by", "approved_by"), RuleSetShown)

    @extend_schema(request={"application/toml": OpenApiTypes.STR}, responses={201: RuleSetShown})
    def post(self, request: Request) -> Response:
        """Record a draft from TOML."""
        draft = import_rule_set(by=request.user, site=self.sites[0], toml=request.data)
        return Response(RuleSetShown(draft).data, status=201)


class OneRuleSet(ApiView):
    """One version of a set of rules."""

    permission = "monitoring.view"

    @extend_schema(responses=RuleSetShown)
    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version with every rule."""
        return Response(RuleSetShown(get_object_or_404(RuleSet, code=code, version=version)).data)


class ApproveRuleSet(ApiView):
    """The signed approval of a draft."""

    permission = "batches.approve"
    signs = True

    @extend_schema(request=Signs, responses={201: RuleSetShown})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft; the version before it retires."""
        approved = approve_rule_set(
            by=request.user,
            credentials=self.parsed(Signs).credentials(request),
            site=self.sites[0],
            rule_set=get_object_or_404(RuleSet, code=code, version=version),
        )
        return Response(RuleSetShown(approved).data, status=201)


class RecordReadings(ApiView):
    """The readings of one parameter over a batch record, as an envelope."""

    permission = "monitoring.view"

    @extend_schema(parameters=_ENVELOPE, responses=EnvelopeShown)
    def get(self, request: Request, number: str) -> Response:
        """Return at most ``points`` buckets (min, max, mean) of ``parameter`` between ``from`` and ``to``."""
        record = _record(self, number)
        asked = request.query_params
        return Response(
            envelope(
                record,
                parameter=asked.get("parameter", ""),
                start=_time(asked.get("from"), "from"),
                end=_time(asked.get("to"), "to"),
                points=_points(asked.get("points", "600")),
            )
        )


class RecordExcursions(ApiView):
    """The excursions of a batch record."""

    permission = "monitoring.view"

    @extend_schema(responses=ExcursionShown(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List what the rules have found and later data have not withdrawn."""
        return self.listed(queries.excursions_of(_record(self, number)), excursion_content)


class RecordExposure(ApiView):
    """The exposure of a batch: time in each state, doses, passes, residual potency with what it assumes."""

    permission = "monitoring.view"

    @extend_schema(responses=ExposureShown)
    def get(self, request: Request, number: str) -> Response:
        """Return what the newest evaluations hold; a number that was not measured is null."""
        record = _record(self, number)
        return Response({"batch_record": record.number, **exposure_content(queries.exposure_of(record))})


def exposure_content(exposure: Exposure) -> dict[str, Any]:
    """Return an exposure as clients see it."""
    return {
        "phases": exposure.phases,
        "rows": [_exposure_row(row) for row in exposure.rows],
        "totals": [_exposure_total(total) for total in exposure.totals],
        "assumptions": [
            {
                "rule": one.rule,
                "rule_version": one.version,
                "rule_set": one.rule_set,
                "phases": one.phases,
                "equation": one.equation,
                "formula": one.formula,
                "basis": one.basis,
                "half_lives": half_life_content(one.half_lives),
            }
            for one in exposure.assumptions
        ],
    }


def _exposure_row(row: Row) -> dict[str, Any]:
    spent, code = row.spent, row.rule.unit
    parts = {"inside": spent.inside, "alert": spent.alert, "action": spent.action, "unknown": spent.unknown}
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
        "time": {name: _amount(lasted, "s") for name, lasted in parts.items()},
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


def source_content(source: Source) -> dict[str, Any]:
    """Return a source as clients see it."""
    return {
        "code": source.code,
        "name": source.name,
        "site": source.site.code,
        "equipment": source.equipment.code,
        "tags": [
            {
                "code": tag.code,
                "parameter": tag.parameter,
                "unit": tag.unit,
                "range_low": _plain(tag.range_low),
                "range_high": _plain(tag.range_high),
            }
            for tag in source.tags.all()
        ],
    }


def excursion_content(excursion: Excursion) -> dict[str, Any]:
    """Return an excursion as clients see it."""
    found = excursion.content
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
        "duration": {"value": found["duration_s"], "unit": "s"},
        "peak": {"value": found["peak"], "unit": "1" if found["side"] == "coverage" else excursion.unit},
        "limit": {"value": found["limit"], "unit": _limit_unit(excursion)},
        "excess_dose": {"value": found["excess_dose"], "unit": f"{excursion.unit}.s"},
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


def _plain(bound: Decimal | None) -> str | None:
    return None if bound is None else format(bound.normalize(), "f")


def _sources(view: ApiView) -> Any:
    rows = Source.objects.filter(site__in=view.sites)
    return rows.select_related("site", "equipment").prefetch_related("tags")


def _record(view: ApiView, number: str) -> BatchRecord:
    return get_object_or_404(BatchRecord, number=number, site__in=view.sites)


def _time(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped arrives as a space
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refusal("time_malformed", "An RFC 3339 time with its offset is needed.", field=field)
    return at


def _points(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 5000:
        raise Refusal("points_out_of_range", "Ask for 1 to 5000 points.", field="points")
    return int(text)
