"""Pages of everybody: home, log-in, lock, the own password, what one's signature means."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from gatekeeper.accounts.actions import authentication, people
from gatekeeper.accounts.actions.access import record_access
from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.forms import LanguageForm, LogInForm, PasswordForm, SiteForm, UnlockForm
from gatekeeper.accounts.middleware import LOCKED, SEEN, SITE, lock
from gatekeeper.accounts.models import AccessEvent, Person
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.home import queues_of
from gatekeeper.web import PUBLIC, SIGNED_IN, ActionView, Page, SigningForm


def address_of(request: HttpRequest) -> str:
    """Return the address that a request came from."""
    return request.META.get("REMOTE_ADDR", "")


class Home(Page):
    """What waits for me."""

    permission = SIGNED_IN
    template_name = "accounts/home.html"

    def context(self) -> dict[str, Any]:
        """Return the queues of the person, and whether they can sign yet."""
        person = self.request.user
        can_accept = person.kind == Person.Kind.HUMAN and not person.accountability_accepted_at
        return {"queues": queues_of(self.request), "must_accept": can_accept}


class LogIn(ActionView):
    """Enter; on a shared tablet also: take over from somebody else, in a session of one's own."""

    permission = PUBLIC
    open_while_locked = True
    open_with_initial_password = True
    template_name = "accounts/log_in.html"
    form_class = LogInForm

    def initial(self) -> dict[str, Any]:
        """Return where the person wanted to go."""
        return {"next": self.request.GET.get("next", "")}

    def perform(self, form: LogInForm) -> HttpResponse:
        """Authenticate and begin a new session."""
        data = form.cleaned_data
        credentials = Credentials(data["username"], data["password"], address_of(self.request))
        person = authentication.log_in(credentials=credentials)
        _begin_session(self.request, person)
        response = redirect(_safe(self.request, data["next"]))
        return _in_language(response, person.language)


class LogOut(ActionView):
    """Leave."""

    permission = PUBLIC
    open_while_locked = True
    open_with_initial_password = True
    template_name = "accounts/log_in.html"
    http_method_names = ("post",)

    def perform(self, form: Any) -> HttpResponse:
        """Record the log-out and end the session."""
        _end_session(self.request)
        response = redirect("accounts:log_in")
        response["Clear-Site-Data"] = '"cache"'  # not "storage": entries that are not yet recorded are kept there
        return response


class Lock(Page):
    """The lock screen; a POST locks."""

    permission = SIGNED_IN
    open_while_locked = True
    open_with_initial_password = True
    template_name = "accounts/lock.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the lock screen of a locked session; leave another one alone."""
        if not request.session.get(LOCKED):
            return redirect("home")
        return self.show(form=UnlockForm(initial={"next": request.GET.get("next", "")}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lock the session."""
        if not request.session.get(LOCKED):
            lock(request)
        return redirect("accounts:lock")


class Unlock(ActionView):
    """The same person goes on."""

    permission = SIGNED_IN
    open_while_locked = True
    open_with_initial_password = True
    template_name = "accounts/lock.html"
    form_class = UnlockForm
    http_method_names = ("post",)

    def perform(self, form: UnlockForm) -> HttpResponse:
        """Authenticate the person of the session again and unlock it, under a new key."""
        request, data = self.request, form.cleaned_data
        own = Credentials(request.user.username, data["password"], address_of(request))
        authentication.unlock(by=request.user, credentials=own)
        request.session.pop(LOCKED, None)
        request.session[SEEN] = time.time()
        request.session.cycle_key()
        return redirect(_safe(request, data["next"]))


class ChangePassword(ActionView):
    """A password of one's own."""

    permission = SIGNED_IN
    open_with_initial_password = True
    template_name = "accounts/password.html"
    form_class = PasswordForm

    def perform(self, form: PasswordForm) -> HttpResponse:
        """Replace the password; sessions elsewhere end, this one goes on."""
        request, data = self.request, form.cleaned_data
        own = Credentials(request.user.username, data["old_password"], address_of(request))
        person = people.change_password(by=request.user, credentials=own, new_password=data["new_password"])
        update_session_auth_hash(request, person)
        return redirect("home" if person.accountability_accepted_at else "accounts:accountability")

    def refused(self, form: PasswordForm, refusal: Refusal) -> HttpResponse:
        """Show a wrong present password at its own field."""
        if refusal.code == "wrong_password":
            refusal = Refusal("wrong_password", refusal.template, field="old_password", kind=Kind.FORBIDDEN)
        return super().refused(form, refusal)


class Accountability(ActionView):
    """What one's signature means, accepted with both components. 21 CFR 11.10(j)."""

    permission = SIGNED_IN
    template_name = "accounts/accountability.html"
    form_class = SigningForm

    def perform(self, form: SigningForm) -> str:
        """Record the acceptance."""
        people.accept_accountability(by=self.request.user, credentials=form.credentials(self.request))
        return "home"


class ChooseSite(ActionView):
    """The site that one works at now."""

    permission = SIGNED_IN
    template_name = "accounts/home.html"
    form_class = SiteForm
    http_method_names = ("post",)

    def perform(self, form: SiteForm) -> str:
        """Keep the site in the session.

        :raises Refusal: ``site_not_yours``.
        """
        code = form.cleaned_data["site"]
        if code not in {site.code for site in self.sites}:
            raise Refusal("site_not_yours", "You hold no role at {site}.", field="site", kind=Kind.MISSING, site=code)
        self.request.session[SITE] = code
        return "home"


class SetLanguage(ActionView):
    """The language of the pages, kept for the person, also on the log-in page."""

    permission = PUBLIC
    open_while_locked = True
    open_with_initial_password = True
    template_name = "accounts/log_in.html"
    form_class = LanguageForm
    http_method_names = ("post",)

    def perform(self, form: LanguageForm) -> HttpResponse:
        """Keep the language and go back."""
        request, language = self.request, form.cleaned_data["language"]
        if request.user.is_authenticated and not request.session.get(LOCKED):  # else it may be anybody
            people.choose_language(by=request.user, language=language)
        return _in_language(redirect(_safe(request, form.cleaned_data["next"])), language)

    def show(self, *, status: int = 200, **more: Any) -> HttpResponse:
        """Go back when there is no such language: there is no page to show it on."""
        return redirect("home")


def _begin_session(request: HttpRequest, person: Person) -> None:
    if request.user.is_authenticated:
        _end_session(request, detail=f"taken over by {person.username}")
    request.session.flush()
    login(request, person)
    request.session[SEEN] = time.time()


def _end_session(request: HttpRequest, *, detail: str = "") -> None:
    if request.user.is_authenticated:
        kind = AccessEvent.Kind.LOGGED_OUT
        record_access(by=request.user, kind=kind, ip_address=address_of(request), detail=detail)
    logout(request)


def _safe(request: HttpRequest, wanted: str) -> str:
    inside = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    # Anything but a path could be taken for the name of an address.
    return wanted if wanted.startswith("/") and inside else reverse("home")


def _in_language(response: HttpResponseRedirect, language: str) -> HttpResponse:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
