"""Files that instruments wrote during a phase."""

from typing import Any, ClassVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from batches.models import Phase
from batches.readings.actions.files import record_instrument_file
from batches.readings.api.file_shapes import PhaseFileInput, PhaseFileOutput, PhaseFileWithRowsOutput
from batches.readings.models import InstrumentFile
from batches.readings.queries.files import files_of, rows_of
from gatekeeper.accounts.clock import now
from gatekeeper.api import ApiView
from gatekeeper.core.refusal import Refusal
from gatekeeper.uploads import check_size

_ROWS = 200


class PhaseFiles(ApiView):
    """The files of a phase."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.record_files"}
    parser_classes: ClassVar = [MultiPartParser]

    @extend_schema(responses=PhaseFileOutput(many=True))
    def get(self, request: Request, number: str, code: str) -> Response:
        """List the files of the phase."""
        return self.listed(files_of(_phase(self, number, code)), PhaseFileOutput)

    @extend_schema(
        request={"multipart/form-data": PhaseFileInput}, responses={200: PhaseFileOutput, 201: PhaseFileOutput}
    )
    def post(self, request: Request, number: str, code: str) -> Response:
        """Receive a file: 201 with what was taken of it and every finding; 200 where these bytes were there before."""
        given: Any = self.parsed(PhaseFileInput)
        check_size(given.validated_data["file"].size)
        received = record_instrument_file(by=request.user, phase=_phase(self, number, code), command=given.command())
        return Response(PhaseFileOutput(received.file).data, status=200 if received.replayed else 201)


class OnePhaseFile(ApiView):
    """One file of a phase."""

    permission = "readings.view"

    @extend_schema(
        parameters=[
            OpenApiParameter("tag", str, description="Whose samples; the first signal unless told."),
            OpenApiParameter("start", int, description=f"From which of them on; {_ROWS} are shown."),
        ],
        responses=PhaseFileWithRowsOutput,
    )
    def get(self, request: Request, number: str, code: str, pk: int) -> Response:
        """Show the file with its findings, and samples of one signal with the place where each stands."""
        file = _file(self, number, code, pk)
        tag = request.query_params.get("tag") or next((one["tag"] for one in file.signals), None)
        start = _start(request.query_params.get("start", "0"))
        file.tag = tag
        file.rows = [] if tag is None else rows_of(file, tag, start=start, count=_ROWS, at=now())
        return Response(PhaseFileWithRowsOutput(file).data)


class PhaseFileContent(ApiView):
    """The bytes of a file as they came."""

    permission = "readings.view"

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str, code: str, pk: int) -> HttpResponse:
        """Download the bytes whose digest is on record."""
        file = _file(self, number, code, pk)
        disposition = content_disposition_header(as_attachment=True, filename=file.name)
        return HttpResponse(
            bytes(file.content),
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition or "attachment"},
        )


def _phase(view: ApiView, number: str, code: str) -> Phase:
    return get_object_or_404(Phase, batch_record__number=number, code=code, batch_record__site__in=view.sites)


def _file(view: ApiView, number: str, code: str, pk: int) -> InstrumentFile:
    rows = InstrumentFile.objects.filter(phase=_phase(view, number, code))
    rows = rows.select_related(
        "phase__batch_record__site", "phase__batch_record__lot", "source__equipment", "mapping", "received_by"
    )
    return get_object_or_404(rows, pk=pk)


def _start(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refusal("start_out_of_range", "Start at a whole number from 0.", field="start")
    return int(text)
