"""E-d, E-p, E-q, E-s: people are enrolled by two, disabled instead of deleted, and no name is used again."""

import pytest
from django.db import IntegrityError, transaction

from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.authentication import Credentials, prove
from gatekeeper.accounts.actions.founding import found
from gatekeeper.accounts.actor import SYSTEM, acting_as
from gatekeeper.accounts.models import AccessEvent, Person, Site
from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.refusal import Refusal
from tests.accounts.making import FIRST, OWN, SINGAPORE, browser, enter


def refused(code, function, **arguments):
    with pytest.raises(Refusal) as refusal:
        function(**arguments)
    assert refusal.value.code == code, refusal.value
    return refusal.value


def enrol(house, username="olivia", **over):
    arguments = {
        "by": house.ada,
        "username": username,
        "full_name": "Olivia Tan",
        "identity_checked_by": house.ben,
        "initial_password": FIRST,
    }
    return people.enrol_person(**{**arguments, **over})


def test_an_empty_system_is_founded_by_two_people_who_checked_each_other(house):
    assert (house.ada.identity_checked_by, house.ben.identity_checked_by) == (house.ben, house.ada)
    assert "accounts.manage" in permissions_of(house.ada, house.singapore)
    assert {row.granted_by for row in house.ada.assignments.all()} == {house.ben}


def test_a_system_is_founded_once(house):
    new = {"username": "eve", "full_name": "Eve", "initial_password": FIRST}
    refused("already_founded", found, by=SYSTEM, site=SINGAPORE, administrators=(new, {**new, "username": "mal"}))


def test_only_the_system_itself_founds(db):
    new = {"username": "eve", "full_name": "Eve", "initial_password": FIRST}
    pretender = Person(username="eve", full_name="Eve")
    refused("already_founded", found, by=pretender, site=SINGAPORE, administrators=(new, new))


def test_nothing_is_left_of_a_founding_that_fails(db):
    new = {"username": "eve", "full_name": "Eve", "initial_password": FIRST}
    refused("username_taken", found, by=SYSTEM, site=SINGAPORE, administrators=(new, {**new, "username": "EVE"}))
    assert not Person.objects.exists()
    assert not Site.objects.exists()


def test_who_enrols_is_on_record(house):
    olivia = enrol(house)
    assert olivia.history.get().history_user == house.ada
    assert olivia.identity_checked_by == house.ben


@pytest.mark.parametrize("name", ["olivia", "Olivia", "OLIVIA", " olivia "])
def test_a_name_is_never_used_again_not_even_of_somebody_who_left(house, name):
    olivia = enrol(house)
    people.disable_person(by=house.ada, person=olivia, reason="left the company")
    refused("username_taken", enrol, house=house, username=name)


def test_the_database_refuses_a_name_that_differs_in_case_only(house):
    enrol(house)
    with pytest.raises(IntegrityError), transaction.atomic(), acting_as(house.ada):
        Person.objects.create(username="OLIVIA", full_name="Other")


@pytest.mark.parametrize("name", ["", "system", "SYSTEM", "оlivia", "olivia tan", "a" * 61, "x\x00y"])
def test_a_name_that_could_be_mistaken_is_refused(house, name):
    refused("username_malformed", enrol, house=house, username=name)


def test_the_one_who_enrols_cannot_check_the_identity(house):
    assert (
        refused("identity_check_needs_another", enrol, house=house, identity_checked_by=house.ada).field
        == "identity_checked_by"
    )


def test_a_machine_cannot_check_an_identity(house):
    lims = house.machine("lims")
    refused("identity_checker_unfit", enrol, house=house, identity_checked_by=lims)


def test_an_operator_enrols_nobody(house):
    olivia = house.enrol("olivia", "operator")
    refused("not_authorised", enrol, house=house, by=olivia, username="mal")


@pytest.mark.parametrize(
    ("password", "code"), [("short", "password_too_short"), ("olivia-olivia-olivia", "password_too_similar")]
)
def test_a_weak_password_is_refused_at_its_field(house, password, code):
    refusal = refused(code, enrol, house=house, username="olivia-olivia", initial_password=password)
    assert refusal.field == "initial_password"


def test_the_initial_password_opens_nothing_but_the_page_that_replaces_it(house):
    enrol(house)
    client = browser("olivia", FIRST)
    assert client.get("/").url == "/accounts/password/?next=%2F"
    assert client.get("/api/v1/schema/").json()["code"] == "password_not_changed"
    refused("password_not_changed", prove, by=Person.objects.get(username="olivia"), credentials=_own(FIRST))
    form = {"old_password": FIRST, "new_password": OWN, "repeated": OWN}
    assert client.post("/accounts/password/", form).url == "/accounts/accountability/"
    assert client.get("/").status_code == 200


def _own(password):
    return Credentials("olivia", password)


def test_a_password_is_changed_with_the_old_one_only(house):
    olivia = house.enrol("olivia")
    wrong = Credentials("olivia", "not the right passphrase")
    refused("wrong_password", people.change_password, by=olivia, credentials=wrong, new_password="another one of mine")
    assert AccessEvent.objects.filter(person=olivia, kind="signing_failed").count() == 1
    refused("password_unchanged", people.change_password, by=olivia, credentials=_own(OWN), new_password=OWN)
    people.change_password(by=olivia, credentials=_own(OWN), new_password="another one of mine")
    assert enter(browser(), "olivia", "another one of mine").status_code == 302


def test_a_changed_password_ends_the_sessions_elsewhere(house):
    olivia = house.enrol("olivia")
    elsewhere = browser("olivia")
    people.change_password(by=olivia, credentials=_own(OWN), new_password="another one of mine")
    assert elsewhere.get("/").url.startswith("/accounts/log-in/")


def test_a_lost_password_takes_two_people_and_must_be_replaced(house):
    olivia = house.enrol("olivia")
    asked = {"by": house.ada, "person": olivia, "initial_password": FIRST, "reason": "forgotten"}
    replace = people.replace_lost_password
    refused("identity_check_needs_another", replace, **asked, identity_checked_by=house.ada)
    refused("reason_missing", replace, **{**asked, "reason": " "}, identity_checked_by=house.ben)
    refused("identity_checker_unfit", replace, **asked, identity_checked_by=house.machine("lims"))
    changed = replace(**asked, identity_checked_by=house.ben)
    assert changed.password_changed_at is None
    assert browser("olivia", FIRST).get("/").url.startswith("/accounts/password/")


def test_a_disabled_person_is_out_at_once_and_stays_on_record(house):
    olivia = house.enrol("olivia", "operator")
    client = browser("olivia")
    refused("reason_missing", people.disable_person, by=house.ada, person=olivia, reason="")
    refused("cannot_disable_oneself", people.disable_person, by=house.ada, person=house.ada, reason="tired")
    people.disable_person(by=house.ada, person=olivia, reason="left")
    assert client.get("/").url.startswith("/accounts/log-in/")
    assert enter(browser(), "olivia").status_code == 403
    olivia.refresh_from_db()
    assert permissions_of(olivia, house.singapore) == frozenset()
    refused("person_disabled", prove, by=olivia, credentials=_own(OWN))


def test_the_system_is_no_person(house):
    assert not Person.objects.filter(username__iexact=SYSTEM.username).exists()
    assert SYSTEM.full_name


def test_a_password_never_shows_in_what_is_printed():
    assert "secret" not in repr(Credentials("olivia", "secret"))
