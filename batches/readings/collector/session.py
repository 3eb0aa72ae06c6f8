"""One session with a skid's server: live values from the first moment, each tag joined to what was kept before."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import Protocol

from batches.readings.collector.samples import Join, Sample, is_gap, moment_of

logger = logging.getLogger(__name__)
_HISTORY_PATIENCE = 5.0  # s that history may lag behind what is reported live
_MOST_KEPT = 5000  # samples of history in one transaction


class Reporting(Protocol):
    """What a session asks of a server: see ``skid.Skid``."""

    def take(self) -> Sequence[tuple[Sample, bool]]:
        """Return what has arrived, in order; True marks that values before it overflowed."""

    async def history(self, tag: str, start_us: int, end_us: int) -> Sequence[Sample] | None:
        """Return what history holds between both times, included; None when there is none."""


class Session:
    """Keeps what one session reports; ``keep`` and ``resume_of`` are the buffer's."""

    def __init__(
        self,
        skid: Reporting,
        *,
        resume_of: Callable[[str], int | None],
        keep: Callable[[Sequence[Sample], Mapping[str, int]], None],
    ) -> None:
        self._skid, self._resume_of, self._keep = skid, resume_of, keep
        self._latest: dict[str, int] = {}  # time of each tag's last live value
        self._joins: dict[str, Join] = {}
        self._since: dict[str, float] = {}  # since when history has been waited for

    async def step(self) -> None:
        """Keep what has arrived, and ask history once for each tag that is not joined yet.

        :raises SpoolFullError: as the buffer does.
        """
        self.keep_live()
        for join in list(self._joins.values()):
            await self._catch_up(join)

    def keep_live(self) -> None:
        """Keep what has arrived.

        :raises SpoolFullError: as the buffer does.
        """
        samples: list[Sample] = []
        resume: dict[str, int] = {}
        for sample, overflowed in self._skid.take():
            tag, at = sample.tag, sample.time_us
            if tag not in self._latest or overflowed:
                self._part(sample, resume.get(tag, self._resume_of(tag)))
            if tag not in self._joins:
                resume[tag] = at
            self._latest[tag] = at
            samples.append(sample)
        if samples:
            self._keep(samples, resume)

    def _part(self, sample: Sample, kept_us: int | None) -> None:
        """Note that values may be missing between what is kept and this sample."""
        if sample.tag in self._joins:
            self._joins[sample.tag].live_us = sample.time_us  # an overflow while an absence is being mended
        elif kept_us is not None and kept_us != sample.time_us:
            self._joins[sample.tag] = Join(sample.tag, kept_us, sample.time_us)

    async def _catch_up(self, join: Join) -> None:
        is_last = join.is_last_slice
        history = await self._skid.history(join.tag, *join.slice())
        found = [] if history is None else join.take(history)
        for part in batched(found, _MOST_KEPT):
            self._keep(part, {join.tag: part[-1].time_us})
        self._say(found)
        if history is not None and not join.is_whole and (not is_last or self._is_patient(join.tag)):
            return
        left = join.give_up()
        self._keep(left, {join.tag: self._latest[join.tag]})
        self._say(left)
        self._joins.pop(join.tag)
        self._since.pop(join.tag, None)

    def _is_patient(self, tag: str) -> bool:
        return time.monotonic() - self._since.setdefault(tag, time.monotonic()) < _HISTORY_PATIENCE

    def _say(self, samples: Sequence[Sample]) -> None:
        for one in filter(is_gap, samples):
            logger.error("Values of %s after %s are lost: recorded as a gap", one.tag, moment_of(one.time_us))
