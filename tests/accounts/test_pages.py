"""E-j, I-12: what everybody finds behind the door: home, one's own password, what one's signature means."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.template import Context, Template

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.roles import assign_role, end_assignment, grant_qualification, import_roles
from gatekeeper.accounts.models import Person, Role
from gatekeeper.accounts.queries import check_authority, check_qualified, day_at, roles_shipped, sites_of
from gatekeeper.core.refusal import Refusal
from tests.accounts.making import BEGIN, FIRST, OWN, browser


def refused(code, function, *arguments, **named):
    with pytest.raises(Refusal) as refusal:
        function(*arguments, **named)
    assert refusal.value.code == code, refusal.value


def test_home_of_whom_nothing_waits_says_so(house):
    page = browser("ada").get("/").content.decode()
    assert "Nothing waits for you" in page
    assert "Singapore" in page


def test_an_expired_qualification_blocks_and_waits_at_home(house):
    olivia, today = house.enrol("olivia", "operator"), day_at(house.singapore)
    refused("qualification_missing", check_qualified, olivia, "SOP-1", site=house.singapore)
    grant_qualification(
        by=house.ada, person=olivia, procedure="SOP-1", from_date=BEGIN, expiry_date=today - timedelta(days=2)
    )
    refused("qualification_expired", check_qualified, olivia, "SOP-1", site=house.singapore)
    for name in ("olivia", "ada"):
        page = browser(name).get("/")
        assert "SOP-1" in page.content.decode()
        assert "Expired" in page.content.decode()
        assert page.context["page"].waiting == 1
    grant_qualification(
        by=house.ada, person=olivia, procedure="SOP-1", from_date=today, expiry_date=today + timedelta(days=400)
    )
    check_qualified(olivia, "SOP-1", site=house.singapore)
    assert "SOP-1" not in browser("olivia").get("/").content.decode()


def test_authority_ends_with_the_day_and_is_read_at_each_request(house):
    olivia, today = house.enrol("olivia", "operator"), day_at(house.singapore)
    check_authority(olivia, "batches.perform", house.singapore)
    refused("not_authorised", check_authority, olivia, "lots.release", house.singapore)
    refused("not_authorised", check_authority, olivia, "batches.perform", house.seoul())
    assignment = olivia.assignments.get()
    end_assignment(by=house.ada, assignment=assignment, until_date=today, reason="moves on")
    check_authority(olivia, "batches.perform", house.singapore)
    end_assignment(by=house.ada, assignment=assignment, until_date=today - timedelta(days=1), reason="moved on")
    refused("not_authorised", check_authority, olivia, "batches.perform", house.singapore)
    assert not sites_of(olivia).exists()


def test_the_administrator_of_one_site_assigns_nothing_at_another_that_has_its_own(house):
    sol, seoul = house.enrol("sol"), house.seoul()
    assign_role(by=house.ada, person=sol, role="site_administrator", site=seoul, from_date=BEGIN)
    olivia = house.enrol("olivia")
    asked = {"person": olivia, "role": "operator", "from_date": BEGIN}
    refused("not_authorised", assign_role, by=house.ada, site=seoul, **asked)
    assign_role(by=sol, site=seoul, **asked)
    assert [site.code for site in sites_of(olivia, "batches.perform")] == ["KR1"]
    refused("role_already_assigned", assign_role, by=sol, site=seoul, **asked)


def test_duties_stay_separate_and_nobody_helps_themself(house):
    at = {"site": house.singapore, "from_date": BEGIN}
    refused("duties_not_separated", assign_role, by=house.ada, person=house.ben, role="qa_releaser", **at)
    refused("cannot_assign_oneself", assign_role, by=house.ada, person=house.ada, role="auditor", **at)
    refused("role_unknown", assign_role, by=house.ada, person=house.ben, role="king", **at)
    refused(
        "dates_out_of_order",
        assign_role,
        by=house.ada,
        person=house.ben,
        role="auditor",
        until_date=BEGIN - timedelta(1),
        **at,
    )


def test_the_shipped_roles_are_imported_and_a_second_import_changes_nothing(house):
    assert set(Role.objects.values_list("code", flat=True)) == set(roles_shipped())
    before = Role.history.count()
    import_roles(by=house.ada)
    assert Role.history.count() == before
    bad = {"x": {"name": "X", "permissions": ["accounts.manage", "lots.release"]}}
    refused("duties_not_separated", import_roles, by=house.ada, roles=bad)
    refused("permission_unknown", import_roles, by=house.ada, roles={"x": {"name": "X", "permissions": ["y.z"]}})
    refused("not_authorised", import_roles, by=house.enrol("olivia", "operator"), roles={})


def test_the_acceptance_of_accountability_is_signed_and_shown(house):
    people.enrol_person(
        by=house.ada, username="olivia", full_name="Olivia Tan", identity_checked_by=house.ben, initial_password=FIRST
    )
    olivia = Person.objects.get(username="olivia")
    people.change_password(by=olivia, credentials=Credentials("olivia", FIRST), new_password=OWN)
    client = browser("olivia")
    assert "You cannot sign yet" in client.get("/").content.decode()
    url = "/accounts/accountability/"
    assert client.post(url, {"username": "olivia", "password": "not the right passphrase"}).status_code == 403
    assert client.post(url, {"username": "ada", "password": OWN}).context["form"].errors["username"]
    assert client.post(url, {"username": "olivia", "password": OWN}).url == "/"
    assert "You accepted" in client.get(url).content.decode()
    assert "You cannot sign yet" not in client.get("/").content.decode()


def test_a_wrong_present_password_is_shown_at_its_field(house):
    form = {"old_password": "not the right passphrase", "new_password": "x y z " * 5, "repeated": "x y z " * 5}
    page = browser("ada").post("/accounts/password/", form)
    assert page.status_code == 403
    assert page.context["form"].errors.as_data()["old_password"][0].code == "wrong_password"
    page = browser("ada").post("/accounts/password/", {**form, "old_password": OWN, "repeated": "other"})
    assert (page.status_code, page.context["form"].errors.as_data()["repeated"][0].code) == (422, "passwords_differ")


def test_one_works_at_one_of_ones_own_sites(house):
    sol, seoul = house.enrol("sol", "operator"), house.seoul()
    assign_role(by=house.ada, person=sol, role="operator", site=seoul, from_date=BEGIN)
    client = browser("sol")
    assert client.post("/accounts/site/", {"site": "SG1"}).status_code == 302
    assert client.get("/").context["page"].site == house.singapore
    client.post("/accounts/site/", {"site": "KR1"})
    assert client.get("/").context["page"].zone == "Asia/Seoul"
    assert browser("ada").post("/accounts/site/", {"site": "KR1"}).status_code == 404


def test_every_field_says_what_belongs_to_it(house):
    page = browser().post("/accounts/log-in/", {"username": ""}).content.decode()
    described = re.findall(r'<input[^>]*aria-describedby="([^"]+)"', page)
    assert described
    assert all(f'id="{name}"' in page for names in described for name in names.split())


@pytest.mark.parametrize("path", ["/accounts/log-in/", "/nowhere/"])
def test_pages_carry_the_strict_policy_and_no_inline_script(db, path):
    answer = browser().get(path)
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|style=", answer.content.decode())


def test_health_says_what_answers(db):
    answer = browser().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "redis": "ok"})


def test_health_without_redis_still_serves(db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = browser().get("/healthz")
    assert (answer.status_code, answer.json()["redis"]) == (200, "unreachable")


def shown(text, **context):
    return Template(text).render(Context(context))


def test_times_name_their_zone_and_quantities_stay_as_reported():
    at = clock.datetime(2026, 11, 14, 2, 22, 10, tzinfo=clock.UTC)
    assert "2026-11-14 10:22:10 Asia/Singapore" in shown("{{ at|local_time:'Asia/Singapore' }}", at=at)
    assert shown("{{ none|local_time }}", none=None) == "–"
    assert shown("{{ value|quantity:'mL' }}", value="7.30") == "7.30\N{NO-BREAK SPACE}mL"
    assert shown("{{ hash|digest }}", hash="a" * 64) == "aaaaaaaaaaaa…"
    assert settings.USE_TZ


def test_who_administers_sees_the_people_of_their_site_only(house):
    house.enrol("olivia", "operator", full_name="Olivia Tan")
    house.enrol("sol", "operator", full_name="Sol Park", site=house.seoul())
    page = browser("ada").get("/accounts/people/").content.decode()
    assert "Olivia Tan" in page
    assert "Sol Park" not in page
    assert browser("olivia").get("/accounts/people/").status_code == 403


def test_the_list_of_people_takes_as_many_queries_for_many_as_for_few(house, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browser("ada")
    client.get("/accounts/people/")
    with CaptureQueriesContext(connection) as few:
        client.get("/accounts/people/")
    for name in ("olivia", "vera", "farid"):
        house.enrol(name, "operator")
    with django_assert_num_queries(len(few)):
        client.get("/accounts/people/")
