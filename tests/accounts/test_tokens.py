"""E-g, I-1: a machine acts under its own name, at one site, within its scopes, until its token ends; it never signs."""

import re
from datetime import timedelta

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.roles import assign_role, end_assignment, import_roles
from gatekeeper.accounts.actions.tokens import issue_token, revoke_token
from gatekeeper.accounts.actor import token_limits
from gatekeeper.accounts.authentication import ServiceTokenAuthentication
from gatekeeper.accounts.models import ServiceToken
from gatekeeper.accounts.queries import day_at, permissions_of, token_of, token_status
from gatekeeper.core.refusal import Refusal
from tests.accounts.making import BEGIN, browser

pytestmark = pytest.mark.urls("tests.architecture.sample_urls")
JSON = "application/json"


@pytest.fixture(autouse=True)
def _no_limits_left_behind():
    """What the middleware does at the end of a request: these tests authenticate without it."""
    yield
    token_limits.set(None)


@pytest.fixture
def lims(house):
    return house.machine("lims", "integration_machine")


def call(token, method="get", path="/api/v1/sample/", body=None, **headers):
    client = browser()
    headers = {"Authorization": f"Bearer {token}", **headers}
    if method == "get":
        return client.get(path, headers=headers)
    return client.post(path, body or {"code": "B1", "name": "B"}, content_type=JSON, headers=headers)


def test_a_token_is_shown_once_and_kept_as_a_hash(house, lims):
    plain = house.token(lims, "lots.view")
    assert re.fullmatch(r"gk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", plain)
    token = token_of(plain)
    assert plain not in str(vars(token))
    assert call(plain).status_code == 200


@pytest.mark.parametrize("bad", ["", "gk_", "gk_00000000_x", "x", "gk_\xff", "Bearer"])
def test_what_is_no_token_is_refused(house, bad):
    answer = call(bad)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer["WWW-Authenticate"] == 'Bearer realm="gatekeeper"'


def test_the_right_prefix_with_another_secret_is_refused(house, lims):
    plain = house.token(lims, "lots.view")
    assert call(plain[:-1] + ("A" if plain[-1] != "A" else "B")).status_code == 401


def _revoke(house, lims, plain):
    revoke_token(by=house.ada, prefix=token_of(plain).prefix, reason="leaked")


def _disable(house, lims, _plain):
    people.disable_person(by=house.ada, person=lims, reason="replaced")


def _end_the_role(house, lims, _plain):
    (held,) = lims.assignments.all()
    yesterday = day_at(held.site) - timedelta(days=1)
    end_assignment(by=house.ada, assignment=held, until_date=yesterday, reason="moved")


def _narrow_the_role(house, lims, _plain):
    (held,) = lims.assignments.all()
    given = {"name": held.role.name, "permissions": ["release.record_result"]}
    import_roles(by=house.ada, roles={held.role.code: given})


@pytest.mark.parametrize(
    ("change", "status"), [(_revoke, 401), (_disable, 401), (_end_the_role, 403), (_narrow_the_role, 403)]
)
def test_what_was_known_of_a_caller_is_forgotten_when_it_changes(house, lims, change, status):
    plain = house.token(lims, "lots.view")
    assert [call(plain).status_code for _time in range(2)] == [200, 200]
    change(house, lims, plain)
    assert call(plain).status_code == status


def test_a_role_that_is_given_counts_from_the_next_request_on(house, lims):
    plain = house.token(lims, "lots.view")
    _end_the_role(house, lims, plain)
    assert call(plain).status_code == 403
    assign_role(
        by=house.ada, person=lims, role="integration_machine", site=house.singapore, from_date=day_at(house.singapore)
    )
    assert call(plain).status_code == 200


def test_a_request_that_changes_its_token_changes_it_for_nobody_else(house, lims):
    plain = house.token(lims, "lots.view")
    status, _at = token_status(plain)
    _person, token = authenticated(plain)
    token.person.full_name, token.site.name = "Somebody", "Elsewhere"
    assert token_status(plain)[0] is status
    assert (status.token.person.full_name, status.token.site.name) == (lims.full_name, house.singapore.name)


def authenticated(plain):
    request = Request(RequestFactory().get("/", headers={"Authorization": f"Bearer {plain}"}))
    return ServiceTokenAuthentication().authenticate(request)


