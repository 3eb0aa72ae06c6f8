"""The collector process: from a skid's OPC UA server to this service, over HTTP like any machine."""

import asyncio
import importlib.util
import logging
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches.monitoring.collector.configuration import Configuration, configuration_from
from batches.monitoring.collector.sending import TokenUnusableError, read_token
from batches.monitoring.collector.spool import Spool, SpoolUnusableError
from gatekeeper.core.refusal import Refusal

_MB = 1_000_000


class Command(BaseCommand):
    """Subscribes to a skid and sends its readings; keeps them on disk while the service is away."""

    help = "Collect the readings of a skid's OPC UA server until told to stop."
    requires_system_checks: list[str] = []  # it needs neither the database nor the site

    def add_arguments(self, parser: Any) -> None:
        """Take the configuration's file."""
        parser.add_argument("config", type=Path, help="TOML, see docs/how-to/integrator.md")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; server and service may come and go.

        :raises CommandError: for what a person must mend before anything can be collected.
        """
        if importlib.util.find_spec("asyncua") is None:
            raise CommandError("The collector needs asyncua: pip install --require-hashes -r requirements-opcua.txt")
        logging.getLogger("asyncua").setLevel(logging.ERROR)  # it tells every message at INFO
        configuration = _configuration(options["config"])
        try:
            read_token(configuration.service)
            spool = Spool(
                configuration.buffer.file,
                source=configuration.server.source,
                max_bytes=configuration.buffer.max_mb * _MB,
            )
        except (TokenUnusableError, SpoolUnusableError) as fault:
            raise CommandError(str(fault)) from None
        try:
            asyncio.run(_collect(configuration, spool))
        except ValueError as fault:
            raise CommandError(str(fault)) from None
        finally:
            spool.close()


def _configuration(file: Path) -> Configuration:
    try:
        return configuration_from(file.read_bytes())
    except OSError as fault:
        raise CommandError(f"The configuration cannot be read: {fault.strerror}: {file}") from None
    except Refusal as refusal:
        raise CommandError("\n".join(f"{one.field}: {one.message}" for one in refusal.all)) from None


async def _collect(configuration: Configuration, spool: Spool) -> None:
    # Imported here: without asyncua the command still says in one sentence what is missing.
    from batches.monitoring.collector.collecting import Collector  # noqa: PLC0415 -- see above
    from batches.monitoring.collector.skid import nodes_of  # noqa: PLC0415 -- see above

    nodes_of(configuration)  # a node id that is none is said now, not at every attempt
    collector = Collector(configuration, spool)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, collector.stop)
    await collector.run()
