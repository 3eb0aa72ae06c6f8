"""Runs a collector as a process: from its configuration to its end. Behind ``manage.py collect_opcua`` and ``-m``."""

import asyncio
import importlib.util
import logging
import signal
from pathlib import Path

from batches.readings.collector.configuration import Configuration, configuration_from
from batches.readings.collector.sending import TokenUnusableError, read_token
from batches.readings.collector.spool import Spool, SpoolUnusableError
from gatekeeper.core.refusal import Refusal

_MB = 1_000_000


class NothingCollectedError(Exception):
    """The collector cannot begin; the sentences say what a person must mend."""


def run(file: Path) -> None:
    """Collect as the TOML file says until SIGTERM or SIGINT; server and service may come and go.

    SIGHUP names what the service has refused and sends it again.

    :raises NothingCollectedError: for what a person must mend before anything can be collected.
    """
    if importlib.util.find_spec("asyncua") is None:
        raise NothingCollectedError(
            "The collector needs asyncua: pip install --require-hashes -r requirements-opcua.txt"
        )
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it meets ends the session, and that is told here
    logging.getLogger("asyncua.common.subscription").setLevel(logging.ERROR)  # but a fault in a handler is ours
    configuration = _configuration(file)
    try:
        read_token(configuration.service)
        spool = _spool(configuration)
    except (TokenUnusableError, SpoolUnusableError) as fault:
        raise NothingCollectedError(str(fault)) from None
    try:
        asyncio.run(_collect(configuration, spool))
    finally:
        spool.close()


def refused(file: Path) -> list[str]:
    """Return a line for each frame that the service refused and the buffer keeps.

    :raises NothingCollectedError: when the buffer cannot be read, also because a collector has it.
    """
    configuration = _configuration(file)
    if not configuration.buffer.file.exists():
        return []
    try:
        spool = _spool(configuration)
    except SpoolUnusableError as fault:
        raise NothingCollectedError(f"{fault} Of a collector that runs, SIGHUP has the list logged.") from None
    try:
        return [f"frame {one.sequence}, {one.samples} samples: {one.reason}" for one in spool.refused()]
    finally:
        spool.close()


def _spool(configuration: Configuration) -> Spool:
    buffer = configuration.buffer
    return Spool(buffer.file, source=configuration.server.source, max_bytes=buffer.max_mb * _MB)


def _configuration(file: Path) -> Configuration:
    try:
        return configuration_from(file.read_bytes())
    except OSError as fault:
        raise NothingCollectedError(f"The configuration {file} cannot be read: {fault.strerror}.") from None
    except Refusal as refusal:
        raise NothingCollectedError("\n".join(f"{one.field}: {one.message}" for one in refusal.all)) from None


async def _collect(configuration: Configuration, spool: Spool) -> None:
    # Imported here: without asyncua the process still says in one sentence what is missing.
    from batches.readings.collector.collecting import Collector  # noqa: PLC0415 -- see above
    from batches.readings.collector.skid import NoNodeError, nodes_of  # noqa: PLC0415 -- see above

    try:
        nodes_of(configuration)  # a node id that is none is said now, not at every attempt
    except NoNodeError as fault:
        raise NothingCollectedError(str(fault)) from None
    collector = Collector(configuration, spool)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, collector.stop)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, collector.offer_again)
    await collector.run()
