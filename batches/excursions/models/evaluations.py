"""The rules that judge readings, and what they found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Deviation, Phase
from batches.readings.models.sources import Source
from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person
from gatekeeper.documents.models import Document


class Evaluation(models.Model):
    """The evaluation of one phase by one rule on one state of the data; a later state makes a new version beside it."""

    class State(models.TextChoices):
        NORMAL = "normal", _("normal")
        ALERT = "alert", _("alert")
        ACTION = "action", _("action")
        UNKNOWN = "unknown", _("unknown")

    append_only = True
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="evaluations")
    rule_set = models.ForeignKey(Document, models.PROTECT, related_name="+")
    rule = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State)
    final = models.BooleanField()  # the phase had ended and nothing was outstanding
    data_sha256 = models.CharField(max_length=64)
    content = models.JSONField()  # rules.excursions.evaluation_content
    evaluated_to = models.DateTimeField()
    evaluated_at = models.DateTimeField()
    evaluated_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

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
    evaluation = models.ForeignKey(
        Evaluation, models.PROTECT, related_name="excursions"
    )  # that changed it last, or the final one
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
    """How far a phase has been evaluated: internal progress, and what two evaluations of a phase queue for.

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


class StreamingState(models.Model):
    """The state of all rules on one source of a running phase: derived, and deleted when in doubt.

    ``state`` (rules.state_codec) holds for the frames in it only, and for the conditions whose digest is
    ``judged_under``. Frames commit in another order than that of their ids, so those above ``low_frame`` are named one
    by one; of those up to it only the number is stored.
    """

    phase = models.ForeignKey(Phase, models.PROTECT, related_name="streaming_states")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    judged_under = models.CharField(max_length=64)
    low_frame = models.BigIntegerField(default=0)
    low_count = models.BigIntegerField(default=0)
    frames = models.BinaryField(default=bytes)  # ids above low_frame, int64
    frame_sum = models.BinaryField(default=bytes)  # rules.frame_sums of the frames that hold judged readings
    state = models.BinaryField(default=bytes)

    class Meta:
        constraints = [models.UniqueConstraint("phase", "source", name="streaming_state_once")]

    def __str__(self) -> str:
        return f"{self.phase} · {self.source}"
