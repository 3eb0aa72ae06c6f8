"""The servers' data after the story was told: told once a run by the process that needs it first, copied by the others.

The story's times count from the hour in which it is told, so nothing is kept for the next run.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from gatekeeper.demo.embedded import Urls, services
from gatekeeper.demo.running import make_ledger_key
from tests import migrated
from tests.running import ROOT, LedgerKeys

RUNS = ROOT / ".test-output" / "told"
COPIED = ("pg", "keys", "checkpoints")


def is_shared() -> bool:
    """Whether processes test side by side, each with servers of its own."""
    return "PYTEST_XDIST_TESTRUNUID" in os.environ and "DATABASE_URL" not in os.environ


def take(folder: Path, make: Callable[[Path], dict[str, str]]) -> dict[str, str]:
    """Copy the data to `folder` and return what `make` returned, which the first process calls with another folder."""
    run = RUNS / os.environ["PYTEST_XDIST_TESTRUNUID"]
    run.mkdir(parents=True, exist_ok=True)
    numbers = run / "numbers.json"
    with (run / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not numbers.exists():
            migrated.take(run / "pg")
            numbers.write_text(json.dumps(make(run)), encoding="utf-8")
        for name in COPIED:
            shutil.copytree(run / name, folder / name)
    return json.loads(numbers.read_text(encoding="utf-8"))


def forget(run: str) -> None:
    """Remove what a run kept."""
    shutil.rmtree(RUNS / run, ignore_errors=True)


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Urls]:
    """Run PostgreSQL on the data below `folder`, beside the Valkey that runs already."""
    with services(folder, durable=False) as urls:
        yield urls.for_database(migrated.TEMPLATE)


def keys(folder: Path) -> LedgerKeys:
    """The sealer's keys and checkpoints below `folder`."""
    private, public = make_ledger_key(folder / "keys")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    return LedgerKeys(private, public, checkpoints)
