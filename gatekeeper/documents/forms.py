"""Forms of controlled documents: types only, the same arguments as the REST door."""

from django import forms
from django.utils.translation import gettext_lazy as _

from gatekeeper.web import SigningForm, TomlForm

_REASON = {"max_length": 400, "required": False, "widget": forms.Textarea(attrs={"rows": 3})}


class ImportForm(TomlForm):
    """A version as a file, with the reason for it."""

    reason = forms.CharField(
        label=_("Why is there a new version?"), help_text=_("Empty for the first version only."), **_REASON
    )


class ApprovalForm(SigningForm):
    """The signature of an approval, and the day from which the version is in force."""

    effective_date = forms.DateField(
        label=_("In force from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: from the approval on."),
    )


class RetirementForm(SigningForm):
    """The signature of a retirement, with its reason."""

    reason = forms.CharField(label=_("Why is it retired?"), **_REASON)
