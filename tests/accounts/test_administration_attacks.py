"""E-d, E-g, I-1: what an administrator, a machine or somebody elsewhere tries in order to get more than is theirs."""

import json
from datetime import timedelta

import pytest

from gatekeeper.accounts.actions.people import disable_person, replace_lost_password
from gatekeeper.accounts.actions.roles import assign_role, end_assignment, grant_qualification
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import AccessEvent, Assignment, Person, ServiceToken, Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import PASSWORD, Role, enrol
from gatekeeper.ledger.models import Entry, IdempotencyKey
from tests.doors import machine, post, signed_in

FIRST = "given-at-the-gate-2026"
ENROL = {
    "username": "mallory",
    "full_name": "Mallory",
    "initial_password": FIRST,
    "identity_checked_by": "dev",
    "password": PASSWORD,
}
ASSIGN = {"role": "operator", "site": "SG01", "from_date": "2026-01-01"}


@pytest.fixture
def kim(people):
    """Kim administers Incheon, and nothing else."""
    kim = enrol(Role("kim", "Kim Min", (), "administers", site="KR01"), by=people["grace"], checker=people["dev"])
    site = Site.objects.get(code="KR01")
    yesterday = now().date() - timedelta(days=1)
    assign_role(by=people["grace"], person=kim, role="site_administrator", site=site, from_date=yesterday)
    return kim


def code(answer):
    return answer.status_code, answer.json()["code"]


def refused(expected, function, **arguments):
    with pytest.raises(Refusal) as refusal:
        function(**arguments)
    assert refusal.value.code == expected, refusal.value


def test_who_administers_elsewhere_finds_nobody_here_through_either_door(people, kim):
    client, number = signed_in(kim), people["olivia"].assignments.get().pk
    listed = client.get("/api/v1/people/").json()["results"]
    assert {row["username"] for row in listed} == {"kim", "sol"}
    assert "Olivia" not in client.get("/accounts/people/").content.decode()
    for step in ("", "assignments/", "qualifications/"):
        assert code(client.get(f"/api/v1/people/olivia/{step}")) == (404, "not_found")
    for step in ("disable/", "password/", f"assignments/{number}/end/", "qualifications/", "tokens/"):
        sent = {"reason": "spite", "until_date": "2026-12-01", "procedure": "X", "from_date": "2026-01-01"}
        sent |= {"expiry_date": "2027-01-01", "expires_at": "2027-01-01T00:00:00Z", "site": "KR01"}
        sent |= {"initial_password": FIRST, "identity_checked_by": "sol", "password": PASSWORD}
        assert code(post(client, f"/api/v1/people/olivia/{step}", sent)) == (404, "not_found"), step
    for step in ("", "assign/", "disable/", "password/", "qualify/", f"assignments/{number}/end/"):
        assert client.get(f"/accounts/people/olivia/{step}").status_code == 404, step
    for step in ("disable/", "password/", "assign/", "qualify/"):
        assert client.post(f"/accounts/people/olivia/{step}", {}).status_code in {404, 422}, step
    assert Person.objects.get(username="olivia").is_active


def test_the_actions_themselves_refuse_who_administers_elsewhere(people, kim):
    olivia, grace = people["olivia"], people["grace"]
    day, later = now().date(), now().date() + timedelta(days=9)
    refused("not_authorised", disable_person, by=kim, person=olivia, reason="spite")
    refused(
        "not_authorised", grant_qualification, by=kim, person=olivia, procedure="X", from_date=day, expiry_date=later
    )
    lost = {"initial_password": FIRST, "identity_checked_by": people["dev"], "reason": "forgotten"}
    refused("not_authorised", replace_lost_password, by=kim, person=olivia, **lost)
    refused("not_authorised", replace_lost_password, by=grace, person=people["sol"], **lost)
    disable_person(by=kim, person=people["sol"], reason="left")


def test_who_is_brought_in_from_elsewhere_is_not_taken_over(people, kim):
    grace = signed_in(people["grace"])
    answer = post(grace, "/api/v1/people/sol/assignments/", ASSIGN)
    assert answer.status_code == 201, answer.content
    before = Person.objects.get(username="sol").password
    sent = {"initial_password": FIRST, "identity_checked_by": "dev", "password": PASSWORD, "reason": "forgotten"}
    taken = grace.post(
        "/api/v1/people/sol/password/", json.dumps(sent), content_type="application/json", headers={"If-Match": "*"}
    )
    assert code(taken) == (403, "not_authorised")
    assert Person.objects.get(username="sol").password == before


def test_one_administrator_alone_makes_nobody_and_the_attempts_stay_on_record(people):
    grace = signed_in(people["grace"])
    for number in range(5):
        answer = post(grace, "/api/v1/people/", ENROL | {"password": "guess"}, key=f"k{number}")
        assert code(answer) == (403, "wrong_password")
    assert code(post(grace, "/api/v1/people/", ENROL)) == (423, "locked_out")
    assert AccessEvent.objects.filter(username="dev", kind="signing_failed").count() == 5
    assert not Person.objects.filter(username="mallory").exists()


def test_who_still_has_the_password_they_were_given_vouches_for_nobody(people):
    grace = signed_in(people["grace"])
    assert post(grace, "/api/v1/people/", ENROL | {"username": "puppet"}).status_code == 201
    sent = ENROL | {"identity_checked_by": "puppet", "password": FIRST}
    assert code(post(grace, "/api/v1/people/", sent)) == (403, "password_not_changed")


