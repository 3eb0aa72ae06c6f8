"""A-10, E-d: people, roles, training, tokens and sites over REST: cursor, filters, versions, repeats."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.people import PASSWORD
from tests.doors import post, signed_in

FIRST = "given-at-the-gate-2026"
PEOPLE = "/api/v1/people/"
NEW = {
    "username": "nadia",
    "full_name": "Nadia Koh",
    "email": "nadia@example.org",
    "language": "ko",
    "initial_password": FIRST,
    "identity_checked_by": "dev",
    "password": PASSWORD,
}


@pytest.fixture
def grace(people):
    return signed_in(people["grace"])


def change(client, url, body, match="*"):
    headers = {"If-Match": match} if match else {}
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def names(answer):
    return [row["username"] for row in answer.json()["results"]]


def test_a_person_is_enrolled_and_shown_without_any_secret(grace):
    answer = post(grace, PEOPLE, NEW, key="e1")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert shown == grace.get(f"{PEOPLE}Nadia/").json()
    assert (shown["username"], shown["kind"], shown["language"], shown["active"]) == ("nadia", "human", "ko", True)
    assert (shown["identity_checked_by"], shown["password_changed_at"]) == ("dev", None)
    assert shown["assignments"] == shown["qualifications"] == []
    assert not {"password", "initial_password"} & set(shown)
    again = post(grace, PEOPLE, NEW, key="e1")
    assert (again.content, again["ETag"]) == (answer.content, answer["ETag"])
    assert Person.objects.filter(username="nadia").count() == 1


def test_a_machine_is_enrolled_assigned_given_a_token_and_the_token_is_revoked(grace):
    sent = NEW | {"username": "erp", "full_name": "ERP", "kind": "machine", "initial_password": ""}
    assert post(grace, PEOPLE, sent).status_code == 201
    role = {"role": "integration_machine", "site": "SG01", "from_date": "2026-01-01"}
    assert post(grace, f"{PEOPLE}erp/assignments/", role).status_code == 201
    asked = {"site": "SG01", "scopes": ["lots.view"], "expires_at": (now() + timedelta(days=9)).isoformat()}
    issued = post(grace, f"{PEOPLE}erp/tokens/", asked).json()
    erp = Client(headers={"Authorization": f"Bearer {issued['token']}"})
    assert erp.get("/api/v1/lots/").status_code == 200
    (listed,) = grace.get(f"{PEOPLE}erp/tokens/").json()["results"]
    assert listed == {name: value for name, value in issued.items() if name != "token"}
    gone = change(grace, f"{PEOPLE}erp/tokens/{issued['prefix']}/revoke/", {"reason": "leaked"})
    assert (gone.status_code, gone.json()["revoked_by"]) == (201, "grace")
    assert erp.get("/api/v1/lots/").status_code == 401
    assert change(grace, f"{PEOPLE}erp/tokens/{'0' * 8}/revoke/", {"reason": "x"}).status_code == 404


def test_a_role_and_a_training_are_given_listed_and_the_role_is_ended(grace):
    role = {"role": "auditor", "site": "SG01", "from_date": "2026-01-01", "until_date": "2026-12-31"}
    given = post(grace, f"{PEOPLE}rafael/assignments/", role)
    assert (given.status_code, given.json()["granted_by"]) == (201, "grace")
    assert {row["role"] for row in grace.get(f"{PEOPLE}rafael/assignments/").json()["results"]} == {
        "auditor",
        "qa_releaser",
    }
    trained = {"procedure": "SOP-9", "from_date": "2026-01-01", "expiry_date": "2027-01-01"}
    assert post(grace, f"{PEOPLE}rafael/qualifications/", trained).status_code == 201
    (row,) = grace.get(f"{PEOPLE}rafael/qualifications/").json()["results"]
    assert trained.items() <= row.items()
    version = grace.get(f"{PEOPLE}rafael/")["ETag"]
    url, ends = f"{PEOPLE}rafael/assignments/{given.json()['id']}/end/", {"until_date": "2026-06-30", "reason": "moves"}
    ended = change(grace, url, ends, version)
    assert (ended.status_code, ended.json()["until_date"]) == (201, "2026-06-30")
    assert change(grace, url, ends, version).status_code == 412


def test_a_change_needs_the_version_that_was_read(grace):
    url = f"{PEOPLE}olivia/disable/"
    version = grace.get(f"{PEOPLE}olivia/")["ETag"]
    assert change(grace, url, {"reason": "left"}, None).status_code == 428
    trained = {"procedure": "SOP-9", "from_date": "2026-01-01", "expiry_date": "2027-01-01"}
    post(grace, f"{PEOPLE}olivia/qualifications/", trained)
    assert change(grace, url, {"reason": "left"}, version).json()["code"] == "changed_meanwhile"
    done = change(grace, url, {"reason": "left"}, grace.get(f"{PEOPLE}olivia/")["ETag"])
    assert (done.status_code, done.json()["active"]) == (201, False)


def test_a_lost_password_is_replaced_by_two(grace):
    sent = {"initial_password": FIRST, "identity_checked_by": "dev", "password": PASSWORD, "reason": "forgotten"}
    answer = change(grace, f"{PEOPLE}olivia/password/", sent)
    assert (answer.status_code, answer.json()["password_changed_at"]) == (201, None)
    assert Person.objects.get(username="olivia").check_password(FIRST)


def test_people_are_listed_by_cursor_and_narrowed(grace, people):
    everybody = set(people) - {"sol"}
    url, found = f"{PEOPLE}?page_size=5", []
    while url:
        page = grace.get(url)
        found += names(page)
        url = page.json()["next"]
    assert len(found) == len(everybody)
    assert set(found) == everybody
    assert set(names(grace.get(f"{PEOPLE}?kind=machine"))) == {"lims", "skid-gateway", "monitor"}
    assert names(grace.get(f"{PEOPLE}?role=qa_releaser")) == ["rafael"]
    assert names(grace.get(f"{PEOPLE}?site=KR01")) == []
    assert names(grace.get(f"{PEOPLE}?active=false")) == []
    before = now().isoformat().replace("+00:00", "Z")
    change(grace, f"{PEOPLE}olivia/disable/", {"reason": "left"})
    assert names(grace.get(f"{PEOPLE}?updated_since={before}&active=false")) == ["olivia"]


def test_sites_are_listed_and_added_and_roles_are_read(grace):
    site = {"code": "JP01", "name": "Kobe", "country": "JP", "timezone": "Asia/Tokyo"}
    assert post(grace, "/api/v1/sites/", site, key="s").json() == site
    assert post(grace, "/api/v1/sites/", site, key="s")["Idempotency-Replayed"] == "true"
    assert Site.objects.filter(code="JP01").count() == 1
    assert site in grace.get("/api/v1/sites/").json()["results"]
    roles = {row["code"]: row["permissions"] for row in grace.get("/api/v1/roles/").json()["results"]}
    assert roles["site_administrator"] == ["accounts.manage", "accounts.view", "ledger.view"]


@pytest.mark.parametrize("name", ["people", "people/olivia", "sites", "roles", "people/olivia/assignments"])
def test_whoever_does_not_read_about_people_is_refused_and_nobody_is_asked_who_they_are(people, name):
    assert signed_in(people["olivia"]).get(f"/api/v1/{name}/").status_code == 403
    assert Client().get(f"/api/v1/{name}/").status_code == 401


def test_what_names_nobody_nowhere_or_nothing_is_missing(grace):
    role = {"role": "auditor", "site": "SG01", "from_date": "2026-01-01"}
    answers = [
        post(grace, f"{PEOPLE}nobody/assignments/", role),
        post(grace, f"{PEOPLE}olivia/assignments/", role | {"site": "XX"}),
        post(grace, f"{PEOPLE}olivia/assignments/", role | {"role": "king"}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (404, "person_unknown"),
        (404, "site_unknown"),
        (404, "role_unknown"),
    ]
