"""Reads about people: who may do what where, today, and what an action needs to know before it writes."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import System, token_limits
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.accounts.models import AccessEvent, Assignment, Person, Qualification, ServiceToken, Site
from gatekeeper.accounts.rules import authority
from gatekeeper.accounts.statements import planned, planned_first
from gatekeeper.core.refusal import Kind, Refusal

SHIPPED_ROLES = Path(__file__).parent / "data" / "roles.toml"
_FAILED = (AccessEvent.Kind.LOG_IN_FAILED, AccessEvent.Kind.SIGNING_FAILED)
_SUCCEEDED = (AccessEvent.Kind.LOGGED_IN, AccessEvent.Kind.UNLOCKED, AccessEvent.Kind.PROVED)


def day_at(site: Site | None, at: datetime | None = None) -> date:
    """Return the calendar day at a site (UTC without one) at a time, now when none is given."""
    return (at or clock.now()).astimezone(ZoneInfo(site.timezone if site else "UTC")).date()


def authority_of(person: Person) -> dict[Site, frozenset[str]]:
    """Return where the person holds a role today and what it permits there, narrowed by the service token in use."""
    return authority_from(person, _assignments_of(person), at=clock.now())


def authority_from(person: Person, assignments: Iterable[Assignment], *, at: datetime) -> dict[Site, frozenset[str]]:
    """Return what ``authority_of`` says at a time, from the person's assignments."""
    limits, by_site = _limits_of(person), defaultdict(list)
    if person.is_active:
        for row in assignments:
            by_site[row.site].append(_held(row))
    found = {}
    for site, held in by_site.items():
        day = day_at(site, at)
        if any(row.in_force(day) for row in held) and (limits is None or limits.site_id == site.pk):
            given = authority.permissions_on(held, site=site.code, day=day)
            found[site] = given & limits.scopes if limits else given
    return found


def permissions_of(person: Person, site: Site) -> frozenset[str]:
    """Return what the person may do at the site today, narrowed by the service token in use, if any."""
    return authority_of(person).get(site, frozenset())


def sites_of(person: Person, permission: str | None = None) -> QuerySet[Site]:
    """Return the sites where the person holds a role today; with a permission, those where it is given."""
    held = authority_of(person)
    return Site.objects.filter(
        pk__in=[site.pk for site, given in held.items() if permission is None or permission in given]
    )


def check_authority(person: Person, permission: str, site: Site) -> None:
    """Pass when the person may do this at the site today.

    :raises Refusal: ``not_authorised``.
    """
    authority.check_may(permissions_of(person, site), permission, name=person.full_name, place=site.name)


def check_authority_anywhere(person: Person | System, permission: str) -> None:
    """Pass when the person may do this at some site today; for what belongs to no site. The system itself passes.

    :raises Refusal: ``not_authorised``.
    """
    if isinstance(person, System):
        return
    held = frozenset({permission}) if sites_of(person, permission).exists() else frozenset()
    authority.check_may(held, permission, name=person.full_name, place="any site")


def check_authority_over(by: Person, permission: str, person: Person, *, everywhere: bool = False) -> None:
    """Pass when ``by`` may do this at a site where the person holds, held or will hold a role.

    Who belongs to no site yet is anybody's, and so is a site while nobody administers it. ``everywhere``: at each
    site where the person holds or will hold a role.

    :raises Refusal: ``not_authorised``.
    """
    check_authority_anywhere(by, permission)
    last_days: dict[Site, list[date | None]] = defaultdict(list)
    for row in Assignment.objects.filter(person=person).select_related("site").order_by("site__code"):
        last_days[row.site].append(row.until_date)
    mine = set(sites_of(by, permission))
    others = [site for site in last_days if site not in mine and has_administrator(site)]
    ahead = [site for site in others if any(day is None or day >= day_at(site) for day in last_days[site])]
    beyond = others if len(others) == len(last_days) else ahead if everywhere else []
    for site in beyond:
        authority.check_may(frozenset(), permission, name=by.full_name, place=site.name)


