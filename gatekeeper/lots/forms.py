"""Forms of lots: types only, the same commands as the REST door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.models import Site
from gatekeeper.lots.actions.registration import RegisterLot
from gatekeeper.lots.models import Material
from gatekeeper.web import SigningForm


class LotForm(forms.Form):
    """A lot that has arrived, as on its label."""

    number = forms.CharField(label=_("Lot number"), max_length=40)
    material = forms.ModelChoiceField(
        label=_("Material"),
        queryset=Material.objects.filter(kind__in=["raw_material", "cell_bank"]),
        to_field_name="code",
    )
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), to_field_name="code")
    source = forms.CharField(label=_("Supplier"), max_length=160)
    quantity = forms.CharField(label=_("Quantity"), max_length=60, help_text=_("As on the label."))
    unit = forms.CharField(label=_("Unit"), max_length=20)
    expiry_date = forms.DateField(
        label=_("Expiry date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, sites: list[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["site"]
        field.queryset = Site.objects.filter(pk__in=[site.pk for site in sites])  # type: ignore[attr-defined] -- a choice
        if len(sites) == 1:
            field.initial = sites[0]

    def command(self) -> RegisterLot:
        """Return the command that the serializer gives too."""
        return RegisterLot(**self.cleaned_data)


class DecisionForm(SigningForm):
    """A decision on a lot, signed."""

    verb = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
