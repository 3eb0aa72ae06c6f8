"""The site, the sealer and the databases that tests run for themselves."""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, connections, transaction

from gatekeeper import environment
from gatekeeper.demo.embedded import Urls, create_database, drop_database, free_port
from gatekeeper.demo.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent
_CONNECTION_KEYS = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """PEM files of the sealer's Ed25519 key pair, and the folder of its checkpoints."""

    private: Path
    public: Path
    checkpoints: Path


def point_connections_at(urls: Urls) -> None:
    """Make every alias of this process, in every thread, mean the database of `urls`."""
    named = (("default", urls.app), ("owner", urls.owner), ("sealer", urls.sealer))
    restore_addresses({alias: _address(environment.database("", url)) for alias, url in named})


def current_addresses() -> dict[str, dict[str, str]]:
    """What the aliases mean now, to be put back with `restore_addresses`."""
    return {alias: _address(connections.databases[alias]) for alias in ("default", "owner", "sealer")}


def restore_addresses(addresses: dict[str, dict[str, str]]) -> None:
    """Make every alias mean these again. A connection that means them already stays: a new one knows no plans."""
    if addresses == current_addresses():
        return
    connections.close_all()
    for alias, address in addresses.items():
        # The dictionary is shared by the settings and each thread's connection: changed in place.
        connections.databases[alias].update(address)


def _address(described: dict[str, str]) -> dict[str, str]:
    return {key: described[key] for key in _CONNECTION_KEYS}


@contextlib.contextmanager
def pointed_at(urls: Urls) -> Iterator[Urls]:
    """Within the block, the connections of this process mean the database of `urls`."""
    before = current_addresses()
    point_connections_at(urls)
    try:
        yield urls
    finally:
        restore_addresses(before)


@contextlib.contextmanager
def cloned(servers: Urls, template: str) -> Iterator[Urls]:
    """A fresh copy of the migrated database, dropped afterwards."""
    with _copied(servers, template) as (_name, urls):
        yield urls


@contextlib.contextmanager
def prepared(servers: Urls, template: str, make: Callable[[], None], blocker: object) -> Iterator[str]:
    """Name of a copy of the migrated database in which `make` was done; nobody works in it. Dropped afterwards."""
    with _copied(servers, template) as (name, urls):
        with blocker.unblock(), pointed_at(urls), transaction.atomic():
            make()
            connection.run_on_commit.clear()  # no sealer runs that a signature could wait for, and no worker to wake
        yield name


@contextlib.contextmanager
def _copied(servers: Urls, template: str) -> Iterator[tuple[str, Urls]]:
    name = f"gk_test_{os.getpid()}_{next(_numbers)}"
    try:
        yield name, create_database(servers, name, template=template)
    finally:
        drop_database(servers, name)


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A running site: its address, its database, its log files."""

    url: str
    urls: Urls
    logs: Path
    blocker: object
    env: dict[str, str]

    @contextlib.contextmanager
    def database(self) -> Iterator[Urls]:
        """Within the block, this process works on the site's database: prepare or inspect it through actions."""
        with self.blocker.unblock(), pointed_at(self.urls):
            yield self.urls

    def manage(self, *command: str) -> str:
        """Run a management command as the site's environment has it, and return its output."""
        argv = [sys.executable, "manage.py", *command]
        ran = subprocess.run(argv, cwd=ROOT, env={**os.environ, **self.env}, capture_output=True, text=True, check=True)
        return ran.stdout


def site_environment(urls: Urls, keys: LedgerKeys) -> dict[str, str]:
    """What the real processes are told: as in `make demo`, without the sealing key."""
    return {
        **urls.environment(),
        "DJANGO_SETTINGS_MODULE": "gatekeeper.settings",
        "GATEKEEPER_DEMO": "1",  # plain http on the loopback interface: cookies cannot be Secure
        "GATEKEEPER_DEMO_DIR": str(keys.checkpoints.parent),
        "SECRET_KEY": settings.SECRET_KEY,
        "LEDGER_PUBLIC_KEY_FILE": str(keys.public),
        "LEDGER_CHECKPOINT_DIR": str(keys.checkpoints),
    }


def start_sealer(supervisor: Supervisor, urls: Urls, keys: LedgerKeys) -> int:
    """Start `manage.py sealer`, the only process that is told the private key, and return its process id."""
    env = site_environment(urls, keys) | {"LEDGER_KEY_FILE": str(keys.private)}
    return supervisor.start("sealer", [sys.executable, "manage.py", "sealer"], env, cwd=ROOT)


@contextlib.contextmanager
def running_site(urls: Urls, keys: LedgerKeys, folder: Path, blocker: object) -> Iterator[LiveSite]:
    """The real site under gunicorn, with its sealer, on a free port of 127.0.0.1."""
    port = free_port()
    env = site_environment(urls, keys)
    serve = [sys.executable, "-m", "gunicorn", "gatekeeper.wsgi", "--bind", f"127.0.0.1:{port}"]
    with Supervisor(folder / "logs") as supervisor:
        start_sealer(supervisor, urls, keys)
        supervisor.start("web", [*serve, "--workers", "1", "--threads", "4"], env, cwd=ROOT)
        supervisor.wait_until_ready("web", f"http://127.0.0.1:{port}/healthz")
        yield LiveSite(f"http://127.0.0.1:{port}", urls, supervisor.logs, blocker, env)
