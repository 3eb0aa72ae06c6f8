"""The running system that is measured: its own PostgreSQL and Valkey, web, workers, beat and sealer, on free ports."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from gatekeeper.demo.embedded import DATABASE_NAME, Urls, create_database, free_port, services
from gatekeeper.demo.processes import Process
from gatekeeper.demo.running import make_ledger_key, start_processes
from gatekeeper.demo.supervisor import Supervisor
from tests import migrated

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "bench_template"
_FROM_OUTSIDE = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SEALER_URL", "DATABASE_AUDITOR_URL", "REDIS_URL")

_SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "SECRET_KEY": secrets.token_urlsafe(50)}


@dataclass(slots=True)
class System:
    """Addresses and processes of the system under measurement; ``full`` when there is time for larger numbers."""

    urls: Urls
    folder: Path
    env: dict[str, str]
    full: bool
    site: str = ""
    supervisor: Supervisor | None = None
    _resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self) -> None:
        """Start web, workers, beat and sealer, once."""
        if self.supervisor is None:
            self.supervisor = self._resources.enter_context(Supervisor(self.folder / "logs"))
            port = start_processes(self.supervisor, self.env, folder=self.folder, port=free_port())
            self.site = f"http://127.0.0.1:{port}"
            self.supervisor.wait_until_ready("web", f"{self.site}/healthz")

    def database(self, name: str, template: str = TEMPLATE) -> Urls:
        """A further database, a copy of the migrated and still empty one."""
        return create_database(self.urls, name, template=template)


@contextlib.contextmanager
def own_system(
    *, full: bool, from_template: bool = False, started: dict[str, Process] | None = None
) -> Iterator[System]:
    """The servers below a temporary folder, with a migrated database; all of it is gone after the block.

    ``kept``: the database is a copy of the one that the tests have migrated. ``started`` is given the servers.
    """
    for name in _FROM_OUTSIDE:
        os.environ.pop(name, None)  # measured is what we start, never what somebody else uses
    folder = Path(tempfile.mkdtemp(prefix="gk-bench-"))
    try:
        if from_template:
            os.environ.update(_SETTINGS)
            migrated.take(folder / "pg")
        with services(folder, started=started) as servers:
            _configure(servers)
            urls = create_database(servers, "from_template", template=migrated.TEMPLATE) if from_template else servers
            env = _environment(urls, folder)
            os.environ.update(env)
            _set_up(migrate=not from_template)
            if not from_template:
                create_database(urls, TEMPLATE, template=DATABASE_NAME)
            system = System(urls, folder, env, full)
            with system._resources:
                yield system
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(urls: Urls) -> None:
    """No checkpoint in the middle of a round; durability stays on."""
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        admin.execute("SELECT pg_reload_conf()")


def _environment(urls: Urls, folder: Path) -> dict[str, str]:
    _private, public = make_ledger_key(folder / "keys")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir()
    return {
        **urls.environment(),
        **_SETTINGS,
        "LEDGER_PUBLIC_KEY_FILE": str(public),
        "LEDGER_CHECKPOINT_DIR": str(checkpoints),
    }


def _set_up(*, migrate: bool) -> None:
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    if migrate:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    connections.close_all()
