"""Plasmids over REST: types are parsed here, nothing is judged."""

from typing import Any

from rest_framework import serializers

from gatekeeper.accounts.models import Site
from gatekeeper.api import Signs
from plasmids.actions.receiving import ReceiveLot, SupplierResult
from plasmids.models import Plasmid, PlasmidLot
from plasmids.queries import Line, lines, obstacles


class PlasmidOutput(serializers.ModelSerializer[Plasmid]):
    """A construct."""

    class Meta:
        model = Plasmid
        fields = ["code", "name", "role", "size_bp", "sequence_sha256", "registered_at"]


class PlasmidGiven(serializers.Serializer[Any]):
    """A construct to be registered; ``site`` is where the caller's authority is checked."""

    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=160)
    role = serializers.CharField(max_length=20)
    size_bp = serializers.IntegerField()
    sequence_sha256 = serializers.CharField(max_length=64)
    site = serializers.SlugRelatedField(slug_field="code", queryset=Site.objects.all())


class SupplierResultGiven(serializers.Serializer[Any]):
    """One line of a supplier's certificate, as printed."""

    attribute = serializers.CharField(max_length=60)
    reported = serializers.CharField(max_length=80)
    unit = serializers.CharField(max_length=20, allow_blank=True, default="")

    def command(self) -> SupplierResult:
        """Return the line as a value."""
        return SupplierResult(**self.validated_data)


class CorrectionGiven(SupplierResultGiven):
    """A corrected or added line, with the reason."""

    reason = serializers.CharField(max_length=400, allow_blank=True, default="")

    def command(self) -> SupplierResult:
        """Return the line as a value."""
        data = {name: value for name, value in self.validated_data.items() if name != "reason"}
        return SupplierResult(**data)


class PlasmidLotGiven(serializers.Serializer[Any]):
    """A plasmid lot at the door."""

    number = serializers.CharField(max_length=40)
    plasmid = serializers.CharField(max_length=40)
    site = serializers.SlugRelatedField(slug_field="code", queryset=Site.objects.all())
    supplier = serializers.CharField(max_length=160)
    quantity = serializers.CharField(max_length=60)
    unit = serializers.CharField(max_length=20)
    expiry_date = serializers.DateField(allow_null=True, default=None)
    certificate_number = serializers.CharField(max_length=80)
    sequence_sha256 = serializers.CharField(max_length=64)
    results = SupplierResultGiven(many=True)

    def command(self) -> ReceiveLot:
        """Return the command that the form gives too."""
        data = dict(self.validated_data)
        return ReceiveLot(**data | {"results": [SupplierResult(**line) for line in data["results"]]})


class LineOutput(serializers.Serializer[Any]):
    """One attribute of the specification with its newest result."""

    attribute = serializers.CharField()
    title = serializers.CharField()
    asked = serializers.CharField()
    reported = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    judged_as = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)

    def to_representation(self, line: Line) -> dict[str, Any]:
        """Return the line, its result null where there is none."""
        result = line.result
        return {
            "attribute": line.attribute.code,
            "title": line.attribute.title,
            "asked": line.attribute.asked,
            "reported": result.reported if result else None,
            "unit": result.unit if result else None,
            "judged_as": result.judged_as if result else None,
            "outcome": result.outcome if result else None,
        }


class PlasmidLotOutput(serializers.ModelSerializer[PlasmidLot]):
    """A plasmid lot with its certificate judged, and what stands in the way of its release."""

    number = serializers.CharField(source="lot.number")
    plasmid = serializers.CharField(source="plasmid.code")
    site = serializers.CharField(source="lot.site.code")
    supplier = serializers.CharField(source="lot.source")
    status = serializers.CharField(source="lot.status")
    specification = serializers.CharField(source="specification.__str__")
    results = serializers.SerializerMethodField()
    obstacles = serializers.SerializerMethodField()

    class Meta:
        model = PlasmidLot
        fields = [
            "number",
            "plasmid",
            "site",
            "supplier",
            "status",
            "certificate_number",
            "sequence_sha256",
            "specification",
            "results",
            "obstacles",
        ]

    def get_results(self, plasmid_lot: PlasmidLot) -> list[dict[str, Any]]:
        """Return the certificate as the specification orders it."""
        return LineOutput(lines(plasmid_lot), many=True).data

    def get_obstacles(self, plasmid_lot: PlasmidLot) -> list[dict[str, str]]:
        """Return what stands in the way of the lot's release."""
        return [{"code": refusal.code, "message": refusal.message} for refusal in obstacles(plasmid_lot)]


class ReleaseGiven(Signs):
    """A signed release."""
