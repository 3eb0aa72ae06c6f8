"""Batch records over REST: types are parsed here, nothing is judged."""

from typing import Any

from rest_framework import serializers

from batches.actions.commands import (
    EnterResult,
    IssueBatchRecord,
    OpenDeviation,
    RegisterEquipment,
    StartPhase,
    UseLot,
)
from batches.models import BatchRecord, Deviation, Equipment, InProcessResult
from gatekeeper.api import Signs


class BatchRecordOutput(serializers.ModelSerializer[BatchRecord]):
    """A batch record."""

    master = serializers.CharField(source="master.code")
    version = serializers.IntegerField(source="master.version")
    lot = serializers.CharField(source="lot.number")
    site = serializers.CharField(source="site.code")
    issued_by = serializers.CharField(source="issued_by.username")
    completed_by = serializers.CharField(source="completed_by.username", default=None)
    reviewed_by = serializers.CharField(source="reviewed_by.username", default=None)
    reopened_by = serializers.CharField(source="reopened_by.username", default=None)

    class Meta:
        model = BatchRecord
        fields = [
            "number", "master", "version", "lot", "site", "status", "sha256", "issued_at", "issued_by",
            "completed_at", "completed_by", "reviewed_at", "reviewed_by",
            "reopened_at", "reopened_by", "reopened_reason", "updated_at",
        ]  # fmt: skip


class ResultOutput(serializers.ModelSerializer[InProcessResult]):
    """An in-process result as reported, with its unit and verdict; ``supersedes`` is the entry that it corrects."""

    entry = serializers.IntegerField(source="pk")
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)
    entered_by = serializers.CharField(source="entered_by.username")
    verified_by = serializers.CharField(source="verified_by.username", default=None)

    class Meta:
        model = InProcessResult
        fields = [
            "entry", "control", "reported", "unit", "verdict", "not_done", "reason", "entered_at", "entered_by",
            "verified_at", "verified_by", "supersedes",
        ]  # fmt: skip


class UseOutput(serializers.Serializer[Any]):
    """A lot used in a phase."""

    lot = serializers.CharField(source="parent.number")
    quantity = serializers.DecimalField(max_digits=30, decimal_places=9)
    unit = serializers.CharField()
    used_at = serializers.DateTimeField()
    used_by = serializers.CharField(source="used_by.username")


class SignatureOutput(serializers.Serializer[Any]):
    """A signature; ``valid`` is false once the record has changed after it."""

    printed_name = serializers.CharField()
    meaning = serializers.CharField()
    signed_at = serializers.DateTimeField()
    sha256 = serializers.CharField()
    valid = serializers.BooleanField(allow_null=True)


class PhaseOutput(serializers.Serializer[Any]):
    """A phase with its entries, superseded ones included."""

    code = serializers.CharField(source="phase.code")
    title = serializers.CharField(source="phase.title")
    position = serializers.IntegerField(source="phase.position")
    state = serializers.CharField(source="phase.state")
    started_at = serializers.DateTimeField(source="phase.started_at", allow_null=True)
    started_by = serializers.CharField(source="phase.started_by.username", default=None)
    performed_at = serializers.DateTimeField(source="phase.performed_at", allow_null=True)
    performed_by = serializers.CharField(source="phase.performed_by.username", default=None)
    verified_at = serializers.DateTimeField(source="phase.verified_at", allow_null=True)
    verified_by = serializers.CharField(source="phase.verified_by.username", default=None)
    sha256 = serializers.CharField(source="content_sha256")
    results = ResultOutput(source="phase.results.all", many=True)
    materials = UseOutput(source="uses", many=True)
    equipment = serializers.SerializerMethodField()
    signatures = SignatureOutput(many=True)

    def get_equipment(self, view: Any) -> list[str]:
        """Return the codes of the equipment that served the phase."""
        return [use.equipment.code for use in view.phase.equipment_uses.all()]


class YieldOutput(serializers.Serializer[Any]):
    """One row of the table of yields; a per cent is null where it is not computable, ``why_not`` says why."""

    phase = serializers.CharField()
    title = serializers.CharField()
    analyte = serializers.CharField()
    total = serializers.CharField(allow_null=True)
    step_percent = serializers.CharField(allow_null=True)
    overall_percent = serializers.CharField(allow_null=True)
    verdict = serializers.CharField()
    why_not = serializers.CharField()


class DeviationOutput(serializers.ModelSerializer[Deviation]):
    """A deviation with its conclusion."""

    batch_record = serializers.CharField(source="batch_record.number")
    lot = serializers.CharField(source="batch_record.lot.number")
    title = serializers.CharField(source="title_text")
    description = serializers.CharField(source="description_text")
    phase = serializers.CharField(source="phase.code", default=None)
    opened_by = serializers.CharField(source="opened_by.username")
    closed_by = serializers.CharField(source="closed_by.username", default=None)

    class Meta:
        model = Deviation
        fields = [
            "number", "batch_record", "lot", "phase", "origin", "origin_key", "severity", "title", "description",
            "status", "opened_at", "opened_by", "closed_at", "closed_by", "root_cause", "impact", "justification",
            "updated_at",
        ]  # fmt: skip


