"""Types of what clients send and receive of readings."""

from rest_framework import serializers

from batches.readings.actions.clocks import CorrectClock
from gatekeeper.api import Signs


class ClockCorrectionInput(Signs):
    """A signed offset of a source's clock; without ``last_sequence`` for every frame from the first on."""

    boot_id = serializers.CharField(max_length=40)
    first_sequence = serializers.IntegerField()
    last_sequence = serializers.IntegerField(allow_null=True, default=None)
    offset_s = serializers.CharField(max_length=20, allow_blank=True)
    reason = serializers.CharField(max_length=1000, allow_blank=True)

    def command(self) -> CorrectClock:
        """Return the command that the form gives too."""
        names = ("boot_id", "first_sequence", "last_sequence", "offset_s", "reason")
        return CorrectClock(**{name: self.validated_data[name] for name in names})


class ClockCorrectionOutput(serializers.Serializer):
    """A signed offset of a source's clock; of two for one frame the later one counts."""

    source = serializers.CharField()
    boot_id = serializers.CharField()
    first_sequence = serializers.IntegerField()
    last_sequence = serializers.IntegerField(allow_null=True)
    offset_s = serializers.CharField()
    reason = serializers.CharField()
    corrected_at = serializers.DateTimeField()
    corrected_by = serializers.CharField()


class ColumnsInput(serializers.Serializer):
    """The samples of one tag: times in µs since 1970, values, OPC quality (192 and above is good)."""

    times = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))
    quality = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=255), required=False)


class FrameInput(serializers.Serializer):
    """One frame of readings; source, boot id and sequence are its identity."""

    source = serializers.CharField(max_length=40)
    boot_id = serializers.CharField(max_length=40)
    sequence = serializers.IntegerField(min_value=0)
    tags = serializers.DictField(child=ColumnsInput())


class FrameOutput(serializers.Serializer):
    """What became of a frame."""

    frame = serializers.CharField()
    status = serializers.ChoiceField(["recorded", "replayed"])
    samples = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    sha256 = serializers.CharField()


class FramesInput(serializers.Serializer):
    """Several frames of one source."""

    frames = FrameInput(many=True)


class FramesOutput(serializers.Serializer):
    """What became of each of several frames, in the order in which they came; of an Arrow stream by sequence."""

    frames = FrameOutput(many=True)
