"""integrity.md 5: a collector, a site and a line that come and go lose no value of a skid and store none twice."""

import contextlib
import os
import random
import signal
import sys
import time as real

import pytest
from django.db.models import Sum

from batches.readings import models
from gatekeeper.demo.supervisor import Supervisor
from tests import running
from tests.faults.collectors import missing, produced, since_the_first, stored, wait_for, waiting_for_data

# The short form runs always; FAULT_ROUNDS=200 is an hour of it.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))


@pytest.mark.fault
def test_every_value_of_the_skid_is_stored_once_whoever_is_killed(plant, tmp_path):
    chance = random.Random(20261123)
    truth = tmp_path / "produced"
    with Supervisor(tmp_path / "logs") as supervisor:
        skid = [sys.executable, "-m", "tests.faults.skid_server", str(plant.skid_port), str(truth), "history"]
        pid = supervisor.start("skid", skid, cwd=running.ROOT)
        plant.start("command")  # neither the skid nor the site is there yet
        plant.start("web")
        wait_for(models.Frame.objects.exists)
        plant.kill("command")
        for killed in range(1, ROUNDS):
            sessions = plant.log("collector").count("Collecting TFF01")
            plant.start("collector")
            if killed % 4:  # the fourth may be killed before it has begun
                wait_for(lambda sessions=sessions: plant.log("collector").count("Collecting TFF01") > sessions)
            real.sleep(chance.uniform(0.0, 1.0))
            plant.kill("collector")
            if killed % 3 == 1:
                plant.kill("web")
                plant.start("web")
        plant.start("collector")
        os.kill(pid, signal.SIGUSR1)
        wait_for((tmp_path / "produced.whole").exists)
        expected = since_the_first(produced(truth))
        with contextlib.suppress(AssertionError):  # what is missing is told below
            wait_for(lambda: models.Frame.objects.aggregate(all=Sum("samples"))["all"] >= expected.total())
            wait_for(lambda: not missing(expected))
        assert plant.kill("collector", signal.SIGTERM) == 0
    assert not missing(expected)
    assert stored() - waiting_for_data() == expected
    assert not models.FrameConflict.objects.exists()
    assert plant.token not in plant.log("command") + plant.log("collector") + plant.log("web")
