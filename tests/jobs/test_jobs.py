"""E-c: what an action asks for is done once in effect, whatever Redis or a worker loses."""

import ast
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils.module_loading import import_string

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import Site
from gatekeeper.celery import app
from gatekeeper.demo.embedded import free_port
from gatekeeper.jobs import wake_ups
from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.kinds import job_kind
from gatekeeper.jobs.models import Job
from gatekeeper.jobs.tasks import run_due, run_job
from tests.architecture import sources
from tests.ledger.people import found_town, open_site

HERE = f"{__name__}."
KINDS = {
    "test.open_site": {"handler": HERE + "open_the_site"},
    "test.detect": {"handler": HERE + "open_the_site", "queue": "detection"},
    "test.poison": {"handler": HERE + "fall_over"},
    "test.open_sites": {"handler": HERE + "open_the_sites", "batched": True},
    "test.later": {"handler": HERE + "open_the_site", "urgent": False},
}
BATCHES = []


@pytest.fixture(autouse=True)
def kinds(settings):
    settings.JOBS = settings.JOBS | KINDS


def open_the_site(payload):
    from gatekeeper.accounts.models import Person

    open_site(by=Person.objects.get(username="ada"), code=payload["code"])


def fall_over(payload):
    open_the_site(payload)
    raise RuntimeError("poison")


def open_the_sites(payloads):
    codes = [payload["code"] for payload in payloads]
    for code in codes:
        if code == "POISON":
            raise RuntimeError("poison")
        open_the_site({"code": code})
    BATCHES.append(codes)


@pytest.fixture
def batches():
    """The batches in which sites were opened."""
    BATCHES.clear()
    return BATCHES


@pytest.fixture
def town(founded_template, db):
    return found_town()


@pytest.fixture
def notified(monkeypatch):
    """The wake-ups that would have gone to Redis."""
    calls = []
    monkeypatch.setattr(wake_ups, "notify", lambda job_id, queue, wake_up: calls.append((job_id, queue, wake_up)))
    return calls


@pytest.fixture
def sent(monkeypatch):
    """The tasks that would have gone to Redis: job and wake-up."""
    tasks = []
    monkeypatch.setattr(app, "send_task", lambda _name, arguments, **_options: tasks.append(arguments))
    return tasks


def end_the_hold(job):
    Job.objects.filter(pk=job.pk).update(held_until=None)


def test_a_job_is_part_of_its_transaction(town, notified):
    with transaction.atomic():
        jobs.enqueue("test.open_site", {"code": "MY1"})
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert notified == []


def test_outside_a_transaction_nothing_is_enqueued(committed_db):
    with pytest.raises(RuntimeError, match="part of an action"):
        jobs.enqueue("test.open_site", {"code": "MY1"})


def test_a_kind_that_nobody_handles_is_refused_when_enqueued(town):
    with pytest.raises(LookupError, match="no handler of"):
        jobs.enqueue("test.unknown", {})


