"""How fast a backlog of frames is judged by several detection workers; floor: by one. Together they are a scale curve.

The frames of ten phases wait as jobs in a database of its own. Each worker is a process that runs what is due, as after
an outage of Redis; one look at a phase covers all of its frames that wait.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from gatekeeper.demo.supervisor import Supervisor
from tests.bench.detection import Line, issued, line_of
from tests.bench.plant import SECOND, Plant, columns
from tests.bench.rounds import Case, Measurement
from tests.bench.system import ROOT, System

_DATABASE = "bench_workers"
_HERTZ, _FRAMES = 100, 5
_RUN_DUE = (
    "import django; django.setup(); from django.db import connection; connection.ensure_connection();"
    "from gatekeeper.jobs.actions import jobs;"
    "print('ready', flush=True); input(); jobs.run_due('detection')"
)


def cases(system: System) -> Iterator[Case]:
    """Two workers against one; with --full three and four as well."""
    from tests.batches.making import make_house
    from tests.running import LedgerKeys, pointed_at, start_sealer

    urls = system.database(_DATABASE)
    private, checkpoints = system.folder / "keys" / "ledger.pem", system.folder / "checkpoints-workers"
    checkpoints.mkdir()
    with pointed_at(urls), Supervisor(system.folder / "logs-workers") as supervisor:
        start_sealer(supervisor, urls, LedgerKeys(private, private.with_suffix(".pub.pem"), checkpoints))
        made = Plant(make_house(), "")
        backlog = _Backlog(made, [line_of(made, record) for record in issued(made)], urls.environment())
        for count in (2, 3, 4) if system.full else (2,):
            backlog.rates = []
            yield Case(
                f"worker_scale_{count}",
                "samples/s",
                None,
                lambda: backlog.rate(1),
                lambda count=count: Measurement(backlog.rate(count, counted=True)),
                backlog.check,
                backlog.note,
            )


class _Backlog:
    """Phases whose frames are recorded first and judged then."""

    def __init__(self, made: Plant, lines: list[Line], env: dict[str, str]) -> None:
        self._made, self._lines, self._env = made, lines, env
        self._rng = np.random.default_rng(3)
        self.rates: list[float] = []

    def rate(self, workers: int, *, counted: bool = False) -> float:
        """Samples a second from the moment that all workers may begin to the end of the last."""
        samples = self._record()
        env = {**os.environ, **self._env, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        started = [
            subprocess.Popen(
                [sys.executable, "-c", _RUN_DUE], cwd=ROOT, env=env, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(workers)
        ]  # fmt: skip
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        began = time.perf_counter()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        if sum(process.wait(120) for process in started):
            raise AssertionError("a worker broke")
        rate = samples / (time.perf_counter() - began)
        if counted:
            self.rates.append(rate)
        return rate

    def _record(self) -> int:
        """Record a few seconds of every phase in turns and return how many samples they hold."""
        from batches.readings.actions.frames import record_frame
        from batches.readings.rules.frames import frame_from

        recorded = 0
        for _second in range(_FRAMES):
            for line in self._lines:
                tags = columns(self._rng, line.start_us + line.sequence * SECOND, _HERTZ, SECOND // _HERTZ)
                line.sequence += 1
                tags: dict[str, Any] = {
                    tag: {"times": times.tolist(), "values": values.tolist()} for tag, (times, values) in tags.items()
                }
                frame = frame_from(line.source, "boot", line.sequence, tags)
                record_frame(by=self._made.people["skid-gateway"], site=self._made.house.site, frame=frame)
                recorded += frame.samples
        return recorded

    def check(self) -> list[str]:
        """Everything is judged to its end, says what one pass says, and nothing was tried twice."""
        from batches.excursions.queries.states import states_of
        from batches.models import Phase
        from gatekeeper.jobs.models import Job

        faults = []
        if left := Job.objects.filter(queue__startswith="detection", done_at__isnull=True).count():
            faults.append(f"{left} messages were not done")
        phases = Phase.objects.filter(pk__in=[line.phase for line in self._lines])
        faults += [
            f"{phase}: recorded is not what its readings say" for phase in phases if not states_of(phase).complete
        ]
        return faults

    def note(self) -> str:
        return f"{median(self.rates):,.0f} samples/s, {os.cpu_count()} processors"
