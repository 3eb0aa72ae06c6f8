"""`manage.py demo`: the whole system on this machine, with nothing installed by hand."""

import importlib
import importlib.util
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from gatekeeper.demo import running
from gatekeeper.demo.embedded import ServicesUnavailableError
from gatekeeper.demo.supervisor import ProcessEndedError


class Command(BaseCommand):
    """Start the servers and processes, run the main job, keep the site until Ctrl-C."""

    help = "Run the demonstration: servers, processes, main job, web site."
    requires_system_checks = ()  # it starts the database that the checks ask

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="end after the main job, with its status")
        parser.add_argument("--reset", action="store_true", help="begin anew: forget the demonstration's data")
        parser.add_argument("--stop", action="store_true", help="stop a demonstration that is running")
        parser.add_argument("--port", type=int, default=8000, help="port of the web site on 127.0.0.1")
        parser.add_argument("--story", action="store_true", help="only the main job, in a system that runs already")

    def handle(self, **options: Any) -> None:
        """Do what the options say; exits with the main job's status."""
        folder = Path(settings.DEMO_DIR)
        if options["stop"]:
            self.stdout.write("Stopped." if running.stop(folder) else "No demonstration is running.")
            return
        if options["story"]:
            sys.exit(_main_job())
        try:
            status = running.run(folder=folder, port=options["port"], reset=options["reset"], once=options["once"])
        except (ServicesUnavailableError, ProcessEndedError, running.OtherVersionError) as error:
            self.stderr.write(str(error))
            status = 1
        except subprocess.CalledProcessError as error:
            status = error.returncode
        except KeyboardInterrupt:
            status = 130
        sys.exit(status)


def _main_job() -> int:
    if importlib.util.find_spec("gatekeeper.demo.story") is None:
        return 0
    return int(importlib.import_module("gatekeeper.demo.story").run() or 0)