def check_qualified(person: Person, procedure: str, *, site: Site | None = None) -> None:
    """Pass when the person's training for the procedure is in force today (the site's day, else the day in UTC).

    :raises Refusal: ``qualification_missing``, ``qualification_expired``.
    """
    training = Qualification.objects.filter(person=person, procedure=procedure)
    authority.check_qualified_on(
        [authority.Qualified(row.procedure, row.from_date, row.expiry_date) for row in training],
        procedure,
        day=day_at(site),
        name=person.full_name,
    )


def person_named(username: str) -> Person:
    """Return the person or machine of this name, without regard to case.

    :raises Refusal: ``person_unknown``.
    """
    try:
        return Person.objects.get_by_natural_key(username)
    except Person.DoesNotExist:
        raise Refusal("person_unknown", "Nobody has the name “{name}”.", kind=Kind.MISSING, name=username) from None


def people_at(sites: Sequence[Site], *, unassigned: bool = False) -> QuerySet[Person]:
    """Return who holds, held or will hold a role at these sites, with their roles there and qualifications at hand.

    ``unassigned`` adds those who were enrolled and never held a role anywhere.
    """
    roles = Assignment.objects.filter(site__in=sites).select_related("role", "site", "granted_by")
    training = Qualification.objects.select_related("granted_by")
    found = Q(pk__in=roles.values("person"))
    if unassigned:
        found |= ~Exists(Assignment.objects.filter(person=OuterRef("pk")))
    return (
        Person.objects.filter(found)
        .select_related("identity_checked_by")
        .prefetch_related(Prefetch("assignments", roles, to_attr="roles_here"), Prefetch("qualifications", training))
    )


def version_of(person: Person) -> tuple[int | None, ...]:
    """Return what changes whenever the person, a role, a qualification or a token of theirs does."""
    newest = Max("history_id")
    return (
        person.pk,
        Person.history.filter(id=person.pk).aggregate(newest=newest)["newest"],
        *(
            model.history.filter(person_id=person.pk).aggregate(newest=newest)["newest"]
            for model in (Assignment, Qualification, ServiceToken)
        ),
    )


def site_named(code: str) -> Site:
    """Return the site of this code.

    :raises Refusal: ``site_unknown``.
    """
    site = Site.objects.filter(code=code).first()
    if site is None:
        raise Refusal("site_unknown", "There is no site “{code}”.", kind=Kind.MISSING, field="site", code=code)
    return site


def has_administrator(site: Site) -> bool:
    """Return whether anybody who is active administers the site today."""
    day = day_at(site)
    return (
        Assignment.objects.filter(site=site, person__is_active=True, role__permissions__contains=["accounts.manage"])
        .filter(Q(until_date__isnull=True) | Q(until_date__gte=day), from_date__lte=day)
        .exists()
    )


def permissions_anywhere(person: Person) -> frozenset[str]:
    """Return every permission that the person holds or will hold at some site: duties are separated across sites."""
    rows = Assignment.objects.filter(person=person).select_related("role", "site")
    ahead = (row for row in rows if row.until_date is None or row.until_date >= day_at(row.site))
    return frozenset().union(*(row.role.permissions for row in ahead))


def token_of(plain: str) -> ServiceToken | None:
    """Return the token whose public part this is, None when there is none; whether it is good is judged elsewhere."""
    prefix = _prefix_in(plain)
    return ServiceToken.objects.select_related("person", "site").filter(prefix=prefix).first() if prefix else None


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """A token with its person's assignments, as of one version of their rows."""

    token: ServiceToken
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class PersonAuthority:
    """A person with their assignments, as of one version of their rows."""

    person: Person
    assignments: tuple[Assignment, ...]

    def check(self, permission: str, site: Site, *, at: datetime) -> None:
        """Pass when the person may do this at the site at a time, as ``check_authority`` says of now.

        :raises Refusal: ``not_authorised``.
        """
        rows = (row for row in self.assignments if row.site_id == site.pk)
        permissions = authority_from(self.person, rows, at=at).get(site, frozenset())
        authority.check_may(permissions, permission, name=self.person.full_name, place=site.name)


