"""Forms of lots: types only, the same commands as the REST door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.forms import SiteField
from gatekeeper.accounts.models import Site
from gatekeeper.core.quantity import UNITS
from gatekeeper.lots.actions.registration import RegisterLot
from gatekeeper.lots.models import Material
from gatekeeper.web import SigningForm

# What a lot is counted in: amounts, not concentrations.
_COUNTED = frozenset(
    {
        "volume", "mass", "vector_genomes", "viral_particles", "capsids", "transducing_units", "infectious_units",
        "copies", "cells", "vials",
    }
)  # fmt: skip


class MaterialForm(forms.Form):
    """A material to be defined. What is chosen is judged by the action, so both doors refuse it alike."""

    code = forms.CharField(label=_("Code"), max_length=40, help_text=_("As it stands on labels; it never changes."))
    name = forms.CharField(label=_("Name"), max_length=160)
    kind = forms.CharField(
        label=_("Kind"),
        max_length=20,
        widget=forms.Select,
        help_text=_("A plasmid is registered with its construct, under Plasmids."),
    )
    unit = forms.CharField(
        label=_("Unit"), max_length=20, widget=forms.Select, help_text=_("In which every lot of it is counted.")
    )
    site = SiteField()

    def __init__(self, *args: Any, sites: list[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        fields: Any = self.fields
        kinds = [(kind, label) for kind, label in Material.Kind.choices if kind != Material.Kind.PLASMID]
        fields["kind"].widget.choices = [("", "---------"), *kinds]
        fields["unit"].widget.choices = [("", "---------"), *_units()]
        fields["site"].offer(sites)


class LotForm(forms.Form):
    """A lot that has arrived, as on its label."""

    number = forms.CharField(label=_("Lot number"), max_length=40)
    material = forms.ModelChoiceField(
        label=_("Material"),
        queryset=Material.objects.filter(kind__in=["raw_material", "cell_bank"]),
        to_field_name="code",
    )
    site = SiteField()
    source = forms.CharField(label=_("Supplier"), max_length=160)
    quantity = forms.CharField(label=_("Quantity"), max_length=60, help_text=_("As on the label."))
    unit = forms.CharField(label=_("Unit"), max_length=20)
    expiry_date = forms.DateField(
        label=_("Expiry date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, sites: list[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["site"]
        field.offer(sites)

    def command(self) -> RegisterLot:
        """Return the command that the serializer gives too."""
        return RegisterLot(**self.cleaned_data)


def _units() -> list[tuple[str, str]]:
    counted = [unit for unit in UNITS.values() if unit.kind in _COUNTED]
    return [(unit.code, f"{unit.label} ({unit.code})" if unit.label != unit.code else unit.code) for unit in counted]


class DecisionForm(SigningForm):
    """A decision on a lot, signed."""

    verb = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