def test_a_wake_up_follows_the_commit(town, notified, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.enqueue("test.detect", {"code": "MY1"})
        assert notified == []
    assert notified == [(job.pk, "detection", "")]


def test_work_is_done_once_and_a_second_wake_up_changes_nothing(town):
    job = jobs.enqueue("test.open_site", {"code": "MY1"})
    assert jobs.run_job(job.pk) == 1
    assert jobs.run_job(job.pk) == 0
    assert Site.objects.filter(code="MY1").count() == 1
    job.refresh_from_db()
    assert job.done_at is not None
    assert job.attempts == 1


def test_work_that_is_not_due_waits_for_its_time(town, notified, monkeypatch):
    later = clock.now() + timedelta(hours=1)
    job = jobs.enqueue("test.open_site", {"code": "MY1"}, due_at=later)
    assert jobs.run_job(job.pk) == 0
    assert jobs.run_due() == 0
    monkeypatch.setattr(clock, "now", lambda: later)
    assert jobs.run_due() == 1


def test_what_is_due_in_a_queue_is_run_and_nothing_of_another(town):
    jobs.enqueue("test.detect", {"code": "MY1"})
    jobs.enqueue("test.open_site", {"code": "MY2"})
    assert jobs.run_due() == 1
    assert Site.objects.filter(code="MY2").exists()
    assert jobs.run_due("detection") == 1
    assert Site.objects.filter(code="MY1").exists()


def test_work_that_fails_leaves_nothing_and_is_tried_five_times_then_shown(town):
    job = jobs.enqueue("test.poison", {"code": "MY1"})
    for attempt in range(1, 6):
        assert jobs.run_job(job.pk) == 0
        job.refresh_from_db()
        assert job.attempts == attempt
        assert "RuntimeError: poison" in job.error
        assert job.held_until > clock.database()
        assert (job.dead_at is not None) == (attempt == 5)
        end_the_hold(job)
    assert not Site.objects.filter(code="MY1").exists()
    assert jobs.run_due() == 0
    assert list(Job.objects.filter(dead_at__isnull=False)) == [job]


def test_a_failed_job_does_not_hold_up_the_others(town):
    jobs.enqueue("test.poison", {"code": "MY1"})
    jobs.enqueue("test.open_site", {"code": "MY2"})
    assert jobs.run_due() == 1
    assert Site.objects.filter(code="MY2").exists()


def test_a_worker_that_dies_each_time_is_not_tried_for_ever(town):
    job = jobs.enqueue("test.open_site", {"code": "MY1"})
    Job.objects.filter(pk=job.pk).update(attempts=5)
    assert jobs.run_job(job.pk) == 0
    job.refresh_from_db()
    assert job.dead_at is not None
    assert job.error == "The worker died each time."


def test_work_held_by_a_worker_is_left_alone_until_its_hold_ends(town):
    job = jobs.enqueue("test.open_site", {"code": "MY1"})
    Job.objects.filter(pk=job.pk).update(attempts=1, held_until=clock.database() + timedelta(seconds=30))
    assert jobs.run_due() == 0
    Job.objects.filter(pk=job.pk).update(held_until=clock.database() - timedelta(seconds=1))
    assert jobs.run_due() == 1


def test_every_kind_that_is_enqueued_has_a_handler_and_every_handler_is_enqueued(settings):
    enqueued = {
        call.args[0].value
        for name in sources.python()
        for call in sources.calls(name)
        if sources.dotted(call.func) in {"jobs.enqueue", "job_kind"} and isinstance(call.args[0], ast.Constant)
    }
    assert enqueued == settings.JOBS.keys() - KINDS.keys()
    assert all(callable(import_string(job_kind(name).handler)) for name in enqueued)


def test_what_is_sent_by_name_is_a_task_of_that_name(settings):
    assert run_job.name == wake_ups.RUN_JOB
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} == {run_due.name}


