"""``manage.py verify_archive``: whether the files of archived months are there, whole and unaltered."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from batches.readings.queries.archives import archive_findings


class Command(BaseCommand):
    """Compare every file of an archive with the evidence: manifest, bytes, and the digest of each frame."""

    help = "Check the Parquet files of archived months against the evidence log; end with 1 when anything is wrong."

    def add_arguments(self, parser: Any) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, help="the folder they were written to")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say of each part whether it is whole, and what lies there that no record names.

        :raises SystemExit: with 1 when a file is missing or altered.
        """
        wrong = 0
        for name, fault in archive_findings(options["folder"].resolve()):
            self.stdout.write(f"{name}: {fault or 'whole'}")
            wrong += bool(fault)
        self.stdout.write(f"{wrong} findings." if wrong else "Intact.")
        if wrong:
            raise SystemExit(1)
