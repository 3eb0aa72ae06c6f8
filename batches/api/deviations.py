"""Deviations and equipment over REST."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches import queries
from batches.actions.deviations import close_deviation, open_deviation
from batches.actions.equipment import register_equipment
from batches.api.records import RecordView
from batches.models import Deviation, Equipment
from batches.serializers import ClosingGiven, DeviationGiven, DeviationShown, EquipmentGiven, EquipmentShown
from gatekeeper.api import ApiView
from gatekeeper.pagination import updated_since


class Deviations(ApiView):
    """The deviations of the caller's sites."""

    permission = "batches.view"

    @extend_schema(
        responses=DeviationShown(many=True),
        parameters=[OpenApiParameter(name, str) for name in ("status", "severity", "batch_record", "updated_since")],
    )
    def get(self, request: Request) -> Response:
        """List deviations, newest first."""
        filters = {"status": "status", "severity": "severity", "batch_record": "batch_record__number"}
        asked = {field: request.query_params[name] for name, field in filters.items() if name in request.query_params}
        found = queries.all_deviations().filter(batch_record__site__in=self.sites, **asked)
        since = updated_since(request)
        return self.listed(found.filter(updated_at__gte=since) if since else found, DeviationShown)


class OneDeviation(ApiView):
    """One deviation."""

    permission = "batches.view"

    def deviation(self, number: str) -> Deviation:
        """Return the deviation if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(queries.all_deviations(), number=number, batch_record__site__in=self.sites)

    @extend_schema(responses=DeviationShown)
    def get(self, request: Request, number: str) -> Response:
        """Show the deviation."""
        return Response(DeviationShown(self.deviation(number)).data)


class CloseDeviation(OneDeviation):
    """The signed conclusion of a deviation."""

    permission = "batches.close_deviation"
    signs = True

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: the conclusion is read with the deviation."""
        raise Http404

    @extend_schema(request=ClosingGiven, responses={201: DeviationShown})
    def post(self, request: Request, number: str) -> Response:
        """Close the deviation."""
        given: Any = self.parsed(ClosingGiven)
        closed = close_deviation(
            by=request.user,
            credentials=given.credentials(request),
            deviation=self.deviation(number),
            **given.conclusion(),
        )
        return Response(DeviationShown(closed).data, status=201)


class RecordDeviations(RecordView):
    """The deviations of a batch record."""

    permissions = {"GET": "batches.view", "POST": "batches.open_deviation"}

    @extend_schema(responses=DeviationShown(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List the deviations, newest first."""
        return self.listed(queries.all_deviations().filter(batch_record=self.record(number)), DeviationShown)

    @extend_schema(request=DeviationGiven, responses={201: DeviationShown})
    def post(self, request: Request, number: str) -> Response:
        """Report a deviation."""
        given: Any = self.parsed(DeviationGiven)
        record = self.record(number)
        code = given.validated_data["phase"]
        phase = get_object_or_404(record.phases, code=code) if code else None
        opened = open_deviation(by=request.user, batch_record=record, phase=phase, command=given.command())
        return Response(DeviationShown(opened).data, status=201)


class EquipmentList(ApiView):
    """The equipment of the caller's sites."""

    permissions = {"GET": "batches.view", "POST": "monitoring.configure"}

    @extend_schema(responses=EquipmentShown(many=True))
    def get(self, request: Request) -> Response:
        """List equipment."""
        return self.listed(Equipment.objects.filter(site__in=self.sites).select_related("site"), EquipmentShown)

    @extend_schema(request=EquipmentGiven, responses={201: EquipmentShown})
    def post(self, request: Request) -> Response:
        """Register equipment."""
        unit = register_equipment(by=request.user, command=self.parsed(EquipmentGiven).command())
        return Response(EquipmentShown(unit).data, status=201)


class OneEquipment(ApiView):
    """One unit, module or instrument."""

    permission = "batches.view"

    @extend_schema(responses=EquipmentShown)
    def get(self, request: Request, code: str) -> Response:
        """Show the equipment."""
        found = get_object_or_404(Equipment.objects.select_related("site"), code=code, site__in=self.sites)
        return Response(EquipmentShown(found).data)
