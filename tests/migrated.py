"""Keeps PostgreSQL's data folder with the migrated template, so that only a changed schema is migrated again.

What a migration leaves depends on the files digested here; a fresh clone, as continuous integration has, keeps nothing.
"""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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


def take(schema: str, data: Path) -> bool:
    """Copy the kept folder of this schema to `data`; False when there is none."""
    try:
        shutil.copytree(KEPT / schema, data)
    except OSError:
        shutil.rmtree(data, ignore_errors=True)
        return False
    return True


def keep(schema: str, data: Path) -> None:
    """Keep a copy of `data`, whose server has stopped, for this schema and forget the others."""
    unfinished = KEPT / f"{schema}.{os.getpid()}"
    with contextlib.suppress(OSError):  # keeping is a convenience
        shutil.copytree(data, unfinished)
        for old in KEPT.iterdir():
            if old not in {unfinished, KEPT / schema} and "." not in old.name:
                shutil.rmtree(old, ignore_errors=True)
        unfinished.rename(KEPT / schema)
    shutil.rmtree(unfinished, ignore_errors=True)
