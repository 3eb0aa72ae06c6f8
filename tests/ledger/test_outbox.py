"""E-c: what an action asks for is done once in effect, whatever Redis or a worker loses."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import Site
from gatekeeper.celery import app
from gatekeeper.demo.embedded import free_port
from gatekeeper.ledger import outbox, queries
from gatekeeper.ledger.actions import outbox as actions
from gatekeeper.ledger.models import Outbox
from gatekeeper.ledger.tasks import deliver, sweep
from tests.ledger.people import found_town, open_site


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


@outbox.handler("test.open_sites", together=True)
def open_the_sites(payloads):
    codes = [payload["code"] for payload in payloads]
    for code in codes:
        if code == "POISON":
            raise RuntimeError("poison")
        open_the_site({"code": code})
    GROUPS.append(codes)


GROUPS = []


@pytest.fixture
def groups():
    """The parts in which sites were opened together."""
    GROUPS.clear()
    return GROUPS


@pytest.fixture
def town(founded_template, db):
    return found_town()


@pytest.fixture
def rings(monkeypatch):
    """The rings that would have gone to Redis."""
    rung = []
    monkeypatch.setattr(outbox, "ring", lambda message_id, queue, bell: rung.append((message_id, queue, bell)))
    return rung


@pytest.fixture
def sent(monkeypatch):
    """The tasks that would have gone to Redis: message and bell."""
    tasks = []
    monkeypatch.setattr(deliver, "apply_async", lambda arguments, **_options: tasks.append(arguments))
    return tasks


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
    assert rings == [(message.pk, "detection", "")]


def test_work_is_done_once_and_a_second_ring_changes_nothing(town):
    message = actions.post("test.open_site", {"code": "MY1"})
    assert actions.deliver(message.pk) == 1
    assert actions.deliver(message.pk) == 0
    assert Site.objects.filter(code="MY1").count() == 1
    message.refresh_from_db()
    assert message.done_at is not None
    assert message.attempts == 1


def test_work_that_is_not_due_waits_for_its_time(town, rings, monkeypatch):
    later = clock.now() + timedelta(hours=1)
    message = actions.post("test.open_site", {"code": "MY1"}, due_at=later)
    assert actions.deliver(message.pk) == 0
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
        assert actions.deliver(message.pk) == 0
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
    assert actions.deliver(message.pk) == 0
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


def test_with_redis_dead_the_action_succeeds_and_the_sweep_does_the_work_once(
    founded_template, committed_db, dead_redis, caplog
):
    town = found_town()
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


def test_many_workers_at_once_do_each_message_once(founded_template, committed_db, rings):
    found_town()
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


def test_what_waits_for_one_share_is_done_together_and_in_order(town, groups):
    first = actions.post("test.open_sites", {"code": "MY1"}, share="a")
    actions.post("test.open_sites", {"code": "MY2"}, share="b")
    actions.post("test.open_sites", {"code": "MY3"}, share="a")
    actions.post("test.open_sites", {"code": "MY4"}, share="a", due_at=clock.now() + timedelta(hours=1))
    assert actions.deliver(first.pk) == 2
    assert groups == [["MY1", "MY3"]]
    assert actions.deliver(first.pk) == 0
    assert actions.sweep() == 1
    assert groups[1:] == [["MY2"]]


def test_a_ring_for_what_is_done_already_does_what_has_come_since(town, groups):
    first = actions.post("test.open_sites", {"code": "MY1"}, share="a")
    assert actions.deliver(first.pk) == 1
    actions.post("test.open_sites", {"code": "MY2"}, share="a")
    assert actions.deliver(first.pk) == 1
    assert groups == [["MY1"], ["MY2"]]


def test_without_a_share_or_without_such_a_handler_each_message_is_done_alone(town, groups):
    alone = actions.post("test.open_sites", {"code": "MY1"})
    actions.post("test.open_sites", {"code": "MY2"})
    other = actions.post("test.open_site", {"code": "MY3"}, share="a")
    actions.post("test.open_site", {"code": "MY4"}, share="a")
    assert (actions.deliver(alone.pk), actions.deliver(other.pk)) == (1, 1)
    assert groups == [["MY1"]]
    assert set(Site.objects.filter(code__startswith="MY").values_list("code", flat=True)) == {"MY1", "MY3"}


def test_poison_among_others_is_found_by_trying_each_alone(town, groups):
    first = actions.post("test.open_sites", {"code": "MY1"}, share="a")
    poison = actions.post("test.open_sites", {"code": "POISON"}, share="a")
    last = actions.post("test.open_sites", {"code": "MY2"}, share="a")
    assert actions.deliver(first.pk) == 0
    assert not Site.objects.filter(code__startswith="MY").exists()
    for message in (first, poison, last):
        message.refresh_from_db()
        assert (message.attempts, message.done_at) == (1, None)
        forget_the_hold(message)
    fresh = actions.post("test.open_sites", {"code": "MY3"}, share="a")
    assert actions.deliver(poison.pk) == 0
    assert [actions.deliver(message.pk) for message in (first, last, fresh)] == [1, 1, 1]
    assert groups == [["MY1"], ["MY2"], ["MY3"]]
    poison.refresh_from_db()
    assert poison.attempts == 2


def test_a_bell_is_rung_once_until_it_is_answered(town, sent, django_capture_on_commit_callbacks):
    def post(code, share):
        with django_capture_on_commit_callbacks(execute=True):
            return actions.post("test.open_sites", {"code": code}, share=share)

    first, other = post("MY1", "bell-a"), post("MY2", "bell-b")
    post("MY3", "bell-a")
    assert [message for message, _bell in sent] == [first.pk, other.pk]
    bell = sent[0][1]
    assert deliver.run(first.pk, bell) == 2
    again = post("MY4", "bell-a")
    assert sent[2:] == [(again.pk, bell)]
    outbox.answer(bell)
    outbox.answer(sent[1][1])


@pytest.fixture
def redis_away(settings):
    """Nobody answers where Redis should be."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    outbox._bells.cache_clear()
    yield
    outbox._bells.cache_clear()


def test_with_redis_dead_a_bell_holds_nothing_up(town, sent, redis_away, caplog):
    message = actions.post("test.open_sites", {"code": "MY1"}, share="a")
    outbox.ring(message.pk, message.queue, "bell:x")
    outbox.ring(message.pk, message.queue, "bell:x")
    assert sent == [(message.pk, "bell:x")] * 2
    assert deliver.run(message.pk, "bell:x") == 1
    assert "rings on" in caplog.text


def test_work_that_nobody_waits_for_is_left_to_the_sweep(town, rings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        actions.post("test.open_site", {"code": "MY1"}, hurried=False)
    assert rings == []
    assert actions.sweep() == 1


@pytest.mark.parametrize(("parts", "queues"), [(1, {"detection"}), (4, {f"detection.{part}" for part in range(4)})])
def test_the_messages_of_a_share_wait_in_one_part_of_a_queue(town, settings, parts, queues):
    settings.QUEUE_PARTS = {"detection": parts}
    first = [actions.post("test.detect", {"code": "MY"}, share=f"TFF{number:02}").queue for number in range(24)]
    again = [actions.post("test.detect", {"code": "MY"}, share=f"TFF{number:02}").queue for number in range(24)]
    assert first == again
    assert set(first) == queues


def test_a_sweep_of_a_queue_does_all_of_its_parts(town, settings):
    settings.QUEUE_PARTS = {"detection": 4}
    for number in range(8):
        actions.post("test.detect", {"code": f"MY{number}"}, share=f"TFF{number:02}")
    assert actions.sweep("detection") == 8
