"""E-c: a repeated request has one effect and gets the same bytes for an answer."""

import threading

import pytest
from django.db import connections, transaction

from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger.actions.idempotency import Answer, held, remember, replay
from tests.ledger.people import found_town

ANSWER = Answer(201, "application/json", b'{"value": "1.10"}\n', {"Location": "/api/v1/lots/P-1/"})


@pytest.fixture
def town(founded_template, db):
    return found_town()


def asked(person, **changes):
    return {"by": person, "path": "/api/v1/lots/", "key": "k-1", "request": b'{"number": "P-1"}'} | changes


def test_a_new_request_has_no_answer_yet(town):
    assert replay(**asked(town.ada)) is None


def test_a_repeat_gets_the_same_bytes(town):
    remember(**asked(town.ada), answer=ANSWER)
    assert replay(**asked(town.ada)) == ANSWER


def test_the_same_key_with_another_body_is_refused(town):
    remember(**asked(town.ada), answer=ANSWER)
    with pytest.raises(Refusal) as refused:
        replay(**asked(town.ada, request=b'{"number": "P-2"}'))
    assert (refused.value.code, refused.value.kind) == ("idempotency_key_reused", Kind.INVALID)


def test_a_key_belongs_to_a_person_and_an_address(town):
    remember(**asked(town.ada), answer=ANSWER)
    assert replay(**asked(town.ben)) is None
    assert replay(**asked(town.ada, path="/api/v1/plasmids/")) is None
    assert replay(**asked(town.ada, key="k-2")) is None


def test_a_key_that_is_too_long_is_refused(town):
    with pytest.raises(Refusal) as refused:
        replay(**asked(town.ada, key="k" * 121))
    assert refused.value.code == "idempotency_key_too_long"


def test_an_effect_that_is_rolled_back_leaves_no_answer(town):
    with transaction.atomic():
        remember(**asked(town.ada), answer=ANSWER)
        transaction.set_rollback(True)
    assert replay(**asked(town.ada)) is None


def test_a_repeat_while_the_first_still_runs_is_refused_and_later_answered(founded_template, committed_db):
    town = found_town()
    refused = []

    def repeat():
        try:
            with transaction.atomic():
                replay(**asked(town.ada))
        except Refusal as refusal:
            refused.append(refusal)
        finally:
            connections.close_all()

    with transaction.atomic():
        assert replay(**asked(town.ada)) is None
        second = threading.Thread(target=repeat)
        second.start()
        second.join()
        remember(**asked(town.ada), answer=ANSWER)
    assert [(refusal.code, refusal.kind) for refusal in refused] == [("request_in_progress", Kind.CONFLICT)]
    with transaction.atomic():
        assert replay(**asked(town.ada)) == ANSWER


def test_a_key_is_held_over_several_transactions_and_free_afterwards(founded_template, committed_db):
    town = found_town()
    known = {name: asked(town.ada)[name] for name in ("by", "path", "key")}
    answers = []

    def repeat():
        try:
            with transaction.atomic():
                answers.append(replay(**asked(town.ada)))
        except Refusal as refusal:
            answers.append(refusal.code)
        finally:
            connections.close_all()

    def repeat_elsewhere():
        second = threading.Thread(target=repeat)
        second.start()
        second.join()

    with held(**known):
        with transaction.atomic():
            assert replay(**asked(town.ada)) is None
        repeat_elsewhere()
        with transaction.atomic():
            remember(**asked(town.ada), answer=ANSWER)
    repeat_elsewhere()
    assert answers == ["request_in_progress", ANSWER]