class EquipmentOutput(serializers.ModelSerializer[Equipment]):
    """Equipment with its geometry."""

    site = serializers.CharField(source="site.code")

    class Meta:
        model = Equipment
        fields = [
            "code", "name", "kind", "site", "geometry", "geometry_version", "calibration_due_date", "registered_at",
        ]  # fmt: skip


class IssueGiven(Signs):
    """A batch record to be issued."""

    number = serializers.CharField(max_length=40)
    master = serializers.CharField(max_length=40)
    version = serializers.IntegerField(min_value=1)
    lot = serializers.CharField(max_length=40)
    site = serializers.CharField(max_length=20)

    def command(self) -> IssueBatchRecord:
        """Return the command that the form gives too."""
        names = ("number", "master", "version", "lot", "site")
        return IssueBatchRecord(**{name: self.validated_data[name] for name in names})


class SigningGiven(Signs):
    """A signature; ``sha256`` is the digest of the content as it was read, checked where it is given."""

    sha256 = serializers.CharField(max_length=64, required=False, default="")


class StartGiven(serializers.Serializer[Any]):
    """A phase to be started with this equipment."""

    equipment = serializers.ListField(child=serializers.CharField(max_length=40), default=list)

    def command(self) -> StartPhase:
        """Return the command that the form gives too."""
        return StartPhase(tuple(self.validated_data["equipment"]))


class UseGiven(serializers.Serializer[Any]):
    """A quantity of a lot to be used."""

    lot = serializers.CharField(max_length=40)
    quantity = serializers.CharField(max_length=60)
    unit = serializers.CharField(max_length=20)

    def command(self) -> UseLot:
        """Return the command that the form gives too."""
        return UseLot(**self.validated_data)


class ResultGiven(serializers.Serializer[Any]):
    """A result to be entered; with ``reason`` a correction, with ``not_done`` the statement that there is none."""

    control = serializers.CharField(max_length=40)
    reported = serializers.CharField(max_length=80, allow_blank=True, default="")
    unit = serializers.CharField(max_length=20, allow_blank=True, default="")
    not_done = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=400, allow_blank=True, required=False)

    def command(self) -> EnterResult:
        """Return the command that the form gives too."""
        data = self.validated_data
        return EnterResult(data["control"], data["reported"], data["unit"])


class DeviationGiven(serializers.Serializer[Any]):
    """A deviation reported by a person or a machine."""

    severity = serializers.CharField(max_length=10)
    title = serializers.CharField(max_length=200, allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    phase = serializers.CharField(max_length=20, required=False, default="")

    def command(self) -> OpenDeviation:
        """Return the command that the form gives too."""
        data = self.validated_data
        return OpenDeviation("manual", data["severity"], data["title"], data["description"])


class ClosingGiven(Signs):
    """The conclusion of an investigation."""

    root_cause = serializers.CharField(allow_blank=True)
    impact = serializers.CharField(allow_blank=True)
    justification = serializers.CharField(allow_blank=True)

    def conclusion(self) -> dict[str, str]:
        """Return the three texts."""
        return {name: self.validated_data[name] for name in ("root_cause", "impact", "justification")}


class EquipmentGiven(serializers.Serializer[Any]):
    """Equipment to be registered."""

    code = serializers.CharField(max_length=40, allow_blank=True)
    name = serializers.CharField(max_length=160, allow_blank=True)
    kind = serializers.CharField(max_length=40, allow_blank=True)
    site = serializers.CharField(max_length=20)
    geometry = serializers.DictField(default=dict)
    calibration_due_date = serializers.DateField(allow_null=True, default=None)

    def command(self) -> RegisterEquipment:
        """Return the command that the form gives too."""
        return RegisterEquipment(**self.validated_data)


class CalibrationGiven(serializers.Serializer[Any]):
    """A calibration: when the next one is due; ``reason`` names its certificate."""

    due_date = serializers.DateField()
    reason = serializers.CharField(max_length=400, allow_blank=True)


class GeometryGiven(serializers.Serializer[Any]):
    """A new version of a geometry, with the reason; decimals as text."""

    geometry = serializers.DictField()
    reason = serializers.CharField(max_length=400, allow_blank=True)


class ReasonGiven(serializers.Serializer[Any]):
    """Why something is reopened."""

    reason = serializers.CharField(max_length=400, allow_blank=True)


class CalibrationOutput(serializers.Serializer[Any]):
    """A calibration as recorded."""

    due_date = serializers.CharField()
    at = serializers.DateTimeField()
    person = serializers.CharField()
    reason = serializers.CharField()


class GeometryOutput(serializers.Serializer[Any]):
    """A version of a geometry as recorded."""

    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    person = serializers.CharField()
    reason = serializers.CharField()
    geometry = serializers.DictField(child=serializers.CharField())
