"""integrity.md 5: a collector, a site and a line that come and go lose no value of a skid and store none twice."""

import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time as real
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import Sum

from batches.monitoring import models
from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.demo.embedded import free_port
from gatekeeper.demo.supervisor import Supervisor
from tests import running
from tests.faults.skid_server import NAMES
from tests.monitoring.making import make_simulated_skid

# The short form runs always; FAULT_ROUNDS=200 is an hour of it.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))


class Processes:
    """The site's web process and the collector, each killed and started again at will."""

    def __init__(self, folder, env, config, port):
        self.folder, self.env, self.port = folder, env, port
        serve = ["-m", "gunicorn", "gatekeeper.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        collect = ["-m", "batches.monitoring.collector", str(config)]
        self.commands = {"web": serve, "collector": collect, "command": ["manage.py", "collect_opcua", str(config)]}
        self.alive = {}

    def start(self, name):
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self.alive[name] = subprocess.Popen(
                [sys.executable, *self.commands[name]],
                cwd=running.ROOT,
                env={**os.environ, **self.env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name, number=signal.SIGKILL):
        process = self.alive.pop(name)
        os.killpg(process.pid, number)
        return process.wait(20)

    def log(self, name):
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""


def wait_for(condition, seconds=30):
    deadline = real.monotonic() + seconds
    while not condition():
        assert real.monotonic() < deadline
        real.sleep(0.05)


@pytest.fixture
def plant(committed_people, committed_db, ledger_keys, tmp_path):
    """A registered skid, its gateway's token in a file, and the processes, none of them started."""
    make_simulated_skid(committed_people)
    token = issue_token(
        by=committed_people["grace"],
        person=committed_people["skid-gateway"],
        site=Site.objects.get(code="SG01"),
        scopes=frozenset({"monitoring.record_readings"}),
        expires_at=now() + timedelta(days=1),
    )
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text(token)
    port, skid_port = free_port(), free_port()
    config = tmp_path / "tff01.toml"
    config.write_text(
        f'[service]\nurl = "http://127.0.0.1:{port}"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[server]\nendpoint = "opc.tcp://127.0.0.1:{skid_port}"\nsource = "TFF01"\npublishing_ms = 50\n'
        f'[buffer]\nfile = "{tmp_path / "tff01.spool"}"\nframe_ms = 100\n'
        + "".join(f'[[tag]]\ncode = "{name}"\nnode = "ns=2;s=TFF01.{name}"\n' for name in NAMES)
    )
    processes = Processes(tmp_path, running.site_environment(committed_db, ledger_keys), config, port)
    processes.skid_port, processes.token = skid_port, token
    yield processes
    for name in list(processes.alive):
        processes.kill(name)


def stored():
    """Every stored sample of the skid as (tag, time, value or None, quality), with how often."""
    found = collections.Counter()
    for segment in models.Segment.objects.select_related("tag"):
        times = np.frombuffer(segment.times, "<i8").tolist()
        values = [None if np.isnan(one) else one for one in np.frombuffer(segment.values, "<f8").tolist()]
        quality = np.frombuffer(segment.quality, np.uint8).tolist()
        found.update(zip([segment.tag.code] * len(times), times, values, quality, strict=True))
    return found


def produced(file):
    return collections.Counter(tuple(json.loads(line)) for line in file.read_text().splitlines())


def since_the_first(values):
    """What was produced from the first value on that the collector ever saw of a tag."""
    first = {}
    for tag, at, _value, _quality in stored() - waiting_for_data():
        first[tag] = min(at, first.get(tag, at))
    return collections.Counter({one: times for one, times in values.items() if one[1] >= first[one[0]]})


def missing(expected):
    """What was produced and is not stored, at most ten in the order of their times."""
    return sorted(expected - stored(), key=lambda one: one[1])[:10]


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


def waiting_for_data():
    """What the server said of its nodes before it had produced a value: bad, and no value."""
    return collections.Counter({one: times for one, times in stored().items() if one[2:] == (None, 32)})
