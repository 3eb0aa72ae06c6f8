"""Skids and probes with their signals."""

from django.db import models

from batches.models import Equipment
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