@pytest.fixture
def dead_redis(monkeypatch):
    """The application's broker is an address where nobody listens."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(app.conf, name, "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


def test_with_redis_dead_the_action_succeeds_and_the_job_is_run_once_when_found_due(
    founded_template, committed_db, dead_redis, caplog
):
    town = found_town()
    begun = time.monotonic()
    with transaction.atomic():
        open_site(by=town.ada, code="MY1")
        jobs.enqueue("test.open_site", {"code": "MY2"})
    assert "No wake-up for job" in caplog.text
    assert time.monotonic() - begun < 5
    assert Site.objects.filter(code="MY1").exists()
    assert run_due.run() == 1
    assert run_due.run() == 0
    assert Site.objects.filter(code="MY2").count() == 1


def test_many_workers_at_once_run_each_job_once(founded_template, committed_db, notified):
    found_town()
    with transaction.atomic():
        rows = [jobs.enqueue("test.open_site", {"code": f"MY{number}"}) for number in range(12)]

    def work():
        for job in rows:
            run_job.run(job.pk)
        run_due.run()
        connections.close_all()

    threads = [threading.Thread(target=work) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Site.objects.filter(code__startswith="MY").count() == 12
    assert not Job.objects.filter(done_at__isnull=True).exists()
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_the_jobs_of_a_batch_key_run_in_one_call_and_in_order(town, batches):
    first = jobs.enqueue("test.open_sites", {"code": "MY1"}, batch_key="a")
    jobs.enqueue("test.open_sites", {"code": "MY2"}, batch_key="b")
    jobs.enqueue("test.open_sites", {"code": "MY3"}, batch_key="a")
    jobs.enqueue("test.open_sites", {"code": "MY4"}, batch_key="a", due_at=clock.now() + timedelta(hours=1))
    assert jobs.run_job(first.pk) == 2
    assert batches == [["MY1", "MY3"]]
    assert jobs.run_job(first.pk) == 0
    assert jobs.run_due() == 1
    assert batches[1:] == [["MY2"]]


def test_a_wake_up_for_what_is_done_already_runs_what_has_come_since(town, batches):
    first = jobs.enqueue("test.open_sites", {"code": "MY1"}, batch_key="a")
    assert jobs.run_job(first.pk) == 1
    jobs.enqueue("test.open_sites", {"code": "MY2"}, batch_key="a")
    assert jobs.run_job(first.pk) == 1
    assert batches == [["MY1"], ["MY2"]]


def test_without_a_batch_key_or_of_another_kind_each_job_runs_alone(town, batches):
    alone = jobs.enqueue("test.open_sites", {"code": "MY1"})
    jobs.enqueue("test.open_sites", {"code": "MY2"})
    other = jobs.enqueue("test.open_site", {"code": "MY3"}, batch_key="a")
    jobs.enqueue("test.open_site", {"code": "MY4"}, batch_key="a")
    assert (jobs.run_job(alone.pk), jobs.run_job(other.pk)) == (1, 1)
    assert batches == [["MY1"]]
    assert set(Site.objects.filter(code__startswith="MY").values_list("code", flat=True)) == {"MY1", "MY3"}


def test_poison_among_others_is_found_by_trying_each_alone(town, batches):
    first = jobs.enqueue("test.open_sites", {"code": "MY1"}, batch_key="a")
    poison = jobs.enqueue("test.open_sites", {"code": "POISON"}, batch_key="a")
    last = jobs.enqueue("test.open_sites", {"code": "MY2"}, batch_key="a")
    assert jobs.run_job(first.pk) == 0
    assert not Site.objects.filter(code__startswith="MY").exists()
    for job in (first, poison, last):
        job.refresh_from_db()
        assert (job.attempts, job.done_at) == (1, None)
        end_the_hold(job)
    fresh = jobs.enqueue("test.open_sites", {"code": "MY3"}, batch_key="a")
    assert jobs.run_job(poison.pk) == 0
    assert [jobs.run_job(job.pk) for job in (first, last, fresh)] == [1, 1, 1]
    assert batches == [["MY1"], ["MY2"], ["MY3"]]
    poison.refresh_from_db()
    assert poison.attempts == 2


def test_a_wake_up_is_sent_once_until_it_is_acknowledged(town, sent, django_capture_on_commit_callbacks):
    def enqueue(code, batch_key):
        with django_capture_on_commit_callbacks(execute=True):
            return jobs.enqueue("test.open_sites", {"code": code}, batch_key=batch_key)

    first, other = enqueue("MY1", "pump-a"), enqueue("MY2", "pump-b")
    enqueue("MY3", "pump-a")
    assert [job for job, _wake_up in sent] == [first.pk, other.pk]
    wake_up = sent[0][1]
    assert run_job.run(first.pk, wake_up) == 2
    again = enqueue("MY4", "pump-a")
    assert sent[2:] == [(again.pk, wake_up)]
    wake_ups.acknowledge(wake_up)
    wake_ups.acknowledge(sent[1][1])


@pytest.fixture
def redis_away(settings):
    """Nobody answers where Redis should be."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    wake_ups._redis.cache_clear()
    yield
    wake_ups._redis.cache_clear()


def test_with_redis_dead_no_wake_up_is_held_back(town, sent, redis_away, caplog):
    job = jobs.enqueue("test.open_sites", {"code": "MY1"}, batch_key="a")
    wake_ups.notify(job.pk, job.queue, "wake-up:x")
    wake_ups.notify(job.pk, job.queue, "wake-up:x")
    assert sent == [(job.pk, "wake-up:x")] * 2
    assert run_job.run(job.pk, "wake-up:x") == 1
    assert "stays pending" in caplog.text


def test_a_job_that_is_not_urgent_wakes_nobody(town, notified, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("test.later", {"code": "MY1"})
    assert notified == []
    assert jobs.run_due() == 1


@pytest.mark.parametrize(("parts", "queues"), [(1, {"detection"}), (4, {f"detection.{part}" for part in range(4)})])
def test_the_jobs_of_a_batch_key_are_in_one_partition_of_a_queue(town, settings, parts, queues):
    settings.QUEUE_PARTS = {"detection": parts}
    first = [jobs.enqueue("test.detect", {"code": "MY"}, batch_key=f"TFF{number:02}").queue for number in range(24)]
    again = [jobs.enqueue("test.detect", {"code": "MY"}, batch_key=f"TFF{number:02}").queue for number in range(24)]
    assert first == again
    assert set(first) == queues


def test_what_is_due_in_a_queue_is_due_in_its_partitions(town, settings):
    settings.QUEUE_PARTS = {"detection": 4}
    for number in range(8):
        jobs.enqueue("test.detect", {"code": f"MY{number}"}, batch_key=f"TFF{number:02}")
    assert jobs.run_due("detection") == 8
