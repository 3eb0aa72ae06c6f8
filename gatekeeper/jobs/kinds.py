"""The kinds of jobs, as settings.JOBS declares them."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: the path of its handler, the queue whose workers run it, and how.

    The handler runs inside a transaction together with the mark that the job is done: it may run again after a fault,
    and takes less than ten seconds between two queries. It is a function of the payload; of a ``batched`` kind a
    function of the payloads, oldest first, of all undone jobs of one batch key. Jobs of a kind that is not ``urgent``
    wake nobody and are run when they are found due.
    """

    name: str
    handler: str
    queue: str = "general"
    batched: bool = False
    urgent: bool = True

    def queue_for(self, batch_key: str) -> str:
        """Return the queue, or the partition of it (settings.QUEUE_PARTS), for jobs of this batch key.

        All jobs of a key are in one partition, so that its worker has them in order.
        """
        parts = int(settings.QUEUE_PARTS.get(self.queue, 1))
        return self.queue if parts == 1 else f"{self.queue}.{zlib.crc32(batch_key.encode()) % parts}"

    def run(self, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Call the handler with these payloads."""
        handler = import_string(self.handler)
        for argument in [payloads] if self.batched else payloads:
            handler(argument)


def job_kind(name: str) -> JobKind:
    """Return the kind of this name.

    :raises LookupError: when settings.JOBS has no such kind.
    """
    if name not in settings.JOBS:
        raise LookupError(f"settings.JOBS has no handler of {name}")
    return JobKind(name, **settings.JOBS[name])


def batched_kinds() -> list[str]:
    """Return the names of the kinds whose jobs run several in one call."""
    return [name for name, options in settings.JOBS.items() if options.get("batched")]
