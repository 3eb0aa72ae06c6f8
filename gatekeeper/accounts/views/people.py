"""Pages of people: the list, one person, enrolling, disabling, and a password that was lost."""

from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.accounts.actions import people
from gatekeeper.accounts.forms import EnrolForm, LostPasswordForm, ReasonForm
from gatekeeper.accounts.models import Assignment, Person, Role, ServiceToken, Site
from gatekeeper.accounts.queries import day_at, people_at
from gatekeeper.accounts.requests import permits, sites_in
from gatekeeper.web import ActionView, Page

MANAGE = "accounts.manage"


class OfPeople(Page):
    """A page about people of the sites where the reader holds its permission."""

    permission = "accounts.view"

    def people(self) -> QuerySet[Person]:
        """Return the people whom the reader reaches; who manages also those who never held a role anywhere."""
        return people_at(self.sites, unassigned=permits(self.request, MANAGE))

    @cached_property
    def person(self) -> Person:
        """The person of the address, when the reader reaches them."""
        return get_object_or_404(self.people(), username__iexact=self.kwargs["username"])


class PersonForm(OfPeople, ActionView):
    """A form about the person of the address; it leads back to their page."""

    permission = MANAGE
    template_name = "accounts/person_form.html"
    title: ClassVar[str | Promise] = ""
    verb: ClassVar[str | Promise] = ""
    said: ClassVar[str | Promise] = ""
    grave: ClassVar[bool] = False

    def context(self) -> dict[str, Any]:
        """Return whom the form is about and what it does."""
        # Who brings somebody in types the name: the address has none.
        person = self.person if "username" in self.kwargs else None
        return {"person": person, "title": self.title, "verb": self.verb, "said": self.said, "grave": self.grave}

    def done(self) -> str:
        """Return the address of the person's page."""
        return reverse("accounts:person", args=[self.person.username])


class PersonList(OfPeople):
    """Who works at the site, in which roles, trained for what: for administrators and auditors. PIC/S PI 041-1."""

    template_name = "accounts/person_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of people with what they were filtered by."""
        asked = {name: self.request.GET.get(name, "").strip() for name in ("q", "role", "site", "status")}
        found = self.people()
        if asked["q"]:
            found = found.filter(Q(full_name__icontains=asked["q"]) | Q(username__icontains=asked["q"]))
        held = Assignment.objects.filter(site__in=self.sites)
        for name in ("role", "site"):
            if asked[name]:
                found = found.filter(pk__in=held.filter(**{f"{name}__code": asked[name]}).values("person"))
        if asked["status"] in {"active", "disabled"}:
            found = found.filter(is_active=asked["status"] == "active")
        return {
            "people": Paginator(found.order_by("full_name", "pk"), 50).get_page(self.request.GET.get("page")),
            "asked": asked,
            "filtered": any(asked.values()),
            "choices": self.choices(asked),
            "sites": self.sites,
            "today": day_at(self.request.site),
        }

    def choices(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """Return what the list can be narrowed by."""
        status = [("active", _("Active")), ("disabled", _("Disabled"))]
        found = [
            _choice("role", _("Role"), Role.objects.values_list("code", "name"), asked["role"]),
            _choice("status", _("Account"), status, asked["status"]),
        ]
        if len(self.sites) > 1:
            sites = [(site.code, site.name) for site in self.sites]
            found.insert(1, _choice("site", _("Site"), sites, asked["site"]))
        return found


class PersonDetail(OfPeople):
    """One person: roles here, training, a machine's tokens, and what the reader may do about them."""

    template_name = "accounts/person_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the person with what belongs to them at the reader's sites."""
        person, managed = self.person, self.managed
        tokens = ServiceToken.objects.filter(person=person, site__in=self.sites)
        return {
            "person": person,
            "machine": person.kind == Person.Kind.MACHINE,
            "today": day_at(self.request.site),
            "managed": managed,
            "tokens": tokens.select_related("site", "issued_by", "revoked_by").order_by("-issued_at"),
            "deeds": self.deeds(managed),
            "links": self.links(),
        }

    @cached_property
    def managed(self) -> list[Site]:
        """The sites that the reader administers, when the person is of one of them or of none yet."""
        sites = sites_in(self.request, MANAGE)
        reached = sites and people_at(sites, unassigned=True).filter(pk=self.person.pk).exists()
        return sites if reached else []

    def deeds(self, managed: list[Site]) -> list[dict[str, Any]]:
        """Return what the reader may do about the person; nobody helps or hinders themself."""
        person = self.person
        if not managed or not person.is_active or person.pk == self.request.user.pk:
            return []
        machine = person.kind == Person.Kind.MACHINE
        deeds = [
            ("person_assign", _("Assign a role"), True, ""),
            ("person_qualify", _("Grant a qualification"), not machine, ""),
            ("token_issue", _("Issue a token"), machine, ""),
            ("person_password", _("Replace a lost password"), not machine, ""),
            ("person_disable", _("Disable"), True, "grave"),
        ]
        return [
            {"label": label, "url": reverse(f"accounts:{name}", args=[person.username]), "weight": weight}
            for name, label, shown, weight in deeds
            if shown
        ]

    def links(self) -> list[dict[str, str]]:
        """Return where else the person is on record."""
        if not permits(self.request, "ledger.view"):
            return []
        trail = reverse("ledger:audit_trail", args=["accounts.person", self.person.username])
        return [{"label": _("Audit trail"), "url": trail}]


class Enrol(PersonForm):
    """A new person or machine, with the proof of the second person who checked the identity."""

    form_class = EnrolForm
    title = gettext_lazy("Enrol a person")
    verb = gettext_lazy("Enrol")
    said = gettext_lazy("Two people enrol a third: you, and somebody else who has checked who it is.")

    def perform(self, form: EnrolForm) -> str:
        """Enrol."""
        checker = form.checker(self.request)
        person = people.enrol_attested(by=self.request.user, command=form.command(), checker=checker)
        return reverse("accounts:person", args=[person.username])


class Disable(PersonForm):
    """The end of an account."""

    form_class = ReasonForm
    title = gettext_lazy("Disable")
    verb = gettext_lazy("Disable")
    said = gettext_lazy("Sessions end and tokens stop at once. The name and the records stay; nobody is deleted.")
    grave = True

    def perform(self, form: ReasonForm) -> str:
        """Disable."""
        people.disable_person(by=self.request.user, person=self.person, reason=form.cleaned_data["reason"])
        return self.done()


class ReplacePassword(PersonForm):
    """An initial password in place of a lost one, with the proof of who checked the person who asks."""

    form_class = LostPasswordForm
    title = gettext_lazy("Replace a lost password")
    verb = gettext_lazy("Replace the password")
    said = gettext_lazy("Their sessions end, and they choose a password of their own before anything else.")

    def perform(self, form: LostPasswordForm) -> str:
        """Replace the password."""
        people.replace_lost_attested(
            by=self.request.user,
            person=self.person,
            initial_password=form.cleaned_data["initial_password"],
            reason=form.cleaned_data["reason"],
            checker=form.checker(self.request),
        )
        return self.done()


def _choice(name: str, label: str, choices: Any, asked: str) -> dict[str, Any]:
    options = [{"value": "", "label": _("All"), "selected": not asked}]
    options += [{"value": value, "label": text, "selected": value == asked} for value, text in choices]
    return {"name": name, "label": label, "options": options}
