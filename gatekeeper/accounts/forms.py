"""Forms of log-in, of a person's own account and of who administers: they read types, the actions judge."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.people import EnrolPerson
from gatekeeper.accounts.models import Person, Site


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


class Needed(forms.CharField):
    """A text that is needed; the action refuses a missing one, so that both doors do so with the same code."""

    def validate(self, value: Any) -> None:
        """Leave it to the action."""


class Chosen(forms.ChoiceField):
    """A choice among what is offered; the action judges any other, as it does for the REST door."""

    def valid_value(self, value: Any) -> bool:
        """Leave it to the action."""
        return True


class ChosenMany(forms.MultipleChoiceField):
    """Several choices, or none; the action judges."""

    def validate(self, value: Any) -> None:
        """Leave it to the action."""


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


def _reason() -> Needed:
    return Needed(label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}))


def _initial_password(field: type[forms.CharField], **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return field(label=_("Initial password"), max_length=200, strip=False, widget=widget, **options)


class AttestedForm(forms.Form):
    """Who checked an identity types both components of their own, at each checking."""

    identity_checked_by = forms.CharField(
        label=_("Identity checked by (user name)"),
        max_length=60,
        help_text=_("Another person than you, who has seen the person and a document, and types this here."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = _password(_("Password of the one who checked"), "off")

    def checker(self, request: HttpRequest) -> Credentials:
        """Return what the second person typed, with the address it came from."""
        data = self.cleaned_data
        return Credentials(data["identity_checked_by"], data["password"], request.META.get("REMOTE_ADDR", ""))


class EnrolForm(AttestedForm):
    """A person or a machine to be enrolled."""

    full_name = forms.CharField(label=_("Printed name"), max_length=120)
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        help_text=_("Theirs for ever: a name is never given again."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Person.Kind.choices, initial=Person.Kind.HUMAN)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    initial_password = _initial_password(
        forms.CharField,
        required=False,
        help_text=_("Opens only the page on which they choose their own. A machine has none."),
    )
    field_order = ("full_name", "username", "kind", "email", "language", "initial_password")

    def command(self) -> EnrolPerson:
        """Return the command that the serializer gives too."""
        own = ("full_name", "username", "kind", "email", "language", "initial_password")
        return EnrolPerson(**{name: self.cleaned_data[name] for name in own})


class LostPasswordForm(AttestedForm):
    """An initial password in place of a lost one."""

    initial_password = _initial_password(Needed, help_text=_("Opens only the page on which they choose their own."))
    reason = _reason()
    field_order = ("initial_password", "reason")


class ReasonForm(forms.Form):
    """Why."""

    reason = _reason()


class AssignForm(forms.Form):
    """A role at a site from a day, until a day or open."""

    role = Chosen(label=_("Role"))
    site = Chosen(label=_("Site"))
    from_date = _day(_("From"))
    until_date = _day(_("Until"), required=False, help_text=_("The last day on which it counts."))

    def __init__(self, *args: Any, roles: list[tuple[str, str]], sites: list[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = roles
        self.fields["site"].choices = [(site.code, site.name) for site in sites]


class BringInForm(AssignForm):
    """A role for somebody who works at another site, and is known here by their user name only."""

    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username",)


class EndForm(ReasonForm):
    """The last day of an assignment."""

    until_date = _day(_("Last day"))
    field_order = ("until_date",)


class QualifyForm(forms.Form):
    """Training for a procedure."""

    procedure = Needed(label=_("Procedure"), max_length=60)
    from_date = _day(_("From"))
    expiry_date = _day(_("Expires"), help_text=_("The last day on which it counts."))


class TokenForm(forms.Form):
    """What a token may be used for, where, and how long."""

    sheet = forms.CharField(max_length=60, widget=forms.HiddenInput)
    site = Chosen(label=_("Site"))
    scopes = ChosenMany(label=_("May be used for"), widget=forms.CheckboxSelectMultiple)
    expires_at = _day(_("Good until the end of"))

    def __init__(self, *args: Any, sites: list[Site], scopes: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["site"].choices = [(site.code, site.name) for site in sites]
        self.fields["scopes"].choices = scopes
        days = {"days": settings.SERVICE_TOKEN_DAYS}
        self.fields["expires_at"].help_text = _("At most %(days)s days from now.") % days

    def expiry(self, site: Site) -> datetime:
        """Return the last moment of the day at the site."""
        return datetime.combine(self.cleaned_data["expires_at"], time(23, 59, 59), ZoneInfo(site.timezone))


class AddSiteForm(forms.Form):
    """A place of manufacture or testing."""

    code = forms.CharField(
        label=_("Code"), max_length=20, help_text=_("Capitals, digits and hyphens: what records name.")
    )
    name = forms.CharField(label=_("Name"), max_length=120)
    country = forms.CharField(label=_("Country"), max_length=2, help_text=_("Two letters of ISO 3166, such as SG."))
    timezone = forms.CharField(
        label=_("Time zone"), max_length=60, help_text=_("Its IANA name, such as Asia/Singapore.")
    )
