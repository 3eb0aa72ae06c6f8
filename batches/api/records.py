"""Batch records and their phases over REST."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.actions import execution, records
from batches.models import BatchRecord, Phase
from batches.queries.phases import results_of
from batches.queries.records import PhaseView, batch_records, record_view, records_at
from batches.queries.yields import yields_of
from batches.serializers import (
    BatchRecordOutput,
    IssueGiven,
    PhaseOutput,
    ReasonGiven,
    ResultGiven,
    ResultOutput,
    SigningGiven,
    StartGiven,
    UseGiven,
    UseOutput,
    YieldOutput,
)
from gatekeeper.accounts.clock import now
from gatekeeper.api import ApiView, check_match, etag_of
from gatekeeper.pagination import narrowed

IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag as read.")


class RecordView(ApiView):
    """Base of the resources of one batch record of the caller's sites."""

    def record(self, number: str) -> BatchRecord:
        """Return the record if the caller may act on it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(batch_records(), number=number, site__in=self.sites)

    def phase(self, number: str, code: str) -> Phase:
        """Return a phase of the record.

        :raises Http404: when the record has no such phase.
        """
        return get_object_or_404(self.record(number).phases.all(), code=code)

    def phase_view(self, number: str, code: str) -> PhaseView:
        """Return a phase with all its entries.

        :raises Http404: when the record has no such phase.
        """
        view = record_view(self.record(number), now()).phase(code)
        if view is None:
            raise Http404
        return view

    def answer(self, record: BatchRecord, status: int = 200) -> Response:
        """Return the record with its ETag."""
        return Response(BatchRecordOutput(record).data, status=status, headers={"ETag": _etag(record)})


class BatchRecords(RecordView):
    """The batch records of the caller's sites."""

    permissions = {"GET": "batches.view", "POST": "batches.issue"}
    signs = True

    @extend_schema(
        responses=BatchRecordOutput(many=True),
        parameters=[OpenApiParameter(name, str) for name in ("status", "lot", "master", "site", "updated_since")],
    )
    def get(self, request: Request) -> Response:
        """List batch records, newest first."""
        fields = {"status": "status", "lot": "lot__number", "master": "master__code", "site": "site__code"}
        return self.listed(narrowed(request, records_at(self.sites), fields), BatchRecordOutput)

    @extend_schema(request=IssueGiven, responses={201: BatchRecordOutput})
    def post(self, request: Request) -> Response:
        """Issue a batch record with a signature."""
        sent: Any = self.parsed(IssueGiven)
        record = records.issue(by=request.user, credentials=sent.credentials(request), command=sent.command())
        return self.answer(record, 201)


class OneRecord(RecordView):
    """One batch record."""

    permission = "batches.view"

    @extend_schema(responses=BatchRecordOutput)
    def get(self, request: Request, number: str) -> Response:
        """Show the record."""
        return self.answer(self.record(number))


class Complete(RecordView):
    """The end of production."""

    permission = "batches.perform"

    @extend_schema(request=None, responses={201: BatchRecordOutput})
    def post(self, request: Request, number: str) -> Response:
        """Say that production is complete."""
        return self.answer(records.complete(by=request.user, batch_record=self.record(number)), 201)


class Review(RecordView):
    """The signed review of the production record."""

    permission = "batches.review"
    signs = True

    @extend_schema(request=SigningGiven, responses={201: BatchRecordOutput})
    def post(self, request: Request, number: str) -> Response:
        """Sign the review."""
        credentials = self.parsed(SigningGiven).credentials(request)
        record = records.review(by=request.user, credentials=credentials, batch_record=self.record(number))
        return self.answer(record, 201)


class Reopen(RecordView):
    """The review reopened."""

    permission = "batches.review"

    @extend_schema(request=ReasonGiven, responses={201: BatchRecordOutput}, parameters=[IF_MATCH])
    def post(self, request: Request, number: str) -> Response:
        """Reopen the record, with the reason (If-Match needed), so that entries can be corrected again."""
        sent = self.parsed(ReasonGiven).validated_data
        record = self.record(number)
        check_match(request, _etag(record))
        return self.answer(records.reopen(by=request.user, batch_record=record, reason=sent["reason"]), 201)


