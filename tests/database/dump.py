"""Writes the database of this version that later versions must be able to upgrade: ``python -m tests.database.dump``.

A lentiviral lot is walked to its release by the same functions that tests use, with the real sealer; the folder
``versions/<version>`` then holds what ``pg_dump`` says of it (plain SQL, xz), the public key and the newest checkpoint
of its evidence, and the digests of the migrations that made it. Once a version has shipped its folder stays as it is.
"""

import hashlib
import json
import lzma
import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = Path(__file__).parent / "versions"
MIGRATION_FILES = ("**/migrations/[0-9]*.py", "**/sql/*.sql")
PACKAGES = ("gatekeeper", "plasmids", "batches", "release")


def migration_digests() -> dict[str, str]:
    """Return SHA-256 by path of every migration and of the SQL that migrations run."""
    paths = (path for package in PACKAGES for pattern in MIGRATION_FILES for path in (ROOT / package).glob(pattern))
    return {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def main() -> None:
    """Make the database of the version that pyproject.toml names, and write its folder."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    folder = VERSIONS / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="gk-dump-", ignore_cleanup_errors=True) as scratch:
        dump = _released_lot(Path(scratch), folder)
    (folder / "database.sql.xz").write_bytes(lzma.compress(dump, preset=9))
    (folder / "migrations.json").write_text(json.dumps(migration_digests(), indent=2) + "\n", encoding="utf-8")


def _released_lot(scratch: Path, folder: Path) -> bytes:
    """Return the dump of a database with a released lot; its key and its newest checkpoint go to ``folder``."""
    import django

    django.setup()

    from django.conf import settings

    del os.environ["REDIS_URL"]  # the settings of tests name the port; Valkey is started there

    from gatekeeper.demo.embedded import postgres_programs, services
    from gatekeeper.demo.running import make_ledger_key
    from gatekeeper.demo.supervisor import Supervisor
    from tests import migrated, running
    from tests.release import making

    checkpoints = scratch / "checkpoints"
    checkpoints.mkdir()
    keys = running.LedgerKeys(*make_ledger_key(scratch / "keys"), checkpoints)
    settings.LEDGER_PUBLIC_KEY_FILE, settings.LEDGER_CHECKPOINT_DIR = keys.public, checkpoints
    with services(scratch / "data", durable=False, redis_port=settings.REDIS_PORT) as urls:
        migrated.migrate(urls)
        with Supervisor(scratch / "logs") as supervisor, running.pointed_at(urls):
            running.start_sealer(supervisor, urls, keys)
            making.make_released_lot()
        shutil.copyfile(keys.public, folder / "ledger.pub.pem")
        shutil.copyfile(max(checkpoints.glob("*.note")), folder / "checkpoint.note")
        argv = [postgres_programs() / "pg_dump", "--rows-per-insert=100", "--dbname", urls.admin]
        return subprocess.run(argv, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
