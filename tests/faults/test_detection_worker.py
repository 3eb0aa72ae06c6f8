"""integrity.md 5: a detection worker that is killed loses no excursion; what no worker was woken for is found due."""

import os
import signal
import subprocess
import sys
import time as real

import pytest
from django.db import transaction

from batches.excursions.models import Excursion, Progress
from batches.models import Deviation
from gatekeeper.jobs.models import Job
from tests.excursions.making import frame, make_plant, standing_clock
from tests.excursions.test_evaluation import surging
from tests.running import ROOT

WORK = "import django; django.setup(); from gatekeeper.jobs.actions import jobs; jobs.run_due('detection')"


@pytest.fixture
def plant(committed_db, sealer):
    with standing_clock() as clock:
        made = make_plant()
        clock.after(120)
        yield made


def worker(urls):
    env = {**os.environ, **urls.environment(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "-c", WORK], cwd=ROOT, env=env)


def wait_for(condition, seconds=30):
    deadline = real.monotonic() + seconds
    while not condition():
        assert real.monotonic() < deadline
        real.sleep(0.05)


@pytest.mark.fault
def test_a_worker_killed_at_its_work_leaves_nothing_half_done_and_is_found_due(plant, committed_db):
    plant.send(frame(1, range(30), surging))
    plant.detect()
    plant.send(frame(2, range(30, 120), surging))  # committed; no worker is woken
    (job,) = Job.objects.filter(queue="detection", done_at__isnull=True)
    with transaction.atomic():
        Progress.objects.select_for_update().get(phase=plant.phase)  # keeps the worker in the middle of its work
        killed = worker(committed_db)
        wait_for(lambda: Job.objects.get(pk=job.pk).attempts == 1)
        real.sleep(0.3)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(10) == -signal.SIGKILL
    assert not Excursion.objects.exists()
    assert plant.detect() == 0  # the dead worker's hold has not ended
    Job.objects.filter(pk=job.pk).update(held_until="2026-01-01T00:00Z")  # a minute later
    assert plant.detect() == 1
    assert Excursion.objects.filter(level="action").count() == Deviation.objects.count() == 1
    job.refresh_from_db()
    assert (job.attempts, job.done_at is not None) == (2, True)


@pytest.mark.fault
def test_a_worker_process_finds_what_it_was_never_woken_for(plant, committed_db):
    plant.send(frame(1, range(120), surging))
    assert worker(committed_db).wait(60) == 0
    assert Excursion.objects.filter(level="action").count() == 1
