"""Input and output of release over REST: types are parsed here, nothing is judged."""

import json
from typing import Any

from rest_framework import serializers

from gatekeeper.api import Signs
from gatekeeper.core.canonical import digest
from gatekeeper.core.documents import LONGEST_CODE
from gatekeeper.lots.models import Lot
from release.actions.commands import FileResult, RecordResult
from release.links import link_to
from release.models import Certificate, Disposition, InstrumentFile, Result
from release.rules.dossier import Dossier
from release.rules.gate import NOT_CHECKED, checked, findings


class ResultGiven(serializers.Serializer[Any]):
    """A test result as reported; ``instrument_file`` is the SHA-256 of a file received for the lot."""

    test = serializers.CharField(max_length=60)
    method = serializers.CharField(max_length=80)
    sample = serializers.CharField(max_length=80)
    reported = serializers.CharField(max_length=80, allow_blank=True)
    unit = serializers.CharField(max_length=20, allow_blank=True, default="")
    replicates = serializers.ListField(child=serializers.CharField(max_length=60, allow_blank=True), default=list)
    measured_at = serializers.DateTimeField()
    analyst = serializers.CharField(max_length=120)
    instrument_file = serializers.CharField(max_length=64, allow_blank=True, default="")

    def command(self, lot: Lot) -> RecordResult:
        """Return the command that the form gives too.

        :raises ValidationError: when no such file was received for the lot.
        """
        data = {name: value for name, value in self.validated_data.items() if name != "reason"}
        sha256 = data.pop("instrument_file")
        file = InstrumentFile.objects.filter(lot=lot, sha256=sha256).defer("content").first() if sha256 else None
        if sha256 and file is None:
            raise serializers.ValidationError({"instrument_file": "No such file was received."}, code="file_unknown")
        return RecordResult(lot=lot.number, **data | {"replicates": tuple(data["replicates"])}, instrument_file=file)


class CorrectionGiven(ResultGiven):
    """A corrected result, with the reason."""

    reason = serializers.CharField(max_length=400, allow_blank=True)


class ReasonGiven(serializers.Serializer[Any]):
    """Why a result is taken out."""

    reason = serializers.CharField(max_length=400, allow_blank=True)


class ReviewsGiven(Signs):
    """Which results are reviewed, signed."""

    results = serializers.ListField(child=serializers.IntegerField(), allow_empty=False)


class BatchReviewGiven(Signs):
    """Quality's review of a batch, signed; ``evidence_sha256`` is what was shown."""

    remark = serializers.CharField(max_length=2000, allow_blank=True, default="")
    evidence_sha256 = serializers.CharField(max_length=64, allow_blank=True, default="")


class DecisionGiven(Signs):
    """A decision on a lot for a market, signed; ``dossier_sha256`` is what was shown."""

    market = serializers.CharField(max_length=LONGEST_CODE)
    decision = serializers.ChoiceField(choices=["released", "rejected"])
    dossier_sha256 = serializers.CharField(max_length=64, allow_blank=True, default="")
    reason = serializers.CharField(max_length=400, allow_blank=True, default="")


class FileGiven(serializers.Serializer[Any]):
    """An instrument's file for a lot."""

    file = serializers.FileField(allow_empty_file=True)
    kind = serializers.CharField(max_length=40)
    lot = serializers.CharField(max_length=40)


class FileResultGiven(serializers.Serializer[Any]):
    """Which reading is the result of which test; volumes in µL."""

    test = serializers.CharField(max_length=60)
    method = serializers.CharField(max_length=80)
    sample = serializers.CharField(max_length=80)
    parameter = serializers.CharField(max_length=40)
    unit = serializers.CharField(max_length=20, allow_blank=True, default="")
    target = serializers.CharField(max_length=60, allow_blank=True, default="")
    reaction_volume_ul = serializers.CharField(max_length=20, allow_blank=True, default="")
    template_volume_ul = serializers.CharField(max_length=20, allow_blank=True, default="")
    dilution_factor = serializers.CharField(max_length=20, allow_blank=True, default="")
    measured_at = serializers.DateTimeField(allow_null=True, default=None)


