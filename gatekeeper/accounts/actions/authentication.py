"""Proof of who acts: log-in, unlock and the two components at each signing. 21 CFR 11.200, 11.300.

An attempt is judged and recorded in a transaction of its own, before the action that it opens: a refused signing
leaves its trace although nothing else of the request does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.http import HttpRequest

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


@dataclass(frozen=True, slots=True)
class _Outcome:
    person: Person
    event: AccessEvent


type _Verify = Callable[[Person | None], bool]


def prove(*, by: Person, credentials: Credentials) -> Proof:
    """Re-authenticate the person who is about to sign, with both components, and return the proof.

    :raises Refusal: ``machine_cannot_sign``, ``person_disabled``, ``identity_not_checked``, ``password_not_changed``,
        ``accountability_not_accepted``; ``wrong_name``, ``wrong_password`` (recorded); ``locked_out`` after as many
        failures as ``AXES_FAILURE_LIMIT`` says, log-ins and signings counted together.
    """
    check_may_sign(by)
    outcome = reauthenticate(by=by, credentials=credentials)
    return Proof(by.pk, by.username, outcome.at, outcome.pk)


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
    own_name = credentials.username.strip().casefold() == by.username.casefold()
    outcome = _attempt(
        by=by,
        username=by.username,
        ip_address=credentials.ip_address,
        kinds=(Event.PROVED, Event.SIGNING_FAILED),
        verify=lambda person: _matches(person, credentials.password) and own_name,
        detail="" if own_name else f"typed the name {credentials.username!r}",
    )
    if isinstance(outcome, Refusal):
        if outcome.code == "wrong_password" and not own_name:
            raise Refusal("wrong_name", "Sign with your own name.", field="username", kind=Kind.FORBIDDEN)
        raise outcome
    return outcome.event


def signer_of(credentials: Credentials) -> Person:
    """Return the person whose name was typed, for a second person who signs on another one's screen.

    An unknown name costs the same time as a known one and is recorded.

    :raises Refusal: ``wrong_password``, ``locked_out``.
    """
    person = Person.objects.filter(username__iexact=credentials.username.strip()).first()
    if person is not None:
        return person
    outcome = _attempt(
        by=SYSTEM,
        username=credentials.username.strip(),
        ip_address=credentials.ip_address,
        kinds=(Event.PROVED, Event.SIGNING_FAILED),
        verify=lambda nobody: _matches(nobody, credentials.password),
    )
    raise outcome if isinstance(outcome, Refusal) else _wrong("password")


def log_in(*, credentials: Credentials, request: HttpRequest) -> Person:
    """Authenticate a person for a new session (the view begins the session) and record it.

    :raises Refusal: ``wrong_password``, ``locked_out``.
    """
    return _enter(credentials, request, Event.LOGGED_IN)


def unlock(*, by: Person, credentials: Credentials, request: HttpRequest) -> Person:
    """Authenticate the person of a locked session again and record it.

    :raises Refusal: ``wrong_password``, ``locked_out``.
    """
    own = Credentials(by.username, credentials.password, credentials.ip_address)
    return _enter(own, request, Event.UNLOCKED)


def _enter(credentials: Credentials, request: HttpRequest, success: AccessEvent.Kind) -> Person:
    def verify(person: Person | None) -> bool:
        name = person.username if person else credentials.username.strip()
        found = authenticate(request, username=name, password=credentials.password)
        request.axes_locked_out = False  # the answer is our page, with our sentence
        return found is not None

    outcome = _attempt(
        by=SYSTEM,
        username=credentials.username.strip(),
        ip_address=credentials.ip_address,
        kinds=(success, Event.LOG_IN_FAILED),
        verify=verify,
    )
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome.person


@action
def _attempt(
    *,
    by: Person | System,
    username: str,
    ip_address: str,
    kinds: tuple[AccessEvent.Kind, AccessEvent.Kind],
    verify: _Verify,
    detail: str = "",
) -> _Outcome | Refusal:
    """Judge and record one attempt; the refusal is returned, not raised, so that the record of it is committed."""
    success, failure = kinds
    person = Person.objects.filter(username__iexact=username).first()

    def note(kind: AccessEvent.Kind) -> AccessEvent:
        return record_access(by=by, kind=kind, person=person, username=username, ip_address=ip_address, detail=detail)

    _one_at_a_time(username)
    if is_locked_out(username):
        note(Event.LOCKED_OUT)
        return Refusal(
            "locked_out",
            "Too many failed attempts: the account is locked for a while. The administrator has been told.",
            kind=Kind.LOCKED,
        )
    if verify(person) and person is not None:
        return _Outcome(person, note(success))
    note(failure)
    if is_locked_out(username):
        note(Event.LOCKED_OUT)
    return _wrong(None if failure == Event.LOG_IN_FAILED else "password")


def _wrong(field_name: str | None) -> Refusal:
    sentence = "The password is wrong." if field_name else "The name or the password is wrong."
    return Refusal("wrong_password", sentence, field=field_name, kind=Kind.FORBIDDEN)


def _matches(person: Person | None, password: str) -> bool:
    if person is None or not person.has_usable_password():
        make_password(password)  # an unknown name costs the same time
        return False
    return person.check_password(password) and person.is_active and person.kind == Person.Kind.HUMAN


def _one_at_a_time(username: str) -> None:
    # Parallel guesses would all be counted before any of them is recorded.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attempt:' || %s, 0))", [username.casefold()])
