"""Which months of readings lie in files: what was written, and when it left the database or came back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.readings.models.sources import Source
from gatekeeper.accounts.models import Person


class ArchivedMonth(models.Model):
    """The frames of one source and month that were written to one Parquet file and its manifest.

    A month is that of a frame's first time (UTC), as in the partitions. What came late is a further ``part``.
    ``manifest_sha256`` covers the file and the digest of each frame; ``frame_sum`` is their sum (rules.frame_sums)
    in hexadecimal, so that the database alone knows which frames these are. ``place`` is where they were written.
    """

    append_only = True
    source = models.ForeignKey(Source, models.PROTECT, related_name="archived_months")
    month_date = models.DateField()  # its first day
    part = models.PositiveIntegerField()
    name = models.CharField(max_length=100)  # of the file and the manifest, without their endings
    place = models.TextField()
    manifest_sha256 = models.CharField(max_length=64)
    frames = models.PositiveIntegerField()
    segments = models.PositiveIntegerField()
    samples = models.PositiveBigIntegerField()
    frame_sum = models.CharField(max_length=512)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    archived_at = models.DateTimeField()
    archived_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["source", "month_date", "part"]
        constraints = [models.UniqueConstraint("source", "month_date", "part", name="archived_month_part_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.month_date:%Y-%m} part {self.part}"


class ArchiveMove(models.Model):
    """The readings of an archived month were dropped from the database, or brought back; the newest counts."""

    class Kind(models.TextChoices):
        DROPPED = "dropped", _("dropped")
        RESTORED = "restored", _("restored")

    append_only = True
    archive = models.ForeignKey(ArchivedMonth, models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=10, choices=Kind)
    moved_at = models.DateTimeField()
    moved_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["archive", "id"]

    def __str__(self) -> str:
        return f"{self.archive} · {self.kind}"
