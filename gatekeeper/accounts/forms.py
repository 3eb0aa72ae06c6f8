"""Forms of log-in and of a person's own account: they read types, the actions judge."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.models import Site


def _password(label: Any, autocomplete: str, **attributes: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, **attributes})
    return forms.CharField(label=label, max_length=200, strip=False, widget=widget)


class SiteField(forms.ModelChoiceField):
    """One of the sites that are offered. Whether the person may act at the one that comes back, the action says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Site"), queryset=Site.objects.all(), to_field_name="code", **options)

    def offer(self, sites: Sequence[Site]) -> None:
        """Offer these sites; the only one stands there already."""
        self.choices = [("", "---------"), *((site.code, site.name) for site in sites)]
        if len(sites) == 1:
            self.initial = sites[0].code

    def to_python(self, value: Any) -> Site | None:
        """Return the site of this code, refused with the code of the REST door where there is none."""
        try:
            return super().to_python(value)
        except ValidationError as fault:
            raise ValidationError(_("There is no such site."), code="does_not_exist") from fault


class NextForm(forms.Form):
    """A form that knows where to go back to."""

    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)


class LogInForm(NextForm):
    """Name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = _password(_("Password"), "current-password")


class UnlockForm(NextForm):
    """The password of the person whose session is locked."""

    password = _password(_("Password"), "current-password", autofocus=True)


class PasswordForm(forms.Form):
    """The present password and twice a new one."""

    old_password = _password(_("Present password"), "current-password", autofocus=True)
    new_password = _password(_("New password"), "new-password")
    repeated = _password(_("New password, again"), "new-password")

    def clean(self) -> dict[str, Any]:
        """Pass when the new password was typed twice alike."""
        data = super().clean()
        if data.get("new_password") and data.get("repeated") and data["new_password"] != data["repeated"]:
            self.add_error(
                "repeated", ValidationError(_("This is not the same new password."), code="passwords_differ")
            )
        return data


class LanguageForm(NextForm):
    """One of the site's languages."""

    language = forms.ChoiceField(choices=settings.LANGUAGES)


class SiteForm(forms.Form):
    """The code of a site."""

    site = forms.CharField(max_length=20)
