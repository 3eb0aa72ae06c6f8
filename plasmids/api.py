"""Plasmids and their lots over REST."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api import ApiView
from plasmids import queries
from plasmids.actions.constructs import register_plasmid
from plasmids.actions.receiving import correct_result, receive_lot
from plasmids.actions.releasing import release_lot
from plasmids.models import PlasmidLot
from plasmids.serializers import (
    CorrectionGiven,
    PlasmidGiven,
    PlasmidLotGiven,
    PlasmidLotOutput,
    PlasmidOutput,
    ReleaseGiven,
)


class Plasmids(ApiView):
    """Every construct."""

    permissions = {"GET": "plasmids.view", "POST": "plasmids.author"}

    @extend_schema(responses=PlasmidOutput(many=True))
    def get(self, request: Request) -> Response:
        """List constructs."""
        return self.listed(queries.plasmids(), PlasmidOutput)

    @extend_schema(request=PlasmidGiven, responses={201: PlasmidOutput})
    def post(self, request: Request) -> Response:
        """Register a construct."""
        plasmid = register_plasmid(by=request.user, **self.parsed(PlasmidGiven).validated_data)
        return Response(PlasmidOutput(plasmid).data, status=201)


class OnePlasmid(ApiView):
    """One construct."""

    permission = "plasmids.view"

    @extend_schema(responses=PlasmidOutput)
    def get(self, request: Request, code: str) -> Response:
        """Show the construct."""
        return Response(PlasmidOutput(get_object_or_404(queries.plasmids(), code=code)).data)


class PlasmidLots(ApiView):
    """The plasmid lots of the caller's sites."""

    permissions = {"GET": "plasmids.view", "POST": "lots.receive"}

    @extend_schema(responses=PlasmidLotOutput(many=True))
    def get(self, request: Request) -> Response:
        """List plasmid lots."""
        return self.listed(queries.listed_plasmid_lots(self.sites), PlasmidLotOutput)

    @extend_schema(request=PlasmidLotGiven, responses={201: PlasmidLotOutput})
    def post(self, request: Request) -> Response:
        """Receive a lot with its supplier's results."""
        plasmid_lot = receive_lot(by=request.user, command=self.parsed(PlasmidLotGiven).command())
        return Response(PlasmidLotOutput(plasmid_lot).data, status=201)


class OnePlasmidLot(ApiView):
    """One plasmid lot."""

    permission = "plasmids.view"

    def plasmid_lot(self, number: str) -> PlasmidLot:
        """Return the lot if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(queries.plasmid_lots(), lot__number=number, lot__site__in=self.sites)

    @extend_schema(responses=PlasmidLotOutput)
    def get(self, request: Request, number: str) -> Response:
        """Show the lot, its certificate judged."""
        return Response(PlasmidLotOutput(self.plasmid_lot(number)).data)


class Corrections(OnePlasmidLot):
    """Corrected and added supplier's results."""

    permission = "lots.receive"

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: results are read with their lot."""
        raise Http404

    @extend_schema(request=CorrectionGiven, responses={201: PlasmidLotOutput})
    def post(self, request: Request, number: str) -> Response:
        """Correct or add a result; the former result is superseded."""
        sent: Any = self.parsed(CorrectionGiven)
        plasmid_lot = self.plasmid_lot(number)
        reason = sent.validated_data["reason"]
        correct_result(by=request.user, plasmid_lot=plasmid_lot, result=sent.command(), reason=reason)
        return Response(PlasmidLotOutput(self.plasmid_lot(number)).data, status=201)


class Release(OnePlasmidLot):
    """The signed release of a plasmid lot."""

    permission = "lots.release"
    signs = True

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: the release is read in the status history."""
        raise Http404

    @extend_schema(request=ReleaseGiven, responses={201: PlasmidLotOutput})
    def post(self, request: Request, number: str) -> Response:
        """Release the lot for use in manufacture."""
        credentials = self.parsed(ReleaseGiven).credentials(request)
        release_lot(by=request.user, credentials=credentials, plasmid_lot=self.plasmid_lot(number))
        return Response(PlasmidLotOutput(self.plasmid_lot(number)).data, status=201)
