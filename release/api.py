"""Specifications, results, files, the gate, decisions and certificates over REST."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api import ApiView
from gatekeeper.lots.models import Lot
from gatekeeper.uploads import check_size
from release import queries
from release import serializers as shapes
from release.actions.commands import ReceiveFile
from release.actions.dispositions import reject_lot, release_lot
from release.actions.files import receive_file, results_from_file
from release.actions.results import correct_result, invalidate_result, record_result, review_results
from release.actions.reviews import review_batch
from release.models import Certificate, InstrumentFile


class OfLot(ApiView):
    """Something that belongs to a product lot."""

    permission = "release.view"

    def lot(self, number: str) -> Lot:
        """Return the lot if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(queries.visible_lots(self.sites), number=number)


class Results(OfLot):
    """The results of a lot, corrected and invalidated ones included."""

    permissions = {"GET": "release.view", "POST": "release.record_result"}

    @extend_schema(responses=shapes.ResultOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List results."""
        return self.listed(queries.results_of(self.lot(number)), shapes.ResultOutput)

    @extend_schema(request=shapes.ResultGiven, responses={201: shapes.ResultOutput})
    def post(self, request: Request, number: str) -> Response:
        """Record a result as reported."""
        command = self.parsed(shapes.ResultGiven).command(self.lot(number))
        return Response(shapes.ResultOutput(record_result(by=request.user, command=command)).data, status=201)


class Corrections(OfLot):
    """Corrections of a result."""

    permission = "release.record_result"

    @extend_schema(request=shapes.CorrectionGiven, responses={201: shapes.ResultOutput})
    def post(self, request: Request, number: str, result: int) -> Response:
        """Record a corrected result in its place; the former one stays."""
        lot = self.lot(number)
        correction: Any = self.parsed(shapes.CorrectionGiven)
        corrected = correct_result(
            by=request.user,
            result=get_object_or_404(queries.results_of(lot), pk=result),
            command=correction.command(lot),
            reason=correction.validated_data["reason"],
        )
        return Response(shapes.ResultOutput(corrected).data, status=201)


class Invalidations(OfLot):
    """The invalidation of a result."""

    permission = "release.review_result"

    @extend_schema(request=shapes.ReasonGiven, responses={201: shapes.ResultOutput})
    def post(self, request: Request, number: str, result: int) -> Response:
        """Invalidate the result with its reason; it stays on record."""
        row = get_object_or_404(queries.results_of(self.lot(number)), pk=result)
        reason = self.parsed(shapes.ReasonGiven).validated_data["reason"]
        invalidated = invalidate_result(by=request.user, result=row, reason=reason)
        return Response(shapes.ResultOutput(invalidated).data, status=201)


class ResultReviews(OfLot):
    """Signed reviews of results by a second person."""

    permission = "release.review_result"
    signs = True

    @extend_schema(request=shapes.ReviewsGiven, responses={201: shapes.ResultOutput(many=True)})
    def post(self, request: Request, number: str) -> Response:
        """Review results of the lot."""
        signed: Any = self.parsed(shapes.ReviewsGiven)
        of_lot = queries.results_of(self.lot(number))
        results = [get_object_or_404(of_lot, pk=key) for key in signed.validated_data["results"]]
        reviewed = review_results(by=request.user, credentials=signed.credentials(request), results=results)
        return Response({"results": shapes.ResultOutput(reviewed, many=True).data}, status=201)


class BatchReviews(OfLot):
    """Quality's signed review of the batch."""

    permission = "release.review"
    signs = True

    @extend_schema(request=shapes.BatchReviewGiven, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, number: str) -> Response:
        """Sign that record and audit trail were reviewed."""
        signed: Any = self.parsed(shapes.BatchReviewGiven)
        review = review_batch(
            by=request.user,
            credentials=signed.credentials(request),
            batch_record=self.lot(number).batch_record,
            remark=signed.validated_data["remark"],
            evidence_sha256=signed.validated_data["evidence_sha256"],
        )
        return Response(
            {"evidence_entries": review.evidence_entries, "evidence_sha256": review.evidence_sha256}, status=201
        )


class Gate(OfLot):
    """The findings of the gate for a lot and a market."""

    @extend_schema(responses=shapes.GateOutput, parameters=[OpenApiParameter("market", str, required=True)])
    def get(self, request: Request, number: str) -> Response:
        """List the findings of the gate; nothing is written."""
        lot = self.lot(number)
        market = queries.market_named(request.query_params.get("market", ""))
        return Response(shapes.GateOutput(queries.dossier(lot, market)).data)


class Dispositions(OfLot):
    """The decisions on a lot, market by market."""

    permissions = {"GET": "release.view", "POST": "release.release_lot"}
    signs = True

    @extend_schema(responses=shapes.DispositionOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List decisions."""
        return self.listed(queries.dispositions_of(self.lot(number)), shapes.DispositionOutput)

    @extend_schema(request=shapes.DecisionGiven, responses={201: shapes.DispositionOutput})
    def post(self, request: Request, number: str) -> Response:
        """Release the lot for a market through its gate, or reject it; signed, answered once sealed."""
        signed: Any = self.parsed(shapes.DecisionGiven)
        data = signed.validated_data
        common = {"market": data["market"], "dossier_sha256": data["dossier_sha256"]}
        common |= {"by": request.user, "credentials": signed.credentials(request), "lot": self.lot(number)}
        if data["decision"] == "released":
            decided = release_lot(**common)
        else:
            decided = reject_lot(**common, reason=data["reason"])
        return Response(shapes.DispositionOutput(decided).data, status=201)


class Certificates(OfLot):
    """The certificates of a lot."""

    @extend_schema(responses=shapes.CertificateOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List certificates."""
        return self.listed(queries.certificates_of(self.lot(number)), shapes.CertificateOutput)


class OneCertificate(ApiView):
    """One certificate of analysis."""

    permission = "release.view"

    def certificate(self, number: str) -> Certificate:
        """Return the certificate if the caller may see it.

        :raises Http404: when not, whether or not it exists.
        """
        return get_object_or_404(queries.visible_certificates(self.sites), number=number)

    @extend_schema(responses=shapes.CertificateOutput)
    def get(self, request: Request, number: str) -> Response:
        """Show the certificate."""
        return Response(shapes.CertificateOutput(self.certificate(number)).data)


class CertificateAsPdf(OneCertificate):
    """The certificate as PDF/A with its content attached."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str) -> HttpResponse:
        """Download the PDF, the bytes that were issued."""
        return _download(bytes(self.certificate(number).pdf), "application/pdf", f"{number}.pdf")


class CertificateAsJson(OneCertificate):
    """The certificate as canonical JSON."""

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, number: str) -> HttpResponse:
        """Download the content, the very bytes whose digest is on record."""
        return _download(self.certificate(number).content.encode(), "application/json", f"{number}.json")


class InstrumentFiles(ApiView):
    """Files as instruments wrote them."""

    permissions = {"GET": "release.view", "POST": "release.record_result"}
    parser_classes = [MultiPartParser]

    @extend_schema(responses=shapes.FileOutput(many=True))
    def get(self, request: Request) -> Response:
        """List received files."""
        return self.listed(queries.visible_files(self.sites), shapes.FileOutput)

    @extend_schema(request={"multipart/form-data": shapes.FileGiven}, responses={201: shapes.FileOutput})
    def post(self, request: Request) -> Response:
        """Receive a file; the answer holds its readings and findings."""
        data = self.parsed(shapes.FileGiven).validated_data
        lot = get_object_or_404(queries.visible_lots(self.sites), number=data["lot"])
        upload = data["file"]
        check_size(upload.size)
        command = ReceiveFile(kind=data["kind"], name=upload.name, content=upload.read(), lot=lot.number)
        return Response(shapes.FileOutput(receive_file(by=request.user, command=command)).data, status=201)


class OneFile(ApiView):
    """One received file."""

    permission = "release.view"

    @extend_schema(responses=shapes.FileOutput)
    def get(self, request: Request, file: int) -> Response:
        """Show the file with its readings and findings."""
        return Response(shapes.FileOutput(get_object_or_404(queries.visible_files(self.sites), pk=file)).data)


class FileResults(ApiView):
    """Results made of the readings of a received file."""

    permission = "release.record_result"

    @extend_schema(request=shapes.FileResultsGiven, responses={201: shapes.ResultOutput(many=True)})
    def post(self, request: Request, file: int) -> Response:
        """Record results from the file, each with its place in it."""
        row: InstrumentFile = get_object_or_404(queries.visible_files(self.sites), pk=file)
        data: Any = self.parsed(shapes.FileResultsGiven)
        results = results_from_file(
            by=request.user, file=row, analyst=data.validated_data["analyst"], wanted=data.commands()
        )
        return Response({"results": shapes.ResultOutput(results, many=True).data}, status=201)


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
