"""From the POST of a frame to the excursion that the Celery worker commits; floor: PostgreSQL's own notification.

Ten skids, each in a running phase of its own, send ten tags at 100 Hz (10,000 samples a second, as G7 asks) and at
500 Hz, paced in real time, while a report of half a minute runs in the general queue (G8). A trigger of the bench on
the excursion table tells the moment of commit.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import numpy as np
import psycopg

from tests.bench.plant import DATA, SECOND, Plant, body, columns, make_skid, plant
from tests.bench.reporting import Reports, made
from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.sending import Gateway
from tests.bench.system import System

GOAL = Goal("p99 < 250 ms at 10,000 samples/s, planted = found (G7, G8)", 250.0, at_least=False, absolute=True)
FIVEFOLD = Goal("p99 < 1 s at 50,000 samples/s, planted = found (G7, G8)", 1000.0, at_least=False, absolute=True)
SKIDS = 10
_EVERY = 4  # each n-th frame holds a spike
_PATIENCE = 20.0  # s until an excursion that was not found counts as missed
_CHANNEL = "bench_excursion"
_TRIGGER = f"""
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('{_CHANNEL}', NEW.phase_id || ' ' || (extract(epoch FROM NEW.started_at) * 1000000)::bigint);
  RETURN NULL;
END $$;
CREATE TRIGGER bench_tell AFTER INSERT ON excursions_excursion FOR EACH ROW WHEN (NEW.level = 'action')
  EXECUTE FUNCTION bench_tell();
"""


def cases(system: System) -> Iterator[Case]:
    """One stream; its rounds are seconds of it: at 100 Hz, then at 500 Hz (for a minute each with --full)."""
    stream = _Stream(system)
    try:
        for name, goal, pace in (
            ("detection_latency", GOAL, _Pace(12 if system.full else 3, 100)),
            ("detection_fivefold", FIVEFOLD, _Pace(60 if system.full else 3, 500)),
        ):
            stream.paced(pace)
            yield Case(name, "ms p99", goal, stream.floor, stream.run, stream.check, stream.note)
    finally:
        stream.close()


@dataclass(frozen=True, slots=True)
class _Pace:
    """Seconds a round, and samples of each tag a second: so many are a frame."""

    seconds: int
    hertz: int

    @property
    def step_us(self) -> int:
        return SECOND // self.hertz


@dataclass(slots=True)
class Line:
    """A skid with the phase that it serves, and where its stream has come to."""

    source: str
    phase: int
    start_us: int
    sequence: int = 0


class _Listener(threading.Thread):
    """Notes when each notification arrives."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(f"LISTEN {_CHANNEL}")
        self._ended = threading.Event()
        self.arrived: dict[str, float] = {}

    def run(self) -> None:
        while not self._ended.is_set():
            for notification in self._connection.notifies(timeout=0.5):
                self.arrived.setdefault(notification.payload, time.perf_counter())

    def end(self) -> None:
        self._ended.set()
        self.join()
        self._connection.close()


