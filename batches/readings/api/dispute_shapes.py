"""Shapes of disputed frames and their resolutions, as clients send and see them."""

from rest_framework import serializers

from batches.readings.actions.disputes import SettleDispute
from gatekeeper.api import Signs


class SettleDisputeInput(Signs):
    """Which body of a disputed frame counts: its digest, or ``neither``; ``dispute_sha256`` is as it was read."""

    chosen = serializers.CharField(max_length=64)
    dispute_sha256 = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=1000, allow_blank=True)

    def command(self) -> SettleDispute:
        """Return the command that the form gives too."""
        return SettleDispute(**{name: self.validated_data[name] for name in ("chosen", "dispute_sha256", "reason")})


class BodyOutput(serializers.Serializer):
    """One body of a disputed frame; ``stored`` is the one that came first."""

    sha256 = serializers.CharField()
    stored = serializers.BooleanField()
    received_at = serializers.DateTimeField()
    received_by = serializers.CharField()


class ResolutionOutput(serializers.Serializer):
    """A signed resolution of a dispute; the last one counts, unless a further body came after it."""

    frame = serializers.CharField()
    bodies = serializers.ListField(child=serializers.CharField())
    chosen = serializers.CharField()
    reason = serializers.CharField()
    resolved_at = serializers.DateTimeField()
    resolved_by = serializers.CharField()


class DisputeOutput(serializers.Serializer):
    """A disputed frame: its bodies, the digest of the one that counts (``neither``; null while it is open)."""

    id = serializers.IntegerField()
    frame = serializers.CharField()
    boot_id = serializers.CharField()
    sequence = serializers.IntegerField()
    counts = serializers.CharField(allow_null=True)
    dispute_sha256 = serializers.CharField()
    bodies = BodyOutput(many=True)
    resolutions = ResolutionOutput(many=True)


class SampleOutput(serializers.Serializer):
    """A sample of one body: its value as text (null: none was given) and its OPC quality."""

    value = serializers.CharField(allow_null=True)
    quality = serializers.IntegerField()


class DifferenceOutput(serializers.Serializer):
    """A time of a tag at which the bodies differ: the sample of each in their order, null where it has none."""

    tag = serializers.CharField()
    at = serializers.DateTimeField()
    samples = serializers.ListField(child=SampleOutput(allow_null=True))


class OneDisputeOutput(DisputeOutput):
    """A disputed frame, with how many times of all tags differ, and the first of them."""

    differing = serializers.IntegerField()
    differences = DifferenceOutput(many=True)
