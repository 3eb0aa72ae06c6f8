"""Processes that are hurt by a plan and started again, as production's supervisors would."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from gatekeeper.demo.processes import Process
from gatekeeper.demo.supervisor import Supervisor

RESTART_AFTER = (0.2, 1.5)  # s from the end of a process to its next start


@dataclass(frozen=True, slots=True)
class Fault:
    """At which second of the campaign what happens; `away` is how long the hurt one stays away at least."""

    at: float
    kind: str
    downtime: float


# Valkey's absence is its own: it is long, and there is one.
KINDS = (
    "detector",
    "detector-2",
    "a child of detector",
    "worker",
    "beat",
    "web",
    "a child of web",
    "sealer",
    "postgres",
    "postgres at once",
    "flush",
)
VALKEY = "valkey"


def plan(chance: random.Random, *, seconds: float, every: float, valkey_downtime: float) -> list[Fault]:
    """Return faults of every kind, again and again in another order, one about `every` so many seconds."""
    count = max(len(KINDS), int(seconds * 0.9 / every))
    kinds: list[str] = []
    while len(kinds) < count:
        kinds += chance.sample(KINDS, len(KINDS))
    step = seconds * 0.9 / count
    faults = [
        Fault(1 + step * (place + chance.random()), kind, chance.uniform(*RESTART_AFTER))
        for place, kind in enumerate(kinds[:count])
    ]
    begins = chance.uniform(0.1, 0.9) * max(0.0, seconds - valkey_downtime)
    return sorted([*faults, Fault(begins, VALKEY, valkey_downtime)], key=lambda fault: fault.at)


class Hurt(Supervisor):
    """A supervisor that does not end when a process does: it starts it again."""

    def __init__(self, logs: Path, servers: Mapping[str, Process], redis_url: str) -> None:
        super().__init__(logs)
        self._servers, self._redis_url = servers, redis_url
        self._due: dict[str, float] = {}
        self.done: Counter[str] = Counter()
        self.unasked: Counter[str] = Counter()  # processes that ended by themselves: they met what is away

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, cwd: Path | None = None
    ) -> int:
        """Start a process; a detector comes with a second one that takes the same queue."""
        pid = super().start(name, argv, env, cwd=cwd)
        if name == "detector":
            twin = [word.replace("detection@", "detection-2@") for word in argv]
            super().start("detector-2", twin, env, cwd=cwd)
        return pid

    def hurt(self, fault: Fault) -> bool:
        """Let it happen now, and return whether it did: what is down already is hurt later."""
        if not self._is_up(fault.kind) or (fault.kind == "flush" and not self._flush()):
            return False
        self.done[fault.kind] += 1
        if fault.kind.startswith("a child of "):
            self._kill_child(fault.kind.removeprefix("a child of "))
        elif fault.kind != "flush":
            name = fault.kind.removesuffix(" at once")
            # pg_ctl stop -m immediate is SIGQUIT; without its postmaster nothing of PostgreSQL goes on either
            number = signal.SIGQUIT if fault.kind == "postgres" else signal.SIGKILL
            self._all[name].kill(number)
            self._due[name] = time.monotonic() + fault.downtime
        return True

    def tend(self) -> None:
        """Start again what has ended and is due."""
        for name, process in self._all.items():
            if process.poll() is None:
                continue
            if name not in self._due:
                self.unasked[name] += 1
                self._due[name] = time.monotonic() + RESTART_AFTER[0]
            if self._due[name] <= time.monotonic():
                del self._due[name]
                process.restart()

    @property
    def is_whole(self) -> bool:
        """Whether everything runs."""
        return not self._due and all(process.poll() is None for process in self._all.values())

    @property
    def _all(self) -> dict[str, Process]:
        return {**self._servers, **self._processes}

    def _is_up(self, kind: str) -> bool:
        name = kind.removeprefix("a child of ").removesuffix(" at once")
        return self._all[VALKEY if name == "flush" else name].poll() is None

    def _flush(self) -> bool:
        try:
            with redis.Redis.from_url(self._redis_url) as client:
                return bool(client.flushall())
        except redis.ConnectionError:
            return False  # it has only just been started

    def _kill_child(self, name: str) -> None:
        process = self._all[name]
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = [int(word) for word in children.read_text().split()] if children.exists() else []
        if pids:
            signal_to(pids[-1])
        elif process.poll() is None:
            process.kill()


def signal_to(pid: int) -> None:
    """Kill one process that a process of ours has started."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(condition: Callable[[], bool], hurt: Hurt, *, patience: float, every: float = 0.1) -> bool:
    """Tend the processes until the condition holds, and return whether it did."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        hurt.tend()
        time.sleep(every)
    return True
