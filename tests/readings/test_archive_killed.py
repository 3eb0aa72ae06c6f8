"""E-c, I-8: an archive command killed at any moment loses no reading, and the next one leaves the month whole."""

import os
import random
import signal
import subprocess
import sys
import time as real

import pytest

from batches.readings import models
from gatekeeper.jobs.models import Job
from tests.readings.archiving import mixed, stored, work_due
from tests.running import ROOT

pytestmark = pytest.mark.fault
KILLS = 4
# Each line has a child work until it is killed: the imports are made once.
WORK = """
import django, os, signal, sys; django.setup()
from pathlib import Path
from tests.readings import archiving
from tests.excursions import making
while sys.stdin.readline():
    child = os.fork()
    if child:
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    with making.standing_clock() as clock:
        archiving.set_cold(clock)
        for command, option in (("archive_readings", ("--drop",)), ("restore_readings", ())) * 50:
            archiving.work_due()
            archiving.run(command, Path(sys.argv[1]), *option)
    os._exit(0)
"""


@pytest.fixture
def worker(cold, cold_sealer):
    env = {**os.environ, **cold.urls.environment(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    argv = [sys.executable, "-c", WORK, str(cold.folder)]
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forker:
        yield forker
        forker.stdin.close()


def work_and_die(worker, seconds):
    worker.stdin.write("\n")
    worker.stdin.flush()
    child = int(worker.stdout.readline())
    real.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    assert worker.stdout.readline() == f"{-signal.SIGKILL}\n"


def test_a_command_killed_at_any_moment_loses_nothing_and_is_done_by_the_next(cold, worker):
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    cold.plant.send(mixed(7, 400))
    work_due()
    before = stored()
    for number in range(KILLS):
        work_and_die(worker, moments.uniform(0.02, 0.6))
        assert set(stored()) <= set(before), seed
        if number % 2:
            cold.run("restore_readings")
            assert stored() == before, seed
    Job.objects.update(held_until=None)  # a minute later: the hold of whoever was killed at its work has ended
    work_due()
    assert "dropped" in cold.run("archive_readings", "--drop"), seed
    assert stored() == []
    assert "Intact." in cold.run("verify_archive"), seed
    assert models.ArchivedMonth.objects.count() == 3, seed
    cold.run("restore_readings")
    assert stored() == before, seed
