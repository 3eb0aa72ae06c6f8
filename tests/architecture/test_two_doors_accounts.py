"""E-d, E-f: who administers is refused with the same code at the same field through page and endpoint."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from gatekeeper.accounts.actions.people import disable_person
from gatekeeper.accounts.actions.roles import assign_role, end_assignment, grant_qualification
from gatekeeper.accounts.actions.tokens import issue_token, revoke_token
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.queries import token_of
from gatekeeper.demo.people import PASSWORD, Role, enrol
from tests.architecture.test_two_doors import by_api, by_page, rows
from tests.doors import signed_in

DAY = {"from_date": "2026-01-01"}
NEW = {
    "username": "nadia",
    "full_name": "Nadia Koh",
    "kind": "human",
    "language": "en",
    "initial_password": "given-at-the-gate-2026",
    "identity_checked_by": "dev",
    "password": PASSWORD,
}
LOST = {name: NEW[name] for name in ("initial_password", "identity_checked_by", "password")} | {"reason": "forgotten"}
SITE = {"code": "JP01", "name": "Kobe", "country": "JP", "timezone": "Asia/Tokyo"}


@dataclass(frozen=True)
class Case:
    """A bad input of Grace's: the address below each door, what both are sent, and how both refuse it."""

    code: str
    field: str
    status: int
    page: str
    api: str
    sent: dict = field(default_factory=dict)
    before: Callable = lambda _people: {}  # what the addresses are filled with


def enrolling(**changes):
    return {"page": "enrol/", "api": "people/", "sent": NEW | changes}


def assigning(username, role, **more):
    sent = {"role": role, "site": "SG01"} | DAY | more
    return {"page": f"people/{username}/assign/", "api": f"people/{username}/assignments/", "sent": sent}


def qualifying(username, **more):
    sent = {"procedure": "SOP-9"} | DAY | {"expiry_date": "2027-01-01"} | more
    return {"page": f"people/{username}/qualify/", "api": f"people/{username}/qualifications/", "sent": sent}


def at(step, username, sent):
    return {"page": f"people/{username}/{step}/", "api": f"people/{username}/{step}/", "sent": sent}


def tokens(username="lims", **more):
    sent = {"site": "SG01", "scopes": ["lots.view"], "expires_at": _in_a_month} | more
    return {"page": f"people/{username}/tokens/issue/", "api": f"people/{username}/tokens/", "sent": sent}


def adding(**changes):
    return {"page": "sites/add/", "api": "sites/", "sent": SITE | changes}


def ending(whose="olivia", **more):
    address = f"people/{whose}/assignments/{{number}}/end/"
    return {"page": address, "api": address, "sent": {"until_date": "2027-01-01", "reason": "moves"} | more}


def revoking(reason):
    address = "people/lims/tokens/{prefix}/revoke/"
    return {"page": address, "api": address, "sent": {"reason": reason}}


def _in_a_month():
    return (now() + timedelta(days=30)).date()


def held(people):
    return {"number": people["olivia"].assignments.get().pk}


def held_by_grace(people):
    return {"number": people["grace"].assignments.first().pk}


def ended(people):
    row = people["olivia"].assignments.get()
    end_assignment(by=people["grace"], assignment=row, until_date=now().date(), reason="moves")
    return {"number": row.pk}


def token(people):
    plain = issue_token(
        by=people["grace"],
        person=people["lims"],
        site=Site.objects.get(code="SG01"),
        scopes=frozenset({"lots.view"}),
        expires_at=now() + timedelta(days=1),
    )
    return {"prefix": token_of(plain).prefix}


def revoked(people):
    found = token(people)
    revoke_token(by=people["grace"], prefix=found["prefix"], reason="leaked")
    return found


def disabled(people):
    disable_person(by=people["grace"], person=people["olivia"], reason="left")
    return {}


def switched_off(people):
    disable_person(by=people["grace"], person=people["lims"], reason="replaced")
    return {}


def assigned(people):
    site, day = Site.objects.get(code="SG01"), date.fromisoformat(DAY["from_date"])
    assign_role(by=people["grace"], person=people["olivia"], role="auditor", site=site, from_date=day)
    return {}


def trained(people):
    day = date.fromisoformat(DAY["from_date"])
    until = day + timedelta(days=30)
    both = {"by": people["grace"], "person": people["olivia"]}
    grant_qualification(**both, procedure="SOP-9", from_date=day, expiry_date=until)
    return {}


def administered_elsewhere(people):
    """Incheon has an administrator of its own."""
    kim = enrol(Role("kim", "Kim Min", (), "administers", site="KR01"), by=people["grace"], checker=people["dev"])
    seoul = Site.objects.get(code="KR01")
    assign_role(by=people["grace"], person=kim, role="site_administrator", site=seoul, from_date=now().date())
    return {}


