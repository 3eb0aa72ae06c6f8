"""Types of what clients send and receive of instrument files."""

from typing import ClassVar

from rest_framework import serializers

from batches.readings.actions.files import ReceiveFile
from batches.readings.models import InstrumentFile


class PhaseFileInput(serializers.Serializer):
    """A file that an instrument wrote during a phase; ``mapping`` is for logs, ``sample`` for files of samples."""

    file = serializers.FileField(allow_empty_file=True)
    kind = serializers.CharField(max_length=40)
    source = serializers.CharField(max_length=40)
    mapping = serializers.CharField(max_length=40, allow_blank=True, default="")
    sample = serializers.CharField(max_length=80, allow_blank=True, default="")

    def command(self) -> ReceiveFile:
        """Return the command that the form gives too."""
        data = dict(self.validated_data)
        upload = data.pop("file")
        return ReceiveFile(name=upload.name, content=upload.read(), **data)


class FileSignalOutput(serializers.Serializer):
    """What was taken of one signal; ``before`` and ``after`` count its samples outside the phase."""

    tag = serializers.CharField()
    name = serializers.CharField()
    parameter = serializers.CharField()
    unit = serializers.CharField()
    samples = serializers.IntegerField()
    bad = serializers.IntegerField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class FileFindingOutput(serializers.Serializer):
    """Something in the file that a person has to know; a blocking one names what is no reading."""

    code = serializers.CharField()
    message = serializers.CharField()
    locator = serializers.CharField()
    blocking = serializers.BooleanField()
    sample = serializers.CharField(allow_blank=True)
    parameter = serializers.CharField(allow_blank=True)


class PhaseFileOutput(serializers.ModelSerializer):
    """A file of a phase with what was taken of it, and everything that was not."""

    phase = serializers.CharField(source="phase.code")
    source = serializers.CharField(source="source.code")
    mapping = serializers.SerializerMethodField()
    signals = FileSignalOutput(many=True)
    findings = FileFindingOutput(many=True)
    received_by = serializers.CharField(source="received_by.username")

    class Meta:
        model = InstrumentFile
        fields: ClassVar = [
            "id", "phase", "source", "kind", "name", "sha256", "mapping", "sample", "instrument", "boot_id", "signals",
            "findings", "received_at", "received_by",
        ]  # fmt: skip

    def get_mapping(self, file: InstrumentFile) -> str | None:
        """Return the mapping with its version."""
        return None if file.mapping is None else str(file.mapping)


class FileRowOutput(serializers.Serializer):
    """One sample as it stands in the file."""

    at = serializers.DateTimeField()
    text = serializers.CharField(allow_blank=True)
    unit = serializers.CharField()
    locator = serializers.CharField()
    good = serializers.BooleanField()
    inside = serializers.BooleanField()


class PhaseFileWithRowsOutput(PhaseFileOutput):
    """A file with some of the samples of one of its signals."""

    tag = serializers.CharField(allow_null=True)
    rows = FileRowOutput(many=True)

    class Meta(PhaseFileOutput.Meta):
        fields: ClassVar = [*PhaseFileOutput.Meta.fields, "tag", "rows"]