def test_an_ended_role_is_not_made_longer_by_ending_it_again(people):
    row = people["grace"].assignments.get()
    today = day_at(row.site)  # which may be another day than at Greenwich
    end_assignment(by=people["dev"], assignment=row, until_date=today, reason="moves")
    later = today + timedelta(days=9)
    refused("assignment_ends_before", end_assignment, by=people["dev"], assignment=row, until_date=later, reason="no")
    row.refresh_from_db()
    assert row.until_date == today


def test_nobody_gives_themself_anything(people):
    grace = signed_in(people["grace"])
    assert code(post(grace, "/api/v1/people/GRACE/assignments/", ASSIGN)) == (403, "cannot_assign_oneself")
    trained = {"procedure": "X", "from_date": "2026-01-01", "expiry_date": "2027-01-01"}
    assert code(post(grace, "/api/v1/people/grace/qualifications/", trained)) == (403, "cannot_qualify_oneself")
    assert people["grace"].assignments.count() == 1


@pytest.mark.parametrize("step", ["", "olivia/disable/", "olivia/assignments/", "lims/tokens/", "olivia/password/"])
def test_a_machine_administers_nothing(people, step):
    client = machine(people, "lots.view")
    answer = post(client, f"/api/v1/people/{step}", {}, key="k")
    assert answer.status_code == 403
    assert answer.json()["code"] in {"not_authorised", "machine_cannot_sign"}
    assert client.get("/accounts/people/").status_code == 302


def test_a_machine_that_may_read_about_people_only_reads(people):
    assign_role(
        by=people["grace"],
        person=people["lims"],
        role="auditor",
        site=Site.objects.get(code="SG01"),
        from_date=now().date() - timedelta(days=1),
    )
    client = machine(people, "accounts.view")
    assert client.get("/api/v1/people/olivia/").status_code == 200
    assert client.get("/api/v1/people/sol/").status_code == 404
    assert code(post(client, "/api/v1/people/", ENROL, key="k")) == (403, "machine_cannot_sign")
    assert code(post(client, "/api/v1/sites/", {}, key="k")) == (403, "not_authorised")


def test_a_repeat_of_issuing_shows_no_secret_and_issues_no_second_token(people):
    grace = signed_in(people["grace"])
    sent = {"site": "SG01", "scopes": ["lots.view"], "expires_at": (now() + timedelta(days=9)).isoformat()}
    first = post(grace, "/api/v1/people/lims/tokens/", sent, key="once")
    plain = first.json()["token"]
    assert first.status_code == 201
    assert "no-store" in first["Cache-Control"]
    again = post(grace, "/api/v1/people/lims/tokens/", sent, key="once")
    assert code(again) == (409, "answer_shown_once")
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == "application/problem+json"
    assert ServiceToken.objects.filter(person=people["lims"]).count() == 1
    secret = plain.split("_", 2)[2]
    assert not any(secret in bytes(row.body).decode() for row in IdempotencyKey.objects.all())
    assert not Entry.objects.filter(body__contains=secret).exists()
    assert secret not in json.dumps(grace.get("/api/v1/people/lims/tokens/").json())


def test_a_refused_issuing_may_be_repeated_with_its_key(people):
    grace = signed_in(people["grace"])
    sent = {"site": "SG01", "scopes": [], "expires_at": (now() + timedelta(days=9)).isoformat()}
    url = "/api/v1/people/lims/tokens/"
    assert code(post(grace, url, sent, key="once")) == (422, "scopes_missing")
    assert post(grace, url, sent | {"scopes": ["lots.view"]}, key="once").status_code == 201


def test_no_password_can_be_guessed_from_what_is_kept_of_an_enrolment(people):
    grace = signed_in(people["grace"])
    first = post(grace, "/api/v1/people/", ENROL, key="e1")
    assert first.status_code == 201
    assert FIRST not in first.content.decode()
    kept = IdempotencyKey.objects.get(key="e1")
    assert FIRST.encode() not in bytes(kept.body)
    other = ENROL | {"initial_password": "another-at-the-gate-2026", "password": "whatever"}
    again = post(grace, "/api/v1/people/", other, key="e1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")  # neither is in the digest
    assert Person.objects.get(username="mallory").check_password(FIRST)
    assert not Entry.objects.filter(body__contains=FIRST).exists()


def test_an_assignment_of_another_person_or_number_is_not_ended_by_its_number(people):
    grace, number = signed_in(people["grace"]), people["olivia"].assignments.get().pk
    sent = {"until_date": "2027-01-01", "reason": "mistake"}
    for address in (f"vera/assignments/{number}/end/", f"olivia/assignments/{10**30}/end/"):
        answer = grace.post(
            f"/api/v1/people/{address}", json.dumps(sent), content_type="application/json", headers={"If-Match": "*"}
        )
        assert code(answer) == (404, "not_found"), address
    assert Assignment.objects.get(pk=number).until_date is None


def test_nobody_takes_a_short_way_with_themselves_and_a_site_has_a_name(people):
    grace, dev = people["grace"], people["dev"]
    lost = {"initial_password": "given-at-the-gate-2026", "identity_checked_by": dev, "reason": "forgotten"}
    refused("cannot_replace_own_password", replace_lost_password, by=grace, person=grace, **lost)
    ending = {"assignment": grace.assignments.first(), "until_date": now().date(), "reason": "enough"}
    refused("cannot_end_own_role", end_assignment, by=grace, **ending)
    site = {"code": "JP01", "name": " ", "country": "JP", "timezone": "Asia/Tokyo"}
    refused("site_name_missing", add_site, by=grace, **site)