CASES = (
    Case("username_malformed", "username", 422, **enrolling(username="n a")),
    Case("username_taken", "username", 409, **enrolling(username="OLIVIA")),
    Case("username_taken", "username", 409, before=disabled, **enrolling(username="olivia")),
    Case("required", "full_name", 422, **enrolling(full_name="")),
    Case("invalid_choice", "kind", 422, **enrolling(kind="ghost")),
    Case("password_too_short", "initial_password", 422, **enrolling(initial_password="")),
    Case("identity_check_needs_another", "identity_checked_by", 403, **enrolling(identity_checked_by="Grace")),
    Case("wrong_password", "password", 403, **enrolling(password="guess")),
    Case("wrong_password", "password", 403, **enrolling(identity_checked_by="nobody")),
    Case("wrong_password", "password", 403, **enrolling(identity_checked_by="lims")),
    Case("identity_check_needs_another", "identity_checked_by", 403,
         **at("password", "olivia", LOST | {"identity_checked_by": "olivia"})),
    Case("reason_missing", "reason", 422, **at("password", "olivia", LOST | {"reason": " "})),
    Case("password_too_short", "initial_password", 422,
         **at("password", "olivia", LOST | {"initial_password": "kvzqpwfh"})),
    Case("cannot_replace_own_password", "", 403, **at("password", "grace", LOST)),
    Case("machine_has_no_password", "", 422, **at("password", "lims", LOST)),
    Case("person_disabled", "", 409, before=disabled, **at("password", "olivia", LOST)),
    Case("reason_missing", "reason", 422, **at("disable", "olivia", {"reason": ""})),
    Case("cannot_disable_oneself", "", 403, **at("disable", "grace", {"reason": "tired"})),
    Case("person_disabled", "", 409, before=disabled, **at("disable", "olivia", {"reason": "left"})),
    Case("cannot_assign_oneself", "role", 403, **assigning("grace", "qa_releaser")),
    Case("duties_not_separated", "role", 409, **assigning("dev", "qa_releaser")),
    Case("duties_not_separated", "role", 409, **assigning("rafael", "site_administrator")),
    Case("machine_cannot_hold", "role", 422, **assigning("lims", "qa_releaser")),
    Case("dates_out_of_order", "until_date", 422, **assigning("olivia", "auditor", until_date="2025-12-31")),
    Case("person_disabled", "", 409, before=disabled, **assigning("olivia", "auditor")),
    Case("role_already_assigned", "role", 409, before=assigned, **assigning("olivia", "auditor")),
    Case("not_authorised", "", 403, before=administered_elsewhere, **assigning("olivia", "auditor", site="KR01")),
    Case("reason_missing", "reason", 422, before=held, **ending(reason="")),
    Case("cannot_end_own_role", "", 403, before=held_by_grace, **ending("grace")),
    Case("dates_out_of_order", "until_date", 422, before=held, **ending(until_date="2020-01-01")),
    Case("assignment_ends_before", "until_date", 409, before=ended, **ending(until_date="2099-01-01")),
    Case("cannot_qualify_oneself", "procedure", 403, **qualifying("grace")),
    Case("procedure_missing", "procedure", 422, **qualifying("olivia", procedure=" ")),
    Case("dates_out_of_order", "expiry_date", 422, **qualifying("olivia", expiry_date="2025-12-31")),
    Case("qualification_exists", "procedure", 409, before=trained, **qualifying("olivia", procedure=" SOP-9 ")),
    Case("person_disabled", "", 409, before=switched_off, **tokens()),
    Case("not_a_machine", "", 422, **tokens("olivia")),
    Case("scopes_missing", "scopes", 422, **tokens(scopes=[])),
    Case("permission_unknown", "scopes", 422, **tokens(scopes=["lots.eat"])),
    Case("machine_cannot_hold", "scopes", 422, **tokens(scopes=["accounts.manage"])),
    Case("expired_already", "expires_at", 422, **tokens(expires_at="2026-01-01")),
    Case("expiry_too_far", "expires_at", 422, **tokens(expires_at="9999-12-31")),
    Case("not_authorised", "", 403, **tokens(site="KR01")),
    Case("reason_missing", "reason", 422, before=token, **revoking("")),
    Case("token_revoked", "", 409, before=revoked, **revoking("leaked")),
    Case("site_code_malformed", "code", 422, **adding(code="jp 1")),
    Case("required", "name", 422, **adding(name="")),
    Case("site_exists", "code", 409, **adding(code="SG01")),
    Case("country_unknown", "country", 422, **adding(country="jp")),
    Case("timezone_unknown", "timezone", 422, **adding(timezone="../etc/passwd")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.page}")
def test_both_doors_refuse_alike_and_record_nothing(people, case):
    filled = case.before(people)
    grace = signed_in(people["grace"])
    sent = {name: str(value()) if callable(value) else value for name, value in case.sent.items()}
    page, api = (f"{address}".format(**filled) for address in (case.page, case.api))
    form, body = sent, dict(sent)
    if page.endswith("tokens/issue/"):
        form = sent | {"sheet": grace.get(f"/accounts/{page}").context["form"].initial["sheet"]}
        body["expires_at"] = f"{sent['expires_at']}T12:00:00Z"
    before = rows()
    status, faults = by_page(grace, f"/accounts/{page}", form)
    assert (status, faults) == (case.status, {(case.code, case.field)})
    status, code, faults = by_api(grace, api, body)
    alike = {"blank": "required"}  # each framework's own word for a field that is left out
    assert (status, {(alike.get(fault, fault), at) for fault, at in faults}) == (case.status, {(case.code, case.field)})
    assert code in {case.code, "input_invalid"}
    assert rows() == before
