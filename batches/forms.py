"""Forms of batch records: types only, the same commands as the REST door."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from batches.actions.commands import (
    EnterResult,
    IssueBatchRecord,
    OpenDeviation,
    RegisterEquipment,
    StartPhase,
    UseLot,
)
from batches.models import Deviation
from batches.queries.equipment import equipment_kinds
from batches.rules.recipe import KIND, Control, MaterialNeed, PhaseRecipe
from batches.scales import scale_of
from gatekeeper.accounts.clock import now
from gatekeeper.core.quantity import unit
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import effective
from gatekeeper.web import SigningForm

_TEXT = {"rows": 3}
_DAY = {"type": "date"}
_MAX_ROWS = 200  # what one page can send


class ReasonField(forms.CharField):
    """A reason. The action requires it and refuses what is no reason, with one sentence through both doors."""

    mandatory = True

    def __init__(self, *, label: Any, **options: Any) -> None:
        super().__init__(label=label, required=False, widget=forms.Textarea(attrs=_TEXT), **options)


class IssueForm(SigningForm):
    """A batch record to be issued."""

    number = forms.CharField(label=_("Number of the batch record"), max_length=40)
    master = forms.ModelChoiceField(label=_("Master batch record"), queryset=Document.objects.none())
    lot = forms.CharField(label=_("Number of the lot that it makes"), max_length=40)
    site = forms.ChoiceField(label=_("Site"))

    def __init__(self, *args: Any, sites: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        master: Any = self.fields["master"]
        master.queryset = effective(KIND, now())
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
    """The value of one control, empty at first: no default, no former value (domain.md I-14)."""

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

    reason = ReasonField(label=_("Why is it corrected?"), max_length=400)


class ReasonForm(forms.Form):
    """Why something was not done, or is done again."""

    reason = ReasonField(label=_("Why?"), max_length=400)


class ContentSigningForm(SigningForm):
    """A signature on the content of the page, named by its digest."""

    shown_digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class ClosingForm(SigningForm):
    """The conclusion of an investigation, signed."""

    root_cause = ReasonField(label=_("Root cause"))
    impact = ReasonField(label=_("Impact on quality, safety and efficacy"))
    justification = ReasonField(label=_("Justification"))

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


class RowsForm(forms.Form):
    """A form that ends in a table of rows. A row in which nothing stands is no row.

    ``table`` is the name of the list in the command, ``columns`` make the fields of a row. A field has the
    name that a refusal gives it (``tags.0.unit``), so that its error stands beside it.
    """

    table: ClassVar[str] = ""
    columns: ClassVar[Mapping[str, Callable[[], forms.Field]]] = {}

    def __init__(self, *args: Any, count: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.count = min(count, _MAX_ROWS)
        self.places: list[int] = []  # where the rows that are sent on stand in the table
        self.filled: list[dict[str, str]] = []
        for place in range(self.count):
            for name, make in self.columns.items():
                field: Any = make()
                field.needed, field.required, field.column = field.required, False, field.label
                field.label = _("%(column)s, row %(row)s") % {"column": field.label, "row": place + 1}
                self.fields[self.at(place, name)] = field

    @staticmethod
    def count_in(sent: Iterable[str]) -> int:
        """Return how many rows the names of sent fields speak of."""
        matches = (re.fullmatch(r"[a-z]+\.(\d{1,4})\.[a-z_]+", name) for name in sent)
        return max((int(match[1]) + 1 for match in matches if match), default=0)

    def at(self, place: int, name: str) -> str:
        """Return the name of a field of a row."""
        return f"{self.table}.{place}.{name}"

    def place_of(self, field: str) -> str:
        """Return the field of the form for one that a refusal names: it counts the rows that were sent on."""
        head, _dot, rest = field.partition(".")
        number, _dot, name = rest.partition(".")
        if head != self.table or not number.isdigit() or int(number) >= len(self.places):
            return field
        return self.at(self.places[int(number)], name)

    def heads(self) -> list[forms.BoundField]:
        """Return the fields above the table."""
        return [self[name] for name in self.fields if not name.startswith(f"{self.table}.")]

    def rows(self) -> list[list[forms.BoundField]]:
        """Return the fields of the table, row by row."""
        return [[self[self.at(place, name)] for name in self.columns] for place in range(self.count)]

    def captions(self) -> list[str]:
        """Return the words above the columns."""
        return [make().label for make in self.columns.values()]

    def clean(self) -> dict[str, Any]:
        """Gather the rows in which something stands; what such a row needs must be there."""
        cleaned = super().clean() or self.cleaned_data
        for place in range(self.count):
            row = {name: cleaned.get(self.at(place, name)) or "" for name in self.columns}
            if any(row.values()):
                self.places.append(place)
                self.filled.append(row)
                for name, value in row.items():
                    field: Any = self.fields[self.at(place, name)]
                    if field.needed and not value and self.at(place, name) not in self.errors:
                        fault = ValidationError(field.error_messages["required"], code="required")
                        self.add_error(self.at(place, name), fault)
        return cleaned


class GeometryRows(RowsForm):
    """A geometry as a table of names and values; decimals stay as they were typed."""

    table = "geometry"
    columns: ClassVar = {
        "name": lambda: forms.CharField(label=_("Measure"), max_length=40),
        "value": lambda: forms.CharField(label=_("Value"), max_length=60),
    }

    @staticmethod
    def typed(geometry: Mapping[str, object]) -> dict[str, str]:
        """Return the initial values that show a geometry."""
        rows = enumerate(geometry.items())
        cells = {place: {"name": name, "value": str(value)} for place, (name, value) in rows}
        return {f"geometry.{place}.{name}": text for place, row in cells.items() for name, text in row.items()}

    def clean(self) -> dict[str, Any]:
        """Gather the rows; a measure stands in one of them."""
        cleaned = super().clean()
        seen: set[str] = set()
        for place, row in zip(self.places, self.filled, strict=True):
            if row["name"] in seen:
                fault = ValidationError(_("This measure is there twice."), code="measure_twice")
                self.add_error(self.at(place, "name"), fault)
            seen.add(row["name"])
        return cleaned

    def geometry(self) -> dict[str, str]:
        """Return the geometry."""
        return {row["name"]: row["value"] for row in self.filled}


class GeometryForm(GeometryRows):
    """A changed geometry, with the reason."""

    reason = ReasonField(label=_("Why is it changed?"), max_length=400)


class EquipmentForm(GeometryRows):
    """Equipment to be registered."""

    code = forms.CharField(label=_("Code on its label"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=160)
    kind = forms.CharField(label=_("Kind"), max_length=40)
    site = forms.ChoiceField(label=_("Site"))
    calibration_due_date = forms.DateField(
        label=_("Next calibration due"),
        required=False,
        widget=forms.DateInput(attrs=_DAY),
        help_text=_("Empty where it needs no calibration."),
    )

    def __init__(self, *args: Any, sites: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].help_text = _("As the master batch records ask for it: %(kinds)s") % {
            "kinds": ", ".join(equipment_kinds(sites)) or "bioreactor, tff_skid, hollow_fibre_module"
        }
        site: Any = self.fields["site"]
        site.choices = [(row.code, row.name) for row in sites]

    def command(self) -> RegisterEquipment:
        """Return the command that the serializer gives too."""
        names = ("code", "name", "kind", "site", "calibration_due_date")
        return RegisterEquipment(**{name: self.cleaned_data[name] for name in names}, geometry=self.geometry())


class CalibrationForm(forms.Form):
    """A calibration: when the next one is due, and its certificate."""

    due_date = forms.DateField(label=_("Next calibration due"), widget=forms.DateInput(attrs=_DAY))
    reason = ReasonField(
        label=_("Certificate of the calibration"), max_length=400, help_text=_("Its number, and who calibrated.")
    )
