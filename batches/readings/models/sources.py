"""Skids and probes with their signals, and the sensors that measure them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from batches.models import Equipment
from batches.readings.rules.parameters import SignalType, parameter
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
    """One signal of a source: what it measures, in which unit, over which range of its sensor, how often.

    ``signal_type`` is empty where none was asked for when it was registered; ``sampling_s`` are the seconds between
    two samples, None where they are not known.
    """

    class Type(models.TextChoices):
        LINEAR = SignalType.LINEAR.value, _("continuous")
        HOLD = SignalType.HOLD.value, _("last value holds")
        EVENT = SignalType.EVENT.value, _("events")

    source = models.ForeignKey(Source, models.PROTECT, related_name="tags")
    code = models.CharField(max_length=40)
    parameter = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    range_low = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    range_high = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    signal_type = models.CharField(max_length=8, choices=Type.choices, blank=True, default="")
    sampling_s = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    history = History()

    class Meta:
        ordering = ["source", "code"]
        constraints = [
            models.UniqueConstraint("source", "code", name="tag_once_a_source"),
            models.CheckConstraint(
                condition=Q(signal_type__in=["", *(one.value for one in SignalType)]), name="tag_signal_type"
            ),
            models.CheckConstraint(
                condition=Q(sampling_s__isnull=True) | Q(sampling_s__gt=0), name="tag_sampling_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}.{self.code}"

    @property
    def declared_type(self) -> SignalType:
        """What happens between two samples: as the tag says, or as its parameter does where it says nothing."""
        return SignalType(self.signal_type) if self.signal_type else parameter(self.parameter).signal_type


class SensorFitting(models.Model):
    """A sensor that measures a tag from a time on, until another one is fitted; its calibrations are its own."""

    append_only = True
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="fittings")
    sensor = models.ForeignKey(Equipment, models.PROTECT, related_name="fittings")
    reason = models.TextField(blank=True)
    fitted_at = models.DateTimeField()
    fitted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["tag", "id"]

    def __str__(self) -> str:
        return f"{self.tag} · {self.sensor}"