class Phases(RecordView):
    """The phases of a record, in order."""

    permission = "batches.view"

    @extend_schema(responses=PhaseOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List the phases with their entries."""
        view = record_view(self.record(number), now())
        return Response({"results": PhaseOutput(view.phases, many=True).data, "next": None, "previous": None})


class OnePhase(RecordView):
    """One phase."""

    permission = "batches.view"

    @extend_schema(responses=PhaseOutput)
    def get(self, request: Request, number: str, code: str) -> Response:
        """Show the phase with its entries."""
        return Response(PhaseOutput(self.phase_view(number, code)).data)


class Start(RecordView):
    """The start of a phase."""

    permission = "batches.perform"

    @extend_schema(request=StartGiven, responses={201: PhaseOutput})
    def post(self, request: Request, number: str, code: str) -> Response:
        """Start the phase with its equipment."""
        command = self.parsed(StartGiven).command()
        execution.start_phase(by=request.user, phase=self.phase(number, code), command=command)
        return Response(PhaseOutput(self.phase_view(number, code)).data, status=201)


class PhaseMaterials(RecordView):
    """The lots used in a phase."""

    permissions = {"GET": "batches.view", "POST": "batches.perform"}

    @extend_schema(responses=UseOutput(many=True))
    def get(self, request: Request, number: str, code: str) -> Response:
        """List the lots used."""
        uses = UseOutput(self.phase_view(number, code).uses, many=True).data
        return Response({"results": uses, "next": None, "previous": None})

    @extend_schema(request=UseGiven, responses={201: UseOutput})
    def post(self, request: Request, number: str, code: str) -> Response:
        """Use a quantity of a lot."""
        command = self.parsed(UseGiven).command()
        use = execution.use_lot(by=request.user, phase=self.phase(number, code), command=command)
        return Response(UseOutput(use).data, status=201)


class Results(RecordView):
    """The in-process results of a phase."""

    permissions = {"GET": "batches.view", "POST": "batches.record_result"}

    @extend_schema(responses=ResultOutput(many=True))
    def get(self, request: Request, number: str, code: str) -> Response:
        """List the results, superseded ones included; the ETag is what a correction sends as If-Match."""
        phase = self.phase(number, code)
        body = {"results": ResultOutput(results_of(phase), many=True).data, "next": None, "previous": None}
        return Response(body, headers={"ETag": _etag(phase.batch_record)})

    @extend_schema(request=ResultGiven, responses={201: ResultOutput})
    def post(self, request: Request, number: str, code: str) -> Response:
        """Enter a result, correct one with a reason (If-Match needed), or say why there is none."""
        sent: Any = self.parsed(ResultGiven)
        phase = self.phase(number, code)
        result = _entered(request, phase, sent)
        headers = {"ETag": _etag(result.phase.batch_record)}
        return Response(ResultOutput(result).data, status=201, headers=headers)


class CheckResult(RecordView):
    """A second person's check of an entry."""

    permission = "batches.verify"

    @extend_schema(request=None, responses={201: ResultOutput})
    def post(self, request: Request, number: str, code: str, control: str) -> Response:
        """Check the entry."""
        result = execution.verify_result(by=request.user, phase=self.phase(number, code), control=control)
        return Response(ResultOutput(result).data, status=201)


class SignPhase(RecordView):
    """The performer's signature."""

    permission = "batches.perform"
    signs = True

    @extend_schema(request=SigningGiven, responses={201: PhaseOutput})
    def post(self, request: Request, number: str, code: str) -> Response:
        """Sign for the phase as performed."""
        return self.signed(execution.sign_phase, number, code)

    def signed(self, action: Callable[..., Phase], number: str, code: str) -> Response:
        """Call the signing action with what was sent and return the phase as it is then."""
        sent: Any = self.parsed(SigningGiven)
        action(
            by=self.request.user,
            credentials=sent.credentials(self.request),
            phase=self.phase(number, code),
            shown_digest=sent.validated_data["sha256"],
        )
        return Response(PhaseOutput(self.phase_view(number, code)).data, status=201)


class VerifyPhase(SignPhase):
    """The second person's signature."""

    permission = "batches.verify"

    @extend_schema(request=SigningGiven, responses={201: PhaseOutput})
    def post(self, request: Request, number: str, code: str) -> Response:
        """Verify the phase."""
        return self.signed(execution.verify_phase, number, code)


class Yields(RecordView):
    """The yields of a record, step by step."""

    permission = "batches.view"

    @extend_schema(responses=YieldOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """Show the table of yields."""
        rows = YieldOutput(yields_of(self.record(number)), many=True).data
        return Response({"results": rows, "next": None, "previous": None})


def _entered(request: Request, phase: Phase, sent: Any) -> Any:
    data = sent.validated_data
    if data["not_done"]:
        return execution.mark_not_done(
            by=request.user, phase=phase, control=data["control"], reason=data.get("reason", "")
        )
    if "reason" in data:
        check_match(request, _etag(phase.batch_record))
        return execution.correct_result(by=request.user, phase=phase, command=sent.command(), reason=data["reason"])
    return execution.enter_result(by=request.user, phase=phase, command=sent.command())


def _etag(record: BatchRecord) -> str:
    return etag_of(record.number, record.updated_at.isoformat())
