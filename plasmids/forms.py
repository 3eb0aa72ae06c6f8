"""Forms of plasmids: types only, the same commands as the REST door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.forms import SiteField
from gatekeeper.accounts.models import Site
from gatekeeper.core.panels import Attribute, Panel
from plasmids.actions.receiving import ReceiveLot, SupplierResult
from plasmids.models import Plasmid


class ReceiveForm(forms.Form):
    """A plasmid lot at the door: label, certificate, and one line for each attribute of the specification."""

    number = forms.CharField(label=_("Lot number"), max_length=40)
    plasmid = forms.ModelChoiceField(label=_("Plasmid"), queryset=Plasmid.objects.all(), to_field_name="code")
    site = SiteField()
    supplier = forms.CharField(label=_("Supplier"), max_length=160)
    quantity = forms.CharField(label=_("Quantity"), max_length=60, help_text=_("As on the label."))
    unit = forms.CharField(label=_("Unit"), max_length=20, initial="mg")
    expiry_date = forms.DateField(
        label=_("Expiry date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    certificate_number = forms.CharField(label=_("Certificate number"), max_length=80)
    sequence_sha256 = forms.CharField(
        label=_("SHA-256 of the sequence"), max_length=64, help_text=_("As the supplier reports it.")
    )

    def __init__(self, *args: Any, sites: list[Site], panel: Panel | None, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["site"]
        field.offer(sites)
        self.attributes = panel.attributes if panel else ()
        for attribute in self.attributes:
            self.fields[_name(attribute)] = forms.CharField(
                label=attribute.title,
                max_length=80,
                required=False,
                help_text=_("Asked: %(asked)s") % {"asked": attribute.asked},
            )

    def command(self) -> ReceiveLot:
        """Return the command that the serializer gives too; a blank line is a result that is not reported."""
        data = self.cleaned_data
        results = [
            SupplierResult(attribute.code, data[_name(attribute)], attribute.criterion.unit)
            for attribute in self._reported()
        ]
        label = {name: data[name] for name in self.base_fields if name != "plasmid"}
        return ReceiveLot(**label, plasmid=data["plasmid"].code, results=results)

    def field_of(self, place: str) -> str:
        """Return the field that shows a fault at this place of the command, such as ``results.2.reported``."""
        part, _dot, rest = place.partition(".")
        number = rest.partition(".")[0]
        return _name(self._reported()[int(number)]) if part == "results" else place

    def _reported(self) -> list[Attribute]:
        return [attribute for attribute in self.attributes if self.cleaned_data[_name(attribute)]]


class CorrectionForm(forms.Form):
    """A corrected or added line of a supplier's certificate, with the reason."""

    attribute = forms.CharField(label=_("Attribute"), max_length=60, widget=forms.Select)
    reported = forms.CharField(label=_("As printed"), max_length=80)
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    reason = forms.CharField(
        label=_("Reason"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, panel: Panel, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["attribute"]
        choices = [(row.code, f"{row.title} ({row.asked})") for row in panel.attributes]
        field.widget.choices = [("", "---------"), *choices]

    def command(self) -> SupplierResult:
        """Return the line that the serializer gives too."""
        data = self.cleaned_data
        return SupplierResult(data["attribute"], data["reported"], data["unit"])


class PlasmidForm(forms.Form):
    """A construct to be registered. What is chosen is judged by the action, so both doors refuse it alike."""

    code = forms.CharField(label=_("Code"), max_length=40, help_text=_("As it stands on labels; it never changes."))
    name = forms.CharField(label=_("Name"), max_length=160)
    role = forms.CharField(label=_("Role in the vector"), max_length=20, widget=forms.Select)
    size_bp = forms.IntegerField(label=_("Size in base pairs"))
    sequence_sha256 = forms.CharField(
        label=_("SHA-256 of the sequence"),
        max_length=64,
        help_text=_("64 hexadecimal digits. A lot with another sequence is not this construct."),
    )
    site = SiteField()

    def __init__(self, *args: Any, sites: list[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        fields: Any = self.fields
        fields["role"].widget.choices = [("", "---------"), *Plasmid.Role.choices]
        fields["site"].offer(sites)


def _name(attribute: Attribute) -> str:
    return f"result_{attribute.code}"
