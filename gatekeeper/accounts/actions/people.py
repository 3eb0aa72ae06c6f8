"""People come, change their password, accept what their signature means, and are disabled; nobody is deleted."""

import re
import unicodedata
from dataclasses import asdict, dataclass, field

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.authentication import Credentials, check_may_sign, reauthenticate, signer_of
from gatekeeper.accounts.actor import SYSTEM, System, action
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority_anywhere, check_authority_over
from gatekeeper.accounts.rules.authority import check_different_people
from gatekeeper.core.refusal import Kind, Refusal, refuse_all

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")  # look-alike letters would make two people look like one


@dataclass(frozen=True, slots=True)
class EnrolPerson:
    """A person or machine as an administrator describes them; the password only serves to choose one's own."""

    username: str
    full_name: str
    initial_password: str = field(default="", repr=False)
    kind: str = Person.Kind.HUMAN
    email: str = ""
    language: str = "en"


def enrol_attested(*, by: Person, command: EnrolPerson, checker: Credentials) -> Person:
    """Enrol a person whose identity another person has checked and says so with both components of their own.

    One person alone thus makes nobody. 21 CFR 11.100(b), 11.200(a)(3).

    :raises Refusal: ``wrong_password``, ``locked_out``; what check_may_sign and enrol_person refuse.
    """
    check_authority_anywhere(by, "accounts.manage")
    return enrol_person(by=by, identity_checked_by=_attest(checker, but=(by,)), **asdict(command))


@action
def enrol_person(
    *,
    by: Person,
    username: str,
    full_name: str,
    identity_checked_by: Person,
    initial_password: str = "",
    kind: str = Person.Kind.HUMAN,
    email: str = "",
    language: str = "en",
) -> Person:
    """Enrol a person or a machine whose identity somebody other than ``by`` has checked. 21 CFR 11.100(a), (b).

    The initial password only serves to choose one's own; a machine has none.

    :raises Refusal: ``not_authorised``, ``username_malformed``, ``username_taken`` (also of a disabled person, also in
        other case), ``full_name_missing``, ``identity_check_needs_another``, ``identity_checker_unfit``,
        ``password_…``.
    """
    check_authority_anywhere(by, "accounts.manage")
    _check_checker(identity_checked_by, but=(by,))
    return _insert(
        Person(
            username=username,
            full_name=full_name,
            email=email,
            kind=kind,
            language=language,
            identity_checked_at=clock.now(),
            identity_checked_by=identity_checked_by,
        ),
        initial_password,
    )


@action
def found_administrators(*, by: System, people: tuple[dict[str, str], ...]) -> tuple[Person, Person]:
    """Enrol the first two people, each of whom has checked the other's identity; see actions.founding.

    Each is ``{username, full_name, initial_password}``.

    :raises Refusal: ``already_founded`` once anybody exists.
    """
    if by is not SYSTEM or Person.objects.exists():
        raise Refusal("already_founded", "There are people already: they enrol further ones.", kind=Kind.CONFLICT)
    first, second = (
        _insert(Person(username=new["username"], full_name=new["full_name"]), new["initial_password"]) for new in people
    )
    for person, checker in ((first, second), (second, first)):
        person.identity_checked_at, person.identity_checked_by = clock.now(), checker
        person.save()
    return first, second


def _insert(person: Person, password: str) -> Person:
    person.username = unicodedata.normalize("NFC", person.username.strip())
    person.full_name = " ".join(unicodedata.normalize("NFC", person.full_name).split())
    if not _NAME.fullmatch(person.username) or person.username.casefold() == SYSTEM.username:
        raise Refusal(
            "username_malformed",
            "“{name}” cannot be a user name: use latin letters, digits, dot, hyphen and underscore.",
            field="username",
            name=person.username,
        )
    if not person.full_name:
        raise Refusal("full_name_missing", "The printed name is missing.", field="full_name")
    taken = Refusal(
        "username_taken",
        "“{name}” belongs or belonged to somebody: a name is never used again.",
        field="username",
        kind=Kind.CONFLICT,
        name=person.username,
    )
    if Person.objects.filter(username__iexact=person.username).exists():
        raise taken
    if person.kind == Person.Kind.MACHINE:
        person.set_unusable_password()
    else:
        _check_password(password, person, field="initial_password")
        person.password = make_password(password)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise taken from error  # somebody else enrolled the same name a moment ago
    return person


def change_password(*, by: Person, credentials: Credentials, new_password: str) -> Person:
    """Let a person replace their own password; a wrong old one is recorded like a failed signing.

    :raises Refusal: ``wrong_password``, ``wrong_name``, ``locked_out``, ``password_unchanged``, ``password_…``.
    """
    reauthenticate(by=by, credentials=credentials)
    return _replace_own_password(by=by, old_password=credentials.password, new_password=new_password)


@action
def _replace_own_password(*, by: Person, old_password: str, new_password: str) -> Person:
    person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    if new_password == old_password:
        raise Refusal("password_unchanged", "Choose a password other than the present one.", field="new_password")
    _check_password(new_password, person, field="new_password")
    person.password, person.password_changed_at = make_password(new_password), clock.now()
    person.save()
    return person


