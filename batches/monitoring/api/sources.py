"""Skids and probes."""

from decimal import Decimal
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.monitoring.actions.clocks import correct_clock
from batches.monitoring.actions.sources import DescribeTag, RegisterSource, register_source
from batches.monitoring.models import ClockCorrection, Source
from batches.monitoring.queries.corrections import correction_content
from batches.monitoring.serializers import ClockCorrectionInput, ClockCorrectionShown, SourceInput, SourceShown
from gatekeeper.api import ApiView


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


class ClockCorrections(ApiView):
    """Signed offsets of the clock of a source."""

    permissions: ClassVar = {"GET": "monitoring.view", "POST": "monitoring.correct"}
    signs = True

    @extend_schema(responses=ClockCorrectionShown(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List the corrections, in order: of two for one frame the later one counts."""
        source = get_object_or_404(_sources(self), code=code)
        return self.listed(source.clock_corrections.select_related("source", "corrected_by"), _correction)

    @extend_schema(request=ClockCorrectionInput, responses={201: ClockCorrectionShown})
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


def _plain(bound: Decimal | None) -> str | None:
    return None if bound is None else format(bound.normalize(), "f")


def _sources(view: ApiView) -> Any:
    rows = Source.objects.filter(site__in=view.sites)
    return rows.select_related("site", "equipment").prefetch_related("tags")