def test_an_expired_token_is_refused(house, lims, monkeypatch):
    plain = house.token(lims, "lots.view", days=1)
    later = clock.now() + timedelta(days=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert call(plain).status_code == 401


def test_a_revoked_token_is_refused_at_once(house, lims):
    plain = house.token(lims, "lots.view")
    revoke_token(by=house.ada, prefix=token_of(plain).prefix, reason="leaked")
    assert call(plain).status_code == 401
    with pytest.raises(Refusal, match="revoked before"):
        revoke_token(by=house.ada, prefix=token_of(plain).prefix, reason="leaked")


def test_the_token_of_a_disabled_machine_is_refused(house, lims):
    plain = house.token(lims, "lots.view")
    people.disable_person(by=house.ada, person=lims, reason="replaced")
    assert call(plain).status_code == 401


MATRIX = [
    ({"lots.view"}, "get", 200),
    ({"lots.view"}, "post", 403),
    ({"lots.receive"}, "get", 403),
    ({"lots.receive"}, "post", 201),
    ({"lots.view", "lots.receive"}, "post", 201),
    ({"release.record_result"}, "get", 403),
    ({"readings.record"}, "post", 403),  # the machine's role does not give what the token says
]


@pytest.mark.parametrize(("scopes", "method", "status"), MATRIX)
def test_a_token_gives_what_both_its_scopes_and_the_machines_role_give(house, lims, scopes, method, status):
    answer = call(house.token(lims, *scopes), method, **{"Idempotency-Key": "k1"})
    assert answer.status_code == status, answer.content
    if status == 403:
        assert answer.json()["code"] == "not_authorised"


def test_a_token_works_at_its_own_site_only_even_where_the_machine_has_a_role(house, lims):
    seoul = house.seoul()
    assign_role(by=house.ada, person=lims, role="integration_machine", site=seoul, from_date=BEGIN)
    plain = house.token(lims, "lots.view", "lots.receive")
    sites = call(plain, path="/api/v1/sample/signing/").json()["sites"]
    assert sites == ["SG1"]
    elsewhere = call(plain, "post", "/api/v1/sample/KR1/", **{"Idempotency-Key": "k", "If-Match": "*"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "not_authorised")
    here = call(plain, "post", "/api/v1/sample/SG1/", **{"Idempotency-Key": "k", "If-Match": "*"})
    assert here.status_code == 200


def test_the_limits_of_a_token_end_with_its_request(house, lims):
    call(house.token(lims, "lots.view"))
    assert "lots.receive" in permissions_of(lims, house.singapore)


def test_a_role_that_ended_takes_the_tokens_power_with_it(house, lims):
    from gatekeeper.accounts.actions.roles import end_assignment

    plain = house.token(lims, "lots.view")
    end_assignment(by=house.ada, assignment=lims.assignments.get(), until_date=BEGIN, reason="replaced")
    assert call(plain).status_code == 403


def test_a_token_reads_where_people_sign_and_never_signs(house, lims):
    plain = house.token(lims, "lots.view", "lots.receive")
    assert call(plain, path="/api/v1/sample/signing/").status_code == 200
    answer = call(plain, "post", "/api/v1/sample/signing/", **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (403, "machine_cannot_sign")


def issue(house, person, scopes, **over):
    arguments = {"by": house.ada, "site": house.singapore, "expires_at": clock.now() + timedelta(days=1), **over}
    with pytest.raises(Refusal) as refusal:
        issue_token(person=person, scopes=frozenset(scopes), **arguments)
    return refusal.value.code


def test_what_no_token_is_issued_for(house, lims):
    assert issue(house, lims, {"lots.release"}) == "machine_cannot_hold"
    assert issue(house, lims, {"lots.eat"}) == "permission_unknown"
    assert issue(house, lims, set()) == "scopes_missing"
    assert issue(house, house.ben, {"lots.view"}) == "not_a_machine"
    assert issue(house, lims, {"lots.view"}, expires_at=clock.now()) == "expired_already"
    assert issue(house, lims, {"lots.view"}, by=lims) == "not_authorised"
    assert issue(house, lims, {"lots.view"}, site=house.seoul()) == "not_authorised"
    assert not ServiceToken.objects.exists()


def test_a_machine_holds_no_role_that_signs(house, lims):
    with pytest.raises(Refusal) as refusal:
        assign_role(by=house.ada, person=lims, role="qa_releaser", site=house.singapore, from_date=BEGIN)
    assert refusal.value.code == "machine_cannot_hold"
