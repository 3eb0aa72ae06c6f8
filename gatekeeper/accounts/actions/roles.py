"""Roles are imported as data, assigned by site and day, and ended; training is granted until it expires."""

from datetime import date
from typing import Any

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import System, action
from gatekeeper.accounts.models import Assignment, Person, Qualification, Role, Site
from gatekeeper.accounts.queries import (
    check_authority,
    check_authority_anywhere,
    check_authority_over,
    has_administrator,
    permissions_anywhere,
    roles_shipped,
)
from gatekeeper.accounts.rules.authority import check_different_people, check_duties_separated, check_machine_may
from gatekeeper.accounts.rules.permissions import check_known
from gatekeeper.core.refusal import Kind, Refusal


@action
def import_roles(*, by: Person | System, roles: dict[str, dict[str, Any]] | None = None) -> list[Role]:
    """Import roles (code to ``{name, permissions}``), by default the shipped ones; a known code is changed.

    :raises Refusal: ``not_authorised``, ``permission_unknown``, ``duties_not_separated``.
    """
    check_authority_anywhere(by, "accounts.manage")
    imported = []
    for code, row in (roles_shipped() if roles is None else roles).items():
        permissions = frozenset(row["permissions"])
        check_known(permissions)
        check_duties_separated(permissions, name=row["name"])
        role = Role.objects.filter(code=code).first() or Role(code=code)
        if role.pk is None or role.name != row["name"] or frozenset(role.permissions) != permissions:
            role.name, role.permissions = row["name"], sorted(permissions)
            role.save()
        imported.append(role)
    return imported


@action
def assign_role(
    *, by: Person, person: Person, role: Role | str, site: Site, from_date: date, until_date: date | None = None
) -> Assignment:
    """Give a person a role at a site from a day, until a day or open.

    ``by`` administers the site; while nobody does, an administrator of another site may name the first one.

    :raises Refusal: ``not_authorised``, ``cannot_assign_oneself``, ``role_unknown``, ``person_disabled``,
        ``dates_out_of_order``, ``duties_not_separated``, ``machine_cannot_hold``, ``role_already_assigned``.
    """
    if has_administrator(site):
        check_authority(by, "accounts.manage", site)
    else:
        check_authority_anywhere(by, "accounts.manage")
    check_different_people(
        by.username,
        person.username,
        code="cannot_assign_oneself",
        sentence="{name} cannot give themself a role.",
        field="role",
    )
    return insert_assignment(by=by, person=person, role=_role(role), site=site, dates=(from_date, until_date))


def insert_assignment(
    *, by: Person, person: Person, role: Role, site: Site, dates: tuple[date, date | None]
) -> Assignment:
    """Write an assignment that somebody with authority decided: the part that founding shares.

    :raises Refusal: ``person_disabled``, ``dates_out_of_order``, ``duties_not_separated``, ``machine_cannot_hold``,
        ``role_already_assigned``.
    """
    from_date, until_date = dates
    locked = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if not locked.is_active:
        raise Refusal(
            "person_disabled", "The account of {name} is disabled.", kind=Kind.CONFLICT, name=locked.full_name
        )
    _check_dates(from_date, until_date, field="until_date")
    permissions = frozenset(role.permissions)
    if locked.kind == Person.Kind.MACHINE:
        check_machine_may(permissions, field="role")
    check_duties_separated(permissions_anywhere(locked) | permissions, name=locked.full_name, field="role")
    if Assignment.objects.filter(person=locked, role=role, site=site, from_date=from_date).exists():
        raise Refusal(
            "role_already_assigned",
            "{name} is {role} at {site} from that day already.",
            field="role",
            kind=Kind.CONFLICT,
            name=locked.full_name,
            role=role.name,
            site=site.name,
        )
    return Assignment.objects.create(
        person=locked,
        role=role,
        site=site,
        from_date=from_date,
        until_date=until_date,
        granted_by=by,
        granted_at=clock.now(),
    )


@action
def end_assignment(*, by: Person, assignment: Assignment, until_date: date, reason: str) -> Assignment:
    """End an assignment after a day, the last on which it counts; one that ends already is never made longer here.

    :raises Refusal: ``not_authorised``, ``cannot_end_own_role``, ``reason_missing``, ``dates_out_of_order``,
        ``assignment_ends_before``.
    """
    check_authority(by, "accounts.manage", assignment.site)
    check_different_people(
        by.username,
        assignment.person.username,
        code="cannot_end_own_role",
        sentence="{name} cannot end their own role: somebody else administers them.",
    )
    if not reason.strip():
        raise Refusal("reason_missing", "Say why.", field="reason")
    changed = Assignment.objects.select_for_update().get(pk=assignment.pk)
    _check_dates(changed.from_date, until_date, field="until_date")
    if changed.until_date is not None and until_date > changed.until_date:
        # More time is a new assignment, with everything that is asked of one.
        raise Refusal(
            "assignment_ends_before",
            "It ends on {day} already: more time takes a new assignment.",
            field="until_date",
            kind=Kind.CONFLICT,
            day=changed.until_date.isoformat(),
        )
    changed.until_date = until_date
    changed.save()
    return changed


@action
def grant_qualification(
    *, by: Person, person: Person, procedure: str, from_date: date, expiry_date: date
) -> Qualification:
    """Record a person's training for a procedure until it expires. 21 CFR 11.10(i).

    :raises Refusal: ``not_authorised``, ``cannot_qualify_oneself``, ``procedure_missing``, ``dates_out_of_order``,
        ``qualification_exists``.
    """
    check_authority_over(by, "accounts.manage", person)
    check_different_people(
        by.username,
        person.username,
        code="cannot_qualify_oneself",
        sentence="{name} cannot qualify themself.",
        field="procedure",
    )
    procedure = procedure.strip()
    if not procedure:
        raise Refusal("procedure_missing", "Name the procedure.", field="procedure")
    _check_dates(from_date, expiry_date, field="expiry_date")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # of two at once the second finds the first
    if Qualification.objects.filter(person=person, procedure=procedure, from_date=from_date).exists():
        raise Refusal(
            "qualification_exists",
            "{name} is qualified for {procedure} from that day already.",
            field="procedure",
            kind=Kind.CONFLICT,
            name=person.full_name,
            procedure=procedure,
        )
    return Qualification.objects.create(
        person=person,
        procedure=procedure,
        from_date=from_date,
        expiry_date=expiry_date,
        granted_by=by,
        granted_at=clock.now(),
    )


def _role(role: Role | str) -> Role:
    if isinstance(role, Role):
        return role
    found = Role.objects.filter(code=role).first()
    if found is None:
        raise Refusal("role_unknown", "There is no role “{code}”.", field="role", kind=Kind.MISSING, code=role)
    return found


def _check_dates(first: date, last: date | None, *, field: str) -> None:
    if last is not None and last < first:
        raise Refusal(
            "dates_out_of_order",
            "{last} is before {first}.",
            field=field,
            first=first.isoformat(),
            last=last.isoformat(),
        )
