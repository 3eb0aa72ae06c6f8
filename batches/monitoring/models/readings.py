"""Skid readings as columns."""

from django.db import models

from batches.monitoring.models.sources import Source, Tag
from gatekeeper.accounts.history import History
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
