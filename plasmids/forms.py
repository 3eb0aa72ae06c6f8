"""Forms of plasmids: types only, the same commands as the REST door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.models import Site
from gatekeeper.core.panels import Attribute, Panel
from plasmids.actions.receiving import ReceiveLot, SupplierResult
from plasmids.models import Plasmid


class ReceiveForm(forms.Form):
    """A plasmid lot at the door: label, certificate, and one line for each attribute of the specification."""

    number = forms.CharField(label=_("Lot number"), max_length=40)
    plasmid = forms.ModelChoiceField(label=_("Plasmid"), queryset=Plasmid.objects.all(), to_field_name="code")
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), to_field_name="code")
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
        field.queryset = Site.objects.filter(pk__in=[site.pk for site in sites])
        if len(sites) == 1:
            field.initial = sites[0]
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
            for attribute in self.attributes
            if data[_name(attribute)]
        ]
        label = {name: data[name] for name in self.base_fields if name != "plasmid"}
        return ReceiveLot(**label, plasmid=data["plasmid"].code, results=results)


def _name(attribute: Attribute) -> str:
    return f"result_{attribute.code}"
