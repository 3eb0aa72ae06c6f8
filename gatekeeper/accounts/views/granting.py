"""Pages of what people and machines may do: roles, training, tokens; and of the sites where they do it."""

import secrets
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.accounts.actions import roles
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.actions.tokens import issue_token, revoke_token
from gatekeeper.accounts.forms import (
    AddSiteForm,
    AssignForm,
    BringInForm,
    EndForm,
    QualifyForm,
    ReasonForm,
    TokenForm,
)
from gatekeeper.accounts.models import Assignment, Person, Role, ServiceToken, Site
from gatekeeper.accounts.queries import day_at, has_administrator, site_named, token_of
from gatekeeper.accounts.rules.permissions import PERMISSIONS
from gatekeeper.accounts.views.people import MANAGE, PersonForm
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.web import ActionView, Page

_SHEET = "token_sheet"  # the session's only sheet on which a token can be asked for


class Assign(PersonForm):
    """A role for the person of the address."""

    form_class = AssignForm
    title = gettext_lazy("Assign a role")
    verb = gettext_lazy("Assign")
    said = gettext_lazy("The role counts from its first day until its last, at this site only.")

    def form_options(self) -> dict[str, Any]:
        """Return every role, the sites that the reader administers and those that nobody does yet."""
        mine = {site.pk for site in self.sites}
        sites = [site for site in Site.objects.all() if site.pk in mine or not has_administrator(site)]
        return {"roles": list(Role.objects.values_list("code", "name")), "sites": sites}

    def initial(self) -> dict[str, Any]:
        """Return from today, at the reader's own site."""
        site = self.request.site if self.request.site in self.sites else self.sites[0]
        return {"site": site.code, "from_date": day_at(site)}

    def whom(self, form: AssignForm) -> Person:
        """Return who is to hold the role."""
        return self.person

    def perform(self, form: AssignForm) -> str:
        """Assign the role."""
        person, data = self.whom(form), form.cleaned_data
        roles.assign_role(
            by=self.request.user,
            person=person,
            role=data["role"],
            site=site_named(data["site"]),
            from_date=data["from_date"],
            until_date=data["until_date"],
        )
        return reverse("accounts:person", args=[person.username])


class BringIn(Assign):
    """A role here for somebody who works at another site."""

    form_class = BringInForm
    title = gettext_lazy("Bring somebody in from another site")
    said = gettext_lazy("Whoever is enrolled already keeps their name: it is known to them, and typed here.")

    def whom(self, form: AssignForm) -> Person:
        """Return the person whose name was typed.

        :raises Refusal: ``person_unknown``.
        """
        name = form.cleaned_data["username"]
        person = Person.objects.filter(username__iexact=name).first()
        if person is None:
            raise Refusal("person_unknown", "Nobody has the name “{name}”.", field="username", name=name)
        return person


