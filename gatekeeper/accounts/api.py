"""People, roles, tokens and sites over REST: who administers does so as a person, never as a machine."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.accounts.actions import people, roles
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.actions.tokens import issue_token, revoke_token
from gatekeeper.accounts.models import Assignment, Person, Role, ServiceToken, Site
from gatekeeper.accounts.queries import people_at, person_named, site_named, token_of, version_of
from gatekeeper.accounts.requests import permits
from gatekeeper.accounts.serializers import (
    AssignmentGiven,
    AssignmentOutput,
    EndGiven,
    LostPasswordGiven,
    PersonGiven,
    PersonOutput,
    QualificationGiven,
    QualificationOutput,
    ReasonGiven,
    RoleOutput,
    SiteGiven,
    SiteOutput,
    TokenGiven,
    TokenIssued,
    TokenOutput,
)
from gatekeeper.api import ApiView, check_match, etag_of
from gatekeeper.pagination import changed_since, updated_since

_READ_AND_MANAGE = {"GET": "accounts.view", "POST": "accounts.manage"}
_MANAGE = "accounts.manage"


class Sites(ApiView):
    """Every site."""

    permissions = _READ_AND_MANAGE

    @extend_schema(responses=SiteOutput(many=True))
    def get(self, request: Request) -> Response:
        """List sites."""
        return self.listed(Site.objects.all(), SiteOutput)

    @extend_schema(request=SiteGiven, responses={201: SiteOutput})
    def post(self, request: Request) -> Response:
        """Add a site."""
        site = add_site(by=request.user, **self.parsed(SiteGiven).validated_data)
        return Response(SiteOutput(site).data, status=201)


class Roles(ApiView):
    """Every role."""

    permission = "accounts.view"

    @extend_schema(responses=RoleOutput(many=True))
    def get(self, request: Request) -> Response:
        """List roles with what each permits."""
        return self.listed(Role.objects.all(), RoleOutput)


class PeopleView(ApiView):
    """People of the caller's sites; who manages also reaches those who never held a role anywhere."""

    def people(self) -> Any:
        """Return the people whom the caller reaches with this method."""
        return people_at(self.sites, unassigned=permits(self.request, _MANAGE))

    def person(self, username: str) -> Person:
        """Return the person if the caller reaches them.

        :raises Http404: when not, whether or not there is one.
        """
        return get_object_or_404(self.people(), username__iexact=username)

    def shown(self, username: str, *, status: int = 200) -> Response:
        """Return the person as they are now, with their ETag."""
        person = self.person(username)
        return Response(PersonOutput(person).data, status=status, headers={"ETag": etag_of(*version_of(person))})

    def matched(self, username: str) -> Person:
        """Return the person if they are still as the caller read them.

        :raises MatchMissing: without If-Match.
        :raises MatchStale: when anything about them changed.
        """
        person = self.person(username)
        check_match(self.request, etag_of(*version_of(person)))
        return person


class People(PeopleView):
    """The people of the caller's sites."""

    permissions = _READ_AND_MANAGE
    signs = True
    secret_fields = ("password", "initial_password")

    @extend_schema(
        responses=PersonOutput(many=True),
        parameters=[OpenApiParameter(name, str) for name in ("site", "role", "kind", "active", "updated_since")],
    )
    def get(self, request: Request) -> Response:
        """List people, newest first."""
        found, asked = changed_since(self.people(), updated_since(request)), request.query_params
        held = Assignment.objects.filter(site__in=self.sites)
        for name in ("site", "role"):
            if name in asked:
                found = found.filter(pk__in=held.filter(**{f"{name}__code": asked[name]}).values("person"))
        if "kind" in asked:
            found = found.filter(kind=asked["kind"])
        if "active" in asked:
            found = found.filter(is_active=asked["active"] == "true")
        return self.listed(found, PersonOutput)

    @extend_schema(request=PersonGiven, responses={201: PersonOutput})
    def post(self, request: Request) -> Response:
        """Enrol a person or machine; another person, who checked the identity, gives both their components."""
        given: Any = self.parsed(PersonGiven)
        person = people.enrol_attested(by=request.user, command=given.command(), checker=given.checker(request))
        return self.shown(person.username, status=201)


class OnePerson(PeopleView):
    """One person or machine."""

    permission = "accounts.view"

    @extend_schema(responses=PersonOutput)
    def get(self, request: Request, username: str) -> Response:
        """Show the person; the ETag is what a change of theirs must match."""
        return self.shown(username)


