"""The collector at work: from the skid's server into the buffer, from the buffer to the service, each at its own pace.

Whatever ends a session (a killed process, a cut line, a full buffer, an overflowing queue) is mended in one way: the
time between what is kept and what comes live is asked of the server's history, and what it cannot tell is recorded as
a gap of bad quality.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from batches.readings.collector.configuration import Configuration
from batches.readings.collector.samples import Sample
from batches.readings.collector.sending import Away, Refused, Taken, send
from batches.readings.collector.session import Session
from batches.readings.collector.skid import SESSION_FAULTS, Skid
from batches.readings.collector.spool import Spool, SpoolFullError, WorkList

logger = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # s between attempts to reach a far side
_SAY_AGAIN = 60.0  # s between two complaints about the same trouble
_OFFER_AGAIN = 600.0  # s after which what the service refused is sent once more


class Collector:
    """Collects one source until it is told to stop."""

    def __init__(self, configuration: Configuration, spool: Spool) -> None:
        self._configuration = configuration
        self._spool = spool
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()
        self._full = False
        self._said = -_SAY_AGAIN  # when it was last said that nothing can be kept

    def stop(self) -> None:
        """Let both sides end after what they are doing; what is buffered stays buffered."""
        self._stop.set()
        self._cut.set()

    def offer_again(self) -> None:
        """Name every frame that the service refused, and send them again now: what they lacked has been mended."""
        for one in self._spool.refused():
            logger.warning("Frame %s of %s samples is sent again: %s", one.sequence, one.samples, one.reason)
        self._spool.offer_again()
        self._cut.set()

    async def run(self) -> None:
        """Collect and send until ``stop``."""
        async with asyncio.TaskGroup() as sides:
            sides.create_task(self._send())
            sides.create_task(self._collect())

    async def _pause(self, seconds: float) -> None:
        await pause_for(seconds, self._stop)

    # From the buffer to the service.

    async def _send(self) -> None:
        pause, offered = _FIRST_PAUSE, time.monotonic()
        self._spool.offer_again()
        while not self._stop.is_set():
            if time.monotonic() - offered > _OFFER_AGAIN:
                self._spool.offer_again()
                offered = time.monotonic()
            self._cut.clear()
            frame = self._spool.oldest()
            if frame is None:
                await pause_for(_SAY_AGAIN, self._cut)
                continue
            match await asyncio.to_thread(send, self._configuration.service, frame):
                case Taken() | Refused() as answer:
                    if pause > _FIRST_PAUSE:
                        logger.info("The service answers again")
                    pause = _FIRST_PAUSE
                    await self._note(frame, answer)
                case Away(reason, after_s):
                    waiting, _aside = self._spool.counts()
                    logger.warning("The service takes no frames (%s); %s wait in the buffer", reason, waiting)
                    await self._pause(max(pause, after_s))
                    pause = min(2 * pause, _LONGEST_PAUSE)

    async def _note(self, frame: WorkList, answer: Taken | Refused) -> None:
        try:
            match answer:
                case Taken():
                    self._spool.forget(frame.sequence)
                case Refused(reason):
                    self._spool.set_aside(frame.sequence, reason)
                    logger.error("The service refused frame %s; it is kept and sent again: %s", frame.sequence, reason)
        except SpoolFullError:
            # The frame stays the oldest and is sent again: to the service a replay, which changes nothing.
            self._complain()
            await self._pause(1.0)

    # From the skid into the buffer.

    async def _collect(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            if self._full:
                await self._wait_for_room()
                continue
            try:
                async with Skid(self._configuration) as skid:
                    logger.info("Collecting %s", self._configuration.server.source)
                    pause = _FIRST_PAUSE
                    session = Session(skid, resume_of=self._spool.resume_of, keep=self._keep)
                    while not self._stop.is_set() and not skid.lost.is_set():
                        await pause_for(self._configuration.buffer.frame_ms / 1000, self._stop, skid.lost)
                        await session.step()
                    session.keep_live()
            except SpoolFullError:
                self._full = True
            except SESSION_FAULTS as fault:
                logger.warning("The skid's server is away (%s: %s)", type(fault).__name__, fault)
            if not self._full:
                await self._pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _wait_for_room(self) -> None:
        # What is old is kept, what is new is not taken: it is asked of the server's history later, or becomes a gap.
        # A disk is known to have room again only by trying: at least a second lies between two attempts.
        self._complain()
        await self._pause(1.0)
        while not self._stop.is_set() and not self._spool.has_room():
            self._complain()
            await self._pause(1.0)
        self._full = False

    def _complain(self) -> None:
        if time.monotonic() - self._said < _SAY_AGAIN:
            return
        self._said = time.monotonic()
        logger.critical(
            "THE BUFFER IS FULL, OR ITS DISK (%s frames wait, %s were refused): NOTHING OF %s IS COLLECTED",
            *self._spool.counts(),
            self._configuration.server.source,
        )

    def _keep(self, samples: Sequence[Sample], resume: Mapping[str, int]) -> None:
        if self._spool.keep(samples, resume):
            self._cut.set()


async def pause_for(seconds: float, *events: asyncio.Event) -> None:
    """Wait so long, or until one of the events has happened."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
