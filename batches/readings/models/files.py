"""Files as instruments wrote them."""

from django.db import models

from batches.models import Phase
from batches.readings.models.sources import Source
from gatekeeper.accounts.models import Person
from gatekeeper.documents.models import Document


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
    mapping = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="files")
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
