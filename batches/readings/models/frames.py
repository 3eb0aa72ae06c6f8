"""Skid readings as columns."""

from django.db import models

from batches.readings.models.sources import Source, Tag
from gatekeeper.accounts.models import Person


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

    class Meta:
        ordering = ["source", "boot_id", "sequence"]
        indexes = [
            models.Index(fields=["source", "last_at", "first_at"]),
            # Few frames hold a time after they were received: those that may be in quarantine.
            models.Index(
                fields=["source"], condition=models.Q(last_at__gt=models.F("received_at")), name="frame_ahead"
            ),
        ]
        constraints = [
            models.UniqueConstraint("source", "boot_id", "sequence", name="frame_once"),
            # What a segment refers to: the place of its frame among months and sources.
            models.UniqueConstraint(fields=["source", "id", "first_at"], name="frame_place"),
        ]

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

    class Meta:
        ordering = ["frame", "id"]
        constraints = [models.UniqueConstraint("frame", "sha256", name="frame_conflict_once")]

    def __str__(self) -> str:
        return f"{self.frame} ≠ {self.sha256[:12]}"


class Segment(models.Model):
    """The samples of one tag in one frame, as columns: int64 µs since 1970, float64 values, uint8 OPC quality.

    Little-endian; from quality 192 on a sample is good, without the column all are. It is written once, and the
    digest of its frame covers it. The table is partitioned by the month of ``frame_at``, its frame's first time, so
    that a frame lies in one month; a foreign key makes it the frame's own, hence one segment a frame and tag.
    """

    pk = models.CompositePrimaryKey("source_id", "frame_id", "tag_id", "frame_at")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    frame = models.ForeignKey(Frame, models.PROTECT, related_name="segments", db_index=False)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="segments", db_index=False)
    frame_at = models.DateTimeField()
    first_us = models.BigIntegerField()
    last_us = models.BigIntegerField()
    count = models.PositiveIntegerField()
    times = models.BinaryField()
    values = models.BinaryField()
    quality = models.BinaryField(null=True)

    class Meta:
        ordering = ["tag", "first_us"]

    def __str__(self) -> str:
        return f"{self.tag} · {self.count}"


class Envelope(models.Model):
    """Smallest, largest and total of the trusted samples of one tag in one minute, in the unit of its parameter.

    Made from the readings for a chart, and made anew when a frame touches the minute; a count of 0 says that none is
    trusted any more.
    """

    pk = models.CompositePrimaryKey("source_id", "tag_id", "minute")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    minute = models.IntegerField()  # since 1970
    count = models.IntegerField()
    first_us = models.BigIntegerField()
    low = models.FloatField()  # noqa: TID251 -- of float64 samples, for a picture: no record
    high = models.FloatField()  # noqa: TID251 -- the same
    total = models.FloatField()  # noqa: TID251 -- the same

    class Meta:
        ordering = ["tag", "minute"]

    def __str__(self) -> str:
        return f"{self.tag} · {self.minute}"
