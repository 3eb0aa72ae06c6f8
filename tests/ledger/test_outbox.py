"""E-c: what an action asks for is done once in effect, whatever Redis or a worker loses."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import Site
from gatekeeper.celery import app
from gatekeeper.ledger import outbox, queries
from gatekeeper.ledger.actions import outbox as actions
from gatekeeper.ledger.models import Outbox
from gatekeeper.ledger.tasks import deliver, sweep
from tests.ledger.people import make_town, open_site


@outbox.handler("test.open_site")
def open_the_site(payload):
    from gatekeeper.accounts.models import Person

    open_site(by=Person.objects.get(username="ada"), code=payload["code"])


@outbox.handler("test.detect", queue="detection")
def detect(payload):
    open_the_site(payload)


@outbox.handler("test.poison")
def fall_over(payload):
    open_the_site(payload)
    raise RuntimeError("poison")


@pytest.fixture
def town(db):
    return make_town()


@pytest.fixture
def rings(monkeypatch):
    """The rings that would have gone to Redis."""
    rung = []
    monkeypatch.setattr(outbox, "ring", lambda message_id, queue: rung.append((message_id, queue)))
    return rung


def forget_the_hold(message):
    Outbox.objects.filter(pk=message.pk).update(held_until=None)


def test_a_message_is_part_of_its_transaction(town, rings):
    with transaction.atomic():
        actions.post("test.open_site", {"code": "MY1"})
        transaction.set_rollback(True)
    assert not Outbox.objects.exists()
    assert rings == []


def test_outside_a_transaction_nothing_is_posted(committed_db):
    with pytest.raises(RuntimeError, match="part of an action"):
        actions.post("test.open_site", {"code": "MY1"})


def test_a_kind_that_nobody_handles_is_refused_when_posted(town):
    with pytest.raises(LookupError, match="nobody handles"):
        actions.post("test.unknown", {})


def test_a_ring_follows_the_commit(town, rings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = actions.post("test.detect", {"code": "MY1"})
        assert rings == []
    assert rings == [(message.pk, "detection")]


def test_work_is_done_once_and_a_second_ring_changes_nothing(town):
    message = actions.post("test.open_site", {"code": "MY1"})
    assert actions.deliver(message.pk) is True
    assert actions.deliver(message.pk) is False
    assert Site.objects.filter(code="MY1").count() == 1
    message.refresh_from_db()
    assert message.done_at is not None
    assert message.attempts == 1


def test_work_that_is_not_due_waits_for_its_time(town, rings, monkeypatch):
    later = clock.now() + timedelta(hours=1)
    message = actions.post("test.open_site", {"code": "MY1"}, due_at=later)
    assert actions.deliver(message.pk) is False
    assert actions.sweep() == 0
    monkeypatch.setattr(clock, "now", lambda: later)
    assert actions.sweep() == 1


def test_a_sweep_does_what_is_due_in_its_queue_only(town):
    actions.post("test.detect", {"code": "MY1"})
    actions.post("test.open_site", {"code": "MY2"})
    assert actions.sweep() == 1
    assert Site.objects.filter(code="MY2").exists()
    assert actions.sweep("detection") == 1
    assert Site.objects.filter(code="MY1").exists()


def test_work_that_fails_leaves_nothing_and_is_tried_five_times_then_shown(town):
    message = actions.post("test.poison", {"code": "MY1"})
    for attempt in range(1, 6):
        assert actions.deliver(message.pk) is False
        message.refresh_from_db()
        assert message.attempts == attempt
        assert "RuntimeError: poison" in message.error
        assert message.held_until > clock.database()
        assert (message.dead_at is not None) == (attempt == 5)
        forget_the_hold(message)
    assert not Site.objects.filter(code="MY1").exists()
    assert actions.sweep() == 0
    assert list(queries.dead_letters()) == [message]


def test_a_failed_message_does_not_hold_up_the_others(town):
    actions.post("test.poison", {"code": "MY1"})
    actions.post("test.open_site", {"code": "MY2"})
    assert actions.sweep() == 1
    assert Site.objects.filter(code="MY2").exists()


def test_a_worker_that_dies_each_time_is_not_tried_for_ever(town):
    message = actions.post("test.open_site", {"code": "MY1"})
    Outbox.objects.filter(pk=message.pk).update(attempts=5)
    assert actions.deliver(message.pk) is False
    message.refresh_from_db()
    assert message.dead_at is not None
    assert message.error == "The worker died each time."


def test_work_held_by_a_worker_is_left_alone_until_its_hold_ends(town):
    message = actions.post("test.open_site", {"code": "MY1"})
    Outbox.objects.filter(pk=message.pk).update(attempts=1, held_until=clock.database() + timedelta(seconds=30))
    assert actions.sweep() == 0
    Outbox.objects.filter(pk=message.pk).update(held_until=clock.database() - timedelta(seconds=1))
    assert actions.sweep() == 1


def test_two_functions_cannot_handle_one_kind():
    with pytest.raises(ValueError, match="is handled by"):
        outbox.handler("test.open_site")(fall_over)


@pytest.fixture
def dead_redis(monkeypatch):
    """The application's broker is an address where nobody listens."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(app.conf, name, "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


def test_with_redis_dead_the_action_succeeds_and_the_sweep_does_the_work_once(committed_db, dead_redis, caplog):
    town = make_town()
    begun = time.monotonic()
    with transaction.atomic():
        open_site(by=town.ada, code="MY1")
        actions.post("test.open_site", {"code": "MY2"})
    assert "No ring for outbox message" in caplog.text
    assert time.monotonic() - begun < 5
    assert Site.objects.filter(code="MY1").exists()
    assert sweep.run() == 1
    assert sweep.run() == 0
    assert Site.objects.filter(code="MY2").count() == 1


def test_many_workers_at_once_do_each_message_once(committed_db, rings):
    make_town()
    with transaction.atomic():
        messages = [actions.post("test.open_site", {"code": f"MY{number}"}) for number in range(12)]

    def work():
        for message in messages:
            deliver.run(message.pk)
        sweep.run()
        connections.close_all()

    threads = [threading.Thread(target=work) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Site.objects.filter(code__startswith="MY").count() == 12
    assert not Outbox.objects.filter(done_at__isnull=True).exists()
    assert set(Outbox.objects.values_list("attempts", flat=True)) == {1}
