"""Types of what clients send."""

from rest_framework import serializers


class TagInput(serializers.Serializer):
    """One signal of a source."""

    code = serializers.CharField(max_length=40)
    parameter = serializers.CharField(max_length=40)
    unit = serializers.CharField(max_length=20)
    range_low = serializers.CharField(max_length=20, default="", allow_blank=True)
    range_high = serializers.CharField(max_length=20, default="", allow_blank=True)


class SourceInput(serializers.Serializer):
    """A skid or probe with its tags; ``equipment`` is the code of registered equipment."""

    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=160)
    equipment = serializers.CharField(max_length=40)
    tags = TagInput(many=True, allow_empty=False)
