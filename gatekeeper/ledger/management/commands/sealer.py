"""The sealer process: the only one that holds the sealing key."""

import logging
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gatekeeper.ledger import checkpoint, sealing

logger = logging.getLogger(__name__)
_LONGEST_PAUSE = 10.0  # seconds between attempts to reach the database


class Command(BaseCommand):
    """Seals the evidence when it is notified and every second, and writes each checkpoint outside the database."""

    help = "Seal committed evidence and sign its checkpoints until told to stop."
    requires_system_checks: list[str] = []  # it needs the database and its key, none of the site

    def add_arguments(self, parser: Any) -> None:
        """Take ``--once``."""
        parser.add_argument("--once", action="store_true", help="seal what there is and end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; the database may come and go.

        :raises CommandError: when LEDGER_KEY_FILE names no readable key.
        """
        if settings.LEDGER_KEY_FILE is None:
            raise CommandError("Set LEDGER_KEY_FILE to the sealing key (manage.py ledger_key makes one).")
        self.key: Ed25519PrivateKey = checkpoint.read_private_key(Path(settings.LEDGER_KEY_FILE))
        self.folder = Path(settings.LEDGER_CHECKPOINT_DIR)
        self.stopping = False
        if options["once"]:
            with sealing.connect() as conn:
                self._seal(conn)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        pause = 0.5
        while not self.stopping:
            try:
                with sealing.connect() as conn:
                    pause = 0.5
                    self._serve(conn)
            except psycopg.OperationalError:
                logger.exception("The database is away; trying again in %s s", pause)
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _serve(self, conn: psycopg.Connection[Any]) -> None:
        conn.execute(f"LISTEN {sealing.CHANNEL}")
        self._warn_of_a_shorter_log(conn)
        sealing.publish(conn, self.folder)  # a kill between commit and file leaves one unwritten
        logger.info("Sealing %s", settings.LEDGER_ORIGIN)
        while not self.stopping:
            self._seal(conn)
            for _ring in conn.notifies(timeout=1.0, stop_after=1):
                pass

    def _seal(self, conn: psycopg.Connection[Any]) -> None:
        if sealing.seal(conn, self.key, settings.LEDGER_ORIGIN):
            sealing.publish(conn, self.folder)

    def _warn_of_a_shorter_log(self, conn: psycopg.Connection[Any]) -> None:
        published = [int(path.name.split("-")[0]) for path in self.folder.glob("*.note")]
        (size,) = conn.execute("SELECT coalesce(max(size), 0) FROM ledger.checkpoint").fetchone() or (0,)
        if published and max(published) > size:
            logger.error(
                "A checkpoint of %s entries was published, the log holds %s: run manage.py verify_ledger --against %s",
                max(published),
                size,
                self.folder,
            )

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