def replace_lost_attested(
    *, by: Person, person: Person, initial_password: str, reason: str, checker: Credentials
) -> Person:
    """Replace a lost password when another person says with both components of their own that they checked who asks.

    :raises Refusal: ``wrong_password``, ``locked_out``; what check_may_sign and replace_lost_password refuse.
    """
    check_authority_over(by, "accounts.manage", person, everywhere=True)
    _check_not_own(by, person)
    attested = _attest(checker, but=(by, person))
    return replace_lost_password(
        by=by, person=person, initial_password=initial_password, identity_checked_by=attested, reason=reason
    )


@action
def replace_lost_password(
    *, by: Person, person: Person, initial_password: str, identity_checked_by: Person, reason: str
) -> Person:
    """Give a person who lost theirs an initial password; another than the administrator has checked who asks.

    A password opens every site where the person works, so ``by`` administers all of them. Sessions end, and the
    person must choose their own before anything else. 21 CFR 11.300(c).

    :raises Refusal: ``not_authorised``, ``cannot_replace_own_password``, ``reason_missing``,
        ``identity_check_needs_another``, ``identity_checker_unfit``, ``machine_has_no_password``,
        ``person_disabled``, ``password_…``.
    """
    check_authority_over(by, "accounts.manage", person, everywhere=True)
    _check_not_own(by, person)
    _check_reason(reason)
    _check_checker(identity_checked_by, but=(by, person))
    changed = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if changed.kind != Person.Kind.HUMAN:
        raise Refusal("machine_has_no_password", "{name} is a machine: it has tokens.", name=changed.full_name)
    _check_active(changed)
    _check_password(initial_password, changed, field="initial_password")
    changed.password, changed.password_changed_at = make_password(initial_password), None
    changed.identity_checked_at, changed.identity_checked_by = clock.now(), identity_checked_by
    changed.save()
    return changed


def accept_accountability(*, by: Person, credentials: Credentials) -> Person:
    """Record that a person accepts their electronic signature as binding, proven with both components. 11.10(j).

    :raises Refusal: ``wrong_password``, ``wrong_name``, ``locked_out``, ``password_not_changed``.
    """
    if not by.password_changed_at:
        raise Refusal(
            "password_not_changed",
            "{name} must choose a password of their own first.",
            kind=Kind.FORBIDDEN,
            name=by.full_name,
        )
    reauthenticate(by=by, credentials=credentials)
    return _accept(by=by)


@action
def _accept(*, by: Person) -> Person:
    person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    if person.accountability_accepted_at is None:
        person.accountability_accepted_at = clock.now()
        person.save()
    return person


@action
def choose_language(*, by: Person, language: str) -> Person:
    """Keep the language that a person reads in."""
    person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    if person.language != language:
        person.language = language
        person.save()
    return person


@action
def disable_person(*, by: Person, person: Person, reason: str) -> Person:
    """Disable a person or machine: sessions end and tokens stop; the name stays taken for ever. 21 CFR 11.10(d).

    :raises Refusal: ``not_authorised``, ``reason_missing``, ``cannot_disable_oneself``, ``person_disabled``.
    """
    check_authority_over(by, "accounts.manage", person)
    _check_reason(reason)
    check_different_people(
        by.username, person.username, code="cannot_disable_oneself", sentence="{name} cannot disable their own account."
    )
    changed = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    _check_active(changed)
    changed.is_active = False
    changed.save()
    return changed


def _check_not_own(by: Person, person: Person) -> None:
    check_different_people(
        by.username,
        person.username,
        code="cannot_replace_own_password",
        sentence="{name} has not lost their own password: it is changed with the present one.",
    )


def _attest(checker: Credentials, *, but: tuple[Person, ...]) -> Person:
    """Return the person who typed both components, who is none of these and could sign."""
    person = signer_of(checker)
    _check_another(person, but=but)
    reauthenticate(by=person, credentials=checker)
    check_may_sign(person)  # who still has the password they were given is not the only one who knows it
    return person


def _check_checker(checker: Person, *, but: tuple[Person, ...]) -> None:
    _check_another(checker, but=but)
    if checker.kind != Person.Kind.HUMAN or not checker.is_active or not checker.identity_checked_at:
        raise Refusal(
            "identity_checker_unfit",
            "{name} cannot check an identity: not an active person with a checked identity.",
            field="identity_checked_by",
            name=checker.full_name,
        )


def _check_another(checker: Person, *, but: tuple[Person, ...]) -> None:
    for other in but:
        check_different_people(
            other.username,
            checker.username,
            code="identity_check_needs_another",
            sentence="Somebody other than {name} must check the identity.",
            field="identity_checked_by",
        )


def _check_active(person: Person) -> None:
    if not person.is_active:
        raise Refusal(
            "person_disabled", "The account of {name} is disabled.", kind=Kind.CONFLICT, name=person.full_name
        )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", "Say why.", field="reason")


def _check_password(password: str, person: Person, *, field: str) -> None:
    try:
        validate_password(password, person)
    except ValidationError as fault:
        refuse_all(
            [Refusal(e.code or "password_weak", "{fault}", field=field, fault=e.messages[0]) for e in fault.error_list]
        )
