"""Materials, lots, the ledger of their status, and who was made from what."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person, Site
from gatekeeper.ledger.models import Signature
from gatekeeper.lots.rules import statuses


class Material(models.Model):
    """What a lot is a lot of; ``unit`` is the code in which its quantity is counted."""

    class Kind(models.TextChoices):
        PLASMID = "plasmid", _("plasmid")
        CELL_BANK = "cell_bank", _("cell bank")
        RAW_MATERIAL = "raw_material", _("raw material")
        HARVEST = "harvest", _("harvest")
        DRUG_SUBSTANCE = "drug_substance", _("drug substance")
        DRUG_PRODUCT = "drug_product", _("drug product")
        CELL_PRODUCT = "cell_product", _("cell product")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=20, choices=Kind)
    unit = models.CharField(max_length=20)
    history = History()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Lot(models.Model):
    """A quantity of one material that is judged, released and traced as one; ``number`` is its natural key."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        IN_PROCESS = "in_process", _("in process")
        QUARANTINE = "quarantine", _("quarantine")
        RELEASED = "released", _("released")
        CONDITIONALLY_RELEASED = "conditionally_released", _("conditionally released")
        ON_HOLD = "on_hold", _("on hold")
        REJECTED = "rejected", _("rejected")
        RECALLED = "recalled", _("recalled")
        EXPIRED = "expired", _("expired")
        CONSUMED = "consumed", _("consumed")
        DESTROYED = "destroyed", _("destroyed")

    number = models.CharField(max_length=40, unique=True)
    material = models.ForeignKey(Material, models.PROTECT, related_name="lots")
    site = models.ForeignKey(Site, models.PROTECT, related_name="lots")
    source = models.CharField(max_length=160)  # the supplier, or the batch record that makes it
    status = models.CharField(max_length=30, choices=Status)
    quantity = models.DecimalField(max_digits=30, decimal_places=9)
    quantity_left = models.DecimalField(max_digits=30, decimal_places=9)
    expiry_date = models.DateField(null=True, blank=True)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()
    history = History()

    status_transitions = {"status": statuses.LOT}
    status_initial = {"status": statuses.INITIAL}

    class Meta:
        ordering = ["-registered_at", "-id"]
        indexes = [models.Index(fields=["site", "status"]), models.Index(fields=["-updated_at", "-id"])]
        constraints = [
            models.CheckConstraint(condition=Q(quantity_left__gte=0), name="lot_quantity_left_not_negative"),
            models.CheckConstraint(condition=Q(quantity_left__lte=F("quantity")), name="lot_quantity_left_at_most_all"),
        ]

    def __str__(self) -> str:
        return self.number


class StatusChange(models.Model):
    """One line of a lot's status ledger. ``source`` is empty for the first."""

    append_only = True
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="status_changes")
    source = models.CharField(max_length=30, blank=True)
    verb = models.CharField(max_length=30)
    target = models.CharField(max_length=30, choices=Lot.Status)
    reason = models.CharField(max_length=400, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["lot", "id"]

    def __str__(self) -> str:
        return f"{self.lot} · {self.verb}"


class Use(models.Model):
    """An edge of the family: so much of ``parent`` went into ``child``, in this phase of this batch record."""

    append_only = True
    parent = models.ForeignKey(Lot, models.PROTECT, related_name="uses")
    child = models.ForeignKey(Lot, models.PROTECT, related_name="ingredients")
    quantity = models.DecimalField(max_digits=30, decimal_places=9)
    unit = models.CharField(max_length=20)
    batch_record = models.CharField(max_length=40, blank=True)
    phase = models.CharField(max_length=20, blank=True)
    used_at = models.DateTimeField()
    used_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["parent", "child"]), models.Index(fields=["child", "parent"])]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("child")), name="use_not_of_itself"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="use_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.parent} → {self.child}"