class Assignments(PeopleView):
    """The roles of a person at the caller's sites."""

    permissions = _READ_AND_MANAGE

    @extend_schema(responses=AssignmentOutput(many=True))
    def get(self, request: Request, username: str) -> Response:
        """List what the person holds, held or will hold."""
        rows = Assignment.objects.filter(person=self.person(username), site__in=self.sites)
        return self.listed(rows.select_related("role", "site", "granted_by"), AssignmentOutput)

    @extend_schema(request=AssignmentGiven, responses={201: AssignmentOutput})
    def post(self, request: Request, username: str) -> Response:
        """Assign a role at a site that the caller administers, also to somebody of another site."""
        data = dict(self.parsed(AssignmentGiven).validated_data)
        site = site_named(data.pop("site"))
        assignment = roles.assign_role(by=request.user, person=person_named(username), site=site, **data)
        return Response(AssignmentOutput(assignment).data, status=201)


class EndAssignment(PeopleView):
    """The end of an assignment."""

    permission = _MANAGE

    @extend_schema(request=EndGiven, responses={201: AssignmentOutput})
    def post(self, request: Request, username: str, number: int) -> Response:
        """End the assignment after a day."""
        data = self.parsed(EndGiven).validated_data
        held = Assignment.objects.filter(person=self.matched(username), site__in=self.sites)
        ended = roles.end_assignment(by=request.user, assignment=get_object_or_404(held, pk=number), **data)
        return Response(AssignmentOutput(ended).data, status=201)


class Qualifications(PeopleView):
    """The training of a person."""

    permissions = _READ_AND_MANAGE

    @extend_schema(responses=QualificationOutput(many=True))
    def get(self, request: Request, username: str) -> Response:
        """List what the person is or was qualified for."""
        return self.listed(self.person(username).qualifications.select_related("granted_by"), QualificationOutput)

    @extend_schema(request=QualificationGiven, responses={201: QualificationOutput})
    def post(self, request: Request, username: str) -> Response:
        """Record training until it expires."""
        data = self.parsed(QualificationGiven).validated_data
        granted = roles.grant_qualification(by=request.user, person=self.person(username), **data)
        return Response(QualificationOutput(granted).data, status=201)


class Disable(PeopleView):
    """The end of an account."""

    permission = _MANAGE

    @extend_schema(request=ReasonGiven, responses={201: PersonOutput})
    def post(self, request: Request, username: str) -> Response:
        """Disable the person: sessions end, tokens stop, the name stays taken."""
        data = self.parsed(ReasonGiven).validated_data
        people.disable_person(by=request.user, person=self.matched(username), **data)
        return self.shown(username, status=201)


class LostPassword(PeopleView):
    """An initial password in place of a lost one."""

    permission = _MANAGE
    signs = True
    secret_fields = ("password", "initial_password")

    @extend_schema(request=LostPasswordGiven, responses={201: PersonOutput})
    def post(self, request: Request, username: str) -> Response:
        """Replace the password; another person, who checked the identity, gives both their components."""
        given: Any = self.parsed(LostPasswordGiven)
        data = given.validated_data
        people.replace_lost_attested(
            by=request.user,
            person=self.matched(username),
            initial_password=data["initial_password"],
            reason=data["reason"],
            checker=given.checker(request),
        )
        return self.shown(username, status=201)


class Tokens(PeopleView):
    """The tokens of a machine at the caller's sites, by their public part."""

    permissions = _READ_AND_MANAGE
    shown_once = True

    @extend_schema(responses=TokenOutput(many=True))
    def get(self, request: Request, username: str) -> Response:
        """List tokens, never their secret."""
        rows = ServiceToken.objects.filter(person=self.person(username), site__in=self.sites)
        return self.listed(rows.select_related("site", "issued_by", "revoked_by"), TokenOutput)

    @extend_schema(request=TokenGiven, responses={201: TokenIssued})
    def post(self, request: Request, username: str) -> Response:
        """Issue a token and answer its text, once: a repeat with the same key is refused (`answer_shown_once`)."""
        data = self.parsed(TokenGiven).validated_data
        plain = issue_token(
            by=request.user,
            person=self.person(username),
            site=site_named(data["site"]),
            scopes=frozenset(data["scopes"]),
            expires_at=data["expires_at"],
        )
        return Response({**TokenOutput(token_of(plain)).data, "token": plain}, status=201)


class RevokeToken(PeopleView):
    """The end of a token."""

    permission = _MANAGE

    @extend_schema(request=ReasonGiven, responses={201: TokenOutput})
    def post(self, request: Request, username: str, prefix: str) -> Response:
        """Revoke the token from now on."""
        data = self.parsed(ReasonGiven).validated_data
        held = ServiceToken.objects.filter(person=self.matched(username), site__in=self.sites, prefix=prefix)
        if not held.exists():
            raise Http404
        return Response(TokenOutput(revoke_token(by=request.user, prefix=prefix, **data)).data, status=201)
