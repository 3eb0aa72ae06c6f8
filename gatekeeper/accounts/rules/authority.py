"""Who may do what on a day, as pure functions: assignments, qualifications, separation of duties."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from gatekeeper.accounts.rules.permissions import ADMINISTRATION, CODES, PEOPLE_ONLY
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Held:
    """A role held at a site, from a day until a day (inclusive; None is open)."""

    role: str
    site: str
    permissions: frozenset[str]
    from_date: date
    until_date: date | None = None

    def in_force(self, day: date) -> bool:
        """Return whether the assignment counts on this day."""
        return self.from_date <= day and (self.until_date is None or day <= self.until_date)


@dataclass(frozen=True, slots=True)
class Qualified:
    """Training for a procedure, from a day to its expiry (inclusive)."""

    procedure: str
    from_date: date
    expiry_date: date


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service token narrows its machine's authority to: one site and a set of permissions."""

    person_id: int
    site_id: int
    scopes: frozenset[str]


def permissions_on(held: Iterable[Held], *, site: str, day: date) -> frozenset[str]:
    """Return the permissions that the assignments give at a site on a day; unknown codes give nothing."""
    given = (row.permissions for row in held if row.site == site and row.in_force(day))
    return frozenset().union(*given) & CODES


def check_may(held: frozenset[str], permission: str, *, name: str, place: str) -> None:
    """Pass when the permission is among those held at the place. 21 CFR 11.10(g).

    :raises Refusal: ``not_authorised``.
    """
    if permission not in held:
        raise Refusal(
            "not_authorised",
            "{name} is not authorised at {place} for this: {permission}.",
            kind=Kind.FORBIDDEN,
            name=name,
            place=place,
            permission=permission,
        )


def check_qualified_on(training: Iterable[Qualified], procedure: str, *, day: date, name: str) -> None:
    """Pass when a qualification for the procedure is in force on the day. 21 CFR 11.10(i).

    :raises Refusal: ``qualification_missing``, ``qualification_expired``.
    """
    begun = [row for row in training if row.procedure == procedure and row.from_date <= day]
    if not begun:
        raise Refusal(
            "qualification_missing",
            "{name} is not qualified for {procedure}.",
            kind=Kind.FORBIDDEN,
            name=name,
            procedure=procedure,
        )
    last = max(row.expiry_date for row in begun)
    if last < day:
        raise Refusal(
            "qualification_expired",
            "The qualification of {name} for {procedure} expired on {expiry}.",
            kind=Kind.FORBIDDEN,
            name=name,
            procedure=procedure,
            expiry=last.isoformat(),
        )


def check_different_people(
    first: str, second: str, *, code: str = "same_person", sentence: str = "", field: str | None = None
) -> None:
    """Pass when two user names, compared without case, are two people: nobody checks their own work.

    ``sentence`` may use ``{name}``; without one a general sentence is used.

    :raises Refusal: the code given, ``same_person`` when none is.
    """
    if first.casefold() == second.casefold():
        raise Refusal(
            code,
            sentence or "Two people are needed: {name} cannot do both.",
            kind=Kind.FORBIDDEN,
            field=field,
            name=second,
        )


def check_duties_separated(permissions: frozenset[str], *, name: str, field: str | None = None) -> None:
    """Pass when administration and signed work on records are not in one hand (PIC/S PI 041-1; domain.md 7.5).

    :raises Refusal: ``duties_not_separated``.
    """
    if permissions & ADMINISTRATION and permissions & (PEOPLE_ONLY - ADMINISTRATION):
        raise Refusal(
            "duties_not_separated",
            "{name} would administer the system and sign records: these duties need two people.",
            kind=Kind.CONFLICT,
            field=field,
            name=name,
        )


def check_machine_may(permissions: frozenset[str], *, field: str) -> None:
    """Pass when a machine may hold all of these permissions: it records, it never signs, releases or approves.

    :raises Refusal: ``machine_cannot_hold``.
    """
    for code in sorted(permissions & PEOPLE_ONLY):
        raise Refusal("machine_cannot_hold", "Only a person can hold {permission}.", field=field, permission=code)
