"""The door of pages: who may open one, what a form does, and how a refusal is shown."""

import sys
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.forms.renderers import DjangoTemplates
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.requests import permits, sites_in
from gatekeeper.accounts.rules.permissions import PUBLIC, SIGNED_IN
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.doors import PROBLEM_TYPE, STATUS, is_api, problem, problem_response, sentence
from gatekeeper.home import NavItem, navigation_of, queues_of
from gatekeeper.uploads import UploadField

__all__ = [
    "PUBLIC", "SIGNED_IN", "ActionView", "FormRenderer", "ImportView", "Page", "RefusalPages", "SigningForm",
    "TomlForm", "page",
]  # fmt: skip

_WAITING, _WAITING_FOR = "waiting", 30  # seconds that a count of what waits is shown before it is counted again


class Page(View):
    """A page: declares its ``permission`` and ``template_name``; ``context()`` gives what the template shows.

    ``self.sites`` are the sites where the person holds the permission: every query of the page is limited to them.
    """

    permission: ClassVar[str] = ""
    template_name: ClassVar[str] = ""
    open_while_locked: ClassVar[bool] = False
    open_with_initial_password: ClassVar[bool] = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let the request in when its person holds what the page declares.

        :raises Refusal: ``not_authorised``.
        """
        if self.permission != PUBLIC and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        if self.permission not in {PUBLIC, SIGNED_IN} and not permits(request, self.permission):
            raise Refusal(
                "not_authorised",
                "{name} is not authorised for this: {permission}.",
                kind=Kind.FORBIDDEN,
                name=request.user.full_name,
                permission=self.permission,
            )
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)  # on a shared tablet, "back" must not show another person's page
        return response

    @cached_property
    def sites(self) -> list[Site]:
        """The sites where the request's person holds this page's permission."""
        return sites_in(self.request, None if self.permission in {PUBLIC, SIGNED_IN} else self.permission)

    def context(self) -> dict[str, Any]:
        """Return what the template shows; ``self.kwargs`` holds what the address says."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the page."""
        return self.show()

    def show(self, *, status: int = 200, **more: Any) -> HttpResponse:
        """Return the page with its context and what is added to it."""
        return render(self.request, self.template_name, {**self.context(), **more}, status=status)


class ActionView(Page):
    """A page with a form, whose ``perform(form)`` makes one action call and returns where to go next.

    A refusal is shown at its field, with the status of its kind, and nothing is recorded.
    """

    form_class: type[forms.Form] = forms.Form

    def initial(self) -> dict[str, Any]:
        """Return the form's initial values."""
        return {}

    def form_options(self) -> dict[str, Any]:
        """Return further arguments of the form class."""
        return {}

    def perform(self, form: forms.Form) -> Any:
        """Make the one action call and return a response, an address, a URL name or a model with one.

        :raises Refusal: what the action refuses.
        """
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the page with an empty form."""
        return self.show(form=self.form_class(initial=self.initial(), **self.form_options()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Perform the action, or show the form again with what was refused."""
        form = self.form_class(request.POST, request.FILES, initial=self.initial(), **self.form_options())
        if not form.is_valid():
            return self.show(form=form, status=422)
        try:
            target = self.perform(form)
        except Refusal as refusal:
            if refusal.kind in {Kind.MISSING, Kind.PENDING}:
                raise  # no fault of the form, and a pending one was recorded: a page of its own says so
            return self.refused(form, refusal)
        return target if isinstance(target, HttpResponse) else redirect(target)

    def refused(self, form: forms.Form, refusal: Refusal) -> HttpResponse:
        """Return the page with the refusal at its fields."""
        placed = [(self.place(form, one.field or ""), one) for one in refusal.all]  # an error takes its value away
        for place, one in placed:
            form.add_error(place if place in form.fields else None, ValidationError(sentence(one), code=one.code))
        return self.show(form=form, refusal=refusal, status=STATUS[refusal.kind])

    def place(self, form: forms.Form, field: str) -> str:
        """Return the form's field that shows a refusal of this field of the command; any other is the form itself."""
        return field


class SigningForm(forms.Form):
    """Both components of a signature, typed at each signing (components/credentials.html shows them)."""

    username = forms.CharField(label=_("User name"), max_length=60)
    password = forms.CharField(label=_("Password"), max_length=200, strip=False, widget=forms.PasswordInput)

    def credentials(self, request: HttpRequest) -> Credentials:
        """Return what was typed, with the address it came from."""
        return Credentials(
            self.cleaned_data["username"], self.cleaned_data["password"], request.META.get("REMOTE_ADDR", "")
        )


class TomlForm(forms.Form):
    """A definition as a TOML file."""

    file = UploadField(label=_("File in TOML"), widget=forms.FileInput({"accept": ".toml,application/toml,text/plain"}))