class End(PersonForm):
    """The end of an assignment."""

    form_class = EndForm
    title = gettext_lazy("End a role")
    verb = gettext_lazy("End the role")

    @cached_property
    def assignment(self) -> Assignment:
        """The assignment of the address, at a site that the reader administers."""
        rows = Assignment.objects.select_related("role", "site")
        return get_object_or_404(rows, pk=self.kwargs["number"], person=self.person, site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return which role ends."""
        return {**super().context(), "said": f"{self.assignment.role} · {self.assignment.site}"}

    def initial(self) -> dict[str, Any]:
        """Return today as the last day."""
        return {"until_date": day_at(self.assignment.site)}

    def perform(self, form: EndForm) -> str:
        """End it."""
        data = form.cleaned_data
        roles.end_assignment(
            by=self.request.user, assignment=self.assignment, until_date=data["until_date"], reason=data["reason"]
        )
        return self.done()


class Qualify(PersonForm):
    """Training for a procedure."""

    form_class = QualifyForm
    title = gettext_lazy("Grant a qualification")
    verb = gettext_lazy("Grant")
    said = gettext_lazy("Without it, or after its last day, steps of the procedure cannot be performed.")

    def initial(self) -> dict[str, Any]:
        """Return from today."""
        return {"from_date": day_at(self.request.site)}

    def perform(self, form: QualifyForm) -> str:
        """Grant it."""
        roles.grant_qualification(by=self.request.user, person=self.person, **form.cleaned_data)
        return self.done()


class IssueToken(PersonForm):
    """A token for a machine, shown on the answer to this form and nowhere else, ever.

    The form is a sheet that is used once: a browser that goes back and sends it again gets a refusal, not a second
    token and not the first one.
    """

    form_class = TokenForm
    template_name = "accounts/token_issue.html"
    title = gettext_lazy("Issue a token")
    verb = gettext_lazy("Issue the token")

    def form_options(self) -> dict[str, Any]:
        """Return the sites that the reader administers, and what the machine's roles permit there and no more."""
        held = Assignment.objects.filter(person=self.person, site__in=self.sites).select_related("role")
        given = {code for row in held for code in row.role.permissions}
        scopes = [(row.code, _(row.sentence)) for row in PERMISSIONS if row.code in given and not row.people_only]
        return {"sites": self.sites, "scopes": scopes}

    def initial(self) -> dict[str, Any]:
        """Return the sheet that may be used."""
        return {"sheet": self.request.session.get(_SHEET, "")}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an empty form on a new sheet."""
        request.session[_SHEET] = secrets.token_hex(8)
        return super().get(request, *args, **kwargs)

    def perform(self, form: TokenForm) -> HttpResponse:
        """Issue the token and show it.

        :raises Refusal: ``answer_shown_once``.
        """
        data, session = form.cleaned_data, self.request.session
        if not secrets.compare_digest(data["sheet"].encode(), session.get(_SHEET, "").encode()):
            raise Refusal(
                "answer_shown_once",
                "This form was used: what it made was shown once and is kept nowhere. Open it anew.",
                kind=Kind.CONFLICT,
            )
        site = site_named(data["site"])
        plain = issue_token(
            by=self.request.user,
            person=self.person,
            site=site,
            scopes=frozenset(data["scopes"]),
            expires_at=form.expiry(site),
        )
        del session[_SHEET]
        return self.show(plain=plain, token=token_of(plain))


class RevokeToken(PersonForm):
    """The end of a token."""

    form_class = ReasonForm
    title = gettext_lazy("Revoke a token")
    verb = gettext_lazy("Revoke the token")
    grave = True

    @cached_property
    def token(self) -> ServiceToken:
        """The token of the address, of a site that the reader administers."""
        rows = ServiceToken.objects.select_related("site")
        return get_object_or_404(rows, prefix=self.kwargs["prefix"], person=self.person, site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return which token ends."""
        return {**super().context(), "said": f"gk_{self.token.prefix}_… · {self.token.site}"}

    def perform(self, form: ReasonForm) -> str:
        """Revoke it."""
        revoke_token(by=self.request.user, prefix=self.token.prefix, reason=form.cleaned_data["reason"])
        return self.done()


class RoleList(Page):
    """What each role permits."""

    permission = "accounts.view"
    template_name = "accounts/role_list.html"

    def context(self) -> dict[str, Any]:
        """Return the roles, and for each permission who has it."""
        found = list(Role.objects.order_by("name"))
        rows = [{"permission": row, "cells": [row.code in role.permissions for role in found]} for row in PERMISSIONS]
        return {"roles": found, "rows": rows}


class SiteList(Page):
    """Every site, and whether somebody administers it."""

    permission = "accounts.view"
    template_name = "accounts/site_list.html"

    def context(self) -> dict[str, Any]:
        """Return the sites."""
        return {"places": [(site, has_administrator(site)) for site in Site.objects.all()]}


class AddSite(ActionView):
    """A new place of manufacture or testing."""

    permission = MANAGE
    template_name = "accounts/person_form.html"
    form_class = AddSiteForm

    def context(self) -> dict[str, Any]:
        """Return what the form does."""
        return {
            "title": _("Add a site"),
            "verb": _("Add the site"),
            "said": _("Until it has an administrator of its own, one of another site assigns the first."),
        }

    def perform(self, form: AddSiteForm) -> str:
        """Add the site."""
        add_site(by=self.request.user, **form.cleaned_data)
        return "accounts:site_list"
