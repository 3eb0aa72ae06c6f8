"""Lots over REST: types are parsed here, nothing is judged."""

from typing import Any

from rest_framework import serializers

from gatekeeper.accounts.models import Site
from gatekeeper.api import Signs
from gatekeeper.lots.actions.registration import RegisterLot
from gatekeeper.lots.models import Lot, Material, StatusChange


class MaterialOutput(serializers.ModelSerializer[Material]):
    """A material."""

    class Meta:
        model = Material
        fields = ["code", "name", "kind", "unit"]


class MaterialGiven(serializers.Serializer[Any]):
    """A material to be registered; ``site`` is where the caller's authority is checked."""

    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=160)
    kind = serializers.CharField(max_length=20)
    unit = serializers.CharField(max_length=20)
    site = serializers.SlugRelatedField(slug_field="code", queryset=Site.objects.all())


class QuantityOutput(serializers.Serializer[Any]):
    """A value as text with its unit beside it."""

    value = serializers.CharField()
    unit = serializers.CharField()


class LotOutput(serializers.ModelSerializer[Lot]):
    """A lot with its status and what is left."""

    material = serializers.SlugRelatedField("code", read_only=True)
    kind = serializers.CharField(source="material.kind")
    site = serializers.SlugRelatedField("code", read_only=True)
    quantity = serializers.SerializerMethodField()
    quantity_left = serializers.SerializerMethodField()

    class Meta:
        model = Lot
        fields = [
            "number",
            "material",
            "kind",
            "site",
            "source",
            "status",
            "quantity",
            "quantity_left",
            "expiry_date",
            "registered_at",
            "updated_at",
        ]

    def get_quantity(self, lot: Lot) -> dict[str, str]:
        """Return how much there was."""
        return {"value": f"{lot.quantity.normalize():f}", "unit": lot.material.unit}

    def get_quantity_left(self, lot: Lot) -> dict[str, str]:
        """Return how much there is."""
        return {"value": f"{lot.quantity_left.normalize():f}", "unit": lot.material.unit}


class QuantityGiven(serializers.Serializer[Any]):
    """A value as written, with its unit."""

    value = serializers.CharField(max_length=60)
    unit = serializers.CharField(max_length=20)


class LotGiven(serializers.Serializer[Any]):
    """A lot that has arrived."""

    number = serializers.CharField(max_length=40)
    material = serializers.SlugRelatedField(slug_field="code", queryset=Material.objects.all())
    site = serializers.SlugRelatedField(slug_field="code", queryset=Site.objects.all())
    source = serializers.CharField(max_length=160)
    quantity = QuantityGiven()
    expiry_date = serializers.DateField(required=False, allow_null=True, default=None)

    def command(self) -> RegisterLot:
        """Return the command that the form gives too."""
        data = dict(self.validated_data)
        quantity = data.pop("quantity")
        return RegisterLot(**data, quantity=quantity["value"], unit=quantity["unit"])


class StatusChangeOutput(serializers.ModelSerializer[StatusChange]):
    """One line of the status ledger."""

    changed_by = serializers.CharField(source="changed_by.username")
    signature = serializers.SerializerMethodField()

    class Meta:
        model = StatusChange
        fields = ["source", "verb", "target", "reason", "changed_at", "changed_by", "signature"]

    def get_signature(self, change: StatusChange) -> dict[str, str] | None:
        """Return printed name, meaning and digest of the signature, if there is one."""
        signature = change.signature
        if signature is None:
            return None
        return {"printed_name": signature.printed_name, "meaning": signature.meaning, "sha256": signature.sha256}


class DecisionGiven(Signs):
    """A signed decision on a lot."""

    verb = serializers.CharField(max_length=30)
    reason = serializers.CharField(max_length=400, allow_blank=True, default="")


class KinOutput(serializers.Serializer[Any]):
    """A lot of the family."""

    number = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    site = serializers.CharField()
    material = serializers.CharField()
    generation = serializers.IntegerField()


class EdgeOutput(serializers.Serializer[Any]):
    """So much of one lot went into another."""

    # "from" is a word of the language, so the fields are made by name.
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields of an edge."""
        return {
            "from": serializers.CharField(source="source"),
            "to": serializers.CharField(source="target"),
            "quantity": QuantityOutput(source="*"),
            "batch_record": serializers.CharField(),
            "phase": serializers.CharField(),
        }

    def to_representation(self, edge: Any) -> dict[str, Any]:
        """Return the edge with its quantity as value and unit."""
        return {
            "from": edge.source,
            "to": edge.target,
            "quantity": {"value": f"{edge.quantity.normalize():f}", "unit": edge.unit},
            "batch_record": edge.batch_record,
            "phase": edge.phase,
        }


class FamilyOutput(serializers.Serializer[Any]):
    """The family of a lot, complete."""

    nodes = KinOutput(many=True)
    edges = EdgeOutput(many=True)
