"""Proof of who acts: log-in, unlock and the two components at each signing. 21 CFR 11.200, 11.300.

An attempt is judged and recorded in a transaction of its own, before the action that it opens: a refused signing
leaves its trace although nothing else of the request does.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import connection

from gatekeeper.accounts.actions.access import record_access
from gatekeeper.accounts.actor import SYSTEM, System, action
from gatekeeper.accounts.models import AccessEvent, Person
from gatekeeper.accounts.queries import is_locked_out
from gatekeeper.core.refusal import Kind, Refusal

Event = AccessEvent.Kind


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person typed: both components, and the address it came from."""

    username: str
    password: str = field(repr=False)
    ip_address: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a person proved their identity with both components, and when (the event that recorded it)."""

    person_id: int
    username: str
    at: datetime
    event_id: int


def prove(*, by: Person, credentials: Credentials) -> Proof:
    """Re-authenticate the person who is about to sign, with both components, and return the proof.

    :raises Refusal: ``machine_cannot_sign``, ``person_disabled``, ``identity_not_checked``, ``password_not_changed``,
        ``accountability_not_accepted``; ``wrong_name``, ``wrong_password`` (recorded); ``locked_out`` after as many
        failures as ``LOCKOUT_FAILURES`` says, log-ins and signings counted together.
    """
    check_may_sign(by)
    event = reauthenticate(by=by, credentials=credentials)
    return Proof(by.pk, by.username, event.at, event.pk)


def check_may_sign(person: Person) -> None:
    """Pass when the person can sign at all: a human, active, identified, with a password and policy of their own.

    :raises Refusal: ``machine_cannot_sign``, ``person_disabled``, ``identity_not_checked``, ``password_not_changed``,
        ``accountability_not_accepted``.
    """
    checks = (
        (person.kind == Person.Kind.HUMAN, "machine_cannot_sign", "A machine records; it never signs."),
        (person.is_active, "person_disabled", "The account of {name} is disabled."),
        (person.identity_checked_at, "identity_not_checked", "The identity of {name} has not been checked."),
        (person.password_changed_at, "password_not_changed", "{name} must choose a password of their own first."),
        (
            person.accountability_accepted_at,
            "accountability_not_accepted",
            "{name} has not accepted yet that an electronic signature binds like a handwritten one.",
        ),
    )
    for passed, code, sentence in checks:
        if not passed:
            raise Refusal(code, sentence, kind=Kind.FORBIDDEN, name=person.full_name)


def reauthenticate(*, by: Person, credentials: Credentials) -> AccessEvent:
    """Check both components of the person who acts and return the recorded event.

    :raises Refusal: ``wrong_name``, ``wrong_password``, ``locked_out``.
    """
    return _recorded(_attempt(by=by, username=by.username, credentials=credentials, success=Event.PROVED))


def signer_of(credentials: Credentials) -> Person:
    """Return the person whose name was typed, for a second person who signs on another one's screen.

    An unknown name costs the same time as a known one and is recorded.

    :raises Refusal: ``wrong_password``, ``locked_out``.
    """
    name = credentials.username.strip()
    person = Person.objects.filter(username__iexact=name).first()
    if person is None:
        raise _attempt(by=SYSTEM, username=name, credentials=credentials, success=Event.PROVED)
    return person


def log_in(*, credentials: Credentials) -> Person:
    """Authenticate a person for a new session (the view begins the session) and record it.

    :raises Refusal: ``wrong_password``, ``locked_out``.
    """
    name = credentials.username.strip()
    return _recorded(_attempt(by=SYSTEM, username=name, credentials=credentials, success=Event.LOGGED_IN)).person


def unlock(*, by: Person, credentials: Credentials) -> Person:
    """Authenticate the person of a locked session again and record it.

    :raises Refusal: ``wrong_name``, ``wrong_password``, ``locked_out``.
    """
    return _recorded(_attempt(by=SYSTEM, username=by.username, credentials=credentials, success=Event.UNLOCKED)).person


def _recorded(outcome: AccessEvent | Refusal) -> AccessEvent:
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


@action
def _attempt(
    *, by: Person | System, username: str, credentials: Credentials, success: AccessEvent.Kind
) -> AccessEvent | Refusal:
    """Judge and record one attempt under a name; the refusal is returned, so that the record of it is committed."""
    is_own_name = credentials.username.strip().casefold() == username.casefold()
    detail = "" if is_own_name else f"typed the name {credentials.username!r}"
    person = Person.objects.filter(username__iexact=username).first()

    def record(kind: AccessEvent.Kind) -> AccessEvent:
        address = credentials.ip_address
        return record_access(by=by, kind=kind, person=person, username=username, ip_address=address, detail=detail)

    _one_at_a_time(username)
    if is_locked_out(username):
        record(Event.LOCKED_OUT)
        return Refusal(
            "locked_out",
            "Too many failed attempts: the account is locked for a while. The administrator has been told.",
            kind=Kind.LOCKED,
        )
    if _matches(person, credentials.password) and is_own_name:
        return record(success)
    is_signing = success == Event.PROVED
    record(Event.SIGNING_FAILED if is_signing else Event.LOG_IN_FAILED)
    if is_locked_out(username):
        record(Event.LOCKED_OUT)
    if not is_own_name:
        return Refusal("wrong_name", "Sign with your own name.", field="username", kind=Kind.FORBIDDEN)
    if is_signing:
        return Refusal("wrong_password", "The password is wrong.", field="password", kind=Kind.FORBIDDEN)
    return Refusal("wrong_password", "The name or the password is wrong.", kind=Kind.FORBIDDEN)


def _matches(person: Person | None, password: str) -> bool:
    if person is None or not person.has_usable_password():
        make_password(password)  # an unknown name costs the same time
        return False
    return person.check_password(password) and person.is_active and person.kind == Person.Kind.HUMAN


def _one_at_a_time(username: str) -> None:
    # Parallel guesses would all be counted before any of them is recorded.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attempt:' || %s, 0))", [username.casefold()])
