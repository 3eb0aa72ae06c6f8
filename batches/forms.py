"""Forms of batch records: types only, the same commands as the REST door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from batches.actions.commands import EnterResult, IssueBatchRecord, OpenDeviation, StartPhase, UseLot
from batches.models import Deviation, MasterBatchRecord
from batches.rules.recipe import Control, MaterialNeed, PhaseRecipe
from batches.scales import scale_of
from gatekeeper.core.quantity import unit
from gatekeeper.web import SigningForm

_TEXT = {"rows": 3}


class IssueForm(SigningForm):
    """A batch record to be issued."""

    number = forms.CharField(label=_("Number of the batch record"), max_length=40)
    master = forms.ModelChoiceField(
        label=_("Master batch record"), queryset=MasterBatchRecord.objects.filter(status="approved")
    )
    lot = forms.CharField(label=_("Number of the lot that it makes"), max_length=40)
    site = forms.ChoiceField(label=_("Site"))

    def __init__(self, *args: Any, sites: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        site: Any = self.fields["site"]
        site.choices = [(row.code, row.name) for row in sites]

    def command(self) -> IssueBatchRecord:
        """Return the command that the serializer gives too."""
        data = self.cleaned_data
        master = data["master"]
        return IssueBatchRecord(data["number"], master.code, master.version, data["lot"], data["site"])


class StartForm(forms.Form):
    """The equipment of a phase, scanned one by one."""

    def __init__(self, *args: Any, phase: PhaseRecipe, fit: dict[str, list[str]], **options: Any) -> None:
        super().__init__(*args, **options)
        for place, need in enumerate(phase.equipment):
            codes = fit.get(need.kind, [])
            self.fields[f"equipment_{place}"] = forms.CharField(
                label=need.kind.replace("_", " ").capitalize(),
                max_length=40,
                help_text=", ".join(codes),
                widget=forms.TextInput(attrs={"data-scan": "", "data-scan-expect": " ".join(codes)}),
            )

    def command(self) -> StartPhase:
        """Return the command that the serializer gives too."""
        return StartPhase(tuple(value.strip() for value in self.cleaned_data.values()))


class UseForm(forms.Form):
    """A lot to be used, scanned, and how much of it."""

    lot = forms.CharField(label=_("Lot"), max_length=40, widget=forms.TextInput(attrs={"data-scan": ""}))
    quantity = forms.CharField(
        label=_("Quantity used"),
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "data-keypad": ""}),
    )

    def __init__(self, *args: Any, need: MaterialNeed, lots: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.need = need
        quantity: Any = self.fields["quantity"]
        quantity.unit = unit(need.quantity.unit).label
        quantity.help_text = _("%(quantity)s asked for, ± %(tolerance)s %%") % {
            "quantity": need.quantity,
            "tolerance": need.tolerance_percent,
        }
        self.fields["lot"].help_text = ", ".join(lots)
        self.fields["lot"].widget.attrs["data-scan-expect"] = " ".join(lots)

    def command(self) -> UseLot:
        """Return the command that the serializer gives too."""
        return UseLot(self.cleaned_data["lot"], self.cleaned_data["quantity"], self.need.quantity.unit)


class EntryForm(forms.Form):
    """The value of one control. Nothing stands in it before a person types: no default, no former value."""

    reported = forms.CharField(
        max_length=80,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "data-keypad": "full", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, control: Control, **options: Any) -> None:
        super().__init__(*args, **options)
        self.control = control
        field: Any = self.fields["reported"]
        field.label, field.unit = control.title, unit(control.unit).label
        field.limits, field.scale = control.limits, scale_of(control)

    def command(self) -> EnterResult:
        """Return the command that the serializer gives too."""
        return EnterResult(self.control.code, self.cleaned_data["reported"])


class CorrectionForm(EntryForm):
    """A corrected value, with the reason."""

    reason = forms.CharField(
        label=_("Why is it corrected?"), max_length=400, required=False, widget=forms.Textarea(attrs=_TEXT)
    )


class ReasonForm(forms.Form):
    """Why something was not done, or is done again."""

    reason = forms.CharField(label=_("Why?"), max_length=400, required=False, widget=forms.Textarea(attrs=_TEXT))


class ShownForm(SigningForm):
    """A signature under what the page has shown."""

    shown_digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class ClosingForm(SigningForm):
    """The conclusion of an investigation, signed."""

    root_cause = forms.CharField(label=_("Root cause"), required=False, widget=forms.Textarea(attrs=_TEXT))
    impact = forms.CharField(
        label=_("Impact on quality, safety and efficacy"), required=False, widget=forms.Textarea(attrs=_TEXT)
    )
    justification = forms.CharField(label=_("Justification"), required=False, widget=forms.Textarea(attrs=_TEXT))

    def conclusion(self) -> dict[str, str]:
        """Return the three texts."""
        return {name: self.cleaned_data[name] for name in ("root_cause", "impact", "justification")}


class DeviationForm(forms.Form):
    """A deviation that a person reports."""

    severity = forms.ChoiceField(label=_("Class"), choices=Deviation.Severity.choices)
    title = forms.CharField(label=_("What happened, in a line"), max_length=200)
    description = forms.CharField(label=_("What happened, when, and what was done at once"), widget=forms.Textarea)
    phase = forms.ChoiceField(label=_("Step"), required=False)

    def __init__(self, *args: Any, phases: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        phase: Any = self.fields["phase"]
        phase.choices = [("", _("The whole record")), *phases]

    def command(self) -> OpenDeviation:
        """Return the command that the serializer gives too."""
        data = self.cleaned_data
        return OpenDeviation("manual", data["severity"], data["title"], data["description"])
