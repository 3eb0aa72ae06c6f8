"""What people have said about stored readings: it changes how they are read, never what was sent."""

from django.db import models
from django.db.models import F, Q

from batches.monitoring.models.sources import Source
from gatekeeper.accounts.history import History
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
    history = History()

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