class _Stream:
    """Paced frames of all skids, with planted spikes of pH, and what was found of them."""

    def __init__(self, system: System) -> None:
        made = plant(system)
        self._pace = _Pace(0, 1)
        self._reports = Reports()
        self._lines = [line_of(made, number) for number in issued(made)]
        self._gateway = Gateway(system.site, made.token)
        self._rng = np.random.default_rng(11)
        self._planted: dict[str, float] = {}
        self._latencies: list[list[float]] = []
        self._sent = 0
        self._owner = psycopg.connect(system.urls.owner, autocommit=True)
        self._owner.execute(_TRIGGER)
        self._listener = _Listener(system.urls.owner)
        self._listener.start()

    def paced(self, pace: _Pace) -> None:
        """Go on at another pace, and forget what was measured."""
        self._pace = pace
        self._latencies = []

    def floor(self) -> float:
        """How long a notification takes from its statement to the listener, ms."""
        took = []
        for number in range(50):
            word = f"floor {time.perf_counter_ns()} {number}"
            began = time.perf_counter()
            self._owner.execute("SELECT pg_notify(%s, %s)", [_CHANNEL, word])
            while word not in self._listener.arrived:
                time.sleep(0.0001)
            took.append(self._listener.arrived[word] - began)
        return median(took) * 1e3

    def run(self) -> Measurement:
        """Send so many seconds of readings in real time, and wait until what was planted is found."""
        planted = self._send()
        deadline = time.monotonic() + _PATIENCE
        while planted.keys() - self._listener.arrived.keys() and time.monotonic() < deadline:
            time.sleep(0.01)
        missed = planted.keys() - self._listener.arrived.keys()
        latencies = [(self._listener.arrived[key] - began) * 1e3 for key, began in planted.items() if key not in missed]
        if not latencies:
            return Measurement(_PATIENCE * 1e3, score=_PATIENCE * 1e3, faults=("nothing that was planted was found",))
        self._latencies.append(latencies)
        worst = _p99(latencies)
        return Measurement(worst, score=worst, faults=tuple(f"the spike {key} was not found" for key in sorted(missed)))

    def _send(self) -> dict[str, float]:
        planted: dict[str, float] = {}
        pace = 1 / len(self._lines)
        due = time.perf_counter()
        for _second in range(self._pace.seconds):
            self._reports.keep_going()
            for line in self._lines:
                self._sent += 1
                content, key = self._frame(line, spike=self._sent % _EVERY == 0)
                time.sleep(max(0.0, due - time.perf_counter()))
                due += pace
                began = time.perf_counter()
                answer = self._gateway.send(content)
                if answer.status != 201:
                    raise AssertionError(f"a frame was answered with {answer.status} {answer.content}")
                if key:
                    planted[key] = began
        self._planted |= planted
        return planted

    def _frame(self, line: Line, *, spike: bool) -> tuple[bytes, str]:
        samples = columns(self._rng, line.start_us + line.sequence * SECOND, self._pace.hertz, self._pace.step_us)
        line.sequence += 1
        key = ""
        if spike:
            times, values = samples["AI101"]
            values[40:50] = 9.0
            # The crossing of 8.0 on the straight line to the first sample of the spike, as the rule finds it.
            before = float(values[39])
            key = f"{line.phase} {int(times[39]) + round((8.0 - before) / (9.0 - before) * self._pace.step_us)}"
        return body(line.source, "boot", line.sequence, samples), key

    def check(self) -> list[str]:
        from batches.excursions.models import Excursion

        excursions = Excursion.objects.filter(
            level="action", withdrawn_at=None, phase__in=[line.phase for line in self._lines]
        )
        keys = {f"{row.phase_id} {round(row.started_at.timestamp() * 1e6)}" for row in excursions}
        faults = []
        if keys != self._planted.keys():
            extra, lost = len(keys - self._planted.keys()), len(self._planted.keys() - keys)
            faults.append(f"{len(self._planted)} planted, {extra} found that were not, {lost} not found")
        if any(row.deviation_id is None for row in excursions):
            faults.append("an excursion of action level has no deviation")
        return faults

    def note(self) -> str:
        measured = [latency for latencies in self._latencies[1:] for latency in latencies]
        first, last = median(self._latencies[1]), median(self._latencies[-1])
        return (
            f"{len(measured)} spikes: p50 {median(measured):.0f} ms, p99 {_p99(measured):.0f} ms; "
            f"p50 of the first round {first:.0f} ms, of the last {last:.0f} ms; {made()} rounds of a report meanwhile"
        )

    def close(self) -> None:
        self._listener.end()
        self._owner.execute("DROP TRIGGER bench_tell ON excursions_excursion; DROP FUNCTION bench_tell()")
        self._owner.close()


def _p99(numbers: list[float]) -> float:
    return quantiles(numbers, n=100, method="inclusive")[98] if len(numbers) > 1 else numbers[0]


def issued(made: Plant) -> list[Any]:
    """Import and approve recipe and rules, and issue one batch record for each skid."""
    from batches.actions import records
    from batches.actions.commands import IssueBatchRecord
    from gatekeeper.demo.people import credentials
    from gatekeeper.lots.actions.registration import register_material
    from tests.documents.making import approve, draft

    mei, arun, farid, site = (*(made.people[name] for name in ("mei", "arun", "farid")), made.house.site)
    register_material(by=mei, code="BENCH-DP", name="Vector", kind="drug_product", unit_code="{vial}", site=site)
    rules = draft(mei, "rule_set", (DATA / "rules.toml").read_bytes())
    approve(arun, rules)
    master = approve(arun, draft(mei, "master", (DATA / "master.toml").read_bytes()))
    return [
        records.issue(
            by=farid,
            credentials=credentials(farid),
            command=IssueBatchRecord(f"BENCH-{number}", master.code, master.version, f"BENCH-LOT-{number}", site.code),
        )
        for number in range(SKIDS)
    ]


def line_of(made: Plant, record: Any) -> Line:
    """Start the phase of a record on a skid of its own."""
    from batches.actions import execution
    from batches.actions.commands import StartPhase

    code = f"SKID-{record.number}"
    make_skid(made, code)
    phase = record.phases.get(code="L10")
    execution.start_phase(by=made.people["olivia"], phase=phase, command=StartPhase((f"UNIT-{code}",)))
    phase.refresh_from_db()
    return Line(code, phase.pk, int(phase.started_at.timestamp() * SECOND))
