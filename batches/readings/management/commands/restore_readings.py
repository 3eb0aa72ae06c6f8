"""``manage.py restore_readings``: a dropped month of readings comes back from its files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches.readings.actions.archives import restore_month
from gatekeeper.accounts.queries import person_named
from gatekeeper.core.refusal import Refusal


class Command(BaseCommand):
    """Check the files of a month against the evidence and put their readings back, to the byte."""

    help = "Bring the readings of a dropped month back from its Parquet files; its phases are judged again."

    def add_arguments(self, parser: Any) -> None:
        """Take the month, the folder and who does it."""
        parser.add_argument("--month", required=True, help="YYYY-MM, in UTC")
        parser.add_argument("--from", type=Path, required=True, dest="folder", help="the folder they were written to")
        parser.add_argument("--by", required=True, help="user name of who does it, with readings.archive")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore and say what came back.

        :raises CommandError: with every reason why not.
        """
        try:
            by, folder = person_named(options["by"]), options["folder"].resolve()
            parts = restore_month(by=by, month=options["month"], folder=folder)
        except Refusal as refusal:
            raise CommandError("\n".join(one.message for one in refusal.all)) from refusal
        for part in parts:
            self.stdout.write(f"{part}: {part.frames} frames, {part.samples} samples are back.")
        if not parts:
            self.stdout.write("Nothing of this month is away.")
