"""What people have said about stored readings: it changes how they are read, never what was sent."""

from django.db import models
from django.db.models import BooleanField, F, Func, Q

from batches.readings.models.frames import Frame
from batches.readings.models.sources import Source
from batches.readings.rules.disputes import NEITHER
from gatekeeper.accounts.models import Person


class ClockCorrection(models.Model):
    """A signed offset of the clock of a source, for the frames of a boot id from one sequence to another.

    ``offset_s`` seconds are added to the event times when they are read; the last correction of a frame is the one
    that counts. Without ``last_sequence`` it covers what the source sends from now on under that boot id too.
    """

    append_only = True
    source = models.ForeignKey(Source, models.PROTECT, related_name="clock_corrections")
    boot_id = models.CharField(max_length=40)
    first_sequence = models.BigIntegerField()
    last_sequence = models.BigIntegerField(null=True, blank=True)
    offset_s = models.DecimalField(max_digits=12, decimal_places=6)
    reason = models.TextField()
    corrected_at = models.DateTimeField()
    corrected_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["source", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_sequence__gte=0)
                & (Q(last_sequence__isnull=True) | Q(last_sequence__gte=F("first_sequence"))),
                name="clock_correction_sequences",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.boot_id} {self.offset_s:+} s"


class ConflictResolution(models.Model):
    """A signed decision which body of a disputed frame counts: the stored one, another one, or neither.

    ``bodies`` are the digests between which it was taken: a further body reopens the dispute. ``chosen`` is one of
    them or ``neither``; the last resolution counts. ``first_at`` to ``last_at`` is where any of the bodies has samples.
    """

    append_only = True
    frame = models.ForeignKey(Frame, models.PROTECT, related_name="resolutions")
    bodies = models.JSONField()
    chosen = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    reason = models.TextField()
    resolved_at = models.DateTimeField()
    resolved_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["frame", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(chosen=NEITHER)
                | Q(Func(F("bodies"), F("chosen"), function="jsonb_exists", output_field=BooleanField())),
                name="conflict_resolution_chosen",
            ),
            models.CheckConstraint(condition=Q(first_at__lte=F("last_at")), name="conflict_resolution_times"),
        ]

    def __str__(self) -> str:
        return f"{self.frame} = {self.chosen[:12]}"
