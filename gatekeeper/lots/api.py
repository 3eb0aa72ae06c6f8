"""Materials and lots over REST."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api import ApiView
from gatekeeper.lots import queries
from gatekeeper.lots.actions.registration import register_lot, register_material
from gatekeeper.lots.actions.statuses import decide
from gatekeeper.lots.models import Lot
from gatekeeper.lots.serializers import (
    DecisionGiven,
    FamilyOutput,
    LotGiven,
    LotOutput,
    MaterialGiven,
    MaterialOutput,
    StatusChangeOutput,
)
from gatekeeper.pagination import narrowed


class Materials(ApiView):
    """Every material."""

    permissions = {"GET": "lots.view", "POST": "lots.define_material"}

    @extend_schema(responses=MaterialOutput(many=True))
    def get(self, request: Request) -> Response:
        """List materials."""
        return self.listed(queries.all_materials(), MaterialOutput)

    @extend_schema(request=MaterialGiven, responses={201: MaterialOutput})
    def post(self, request: Request) -> Response:
        """Register a material."""
        data = dict(self.parsed(MaterialGiven).validated_data)
        material = register_material(by=request.user, unit_code=data.pop("unit"), **data)
        return Response(MaterialOutput(material).data, status=201)


class OneMaterial(ApiView):
    """One material."""

    permission = "lots.view"

    @extend_schema(responses=MaterialOutput)
    def get(self, request: Request, code: str) -> Response:
        """Show the material."""
        return Response(MaterialOutput(get_object_or_404(queries.all_materials(), code=code)).data)


class Lots(ApiView):
    """The lots of the caller's sites."""

    permissions = {"GET": "lots.view", "POST": "lots.receive"}

    @extend_schema(
        responses=LotOutput(many=True),
        parameters=[OpenApiParameter(name, str) for name in ("status", "kind", "material", "site", "updated_since")],
    )
    def get(self, request: Request) -> Response:
        """List lots, newest first."""
        fields = {"status": "status", "kind": "material__kind", "material": "material__code", "site": "site__code"}
        return self.listed(narrowed(request, queries.listed_lots(self.sites), fields), LotOutput)

    @extend_schema(request=LotGiven, responses={201: LotOutput})
    def post(self, request: Request) -> Response:
        """Register a lot that has arrived; it starts in quarantine."""
        lot = register_lot(by=request.user, command=self.parsed(LotGiven).command())
        return Response(LotOutput(lot).data, status=201)


class OneLot(ApiView):
    """One lot."""

    permission = "lots.view"

    def lot(self, number: str) -> Lot:
        """Return the lot if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(queries.all_lots(), number=number, site__in=self.sites)

    @extend_schema(responses=LotOutput)
    def get(self, request: Request, number: str) -> Response:
        """Show the lot with links to all that belongs to it."""
        base = request.build_absolute_uri(f"/api/v1/lots/{number}/")
        links = {name: f"{base}{name}/" for name in ("status-history", "genealogy", "results", "gate", "certificates")}
        return Response({**LotOutput(self.lot(number)).data, "links": links})


class StatusHistory(OneLot):
    """The status ledger of a lot."""

    @extend_schema(responses=StatusChangeOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """Show who changed the status when, from what to what, why, and under which signature."""
        changes = queries.status_changes_of(self.lot(number))
        return Response({"results": StatusChangeOutput(changes, many=True).data, "next": None, "previous": None})


class Genealogy(OneLot):
    """The family of a lot."""

    @extend_schema(
        responses=FamilyOutput, parameters=[OpenApiParameter("direction", str, enum=["backward", "forward"])]
    )
    def get(self, request: Request, number: str) -> Response:
        """Show every lot it was made from (backward) or went into (forward)."""
        match request.query_params.get("direction", "backward"):
            case "backward" | "forward" as direction:
                return Response(FamilyOutput(queries.family(self.lot(number), direction)).data)
            case _:
                raise ValidationError({"direction": "It is “backward” or “forward”."}, code="direction_unknown")


class Decisions(OneLot):
    """Signed decisions on a received lot."""

    permission = "lots.release"
    signs = True

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: decisions are read in the status history."""
        raise Http404

    @extend_schema(request=DecisionGiven, responses={201: StatusChangeOutput})
    def post(self, request: Request, number: str) -> Response:
        """Release, reject, hold, return or recall the lot."""
        sent: Any = self.parsed(DecisionGiven)
        change = decide(
            by=request.user,
            credentials=sent.credentials(request),
            lot=self.lot(number),
            verb=sent.validated_data["verb"],
            reason=sent.validated_data["reason"],
        )
        return Response(StatusChangeOutput(change).data, status=201)
