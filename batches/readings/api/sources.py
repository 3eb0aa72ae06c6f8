"""Skids and probes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.readings.actions.clocks import correct_clock
from batches.readings.actions.sensors import fit_sensor
from batches.readings.actions.sources import register_source
from batches.readings.api.source_shapes import SensorInput, SensorOutput, SourceInput, SourceOutput, UnassignedOutput
from batches.readings.models import ClockCorrection, SensorFitting, Source, Tag
from batches.readings.queries.corrections import correction_content
from batches.readings.queries.sampling import sampling_check
from batches.readings.queries.sensors import fittings_of
from batches.readings.queries.unassigned import unassigned_of
from batches.readings.serializers import ClockCorrectionInput, ClockCorrectionOutput
from gatekeeper.api import ApiView
from gatekeeper.core.unit_codes import UNECE


class Sources(ApiView):
    """Skids and probes with their tags."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}

    @extend_schema(responses=SourceOutput(many=True))
    def get(self, request: Request) -> Response:
        """List the sources of the caller's sites."""
        return self.listed(_sources(self), _content())

    @extend_schema(request=SourceInput, responses={201: SourceOutput})
    def post(self, request: Request) -> Response:
        """Register a source with its tags."""
        given: Any = self.parsed(SourceInput)
        source = register_source(by=request.user, command=given.command())
        return Response(_content()(source), status=201, headers={"Location": f"/api/v1/sources/{source.code}/"})


class SourceDetail(ApiView):
    """One skid or probe."""

    permission = "readings.view"

    @extend_schema(responses=SourceOutput)
    def get(self, request: Request, code: str) -> Response:
        """Return the source."""
        return Response(_content()(get_object_or_404(_sources(self), code=code)))


class SourceSensors(ApiView):
    """The sensors that measure the tags of a source."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}

    @extend_schema(responses=SensorOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List which sensor was fitted to which tag, newest first: the newest of a tag measures it."""
        return self.listed(fittings_of(get_object_or_404(_sources(self), code=code)), _fitting)

    @extend_schema(request=SensorInput, responses={201: SensorOutput})
    def post(self, request: Request, code: str) -> Response:
        """Fit a sensor to a tag: phases that run on the equipment of the source are served by it from now on."""
        given: Any = self.parsed(SensorInput)
        source = get_object_or_404(_sources(self), code=code)
        fitting = fit_sensor(by=request.user, source=source, command=given.command())
        return Response(_fitting(fitting), status=201)


class UnassignedReadings(ApiView):
    """Readings of a source outside every assignment: they are kept, and no rule judges them."""

    permission = "readings.view"

    @extend_schema(responses=UnassignedOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """Return what was sent before, between and after the newest assignments, newest first; never more than nine."""
        found = unassigned_of(get_object_or_404(_sources(self), code=code))
        return Response(
            [
                {
                    "after": one.between.after,
                    "before": one.between.before,
                    "from_at": one.from_at,
                    "until_at": one.until_at,
                    "samples": one.samples,
                }
                for one in found
            ]
        )


class ClockCorrections(ApiView):
    """Signed offsets of the clock of a source."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.correct"}
    signs = True

    @extend_schema(responses=ClockCorrectionOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List the corrections, in order: of two for one frame the later one counts."""
        source = get_object_or_404(_sources(self), code=code)
        return self.listed(source.clock_corrections.select_related("source", "corrected_by"), _correction)

    @extend_schema(request=ClockCorrectionInput, responses={201: ClockCorrectionOutput})
    def post(self, request: Request, code: str) -> Response:
        """Correct the clock with a signature: the phases concerned are judged anew, what was sent stays."""
        given: Any = self.parsed(ClockCorrectionInput)
        corrected = correct_clock(
            by=request.user,
            credentials=given.credentials(request),
            source=get_object_or_404(_sources(self), code=code),
            command=given.command(),
        )
        return Response(_correction(corrected), status=201)


def _correction(row: ClockCorrection) -> dict[str, Any]:
    return correction_content(row) | {"corrected_at": row.corrected_at, "corrected_by": row.corrected_by.username}


def _fitting(row: SensorFitting) -> dict[str, Any]:
    return {
        "tag": row.tag.code,
        "sensor": row.sensor.code,
        "reason": row.reason,
        "fitted_at": row.fitted_at,
        "fitted_by": row.fitted_by.username,
    }


def _content() -> Callable[[Source], dict[str, Any]]:
    """Return what shows a source as clients see it, beside the rules that are in force now."""
    too_seldom_for = sampling_check()

    def content(source: Source) -> dict[str, Any]:
        tags = list(source.tags.all())
        seldom = too_seldom_for(tags)
        return {
            "code": source.code,
            "name": source.name,
            "site": source.site.code,
            "equipment": source.equipment.code,
            "tags": [
                _tag(tag)
                | {
                    "too_seldom_for": [
                        {"rule_set": str(one.rule_set), "rule": one.rule.code, "times": one.times}
                        for one in seldom
                        if one.tag is tag
                    ]
                }
                for tag in tags
            ],
        }

    return content


def _tag(tag: Tag) -> dict[str, Any]:
    fittings = list(tag.fittings.all())
    sensor = fittings[-1].sensor if fittings else None
    return {
        "code": tag.code,
        "parameter": tag.parameter,
        "unit": tag.unit,
        "unit_unece": UNECE.get(tag.unit),
        "range_low": _plain(tag.range_low),
        "range_high": _plain(tag.range_high),
        "signal_type": tag.declared_type.value,
        "sampling_s": _plain(tag.sampling_s),
        "sensor": sensor.code if sensor else None,
        "sensor_calibration_due_date": sensor.calibration_due_date if sensor else None,
    }


def _plain(bound: Decimal | None) -> str | None:
    return None if bound is None else format(bound.normalize(), "f")


def _sources(view: ApiView) -> Any:
    rows = Source.objects.filter(site__in=view.sites)
    return rows.select_related("site", "equipment").prefetch_related("tags__fittings__sensor")
