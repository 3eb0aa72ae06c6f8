"""The collector process: from a skid's OPC UA server to this service, over HTTP like any machine."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches.readings.collector.running import NothingCollectedError, refused, run


class Command(BaseCommand):
    """Subscribes to a skid and sends its readings; keeps them on disk while the service is away."""

    help = "Collect the readings of a skid's OPC UA server until told to stop."
    requires_system_checks: list[str] = []  # it needs neither the database nor the site

    def add_arguments(self, parser: Any) -> None:
        """Take the configuration's file and what is wanted."""
        parser.add_argument("config", type=Path, help="TOML, see docs/how-to/integrator.md")
        parser.add_argument("--refused", action="store_true", help="list what the service refused, and end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, or list what was refused.

        :raises CommandError: for what a person must mend before anything can be collected.
        """
        try:
            if options["refused"]:
                self.stdout.writelines(f"{line}\n" for line in refused(options["config"]))
            else:
                run(options["config"])
        except NothingCollectedError as fault:
            raise CommandError(str(fault)) from None
