"""E-j, E-r, E-w: both components at each signing; failures are recorded, reported, and lock after five."""

import logging
from datetime import timedelta

import pytest
from django.db import transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.authentication import Credentials, prove, signer_of
from gatekeeper.accounts.models import AccessEvent, Person
from gatekeeper.accounts.queries import failures_of
from gatekeeper.core.refusal import Kind, Refusal
from tests.accounts.making import FIRST, OWN, browser, enter, make_house

WRONG = "not the right passphrase"


def attempt(by, password=OWN, username=None):
    """The code of what a signing gets, None when it is proven."""
    try:
        prove(by=by, credentials=Credentials(username or by.username, password, "10.0.0.7"))
    except Refusal as refusal:
        return refusal.code
    return None


def events(kind):
    return AccessEvent.objects.filter(kind=kind)


def test_both_components_prove_who_signs(house):
    proof = prove(by=house.ada, credentials=Credentials("ADA", OWN, "10.0.0.7"))
    assert (proof.person_id, proof.username) == (house.ada.pk, "ada")
    event = AccessEvent.objects.get(pk=proof.event_id)
    assert (event.kind, event.ip_address, event.at) == ("proved", "10.0.0.7", proof.at)


def test_a_wrong_password_is_refused_at_its_field_and_recorded(house):
    with pytest.raises(Refusal) as refusal:
        prove(by=house.ada, credentials=Credentials("ada", WRONG, "10.0.0.7"))
    assert (refusal.value.code, refusal.value.field, refusal.value.kind) == (
        "wrong_password",
        "password",
        Kind.FORBIDDEN,
    )
    event = events("signing_failed").get()
    assert (event.person, event.ip_address) == (house.ada, "10.0.0.7")


def test_another_ones_name_and_password_do_not_sign_for_me(house):
    assert attempt(house.ada, OWN, username="ben") == "wrong_name"
    assert events("signing_failed").get().person == house.ada
    assert failures_of("ben") == 0


def test_five_failures_lock_and_then_the_right_password_is_refused_too(house):
    assert [attempt(house.ada, WRONG) for _ in range(5)] == ["wrong_password"] * 5
    assert attempt(house.ada, OWN) == "locked_out"
    assert enter(browser(), "ada").status_code == 423
    assert attempt(house.ben, OWN) is None


def test_log_ins_and_signings_are_counted_together(house):
    client = browser()
    assert [enter(client, name, WRONG).status_code for name in ("ada", "Ada", "ADA")] == [403] * 3
    assert [attempt(house.ada, WRONG) for _ in range(2)] == ["wrong_password"] * 2
    answer = enter(client, "ada")
    assert answer.status_code == 423
    assert answer.context["refusal"].code == "locked_out"


def test_five_failed_log_ins_lock_the_name_even_from_another_address(house):
    assert [enter(browser(), "ada", WRONG).status_code for _ in range(5)] == [403] * 5
    assert enter(browser(), "ada").status_code == 423
    elsewhere = browser()
    elsewhere.defaults["REMOTE_ADDR"] = "10.9.9.9"
    assert enter(elsewhere, "ada").status_code == 423
    assert attempt(house.ada, OWN) == "locked_out"


def test_a_success_between_forgives(house):
    for _ in range(3):
        for _ in range(4):
            assert attempt(house.ada, WRONG) == "wrong_password"
        assert attempt(house.ada, OWN) is None


def test_failures_are_forgotten_after_the_cool_off_time(house, settings, monkeypatch):
    for _ in range(5):
        attempt(house.ada, WRONG)
    later = clock.now() + timedelta(hours=settings.LOCKOUT_HOURS, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert attempt(house.ada, OWN) is None


def test_being_locked_out_is_recorded_and_reported_at_once(house, caplog):
    with caplog.at_level(logging.WARNING, logger="gatekeeper.security"):
        for _ in range(5):
            attempt(house.ada, WRONG)
    assert events("locked_out").get().person == house.ada
    assert caplog.records[-1].getMessage() == "locked_out: ada from 10.0.0.7"
    page = browser("ben").get("/")
    assert "ada is locked out" in page.content.decode()


def test_a_line_of_the_log_cannot_be_forged(db, caplog):
    make_house()
    enter(browser(), "ada\nlocked_out: ben", WRONG)
    assert all("\n" not in record.getMessage() for record in caplog.records if record.name == "gatekeeper.security")


def test_an_unknown_name_is_refused_in_the_same_words_and_recorded(house):
    known, unknown = enter(browser(), "ada", WRONG), enter(browser(), "nobody", WRONG)
    assert known.status_code == unknown.status_code == 403
    assert known.context["form"].errors == unknown.context["form"].errors
    event = events("log_in_failed").get(username="nobody")
    assert event.person is None


def test_an_unknown_name_costs_a_hash_too(house, monkeypatch):
    calls = []
    from gatekeeper.accounts.actions import authentication

    monkeypatch.setattr(authentication, "make_password", calls.append)
    with pytest.raises(Refusal) as refusal:
        signer_of(Credentials("nobody", WRONG))
    assert refusal.value.code == "wrong_password"
    assert calls == [WRONG]
    assert signer_of(Credentials("Ben", "")) == house.ben


def test_a_machine_never_signs(house):
    assert attempt(house.machine("lims"), "whatever it sends") == "machine_cannot_sign"


def test_nobody_signs_before_accepting_what_a_signature_means(house):
    olivia = people.enrol_person(
        by=house.ada, username="olivia", full_name="Olivia", identity_checked_by=house.ben, initial_password=FIRST
    )
    people.change_password(by=olivia, credentials=Credentials("olivia", FIRST), new_password=OWN)
    olivia.refresh_from_db()
    assert attempt(olivia) == "accountability_not_accepted"
    people.accept_accountability(by=olivia, credentials=Credentials("olivia", OWN))
    olivia.refresh_from_db()
    assert attempt(olivia) is None


def test_a_failed_signing_stays_on_record_when_the_rest_of_the_request_is_undone(committed_db):
    house = make_house()
    with pytest.raises(Refusal):
        sign_something(house)
    assert events("signing_failed").count() == 1


def sign_something(house):
    proof = prove(by=house.ada, credentials=Credentials("ada", WRONG))
    with transaction.atomic():
        raise AssertionError(proof)


def test_parallel_guesses_are_counted_one_after_the_other(committed_db):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    house = make_house()

    def guess(_number):
        try:
            return attempt(Person.objects.get(pk=house.ada.pk), WRONG)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(16)))
    assert codes.count("wrong_password") == 5
    assert codes.count("locked_out") == 11
