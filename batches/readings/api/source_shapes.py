"""Types of what clients send and receive of sources, their tags and their sensors."""

from rest_framework import serializers

from batches.readings.actions.sensors import FitSensor
from batches.readings.actions.sources import DescribeTag, RegisterSource
from batches.readings.models import Tag


class TagInput(serializers.Serializer):
    """One signal; ``unit`` by UCUM or UNECE Rec 20, ``signal_type`` empty: as its parameter; ``sensor``: equipment."""

    code = serializers.CharField(max_length=40)
    parameter = serializers.CharField(max_length=40)
    unit = serializers.CharField(max_length=20)
    range_low = serializers.CharField(max_length=20, default="", allow_blank=True)
    range_high = serializers.CharField(max_length=20, default="", allow_blank=True)
    signal_type = serializers.CharField(max_length=8, default="", allow_blank=True)
    sampling_s = serializers.CharField(max_length=20, default="", allow_blank=True)
    sensor = serializers.CharField(max_length=40, default="", allow_blank=True)


class SourceInput(serializers.Serializer):
    """A skid or probe with its tags; ``equipment`` is the code of registered equipment."""

    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=160)
    equipment = serializers.CharField(max_length=40)
    tags = TagInput(many=True, allow_empty=False)

    def command(self) -> RegisterSource:
        """Return the command that the form gives too."""
        data = dict(self.validated_data)
        tags = tuple(DescribeTag(**tag) for tag in data.pop("tags"))
        return RegisterSource(**data, tags=tags)


class TooSeldomOutput(serializers.Serializer):
    """A rule whose times (its fields) are too short for the samples of a tag."""

    rule_set = serializers.CharField()
    rule = serializers.CharField()
    times = serializers.ListField(child=serializers.CharField())


class TagOutput(serializers.Serializer):
    """One signal of a source: as registered, with the sensor that measures it now."""

    code = serializers.CharField()
    parameter = serializers.CharField()
    unit = serializers.CharField()
    unit_unece = serializers.CharField(allow_null=True, help_text="UNECE Rec 20; null where it has no code.")
    range_low = serializers.CharField(allow_null=True)
    range_high = serializers.CharField(allow_null=True)
    signal_type = serializers.ChoiceField(Tag.Type.values)
    sampling_s = serializers.CharField(allow_null=True)
    sensor = serializers.CharField(allow_null=True)
    sensor_calibration_due_date = serializers.DateField(allow_null=True)
    too_seldom_for = TooSeldomOutput(many=True)


class SourceOutput(serializers.Serializer):
    """A skid or probe, as registered."""

    code = serializers.CharField()
    name = serializers.CharField()
    site = serializers.CharField()
    equipment = serializers.CharField()
    tags = TagOutput(many=True)


class SensorInput(serializers.Serializer):
    """A sensor (registered equipment, by code) for a tag of the source, and why it is fitted."""

    tag = serializers.CharField(max_length=40)
    sensor = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=400, allow_blank=True)

    def command(self) -> FitSensor:
        """Return the command that the form gives too."""
        return FitSensor(**self.validated_data)


class SensorOutput(serializers.Serializer):
    """A sensor that measures a tag from ``fitted_at`` on, until another one is fitted."""

    tag = serializers.CharField()
    sensor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    fitted_at = serializers.DateTimeField()
    fitted_by = serializers.CharField()


class UnassignedOutput(serializers.Serializer):
    """Readings outside every assignment: between the end of one phase and the start of the next one; null: none."""

    after = serializers.DateTimeField(allow_null=True)
    before = serializers.DateTimeField(allow_null=True)
    from_at = serializers.DateTimeField()
    until_at = serializers.DateTimeField()
    samples = serializers.IntegerField()
