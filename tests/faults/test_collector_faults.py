"""integrity.md 5: a dead skid is a flagged gap, a full disk loses nothing, what is refused goes through later."""

import os
import random
import resource
import signal
import sys
import time as real
from collections import Counter

import pytest

from batches.readings import models
from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from gatekeeper.demo.process import TAGS
from gatekeeper.demo.processes import Process
from tests import running
from tests.faults.collectors import GAP, missing, produced, since_the_first, stored, wait_for, waiting_for_data
from tests.faults.skid_server import NAMES

pytestmark = pytest.mark.fault
# The short form: the server dies once. FAULT_ROUNDS=30: so often, and every second time the collector with it.
LIVES = int(os.environ.get("FAULT_ROUNDS", "1"))


@pytest.fixture
def truth(tmp_path):
    """The file of everything that the skid produced."""
    return tmp_path / "produced"


@pytest.fixture
def skid(plant, truth, tmp_path):
    """The skid's server, running."""
    argv = [sys.executable, "-m", "tests.faults.skid_server", str(plant.skid_port), str(truth), "history"]
    server = Process(argv, log=tmp_path / "skid.log", cwd=running.ROOT)
    yield server
    server.stop()


def end_production(skid, truth):
    os.kill(skid.pid, signal.SIGUSR1)
    wait_for(truth.with_name("produced.whole").exists)


def gaps():
    return Counter({sample: times for sample, times in stored().items() if sample[2:] == (None, GAP)})


def recorded():
    """What is stored with a meaning: values, and failures that the skid told."""
    return stored() - gaps() - waiting_for_data()


def test_what_a_killed_server_takes_with_it_is_a_gap_and_nothing_is_invented_or_twice(plant, skid, truth):
    chance = random.Random(20261124)
    plant.start("web")
    plant.start("collector")
    wait_for(models.Frame.objects.exists)
    for life in range(1, LIVES + 1):
        real.sleep(chance.uniform(0.3, 1.0))
        if life % 2 == 0:
            plant.kill("collector")
            plant.start("collector")
        skid.kill()
        skid.restart()
        wait_for(lambda life=life: len(gaps()) >= life * len(NAMES), 60)
    end_production(skid, truth)
    last = {tag: at for tag, at, _value, _quality in produced(truth)}
    wait_for(lambda: last.items() <= {(tag, at) for tag, at, _value, _quality in stored()})
    assert set(stored().values()) == {1}
    assert not recorded() - produced(truth)
    lost = since_the_first(produced(truth)) - recorded()
    order = sorted((tag, at, quality) for tag, at, _value, quality in stored())
    for tag, at, _value, _quality in lost:
        before = [sample for sample in order if sample[0] == tag and sample[1] < at][-1]
        assert before[2] == GAP


def test_a_disk_that_is_full_is_said_and_nothing_is_lost_once_it_has_room(plant, skid, truth, tmp_path):
    plant.start("collector")
    log, spool = tmp_path / "collector.log", tmp_path / "tff01.spool-wal"
    wait_for(lambda: spool.exists() and spool.stat().st_size > 50_000)
    collector = plant.alive["collector"]
    # The kernel refuses to let any file of the process grow, as a full disk does.
    whole = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (spool.stat().st_size, resource.RLIM_INFINITY))
    wait_for(lambda: "THE BUFFER IS FULL, OR ITS DISK" in log.read_text())
    plant.start("web")
    wait_for(models.Frame.objects.exists)  # sent, though it cannot be noted that it was
    assert collector.poll() is None
    resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, whole)
    end_production(skid, truth)
    expected = since_the_first(produced(truth))
    wait_for(lambda: not missing(expected))
    assert stored() - waiting_for_data() == expected
    assert plant.kill("collector", signal.SIGTERM) == 0


def test_what_was_refused_goes_through_when_the_cause_is_mended_and_the_collector_is_told(
    plant, skid, committed_people
):
    plant.config.write_text(plant.config.read_text().replace('source = "TFF01"', 'source = "TFF02"'))
    plant.start("web")
    wait_for(lambda: "Booting worker" in plant.log("web"))
    plant.start("collector")
    wait_for(lambda: "refused frame 1;" in plant.log("collector"), 60)
    tags = tuple(DescribeTag(code, tag.parameter, tag.unit) for code, tag in TAGS["TFF01"].items())
    register_source(by=committed_people["mei"], command=RegisterSource("TFF02", "TFF skid", "TFF-1", tags))
    os.kill(plant.alive["collector"].pid, signal.SIGHUP)
    wait_for(models.Frame.objects.filter(sequence=1).exists)
    assert "is sent again: unknown_source: There is no source “TFF02” here." in plant.log("collector")
