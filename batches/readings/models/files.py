"""Files as instruments wrote them, and what the columns of a skid's log mean."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from batches.models import Phase
from batches.readings.models.sources import Source
from batches.readings.rules import statuses
from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person


class LogMapping(models.Model):
    """A version of what the columns of a skid's log mean (``content``: instruments.log_mappings)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    authored_at = models.DateTimeField()
    authored_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    history = History()

    status_transitions = {"status": statuses.LOG_MAPPING}
    status_initial = {"status": ("draft",)}

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint("code", "version", name="log_mapping_version_once"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | (Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by=F("authored_by"))),
                name="log_mapping_author_is_not_approver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class InstrumentFile(models.Model):
    """The bytes that an instrument wrote during a phase; its signals are frames of ``source`` under ``boot_id``.

    ``signals`` says what was taken of each, ``findings`` what a person has to know, whatever was not taken included.
    """

    append_only = True
    evidence_redacts = ("content",)  # megabytes: the log holds the digest of the bytes
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="recorded_files")
    source = models.ForeignKey(Source, models.PROTECT, related_name="files")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    mapping = models.ForeignKey(LogMapping, models.PROTECT, null=True, blank=True, related_name="files")
    sample = models.CharField(max_length=80, blank=True)
    instrument = models.CharField(max_length=200, blank=True)
    boot_id = models.CharField(max_length=40)
    signals = models.JSONField()
    findings = models.JSONField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [models.UniqueConstraint("phase", "source", "sha256", "sample", name="recorded_file_once")]

    def __str__(self) -> str:
        return self.name
