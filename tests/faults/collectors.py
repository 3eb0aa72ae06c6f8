"""A collector, its site and its skid as processes, and what is stored of what the skid produced."""

import collections
import json
import os
import signal
import subprocess
import sys
import time as real

import numpy as np

from batches.readings import models
from tests import running

GAP = 24  # the quality of a sample that says: from here on nothing is known


class Processes:
    """The site's web process and the collector, each killed and started again at will."""

    def __init__(self, folder, env, config, port):
        self.folder, self.env, self.port = folder, env, port
        serve = ["-m", "gunicorn", "gatekeeper.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        collect = ["-m", "batches.readings.collector", str(config)]
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


def stored():
    """Every stored sample of the skid as (tag, time, value or None, quality), with how often."""
    counts = collections.Counter()
    for segment in models.Segment.objects.select_related("tag"):
        times = np.frombuffer(segment.times, "<i8").tolist()
        values = [None if np.isnan(sample) else sample for sample in np.frombuffer(segment.values, "<f8").tolist()]
        quality = np.frombuffer(segment.quality, np.uint8).tolist()
        counts.update(zip([segment.tag.code] * len(times), times, values, quality, strict=True))
    return counts


def produced(file):
    return collections.Counter(tuple(json.loads(line)) for line in file.read_text().splitlines())


def since_the_first(values):
    """What was produced from the first value on that the collector ever saw of a tag."""
    first = {}
    for tag, at, _value, _quality in stored() - waiting_for_data():
        first[tag] = min(at, first.get(tag, at))
    return collections.Counter({sample: times for sample, times in values.items() if sample[1] >= first[sample[0]]})


def missing(expected):
    """What was produced and is not stored, at most ten in the order of their times."""
    return sorted(expected - stored(), key=lambda sample: sample[1])[:10]


def waiting_for_data():
    """What the server said of its nodes before it had produced a value: bad, and no value."""
    return collections.Counter({sample: times for sample, times in stored().items() if sample[2:] == (None, 32)})
