"""`python -m tests.faults.campaign`: the whole system, hurt while readings arrive.

Its own PostgreSQL, Valkey, web, workers, two detectors, beat and sealer; each skid sends 1,000 samples a second with
planted excursions. The status is 1 when anything was lost, doubled, missed or invented. A run is bounded in time, and
ends what it has started, also when it is interrupted.
"""

import argparse
import random
import secrets
import sys
import time
from datetime import timedelta
from statistics import quantiles

from gatekeeper.demo.embedded import free_port
from gatekeeper.demo.processes import Process
from gatekeeper.demo.running import start_processes
from tests.bench.system import System, own_system
from tests.faults.hurting import Hurt, plan, wait_for

_BEGAN = time.monotonic()
_DEAD_AFTER = timedelta(seconds=20)  # of a hold of a minute; then the short form says that the minute has passed


def main() -> int:
    """Run one campaign and print its table."""
    asked = _arguments()
    _say(f"seed {asked.seed}: {asked.skids},000 samples/s for {asked.seconds} s (again: --seed {asked.seed})")
    servers: dict[str, Process] = {}
    with own_system(full=False, kept=True, started=servers) as system:
        faults = _campaign(asked, system, servers)
    for fault in faults:
        _say(f"FAULT  {fault}")
    _say("NOT as it must be." if faults else "As it must be.")
    return int(bool(faults))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign", description=__doc__)
    parser.add_argument("--seconds", type=int, default=25, help="of readings, at most 7200")
    parser.add_argument("--skids", type=int, default=2, help="each sends 1,000 samples a second, at most 50")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two faults, about")
    parser.add_argument("--long", action="store_true", help="half the time without Valkey; no hold ends early")
    parser.add_argument("--seed", type=int, default=0, help="of the plan and of the readings; 0: a new one")
    asked = parser.parse_args()
    asked.seconds, asked.skids = min(asked.seconds, 7200), min(asked.skids, 50)
    # Five minutes of ten without Valkey; and for the dust to settle time enough that a hold ends three times.
    asked.valkey_away, asked.patience = (asked.seconds / 2, 240.0) if asked.long else (3.0, 60.0)
    asked.seed = asked.seed or secrets.randbelow(2**31 - 1) + 1
    return asked


def _campaign(asked: argparse.Namespace, system: System, servers: dict[str, Process]) -> list[str]:
    with Hurt(system.folder / "logs", servers, system.urls.redis) as hurt:
        port = start_processes(hurt, system.env, folder=system.folder, port=free_port())
        system.site, system.supervisor = f"http://127.0.0.1:{port}", hurt
        hurt.wait_until_ready("web", f"{system.site}/healthz")
        return _hurt(asked, system, hurt)


def _hurt(asked: argparse.Namespace, system: System, hurt: Hurt) -> list[str]:
    from django.db import connections

    from tests.faults import dust
    from tests.faults.skids import Skid, make_plant, make_records

    chance = random.Random(asked.seed)
    made = make_plant()
    skids = [
        Skid(system.site, made, record, asked.seed + number, seconds=asked.seconds, patience=asked.patience)
        for number, record in enumerate(make_records(made, asked.skids))
    ]
    connections.close_all()
    _say(f"{time.monotonic() - _BEGAN:.0f} s to begin")
    coming = plan(chance, seconds=asked.seconds, every=asked.every, valkey_away=asked.valkey_away)
    began = time.monotonic()
    for skid in skids:
        skid.start()
    while coming:
        if time.monotonic() - began >= coming[0].at and hurt.hurt(coming[0]):
            coming.pop(0)
        hurt.tend()
        time.sleep(0.02)
    sent = wait_for(lambda: not any(skid.is_alive() for skid in skids), hurt, patience=asked.seconds + asked.patience)
    whole = wait_for(lambda: hurt.is_whole, hurt, patience=asked.patience)
    settled = time.monotonic()
    empty = wait_for(lambda: _is_done(wait=asked.long), hurt, patience=asked.patience, every=0.5)
    faults = [
        sentence
        for holds, sentence in (
            (sent, "the skids were not done in time"),
            (whole, "not every process came back"),
            (empty, f"the jobs were not done {asked.patience:.0f} s after everything was up"),
        )
        if not holds
    ]
    _print_table(skids, hurt, dust.found(), seconds=time.monotonic() - began, settled=time.monotonic() - settled)
    return [*faults, *dust.faults_of(skids, system.urls.admin)]


def _is_done(*, wait: bool) -> bool:
    """Whether no message waits; unless told to wait, a dead worker's hold ends early, as if the minute had passed."""
    from gatekeeper.accounts.clock import now
    from gatekeeper.jobs.models import Job

    undone = Job.objects.filter(done_at=None, dead_at=None)
    if not wait:
        held = timedelta(seconds=60) - _DEAD_AFTER
        undone.filter(held_until__lt=now() + held).update(held_until=now())
    return not undone.exists()


def _print_table(skids: list, hurt: Hurt, found: dict, *, seconds: float, settled: float) -> None:
    sent = [skid.sent for skid in skids]
    answers = sum((one.answers for one in sent), start=type(hurt.done)())
    took = [second for one in sent for second in one.took]
    planted = {key: at for one in sent for key, at in one.planted.items()}
    late = [found[key] - at for key, at in planted.items() if key in found]
    frames = sum(len(one.answered) for one in sent)
    rows = [
        ("faults", ", ".join(f"{kind} {count}" for kind, count in sorted(hurt.done.items()))),
        ("ended by themselves", ", ".join(f"{name} {n}" for name, n in sorted(hurt.unasked.items())) or "none"),
        ("answers", ", ".join(f"{name} {n}" for name, n in sorted(answers.items()))),
        ("frames", f"{sum(len(one.sha256) for one in sent)} sent, {frames} acknowledged, {frames * 1000:,} samples"),
        (
            "excursions",
            f"{len(planted)} planted, {len(planted.keys() & found.keys())} of them found, {len(found)} in all",
        ),
        ("frame to answer", _spread(took)),
        ("frame to excursion", _spread(late)),
        ("time", f"{seconds:.0f} s, of them {settled:.1f} s for the jobs after everything was up"),
    ]
    for name, said in rows:
        _say(f"{name:20} {said}")


def _spread(numbers: list[float]) -> str:
    if len(numbers) < 2:
        return "too few"
    cuts = quantiles(numbers, n=100, method="inclusive")
    return f"p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, p99 {cuts[98]:.2f} s, longest {max(numbers):.2f} s"


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