# The versions of the rows by which a person p holds roles.
_ASSIGNED = """(
      SELECT string_agg(concat_ws('.', a.id, a.xmin, r.xmin, at.xmin), ' ' ORDER BY a.id)
      FROM accounts_assignment a JOIN accounts_role r ON r.id = a.role_id JOIN accounts_site at ON at.id = a.site_id
      WHERE a.person_id = p.id)"""
# Every row that decides what a machine may do, by its version: PostgreSQL gives a row another xmin at each change.
_TOKEN_VERSION = f"""SELECT clock_timestamp(), concat_ws(' ', t.id, t.xmin, p.xmin, s.xmin, {_ASSIGNED})
    FROM accounts_servicetoken t JOIN accounts_person p ON p.id = t.person_id JOIN accounts_site s ON s.id = t.site_id
    WHERE t.prefix = %(prefix)s::text"""  # noqa: S608 -- of constants
_PERSON_VERSION = f"""SELECT clock_timestamp(), (SELECT concat_ws(' ', p.id, p.xmin, {_ASSIGNED})
    FROM accounts_person p WHERE upper(p.username) = upper(%(name)s::text))"""  # noqa: S608 -- of constants
_token_statuses = VersionedCache[str, TokenStatus](most=1_000)
_authorities = VersionedCache[str, PersonAuthority](most=1_000)


def token_status(plain: str) -> tuple[TokenStatus, datetime] | None:
    """Return the token whose public part this is with the assignments, and the database's clock; None without one.

    The rows are read again only when one of them has changed. The result is shared: nobody changes it.
    """
    prefix = _prefix_in(plain)
    rows = planned_first(_TOKEN_VERSION, {"prefix": prefix}) if prefix else []
    if not rows:
        return None
    ((at, version),) = rows
    status = _token_statuses.get(prefix, version)
    if status is None:
        token = token_of(plain)
        if token is None:
            return None
        status = TokenStatus(token, tuple(_assignments_of(token.person)))
        _token_statuses.put(prefix, status, version)
    return status, at


def person_authority(username: str) -> tuple[PersonAuthority, datetime]:
    """Return the person whom ``person_named`` finds with the assignments, and the database's clock.

    The rows are read again only when one of them has changed. The result is shared: nobody changes it.

    :raises Refusal: ``person_unknown``.
    """

    def read() -> PersonAuthority:
        person = person_named(username)
        return PersonAuthority(person, tuple(_assignments_of(person)))

    ((at, version),) = planned(_PERSON_VERSION, {"name": username})
    return _authorities.get_or_make(username, version, read), at


def _assignments_of(person: Person) -> QuerySet[Assignment]:
    return Assignment.objects.filter(person=person).select_related("role", "site").order_by("site__code")


def _prefix_in(plain: str) -> str:
    kind, _, rest = plain.partition("_")
    return rest.partition("_")[0] if kind == "gk" else ""


def failures_of(username: str) -> int:
    """Return how often this name failed at log-in or signing since it last succeeded, within the cool-off time."""
    since = clock.now() - timedelta(hours=settings.LOCKOUT_HOURS)
    recent = AccessEvent.objects.filter(username=username.casefold(), at__gt=since)
    # Ordered by key: the database's clock can give two events of one attempt the same microsecond.
    success = recent.filter(kind__in=_SUCCEEDED).order_by("-pk").values_list("pk", flat=True).first()
    return recent.filter(kind__in=_FAILED, pk__gt=success or 0).count()


def is_locked_out(username: str) -> bool:
    """Return whether the name has failed as often as is allowed, so that even the right password is refused."""
    return failures_of(username) >= settings.LOCKOUT_FAILURES


def roles_shipped() -> dict[str, dict[str, Any]]:
    """Return the roles that come with the system: code to ``{name, permissions}``."""
    return tomllib.loads(SHIPPED_ROLES.read_text(encoding="utf-8"))


def _held(row: Assignment) -> authority.Held:
    return authority.Held(row.role.code, row.site.code, frozenset(row.role.permissions), row.from_date, row.until_date)


def _limits_of(person: Person) -> authority.Limits | None:
    limits = token_limits.get()
    return limits if limits and limits.person_id == person.pk else None
