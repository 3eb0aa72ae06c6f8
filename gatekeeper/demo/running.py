"""The whole system on this machine: servers, keys, processes, the main job, until it is stopped."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.demo.embedded import free_port, services, unknown_migrations
from gatekeeper.demo.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent


class OtherVersionError(RuntimeError):
    """The demonstration's data are of a version whose tables cannot be brought up to date; the message says so."""


def stage(sentence: str) -> None:
    """Print one line for a stage of the start."""
    print(f"==> {sentence}", flush=True)


def run(*, folder: Path, port: int, reset: bool = False, once: bool = False) -> int:
    """Run the demonstration below `folder` and return its exit status.

    With `once` it ends after the main job, with that job's status; otherwise the site stays until Ctrl-C or SIGTERM.

    Raises:
        OtherVersionError: when the data below `folder` were made by a version before 0.2.0; nothing is changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stage(f"PostgreSQL and Valkey start (data in {folder})")
    with services(folder, reset=reset) as urls, _pid_file(folder):
        if reset:
            for leftover in ("keys", "checkpoints", "certificates"):
                shutil.rmtree(folder / leftover, ignore_errors=True)
        if unknown_migrations(urls.owner):
            raise OtherVersionError(f"The data in {folder} were made by another version: make demo-reset begins anew.")
        env = {**urls.environment(), **_local_environment(folder)}
        stage("The database is brought up to date")
        _manage(env, "migrate", "--database", "owner", "--verbosity", "0")
        with Supervisor(folder / "logs") as supervisor:
            stage("Web site, workers, beat and sealer start")
            site = f"http://127.0.0.1:{start_processes(supervisor, env, folder=folder, port=port)}"
            supervisor.wait_until_ready("web", f"{site}/healthz")
            stage("The main job runs")
            status = _main_job(env | {"GATEKEEPER_SITE": site})
            if once:
                return status
            return _until_interrupted(supervisor, f"The site is at {site}/ (logs in {supervisor.logs})")


def start_processes(supervisor: Supervisor, env: Mapping[str, str], *, folder: Path, port: int) -> int:
    """Start web, general worker, detection worker, beat and sealer, and return the web site's port.

    It is another port when `port` is in use. Only the sealer knows where its key is.
    """
    port = port if _is_free(port) else free_port()
    celery = [sys.executable, "-m", "celery", "--app", "gatekeeper"]
    processes = {
        "sealer": [sys.executable, "manage.py", "sealer"],
        # Reports and documents yield to detection and to the web site.
        "worker": ["nice", *celery, "worker", "--queues", "general", "--concurrency", "1", "--hostname", "general@%h"],
        "detector": [*celery, "worker", "--queues", "detection", "--concurrency", "1", "--hostname", "detection@%h"],
        "beat": [*celery, "beat", "--schedule", str(folder / "beat-schedule")],
        "web": [
            *(sys.executable, "-m", "gunicorn", "gatekeeper.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "2", "--threads", "4"),
        ],
    }
    for name, argv in processes.items():
        key = {"LEDGER_KEY_FILE": str(folder / "keys" / "ledger.pem")} if name == "sealer" else {}
        supervisor.start(name, argv, {**env, **key}, cwd=ROOT)
    return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free, as for gunicorn
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def make_ledger_key(folder: Path) -> tuple[Path, Path]:
    """Make the sealer's Ed25519 key pair in `folder`, unless it is there, and return (private, public) PEM files."""
    private, public = folder / "ledger.pem", folder / "ledger.pub.pem"
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return private, public


def _local_environment(folder: Path) -> dict[str, str]:
    _, public = make_ledger_key(folder / "keys")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    return {
        "DJANGO_SETTINGS_MODULE": "gatekeeper.settings",
        "GATEKEEPER_DEMO": "1",
        "GATEKEEPER_DEMO_DIR": str(folder),
        "LEDGER_PUBLIC_KEY_FILE": str(public),
        "LEDGER_CHECKPOINT_DIR": str(checkpoints),
    }


def _manage(env: Mapping[str, str], *command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], check=True, cwd=ROOT, env={**os.environ, **env})


def _main_job(env: Mapping[str, str]) -> int:
    """Run the main job in a process whose settings know the servers."""
    argv = [sys.executable, "manage.py", "demo", "--story"]
    return subprocess.run(argv, check=False, cwd=ROOT, env={**os.environ, **env}).returncode


def _until_interrupted(supervisor: Supervisor, address: str) -> int:
    try:
        stage(f"{address}; Ctrl-C stops everything")
        supervisor.monitor()
    except KeyboardInterrupt:
        stage("Stopping")
    return 0


@contextlib.contextmanager
def _pid_file(folder: Path) -> Iterator[None]:
    path = folder / "demo.pid"
    path.write_text(str(os.getpid()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def stop(folder: Path, *, patience: float = 60.0) -> bool:
    """Stop the demonstration that runs below `folder`; False when none runs."""
    path = folder / "demo.pid"
    try:
        pid = int(path.read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        path.unlink(missing_ok=True)
        return False
    deadline = time.monotonic() + patience
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return True
