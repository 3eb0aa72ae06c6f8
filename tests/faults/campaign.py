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
    options = _arguments()
    _say(f"seed {options.seed}: {options.skids},000 samples/s for {options.seconds} s (again: --seed {options.seed})")
    servers: dict[str, Process] = {}
    with own_system(full=False, from_template=True, started=servers) as system:
        faults = _campaign(options, system, servers)
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
    options = parser.parse_args()
    options.seconds, options.skids = min(options.seconds, 7200), min(options.skids, 50)
    # Five minutes of ten without Valkey; and then time enough for a hold to end three times.
    options.valkey_downtime, options.patience = (options.seconds / 2, 240.0) if options.long else (3.0, 60.0)
    options.seed = options.seed or secrets.randbelow(2**31 - 1) + 1
    return options


def _campaign(options: argparse.Namespace, system: System, servers: dict[str, Process]) -> list[str]:
    with Hurt(system.folder / "logs", servers, system.urls.redis) as hurt:
        port = start_processes(hurt, system.env, folder=system.folder, port=free_port())
        system.site, system.supervisor = f"http://127.0.0.1:{port}", hurt
        hurt.wait_until_ready("web", f"{system.site}/healthz")
        return _hurt(options, system, hurt)


def _hurt(options: argparse.Namespace, system: System, hurt: Hurt) -> list[str]:
    from django.db import connections

    from tests.faults import dust
    from tests.faults.skids import Skid, make_plant, make_records

    chance = random.Random(options.seed)
    made = make_plant()
    skids = [
        Skid(system.site, made, record, options.seed + number, seconds=options.seconds, patience=options.patience)
        for number, record in enumerate(make_records(made, options.skids))
    ]
    connections.close_all()
    _say(f"{time.monotonic() - _BEGAN:.0f} s to begin")
    coming = plan(chance, seconds=options.seconds, every=options.every, valkey_downtime=options.valkey_downtime)
    began = time.monotonic()
    for skid in skids:
        skid.start()
    while coming:
        if time.monotonic() - began >= coming[0].at and hurt.hurt(coming[0]):
            coming.pop(0)
        hurt.tend()
        time.sleep(0.02)
    patience = options.seconds + options.patience
    sent = wait_for(lambda: not any(skid.is_alive() for skid in skids), hurt, patience=patience)
    whole = wait_for(lambda: hurt.is_whole, hurt, patience=options.patience)
    drained = time.monotonic()
    empty = wait_for(lambda: _is_done(wait=options.long), hurt, patience=options.patience, every=0.5)
    faults = [
        sentence
        for holds, sentence in (
            (sent, "the skids were not done in time"),
            (whole, "not every process came back"),
            (empty, f"the jobs were not done {options.patience:.0f} s after everything was up"),
        )
        if not holds
    ]
    _print_table(skids, hurt, dust.recorded(), seconds=time.monotonic() - began, drained=time.monotonic() - drained)
    return [*faults, *dust.faults_of(skids, system.urls.admin)]


def _is_done(*, wait: bool) -> bool:
    """Whether no message waits; unless told to wait, a dead worker's hold ends early, as if the minute had passed."""
    from gatekeeper.accounts.clock import now
    from gatekeeper.jobs.models import Job

    undone = Job.objects.filter(done_at=None, dead_at=None)
    if not wait:
        remaining = timedelta(seconds=60) - _DEAD_AFTER
        undone.filter(held_until__lt=now() + remaining).update(held_until=now())
    return not undone.exists()


def _print_table(skids: list, hurt: Hurt, found_at: dict, *, seconds: float, drained: float) -> None:
    sent = [skid.sent for skid in skids]
    answers = sum((skid.answers for skid in sent), start=type(hurt.done)())
    took = [second for skid in sent for second in skid.took]
    planted = {key: at for skid in sent for key, at in skid.planted.items()}
    late = [found_at[key] - at for key, at in planted.items() if key in found_at]
    frames = sum(len(skid.answered) for skid in sent)
    rows = [
        ("faults", ", ".join(f"{kind} {count}" for kind, count in sorted(hurt.done.items()))),
        ("ended by themselves", ", ".join(f"{name} {n}" for name, n in sorted(hurt.unasked.items())) or "none"),
        ("answers", ", ".join(f"{name} {n}" for name, n in sorted(answers.items()))),
        ("frames", f"{sum(len(skid.sha256) for skid in sent)} sent, {frames} acknowledged, {frames * 1000:,} samples"),
        (
            "excursions",
            f"{len(planted)} planted, {len(planted.keys() & found_at.keys())} of them found, {len(found_at)} in all",
        ),
        ("frame to answer", _spread(took)),
        ("frame to excursion", _spread(late)),
        ("time", f"{seconds:.0f} s, of them {drained:.1f} s for the jobs after everything was up"),
    ]
    for name, value in rows:
        _say(f"{name:20} {value}")


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
