"""Results, reviews, dispositions and certificates."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from batches.models import BatchRecord, Phase
from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person, Site
from gatekeeper.core.documents import LONGEST_CODE
from gatekeeper.documents.models import Document
from gatekeeper.ledger.models import Signature
from gatekeeper.lots.models import Lot
from release.rules import statuses


class InstrumentFile(models.Model):
    """The bytes that an instrument wrote, with what a reader found in them."""

    append_only = True
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, blank=True, related_name="instrument_files")
    phase = models.ForeignKey(Phase, models.PROTECT, null=True, blank=True, related_name="instrument_files")
    readings = models.JSONField()
    findings = models.JSONField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    evidence_redacts = ("content",)  # the log holds the digest of the bytes

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint("sha256", "lot", "phase", name="instrument_file_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class Result(models.Model):
    """A test result of a lot as reported, checked by a second person. domain.md 3.0."""

    class Status(models.TextChoices):
        ENTERED = "entered", _("entered")
        REVIEWED = "reviewed", _("reviewed")
        INVALIDATED = "invalidated", _("invalidated")

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="results")
    test = models.CharField(max_length=60)
    method = models.CharField(max_length=80)
    sample = models.CharField(max_length=80)
    reported = models.CharField(max_length=80)
    unit = models.CharField(max_length=20, blank=True)
    replicates = models.JSONField(default=list, blank=True)
    measured_at = models.DateTimeField()
    analyst = models.CharField(max_length=120)
    instrument_file = models.ForeignKey(InstrumentFile, models.PROTECT, null=True, blank=True, related_name="results")
    locator = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.ENTERED)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=400, blank=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    updated_at = models.DateTimeField()
    history = History()

    status_transitions = {"status": statuses.RESULT}
    status_initial = {"status": ("entered",)}

    class Meta:
        ordering = ["lot", "test", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(reviewed_by=F("entered_by"))),
                name="result_reviewer_is_not_tester",
            ),
            models.CheckConstraint(
                condition=~Q(status="invalidated") | ~Q(reason=""), name="result_invalidated_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot} · {self.test}"


class Review(models.Model):
    """Quality has read the batch record and its audit trail; ``evidence_entries`` freezes which. 21 CFR 211.192."""

    append_only = True
    batch_record = models.ForeignKey(BatchRecord, models.PROTECT, related_name="reviews")
    evidence_entries = models.PositiveIntegerField()
    evidence_sha256 = models.CharField(max_length=64)
    remark = models.TextField(blank=True)
    reviewed_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["batch_record", "id"]

    def __str__(self) -> str:
        return f"{self.batch_record} · {self.reviewed_by}"


class Disposition(models.Model):
    """What quality decided for a lot and a market, bound to the dossier that the gate saw."""

    class Decision(models.TextChoices):
        RELEASED = "released", _("released")
        REJECTED = "rejected", _("rejected")

    append_only = True
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="dispositions")
    market = models.CharField(max_length=LONGEST_CODE)
    specification = models.ForeignKey(Document, models.PROTECT, related_name="+")
    decision = models.CharField(max_length=20, choices=Decision)
    dossier = models.TextField()  # canonical JSON of everything the gate looked at
    dossier_sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=400, blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["lot", "market", "id"]
        constraints = [
            models.UniqueConstraint("lot", "market", condition=Q(decision="released"), name="released_once_a_market"),
        ]

    def __str__(self) -> str:
        return f"{self.lot} · {self.market} · {self.decision}"


class Certificate(models.Model):
    """The certificate of analysis, issued from the disposition's frozen dossier, as data and as PDF."""

    append_only = True
    number = models.CharField(max_length=100, unique=True)
    disposition = models.OneToOneField(Disposition, models.PROTECT, related_name="certificate")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="certificates")
    market = models.CharField(max_length=LONGEST_CODE)
    content = models.TextField()  # canonical JSON
    sha256 = models.CharField(max_length=64)
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    evidence_redacts = ("pdf",)

    class Meta:
        ordering = ["-issued_at", "-id"]

    def __str__(self) -> str:
        return self.number
