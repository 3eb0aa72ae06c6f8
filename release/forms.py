"""Forms of release: types only, the same commands as the REST door."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.instruments.registry import READERS
from gatekeeper.lots.models import Lot
from gatekeeper.uploads import UploadField
from gatekeeper.web import SigningForm
from release.actions.commands import FileResult, ReceiveFile, RecordResult
from release.models import InstrumentFile, Result
from release.rules.dossier import LineFacts


class ReviewForm(SigningForm):
    """Quality's review of a batch."""

    remark = forms.CharField(label=_("Remark"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3}))


class RejectForm(SigningForm):
    """The rejection of a lot."""

    reason = forms.CharField(label=_("Reason"), max_length=400, required=False, widget=forms.Textarea({"rows": 3}))


class ReasonForm(forms.Form):
    """Why a result is taken out."""

    reason = forms.CharField(label=_("Reason"), max_length=400, required=False, widget=forms.Textarea({"rows": 3}))


class ResultReviewForm(SigningForm):
    """Which results of a lot are reviewed."""

    results = forms.ModelMultipleChoiceField(
        label=_("Reviewed results"), queryset=Result.objects.none(), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, results: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["results"]
        field.queryset = results
        field.label_from_instance = _one_result


class ResultForm(forms.Form):
    """A test result as reported; the time is local to the lot's site."""

    test = forms.ChoiceField(label=_("Test"))
    method = forms.CharField(label=_("Method"), max_length=80)
    sample = forms.CharField(label=_("Sample"), max_length=80)
    reported = forms.CharField(
        label=_("Result as reported"), max_length=80, help_text=_("For example 2.6×10^8, <0.5 or not detected.")
    )
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    replicates = forms.CharField(
        label=_("Replicates"), max_length=400, required=False, help_text=_("Separated by semicolons.")
    )
    measured_at = forms.DateTimeField(
        label=_("Measured at"), widget=forms.DateTimeInput({"type": "datetime-local", "step": "1"}, "%Y-%m-%dT%H:%M:%S")
    )
    analyst = forms.CharField(label=_("Analyst"), max_length=120)

    def __init__(self, *args: Any, lines: Iterable[LineFacts], lot: Lot, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["test"]
        field.choices = [(line.code, f"{line.title} ({line.asked})") for line in lines]
        self.lot = lot

    def command(self) -> RecordResult:
        """Return the command that the serializer gives too."""
        data = dict(self.cleaned_data)
        data.pop("reason", None)
        replicates = tuple(part.strip() for part in data.pop("replicates").split(";") if part.strip())
        local = data.pop("measured_at").astimezone(UTC).replace(tzinfo=ZoneInfo(self.lot.site.timezone))
        return RecordResult(lot=self.lot.number, replicates=replicates, measured_at=local, **data)


class CorrectionForm(ResultForm):
    """A corrected result, with the reason."""

    reason = forms.CharField(label=_("Reason"), max_length=400, required=False, widget=forms.Textarea({"rows": 2}))


class FileForm(forms.Form):
    """An instrument's file for a lot."""

    kind = forms.ChoiceField(label=_("Instrument"), choices=[(kind, kind.replace("_", " ")) for kind in READERS])
    file = UploadField(label=_("File"))

    def command(self, lot: Lot) -> ReceiveFile:
        """Return the command that the serializer gives too."""
        upload = self.cleaned_data["file"]
        return ReceiveFile(kind=self.cleaned_data["kind"], name=upload.name, content=upload.read(), lot=lot.number)


class FileResultForm(forms.Form):
    """A result made of a received file: which reading, for which test; volumes only for a titre by digital PCR."""

    sample = forms.ChoiceField(label=_("Reading"))
    test = forms.ChoiceField(label=_("Test"))
    method = forms.CharField(label=_("Method"), max_length=80)
    unit = forms.CharField(
        label=_("Unit"),
        max_length=20,
        required=False,
        help_text=_("Of the titre; otherwise that of the file is taken."),
    )
    reaction_volume_ul = forms.CharField(label=_("Reaction volume, µL"), max_length=20, required=False)
    template_volume_ul = forms.CharField(label=_("Template volume, µL"), max_length=20, required=False)
    dilution_factor = forms.CharField(label=_("Dilution of the sample"), max_length=20, required=False)
    measured_at = forms.DateTimeField(
        label=_("Measured at, where the file does not say"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local", "step": "1"}, "%Y-%m-%dT%H:%M:%S"),
    )
    analyst = forms.CharField(label=_("Analyst"), max_length=120)

    def __init__(self, *args: Any, lines: Iterable[LineFacts], file: InstrumentFile, **options: Any) -> None:
        super().__init__(*args, **options)
        test: Any = self.fields["test"]
        test.choices = [(line.code, f"{line.title} ({line.asked})") for line in lines]
        places = [(row["sample"], row["parameter"], row["context"].get("target", "")) for row in file.readings]
        self.readings = {str(number): place for number, place in enumerate(dict.fromkeys(places))}
        reading: Any = self.fields["sample"]
        reading.choices = [(key, " · ".join(filter(None, place))) for key, place in self.readings.items()]
        self.file = file

    def command(self) -> FileResult:
        """Return the command that the serializer gives too."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "analyst"}
        sample, parameter, target = self.readings[data.pop("sample")]
        at = data.pop("measured_at")
        local = at and at.astimezone(UTC).replace(tzinfo=ZoneInfo(self.file.site.timezone))
        return FileResult(sample=sample, parameter=parameter, target=target, measured_at=local, **data)


def _one_result(result: Result) -> str:
    return f"{result.test}: {result.reported} {result.unit} · {result.method} · {result.entered_by}"