class ImportView(ActionView):
    """Imports a definition from a TOML file: ``perform`` hands ``form.cleaned_data["file"].read()`` to its action.

    ``heading``, ``text`` (what the file is) and ``back`` (label and name of the list's address) are its words. Whatever
    place in the file a refusal names, it is shown at the file: the page has no other field.
    """

    template_name = "base_import.html"
    form_class = TomlForm
    heading: ClassVar[Any] = _("Import a draft")
    text: ClassVar[Any] = ""
    back: ClassVar[tuple[Any, str]] = ("", "")

    def context(self) -> dict[str, Any]:
        """Return the words of the page."""
        label, name = self.back
        return {"heading": self.heading, "text": self.text, "back": {"label": label, "url": reverse(name)}}

    def place(self, form: forms.Form, field: str) -> str:
        """Return the file, whatever is wrong in it."""
        return "file"


class FormRenderer(DjangoTemplates):
    """Renders forms with our components, and widgets as Django does."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> Any:
        """Return one of our components, or Django's own template of a widget."""
        if template_name.startswith("components/"):
            return loader.get_template(template_name)
        return super().get_template(template_name)


class PageInfo:
    """What every page shows of its surroundings; each part is read when the template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        user = getattr(request, "user", None)
        known = user is not None and user.is_authenticated and not request.session.get("locked")
        self.person = user if known else None
        self.site = getattr(request, "site", None) if known else None
        self.demo = settings.DEMO
        self.idle_seconds = settings.IDLE_LOCK_SECONDS

    @property
    def zone(self) -> str:
        """IANA name of the time zone that times are shown in."""
        return self.site.timezone if self.site else settings.TIME_ZONE

    @cached_property
    def now(self) -> Any:
        """The record time."""
        return clock.now()

    @cached_property
    def sites(self) -> list[Site]:
        """The sites where the person holds any role."""
        return sites_in(self._request) if self.person else []

    @cached_property
    def waiting(self) -> int:
        """How much waits for the person; counted anew after half a minute."""
        session, now = self._request.session, clock.now().timestamp()
        kept = session.get(_WAITING)
        if not kept or not 0 <= now - kept[1] < _WAITING_FOR:
            kept = session[_WAITING] = [sum(queue.count for queue in queues_of(self._request)), now]
        return kept[0]

    @cached_property
    def nav(self) -> list[NavItem]:
        """The entries of the navigation that the person may open."""
        return navigation_of(self._request, waiting=self.waiting) if self.person else []


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``page``, see PageInfo."""
    return {"page": SimpleLazyObject(lambda: PageInfo(request))}


_DATABASE_BACK_SECONDS = 2  # PostgreSQL that is started again takes seldom longer


class RefusalPages:
    """Middleware: a refusal that leaves a view becomes a page (or, at an address of the REST door, a problem)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, unless its address holds what no text of the database can."""
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return not_found(request, Http404())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to a refusal; anything else is not ours."""
        if not isinstance(exception, Refusal):
            return None
        if is_api(request):
            return problem_response(exception, request.path)
        return error_page(
            request, STATUS[exception.kind], code=exception.code, sentences=[sentence(one) for one in exception.all]
        )


def error_page(request: HttpRequest, status: int, *, code: str, sentences: list[str]) -> HttpResponse:
    """Return the page of an error: ``errors/<status>.html`` where there is one, else ``errors/error.html``."""
    template = loader.select_template([f"errors/{status}.html", "errors/error.html"])
    content = template.render({"status": status, "code": code, "sentences": sentences}, request)
    return HttpResponse(content, status=status)


def _fault(request: HttpRequest, status: int, code: str, text: str) -> HttpResponse:
    if is_api(request):
        document = problem(code=code, detail=text, status=status, instance=request.path)
        return JsonResponse(document, status=status, content_type=PROBLEM_TYPE)
    return error_page(request, status, code=code, sentences=[text])


def not_found(request: HttpRequest, exception: Exception | Http404) -> HttpResponse:
    """Answer an address that leads nowhere, or to a record of another site."""
    return _fault(request, 404, "not_found", gettext("There is nothing here, or nothing that you may see."))


def forbidden(request: HttpRequest, exception: Exception | PermissionDenied) -> HttpResponse:
    """Answer a request that the framework itself refuses."""
    return _fault(request, 403, "forbidden", gettext("This is not permitted."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of the program; needs neither the database nor a session.

    While the database does not answer it is 503, with the seconds after which to come again.
    """
    status, code = 500, "internal_error"
    text = gettext("Something went wrong here. What was not confirmed was not recorded.")
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        status, code = 503, "database_away"
        text = gettext("The database does not answer. What was not confirmed was not recorded: try again in a moment.")
    if is_api(request):
        answer = _fault(request, status, code, text)
    else:
        answer = HttpResponse(loader.get_template("errors/500.html").render({"sentence": text}), status=status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(_DATABASE_BACK_SECONDS)
    return answer
