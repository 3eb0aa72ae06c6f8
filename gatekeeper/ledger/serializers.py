"""How evidence is written in JSON: times in RFC 3339 UTC, values as recorded."""

from typing import Any

from rest_framework import serializers


class CheckpointOut(serializers.Serializer[Any]):
    """The newest signed head; ``note`` is what C2SP tools verify."""

    origin = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField(help_text="base64, 32 bytes")
    at = serializers.DateTimeField()
    note = serializers.CharField()
    waiting = serializers.IntegerField(help_text="entries that are not sealed yet")
    lag_seconds = serializers.FloatField(help_text="age of the oldest of them")


class ChangeOut(serializers.Serializer[Any]):
    """One field of an entry."""

    field = serializers.CharField()
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)


class EntryOut(serializers.Serializer[Any]):
    """One entry of a record's evidence; ``body`` is the text that was hashed, ``path`` its inclusion proof."""

    id = serializers.IntegerField()
    index = serializers.IntegerField(allow_null=True)
    sealed = serializers.BooleanField()
    operation = serializers.ChoiceField(["INSERT", "UPDATE", "DELETE"])
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    name = serializers.CharField()
    act = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    request = serializers.CharField()
    changes = ChangeOut(many=True)
    body = serializers.CharField()
    path = serializers.ListField(child=serializers.CharField(), allow_null=True)
