"""Keeps PostgreSQL's data folder with the migrated template, so that only a changed schema is migrated again.

What a migration leaves depends on the files digested here; a fresh clone, as continuous integration has, keeps nothing.
Processes that test side by side each run their own server on a copy of it.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gatekeeper.demo.embedded import Urls, create_database, services

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "gk_template"
KEPT = ROOT / ".test-output" / "postgres"
PACKAGES = ("gatekeeper", "plasmids", "batches", "release")
SHAPING = {"migrations", "models", "models.py", "apps.py", "rules", "sql", "data", "core", "ledger", "accounts"}
SINGLE = ("gatekeeper/settings.py", "gatekeeper/environment.py", "requirements-dev.txt", "tests/migrated.py")


def digest() -> str:
    """SHA-256 over every file that a migrated database depends on."""
    files = {ROOT / name for name in SINGLE} | set((ROOT / "gatekeeper" / "demo").glob("*.sql"))
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in {".py", ".sql", ".toml", ".json"} and SHAPING & set(path.relative_to(ROOT).parts):
                files.add(path)
    total = hashlib.sha256()
    for path in sorted(files):
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes()
            total.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()[:20]


def take(data: Path) -> None:
    """Copy PostgreSQL's folder with the migrated template to `data`; the first who needs it makes it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # processes of one run start together
        kept = KEPT / digest()
        if not kept.exists():
            _forget_all()
            _make(kept)
        shutil.copytree(kept, data)


def migrate(urls: Urls) -> None:
    """Bring the database of `urls` up to date, as gk_owner."""
    command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0", "--no-input"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **urls.environment()}, check=True)


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="gk-tests-", ignore_cleanup_errors=True) as folder:
        with services(Path(folder), durable=False) as urls:
            migrate(create_database(urls, TEMPLATE))
        whole = Path(folder) / "whole"
        shutil.copytree(Path(folder) / "pg", whole)
        shutil.move(whole, kept)


def _forget_all() -> None:
    for old in KEPT.iterdir():
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
