"""Plasmid constructs, their lots, and the suppliers' results judged on arrival."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person
from gatekeeper.documents.models import Document
from gatekeeper.lots.models import Lot, Material


class Plasmid(models.Model):
    """A construct: its role in a vector, size in base pairs and the SHA-256 of its sequence."""

    class Role(models.TextChoices):
        TRANSFER = "transfer", _("transfer")
        GAG_POL = "gag_pol", _("gag/pol")
        REV = "rev", _("rev")
        ENVELOPE = "envelope", _("envelope")
        REP_CAP = "rep_cap", _("rep/cap")
        HELPER = "helper", _("helper")
        TRANSGENE = "transgene", _("transgene")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    role = models.CharField(max_length=20, choices=Role)
    size_bp = models.PositiveIntegerField()
    sequence_sha256 = models.CharField(max_length=64)
    material = models.OneToOneField(Material, models.PROTECT, related_name="plasmid")
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sequence_sha256__regex=r"^[0-9a-f]{64}$"), name="plasmid_sequence_digest"
            ),
            models.CheckConstraint(condition=Q(size_bp__gt=0), name="plasmid_size_positive"),
        ]

    def __str__(self) -> str:
        return self.code


class PlasmidLot(models.Model):
    """What a plasmid lot knows beyond any other lot: its construct, supplier's certificate and specification."""

    lot = models.OneToOneField(Lot, models.PROTECT, related_name="plasmid_lot")
    plasmid = models.ForeignKey(Plasmid, models.PROTECT, related_name="lots")
    specification = models.ForeignKey(Document, models.PROTECT, related_name="+")
    certificate_number = models.CharField(max_length=80)
    sequence_sha256 = models.CharField(
        max_length=64
    )  # as the supplier reports it; identity means it equals the construct's
    history = History()

    class Meta:
        ordering = ["lot"]

    def __str__(self) -> str:
        return self.lot.number


class IncomingResult(models.Model):
    """A supplier's result as reported, and how the specification judged it."""

    class Outcome(models.TextChoices):
        PASS = "pass", _("pass")
        FAIL = "fail", _("fail")
        INVALID = "invalid", _("invalid")
        REPORTED = "reported", _("reported")

    append_only = True
    plasmid_lot = models.ForeignKey(PlasmidLot, models.PROTECT, related_name="results")
    attribute = models.CharField(max_length=60)
    reported = models.CharField(max_length=80)
    unit = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    judged_as = models.CharField(max_length=80)
    sentence = models.CharField(max_length=300, blank=True)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["plasmid_lot", "attribute", "id"]

    def __str__(self) -> str:
        return f"{self.plasmid_lot} · {self.attribute}"
