"""``manage.py archive_readings``: the readings of a cold month go to Parquet files, and out of the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches.readings.actions.archives import archive_month, drop_month
from gatekeeper.accounts.queries import person_named
from gatekeeper.core.refusal import Refusal


class Command(BaseCommand):
    """Write what no file holds yet; with ``--drop`` compare every file with the evidence, then empty the month."""

    help = "Write the readings of a month that is long over as Parquet; running it again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        """Take the month, the folder and who does it."""
        parser.add_argument("--month", required=True, help="YYYY-MM, in UTC")
        parser.add_argument("--to", type=Path, required=True, help="the folder: a mounted or synchronised object store")
        parser.add_argument("--by", required=True, help="user name of who does it, with readings.archive")
        parser.add_argument("--drop", action="store_true", help="and drop the month: needs DATABASE_OWNER_URL")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Archive, drop if asked to, and say what was done.

        :raises CommandError: with every reason why not.
        """
        try:
            given = {"by": person_named(options["by"]), "month": options["month"], "folder": options["to"].resolve()}
            for part in archive_month(**given):
                self.stdout.write(f"{part}: {part.frames} frames, {part.samples} samples, {part.name}.parquet")
            if options["drop"]:
                self.stdout.write(f"{drop_month(**given)} segments dropped from the database.")
        except Refusal as refusal:
            raise CommandError("\n".join(one.message for one in refusal.all)) from refusal
