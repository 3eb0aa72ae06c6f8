"""Equipment, its calibrations and its geometry over REST."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.actions.equipment import calibrate, change_geometry, register_equipment
from batches.api.records import IF_MATCH
from batches.models import Equipment
from batches.queries.equipment import all_equipment, equipment_log, equipment_version, listed_equipment
from batches.serializers import (
    CalibrationGiven,
    CalibrationOutput,
    EquipmentGiven,
    EquipmentOutput,
    GeometryGiven,
    GeometryOutput,
)
from gatekeeper.api import ApiView, check_match, etag_of


class EquipmentList(ApiView):
    """The equipment of the caller's sites."""

    permissions = {"GET": "batches.view", "POST": "readings.configure"}

    @extend_schema(responses=EquipmentOutput(many=True))
    def get(self, request: Request) -> Response:
        """List equipment."""
        return self.listed(listed_equipment(self.sites), EquipmentOutput)

    @extend_schema(request=EquipmentGiven, responses={201: EquipmentOutput})
    def post(self, request: Request) -> Response:
        """Register equipment."""
        unit = register_equipment(by=request.user, command=self.parsed(EquipmentGiven).command())
        return _answer(unit, 201)


class UnitView(ApiView):
    """Base of what belongs to one unit, module or instrument of the caller's sites."""

    permissions = {"GET": "batches.view", "POST": "readings.configure"}

    def unit(self, code: str) -> Equipment:
        """Return the equipment if the caller may act on it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(all_equipment(), code=code, site__in=self.sites)

    def matched(self, request: Request, code: str) -> Equipment:
        """Return the equipment if it is as the caller has read it.

        :raises MatchMissing: without If-Match.
        :raises MatchStale: when it changed.
        """
        unit = self.unit(code)
        check_match(request, _etag(unit))
        return unit


class OneEquipment(UnitView):
    """One unit, module or instrument."""

    permission = "batches.view"
    permissions = {}

    @extend_schema(responses=EquipmentOutput)
    def get(self, request: Request, code: str) -> Response:
        """Show the equipment; the ETag is what a change sends as If-Match."""
        return _answer(self.unit(code))


class Calibrations(UnitView):
    """The calibrations of a piece of equipment."""

    @extend_schema(responses=CalibrationOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List the calibrations, newest first."""
        unit = self.unit(code)
        rows = CalibrationOutput(equipment_log(unit).calibrations, many=True).data
        body = {"results": rows, "next": None, "previous": None}
        return Response(body, headers={"ETag": _etag(unit)})

    @extend_schema(request=CalibrationGiven, responses={201: EquipmentOutput}, parameters=[IF_MATCH])
    def post(self, request: Request, code: str) -> Response:
        """Record a calibration with its certificate and when the next one is due (If-Match needed)."""
        sent = self.parsed(CalibrationGiven).validated_data
        unit = calibrate(by=request.user, equipment=self.matched(request, code), **sent)
        return _answer(unit, 201)


class Geometry(UnitView):
    """The versions of the geometry of a piece of equipment."""

    @extend_schema(responses=GeometryOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List the versions, newest first."""
        unit = self.unit(code)
        rows = GeometryOutput(equipment_log(unit).geometries, many=True).data
        body = {"results": rows, "next": None, "previous": None}
        return Response(body, headers={"ETag": _etag(unit)})

    @extend_schema(request=GeometryGiven, responses={201: EquipmentOutput}, parameters=[IF_MATCH])
    def post(self, request: Request, code: str) -> Response:
        """Give the equipment a new version of its geometry, with the reason (If-Match needed)."""
        sent = self.parsed(GeometryGiven).validated_data
        unit = change_geometry(by=request.user, equipment=self.matched(request, code), **sent)
        return _answer(unit, 201)


def _answer(unit: Equipment, status: int = 200) -> Response:
    return Response(EquipmentOutput(unit).data, status=status, headers={"ETag": _etag(unit)})


def _etag(unit: Equipment) -> str:
    return etag_of(unit.code, equipment_version(unit))
