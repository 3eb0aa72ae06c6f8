"""Batch records, issued from master batch records: phases, in-process controls, equipment, deviations."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches.rules import statuses
from batches.rules.deviations import TEXTS
from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person, Site
from gatekeeper.documents.models import Document
from gatekeeper.lots.models import Lot


def _paired(at: str, by: str) -> Q:
    """Return the condition that a time and its person are both there or both absent."""
    return Q(**{f"{at}__isnull": True, f"{by}__isnull": True}) | Q(**{f"{at}__isnull": False, f"{by}__isnull": False})


class BatchRecord(models.Model):
    """One execution of a master: ``content`` is the frozen copy that it was issued with (21 CFR 211.188(a))."""

    class Status(models.TextChoices):
        ISSUED = "issued", _("issued")
        IN_PROGRESS = "in_progress", _("in progress")
        COMPLETED = "completed", _("completed")
        REVIEWED = "reviewed", _("reviewed")

    number = models.CharField(max_length=40, unique=True)
    master = models.ForeignKey(Document, models.PROTECT, related_name="batch_records")
    lot = models.OneToOneField(Lot, models.PROTECT, related_name="batch_record")
    site = models.ForeignKey(Site, models.PROTECT, related_name="batch_records")
    status = models.CharField(max_length=20, choices=Status, default=Status.ISSUED)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    # The newest reopening, until the next review; earlier ones are in the history.
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    reopened_reason = models.TextField(blank=True)
    updated_at = models.DateTimeField()
    history = History()

    status_transitions = {"status": statuses.BATCH_RECORD}
    status_initial = {"status": ("issued",)}

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=_paired("completed_at", "completed_by"), name="batch_completed_at_and_by"),
            models.CheckConstraint(condition=_paired("reviewed_at", "reviewed_by"), name="batch_reviewed_at_and_by"),
            models.CheckConstraint(condition=_paired("reopened_at", "reopened_by"), name="batch_reopened_at_and_by"),
            models.CheckConstraint(
                condition=Q(reopened_at__isnull=True, reopened_reason="")
                | (Q(reopened_at__isnull=False) & ~Q(reopened_reason="")),
                name="batch_reopened_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Phase(models.Model):
    """One step of a batch record; ``code`` names it in the frozen copy. Performer and verifier are two people."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        RUNNING = "running", _("running")
        PERFORMED = "performed", _("performed")
        VERIFIED = "verified", _("verified")

    batch_record = models.ForeignKey(BatchRecord, models.PROTECT, related_name="phases")
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=160)
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    performed_at = models.DateTimeField(null=True, blank=True)
    performed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    history = History()

    status_transitions = {"state": statuses.PHASE}
    status_initial = {"state": ("pending",)}

    class Meta:
        ordering = ["batch_record", "position"]
        constraints = [
            models.UniqueConstraint("batch_record", "code", name="phase_once"),
            models.UniqueConstraint("batch_record", "position", name="phase_position_once"),
            models.CheckConstraint(condition=_paired("started_at", "started_by"), name="phase_started_at_and_by"),
            models.CheckConstraint(condition=_paired("performed_at", "performed_by"), name="phase_performed_at_and_by"),
            models.CheckConstraint(condition=_paired("verified_at", "verified_by"), name="phase_verified_at_and_by"),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("performed_by")),
                name="phase_verifier_is_not_performer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_record} · {self.code}"


