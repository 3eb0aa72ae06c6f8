"""Deviations over REST."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.actions.deviations import close_deviation, open_deviation, reopen_deviation
from batches.api.records import IF_MATCH, RecordView
from batches.models import Deviation
from batches.queries.deviations import all_deviations, listed_deviations
from batches.queries.records import deviations_of
from batches.serializers import ClosingGiven, DeviationGiven, DeviationOutput, ReasonGiven
from gatekeeper.api import ApiView, check_match, etag_of
from gatekeeper.pagination import narrowed


class Deviations(ApiView):
    """The deviations of the caller's sites."""

    permission = "batches.view"

    @extend_schema(
        responses=DeviationOutput(many=True),
        parameters=[OpenApiParameter(name, str) for name in ("status", "severity", "batch_record", "updated_since")],
    )
    def get(self, request: Request) -> Response:
        """List deviations, newest first."""
        fields = {"status": "status", "severity": "severity", "batch_record": "batch_record__number"}
        return self.listed(narrowed(request, listed_deviations(self.sites), fields), DeviationOutput)


class OneDeviation(ApiView):
    """One deviation."""

    permission = "batches.view"

    def deviation(self, number: str) -> Deviation:
        """Return the deviation if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(all_deviations(), number=number, batch_record__site__in=self.sites)

    @extend_schema(responses=DeviationOutput)
    def get(self, request: Request, number: str) -> Response:
        """Show the deviation."""
        return self.answer(self.deviation(number))

    def answer(self, deviation: Deviation, status: int = 200) -> Response:
        """Return the deviation with its ETag."""
        headers = {"ETag": _etag(deviation)}
        return Response(DeviationOutput(deviation).data, status=status, headers=headers)


class CloseDeviation(OneDeviation):
    """The signed conclusion of a deviation."""

    permission = "batches.close_deviation"
    signs = True

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: the conclusion is read with the deviation."""
        raise Http404

    @extend_schema(request=ClosingGiven, responses={201: DeviationOutput})
    def post(self, request: Request, number: str) -> Response:
        """Close the deviation."""
        sent: Any = self.parsed(ClosingGiven)
        closed = close_deviation(
            by=request.user,
            credentials=sent.credentials(request),
            deviation=self.deviation(number),
            **sent.conclusion(),
        )
        return Response(DeviationOutput(closed).data, status=201)


class ReopenDeviation(OneDeviation):
    """The opening of a closed deviation."""

    permission = "batches.close_deviation"

    @extend_schema(exclude=True)
    def get(self, request: Request, number: str) -> Response:
        """Refuse: what became of it is read with the deviation."""
        raise Http404

    @extend_schema(request=ReasonGiven, responses={201: DeviationOutput}, parameters=[IF_MATCH])
    def post(self, request: Request, number: str) -> Response:
        """Open the deviation again, with the reason (If-Match needed); its conclusion stays on record."""
        sent = self.parsed(ReasonGiven).validated_data
        deviation = self.deviation(number)
        check_match(request, _etag(deviation))
        reopen_deviation(by=request.user, deviation=deviation, reason=sent["reason"])
        return self.answer(self.deviation(number), 201)


class RecordDeviations(RecordView):
    """The deviations of a batch record."""

    permissions = {"GET": "batches.view", "POST": "batches.open_deviation"}

    @extend_schema(responses=DeviationOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List the deviations, newest first."""
        return self.listed(deviations_of(self.record(number)), DeviationOutput)

    @extend_schema(request=DeviationGiven, responses={201: DeviationOutput})
    def post(self, request: Request, number: str) -> Response:
        """Report a deviation."""
        sent: Any = self.parsed(DeviationGiven)
        record = self.record(number)
        code = sent.validated_data["phase"]
        phase = get_object_or_404(record.phases, code=code) if code else None
        opened = open_deviation(by=request.user, batch_record=record, phase=phase, command=sent.command())
        return Response(DeviationOutput(opened).data, status=201)


def _etag(deviation: Deviation) -> str:
    return etag_of(deviation.number, deviation.updated_at.isoformat())
