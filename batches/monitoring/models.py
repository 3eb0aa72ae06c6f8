"""Skid readings as columns, the rules that judge them, and the excursions that were found."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from batches.models import Deviation, Equipment, Phase
from batches.monitoring.rules import statuses
from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person, Site


class Source(models.Model):
    """A skid or probe that sends readings under its own name."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    site = models.ForeignKey(Site, models.PROTECT, related_name="sources")
    equipment = models.ForeignKey(Equipment, models.PROTECT, related_name="sources")
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Tag(models.Model):
    """One signal of a source: what it measures, in which unit, over which range of its sensor."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="tags")
    code = models.CharField(max_length=40)
    parameter = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    range_low = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    range_high = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    history = History()

    class Meta:
        ordering = ["source", "code"]
        constraints = [models.UniqueConstraint("source", "code", name="tag_once_a_source")]

    def __str__(self) -> str:
        return f"{self.source}.{self.code}"


class RuleSet(models.Model):
    """A version of the excursion rules of a process (``content``: rules.excursions)."""

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

    status_transitions = {"status": statuses.RULE_SET}
    status_initial = {"status": ("draft",)}

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint("code", "version", name="rule_set_version_once"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | (Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by=F("authored_by"))),
                name="rule_set_author_is_not_approver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class Frame(models.Model):
    """One POST of readings, recorded whole or not at all; (source, boot id, sequence) is its identity."""

    append_only = True
    source = models.ForeignKey(Source, models.PROTECT, related_name="frames")
    boot_id = models.CharField(max_length=40)
    sequence = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)  # of its columns, so the evidence of the frame covers every sample
    samples = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History()

    class Meta:
        ordering = ["source", "boot_id", "sequence"]
        indexes = [models.Index(fields=["source", "last_at", "first_at"])]
        constraints = [models.UniqueConstraint("source", "boot_id", "sequence", name="frame_once")]

    def __str__(self) -> str:
        return f"{self.source}/{self.boot_id}/{self.sequence}"


class FrameConflict(models.Model):
    """A second, different body under a frame's identity: kept and flagged, never merged."""

    append_only = True
    evidence_redacts = ("body",)  # megabytes: the log holds its digest
    frame = models.ForeignKey(Frame, models.PROTECT, related_name="conflicts")
    sha256 = models.CharField(max_length=64)
    body = models.TextField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History(excluded_fields=["body"])

    class Meta:
        ordering = ["frame", "id"]
        constraints = [models.UniqueConstraint("frame", "sha256", name="frame_conflict_once")]

    def __str__(self) -> str:
        return f"{self.frame} ≠ {self.sha256[:12]}"


class Segment(models.Model):
    """The samples of one tag in one frame, as columns: int64 µs since 1970, float64 values, uint8 OPC quality.

    Little-endian; from quality 192 on a sample is good, without the column all are. It is written once, and the
    digest of its frame covers it.
    """

    frame = models.ForeignKey(Frame, models.PROTECT, related_name="segments")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="segments")
    first_us = models.BigIntegerField()
    last_us = models.BigIntegerField()
    count = models.PositiveIntegerField()
    times = models.BinaryField()
    values = models.BinaryField()
    quality = models.BinaryField(null=True)

    class Meta:
        ordering = ["tag", "first_us"]
        indexes = [models.Index(fields=["tag", "first_us", "last_us"])]
        constraints = [models.UniqueConstraint("frame", "tag", name="segment_once")]

    def __str__(self) -> str:
        return f"{self.tag} · {self.count}"


class Evaluation(models.Model):
    """What one rule said of one phase on one state of the data; a later state makes a new version beside it."""

    class State(models.TextChoices):
        NORMAL = "normal", _("normal")
        ALERT = "alert", _("alert")
        ACTION = "action", _("action")
        UNKNOWN = "unknown", _("unknown")

    append_only = True
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="evaluations")
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    rule = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State)
    final = models.BooleanField()  # the phase had ended and nothing was outstanding
    data_sha256 = models.CharField(max_length=64)
    content = models.JSONField()  # rules.excursions.evaluation_content
    evaluated_to = models.DateTimeField()
    evaluated_at = models.DateTimeField()
    evaluated_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History()

    class Meta:
        ordering = ["phase", "rule", "version"]
        constraints = [models.UniqueConstraint("phase", "rule", "version", name="evaluation_version_once")]

    def __str__(self) -> str:
        return f"{self.phase} · {self.rule} · {self.version}"


class Excursion(models.Model):
    """A departure that a rule found in a phase. Keyed by what it is, so order and retries change nothing."""

    class Level(models.TextChoices):
        ALERT = "alert", _("alert")
        ACTION = "action", _("action")
        UNKNOWN = "unknown", _("unknown")

    phase = models.ForeignKey(Phase, models.PROTECT, related_name="excursions")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="excursions")  # the newest that found it
    key = models.CharField(max_length=120)
    rule = models.CharField(max_length=60)
    parameter = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    level = models.CharField(max_length=10, choices=Level)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    peak = models.DecimalField(max_digits=30, decimal_places=9, null=True, blank=True)
    content = models.JSONField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # later data no longer show it; it stays on record
    detected_at = models.DateTimeField()
    deviation = models.ForeignKey(Deviation, models.PROTECT, null=True, blank=True, related_name="excursions")
    history = History()

    class Meta:
        ordering = ["phase", "started_at", "id"]
        constraints = [models.UniqueConstraint("phase", "key", name="excursion_once")]

    def __str__(self) -> str:
        return f"{self.phase} · {self.key}"


class Progress(models.Model):
    """How far a phase has been evaluated: a note of the machinery, and what two evaluations of a phase queue for.

    ``inputs_sha256`` is the digest of everything that the newest evaluation was computed from.
    """

    phase = models.OneToOneField(Phase, models.PROTECT, related_name="progress")
    inputs_sha256 = models.CharField(max_length=64, blank=True)
    evaluated_to = models.DateTimeField(null=True, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "progress"

    def __str__(self) -> str:
        return f"{self.phase} · {self.evaluated_to}"