class InProcessResult(models.Model):
    """An in-process control as entered, judged at entry, checked by a second person. A correction is a new row."""

    class Verdict(models.TextChoices):
        INSIDE = "inside", _("inside")
        ALERT = "alert", _("alert")
        ACTION = "action", _("action")
        UNKNOWN = "unknown", _("unknown")

    phase = models.ForeignKey(Phase, models.PROTECT, related_name="results")
    control = models.CharField(max_length=40)
    reported = models.CharField(max_length=80, blank=True)  # as entered, with trailing zeros; empty when not done
    value = models.DecimalField(max_digits=38, decimal_places=12, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    not_done = models.BooleanField(default=False)
    reason = models.CharField(max_length=400, blank=True)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    history = History()

    class Meta:
        ordering = ["phase", "control", "id"]
        constraints = [
            models.CheckConstraint(condition=_paired("verified_at", "verified_by"), name="result_verified_at_and_by"),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("entered_by")),
                name="in_process_verifier_is_not_performer",
            ),
            models.CheckConstraint(
                condition=Q(not_done=False) | (Q(reported="") & ~Q(reason="")), name="in_process_not_done_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | ~Q(reason=""), name="in_process_correction_has_reason"
            ),
            models.UniqueConstraint(
                "phase", "control", condition=Q(supersedes__isnull=True), name="in_process_first_entry_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase} · {self.control}"


class Equipment(models.Model):
    """A unit, module or instrument. ``geometry`` is controlled master data (fibre count, diameter …), versioned."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=40)
    site = models.ForeignKey(Site, models.PROTECT, related_name="equipment")
    geometry = models.JSONField(default=dict, blank=True)
    geometry_version = models.PositiveIntegerField(default=1)
    calibration_due_date = models.DateField(null=True, blank=True)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    history = History()

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "equipment"

    def __str__(self) -> str:
        return self.code


class EquipmentUse(models.Model):
    """This equipment served this phase; calibration and geometry as they were then (21 CFR 211.188(b)(2))."""

    append_only = True
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="equipment_uses")
    equipment = models.ForeignKey(Equipment, models.PROTECT, related_name="uses")
    geometry = models.JSONField(default=dict, blank=True)
    geometry_version = models.PositiveIntegerField()
    calibration_due_date = models.DateField(null=True, blank=True)
    used_at = models.DateTimeField()
    used_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["phase", "id"]
        constraints = [models.UniqueConstraint("phase", "equipment", name="equipment_once_a_phase")]

    def __str__(self) -> str:
        return f"{self.phase} · {self.equipment}"


class Deviation(models.Model):
    """A departure from the record. It can be closed with a signed justification, never deleted. domain.md 4.3."""

    class Origin(models.TextChoices):
        EXCURSION: Any = "excursion", _("excursion")
        IN_PROCESS: Any = "in_process", _("in-process control")
        YIELD: Any = "yield", _("yield")
        HOLD: Any = "hold", _("hold time")
        MANUAL: Any = "manual", _("reported by a person")

    class Severity(models.TextChoices):
        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")
        CRITICAL = "critical", _("critical")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    number = models.CharField(max_length=40, unique=True)
    batch_record = models.ForeignKey(BatchRecord, models.PROTECT, related_name="deviations")
    phase = models.ForeignKey(Phase, models.PROTECT, null=True, blank=True, related_name="deviations")
    origin = models.CharField(max_length=20, choices=Origin)
    origin_key = models.CharField(max_length=120, blank=True)  # what it was opened for; opened once
    severity = models.CharField(max_length=10, choices=Severity)
    # What a person typed, or the code of what the machine says (rules.deviations) and what it is filled with.
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    title_code = models.CharField(max_length=40, blank=True)
    title_params = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    root_cause = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    justification = models.TextField(blank=True)
    updated_at = models.DateTimeField()
    history = History()

    status_transitions = {"status": statuses.DEVIATION}
    status_initial = {"status": ("open",)}

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                "batch_record", "origin", "origin_key", condition=~Q(origin_key=""), name="deviation_opened_once"
            ),
            models.CheckConstraint(
                condition=(Q(title_code="") & ~Q(title="") & ~Q(description=""))
                | (~Q(title_code="") & Q(title="", description="")),
                name="deviation_title_typed_or_coded",
            ),
            models.CheckConstraint(condition=_paired("closed_at", "closed_by"), name="deviation_closed_at_and_by"),
            models.CheckConstraint(
                condition=Q(status="open") | (Q(closed_at__isnull=False) & ~Q(justification="")),
                name="deviation_closed_with_justification",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title_text(self) -> str:
        """The title in the reader's language; what a person typed as it was typed."""
        return self.title or gettext(TEXTS[self.title_code].title).format(**self.title_params)

    @property
    def title_english(self) -> str:
        """The title in English, where it becomes part of a record that has a digest."""
        return self.title or TEXTS[self.title_code].filled(self.title_params).title

    @property
    def description_text(self) -> str:
        """The description in the reader's language; what a person typed as it was typed."""
        if self.description:
            return self.description
        return gettext(TEXTS[self.title_code].description).format(**self.title_params).strip()