class FileResultsGiven(serializers.Serializer[Any]):
    """The results to make of a file; without an analyst the file's operator is taken."""

    analyst = serializers.CharField(max_length=120, allow_blank=True, default="")
    results = FileResultGiven(many=True, allow_empty=False)

    def commands(self) -> list[FileResult]:
        """Return the commands."""
        return [FileResult(**row) for row in self.validated_data["results"]]


class ResultOutput(serializers.ModelSerializer[Result]):
    """A result with who entered and who reviewed it."""

    lot = serializers.CharField(source="lot.number")
    entered_by = serializers.CharField(source="entered_by.username")
    reviewed_by = serializers.CharField(source="reviewed_by.username", default=None)
    instrument_file = serializers.CharField(source="instrument_file.sha256", default=None)
    superseded = serializers.SerializerMethodField()

    class Meta:
        model = Result
        fields = [
            "id", "lot", "test", "method", "sample", "reported", "unit", "replicates", "measured_at", "analyst",
            "instrument_file", "locator", "status", "entered_at", "entered_by", "reviewed_at", "reviewed_by", "reason",
            "supersedes", "superseded",
        ]  # fmt: skip

    def get_superseded(self, result: Result) -> bool:
        """Return whether a correction took its place."""
        return hasattr(result, "superseded_by")


class FileOutput(serializers.ModelSerializer[InstrumentFile]):
    """A received file with what its reader found."""

    lot = serializers.CharField(source="lot.number", default=None)
    received_by = serializers.CharField(source="received_by.username")

    class Meta:
        model = InstrumentFile
        fields = ["id", "kind", "name", "sha256", "lot", "readings", "findings", "received_at", "received_by"]


class DispositionOutput(serializers.ModelSerializer[Disposition]):
    """A decision with its signature and certificate."""

    lot = serializers.CharField(source="lot.number")
    specification = serializers.CharField(source="specification.__str__")
    decided_by = serializers.CharField(source="decided_by.username")
    meaning = serializers.CharField(source="signature.meaning")
    signature_sha256 = serializers.CharField(source="signature.sha256")
    certificate = serializers.CharField(source="certificate.number", default=None)

    class Meta:
        model = Disposition
        fields = [
            "lot", "market", "specification", "decision", "reason", "dossier_sha256", "decided_at", "decided_by",
            "meaning", "signature_sha256", "certificate",
        ]  # fmt: skip


class CertificateOutput(serializers.ModelSerializer[Certificate]):
    """A certificate of analysis with its content."""

    lot = serializers.CharField(source="lot.number")
    issued_by = serializers.CharField(source="issued_by.username")
    content = serializers.SerializerMethodField()

    class Meta:
        model = Certificate
        fields = ["number", "lot", "market", "sha256", "pdf_sha256", "issued_at", "issued_by", "content"]

    def get_content(self, certificate: Certificate) -> dict[str, Any]:
        """Return what the certificate says."""
        return json.loads(certificate.content)


class GateOutput(serializers.Serializer[Any]):
    """What the gate says of a lot for a market."""

    lot = serializers.CharField()
    market = serializers.CharField()
    open = serializers.BooleanField()
    findings = serializers.ListField(child=serializers.DictField())
    checked = serializers.ListField(child=serializers.DictField())
    not_checked = serializers.ListField(child=serializers.DictField())
    dossier_sha256 = serializers.CharField()

    def to_representation(self, dossier: Dossier) -> dict[str, Any]:
        """Return every finding with its link, and every check with its result."""
        blocking = findings(dossier)
        return {
            "lot": dossier.lot.number,
            "market": dossier.market.code,
            "open": not blocking,
            "findings": [
                {
                    "code": row.code,
                    "check": row.check,
                    "state": row.state.value,
                    "message": row.message,
                    "subject": {"kind": row.subject.kind, "key": row.subject.key},
                    "link": link_to(row.subject),
                    "clears": row.clears.format(**dict(row.params)),
                }
                for row in blocking
            ],
            "checked": [{"code": row.code, "title": row.title, "passed": row.passed} for row in checked(dossier)],
            "not_checked": [{"code": row.code, "title": row.title} for row in NOT_CHECKED],
            "dossier_sha256": digest(dossier),
        }
