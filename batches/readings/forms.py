"""Forms of sources, files, clocks and disputes: they parse types and nothing else."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from batches.forms import ReasonField, RowsForm
from batches.models import Equipment, Phase
from batches.readings.actions.clocks import CorrectClock
from batches.readings.actions.disputes import SettleDispute
from batches.readings.actions.files import ReceiveFile
from batches.readings.actions.sensors import FitSensor
from batches.readings.actions.sources import DescribeTag, RegisterSource
from batches.readings.models import Source, Tag
from batches.readings.queries.files import KINDS, mappings_in_force
from batches.readings.rules.disputes import NEITHER
from batches.readings.rules.parameters import PARAMETERS, parameter
from gatekeeper.core.quantity import unit
from gatekeeper.uploads import UploadField
from gatekeeper.web import SigningForm


def _measured() -> list[tuple[str, Any]]:
    rows = (row for row in PARAMETERS.values() if not row.derived)
    return [("", "–"), *((row.code, _named(row.title, unit(row.unit).label)) for row in rows)]


def _named(title: str, label: str) -> str:
    return title if label in {"", title} else f"{title}, {label}"


def _types() -> list[tuple[str, Any]]:
    return [("", _("as its signal")), *Tag.Type.choices]


class SourceForm(RowsForm):
    """A skid or probe to be registered, with a row for each of its tags."""

    table = "tags"
    columns: ClassVar = {
        "code": lambda: forms.CharField(label=_("Tag"), max_length=40),
        "parameter": lambda: forms.ChoiceField(label=_("Signal"), choices=_measured()),
        "unit": lambda: forms.CharField(label=_("Unit sent"), max_length=20),
        "range_low": lambda: forms.CharField(label=_("Sensor from"), max_length=20, required=False),
        "range_high": lambda: forms.CharField(label=_("Sensor to"), max_length=20, required=False),
        "signal_type": lambda: forms.ChoiceField(label=_("Between samples"), choices=_types(), required=False),
        "sampling_s": lambda: forms.CharField(label=_("Sample every, s"), max_length=20, required=False),
        "sensor": lambda: forms.CharField(label=_("Sensor (equipment)"), max_length=40, required=False),
    }

    code = forms.CharField(label=_("Code under which it sends"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=160)
    equipment = forms.ChoiceField(label=_("Equipment that it measures"))

    def __init__(self, *args: Any, sites: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        known = Equipment.objects.filter(site__in=sites).order_by("code")
        equipment: Any = self.fields["equipment"]
        equipment.choices = [(row.code, f"{row.code} · {row.name}") for row in known]

    def command(self) -> RegisterSource:
        """Return the command that the serializer gives too."""
        data = self.cleaned_data
        tags = tuple(DescribeTag(**row) for row in self.filled)
        return RegisterSource(data["code"], data["name"], data["equipment"], tags)


class SensorForm(forms.Form):
    """A sensor that is fitted to a tag of a source."""

    tag = forms.ChoiceField(label=_("Tag"))
    sensor = forms.ChoiceField(label=_("Sensor, of the equipment of the site"))
    reason = ReasonField(label=_("Why it is fitted"), max_length=400)

    def __init__(self, *args: Any, source: Source, **options: Any) -> None:
        super().__init__(*args, **options)
        tag: Any = self.fields["tag"]
        sensor: Any = self.fields["sensor"]
        tags = source.tags.order_by("code")
        tag.choices = [("", "–"), *((row.code, f"{row.code} · {parameter(row.parameter).title}") for row in tags)]
        known = Equipment.objects.filter(site=source.site).exclude(pk=source.equipment_id).order_by("kind", "code")
        sensor.choices = [("", "–"), *((row.code, f"{row.code} · {row.name}") for row in known)]

    def command(self) -> FitSensor:
        """Return the command that the serializer gives too."""
        return FitSensor(**self.cleaned_data)


class FileForm(forms.Form):
    """A file that an instrument wrote during a phase."""

    file = UploadField(label=_("File"))
    kind = forms.ChoiceField(label=_("Kind of file"), choices=lambda: [("", "–"), *KINDS.items()])
    source = forms.ChoiceField(label=_("Skid or probe that it is of"))
    mapping = forms.ChoiceField(
        label=_("Mapping"), required=False, help_text=_("For a CSV log: it says what the columns mean.")
    )
    sample = forms.CharField(
        label=_("Sample"),
        max_length=80,
        required=False,
        help_text=_("For a file of samples: only this one. Empty: those that name the batch or its vessel."),
    )

    def __init__(self, *args: Any, phase: Phase, **options: Any) -> None:
        super().__init__(*args, **options)
        sources = Source.objects.filter(equipment__uses__phase=phase, site=phase.batch_record.site).order_by("code")
        source: Any = self.fields["source"]
        mapping: Any = self.fields["mapping"]
        source.choices = [("", "–"), *((row.code, f"{row.code} · {row.name}") for row in sources)]
        approved = mappings_in_force()
        mapping.choices = [("", "–"), *((row.code, f"{row} · {row.title}") for row in approved)]

    def command(self) -> ReceiveFile:
        """Return the command that the serializer gives too."""
        data = dict(self.cleaned_data)
        upload = data.pop("file")
        return ReceiveFile(name=upload.name, content=upload.read(), **data)


class ClockForm(SigningForm):
    """A signed offset of the clock of a source."""

    boot_id = forms.CharField(label=_("Boot id of the frames"), max_length=40)
    first_sequence = forms.IntegerField(label=_("From sequence"))
    last_sequence = forms.IntegerField(label=_("To sequence (empty: every later one too)"), required=False)
    offset_s = forms.CharField(
        label=_("Offset in seconds, added to the times sent (−600: the clock was ten minutes ahead)"),
        max_length=20,
        required=False,
    )
    reason = ReasonField(label=_("How the offset was found, and why it is right"))

    def command(self) -> CorrectClock:
        """Return the command that the serializer gives too."""
        names = ("boot_id", "first_sequence", "last_sequence", "offset_s", "reason")
        return CorrectClock(**{name: self.cleaned_data[name] for name in names})


class DisputeForm(SigningForm):
    """Which body of a disputed frame counts."""

    chosen = forms.ChoiceField(label=_("What counts"), widget=forms.RadioSelect)
    reason = ReasonField(label=_("How it was found out which body is true"))

    def __init__(self, *args: Any, bodies: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["chosen"]
        chosen.choices = [*bodies, (NEITHER, _("None of them: the time stays a gap"))]

    def command(self, dispute_sha256: str) -> SettleDispute:
        """Return the command that the serializer gives too; the digest is that of what the page has shown."""
        return SettleDispute(self.cleaned_data["chosen"], dispute_sha256, self.cleaned_data["reason"])
