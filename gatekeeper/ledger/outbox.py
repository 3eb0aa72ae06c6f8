"""Who does which kind of outbox work, and the ring that hurries it."""

import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import autodiscover_modules

logger = logging.getLogger(__name__)

type Work = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of the payload, and the queue whose worker runs it."""

    function: Work
    queue: str


_handlers: dict[str, Handler] = {}


def handler(kind: str, *, queue: str = "general") -> Callable[[Work], Work]:
    """Register a function of an app's ``tasks`` module for a kind of message.

    It runs inside a transaction together with the mark that the message is done: it may run again after a fault, and
    takes less than ten seconds between two queries.

    :raises ValueError: when another function handles this kind.
    """

    def register(function: Work) -> Work:
        known = _handlers.get(kind)
        if known and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"{kind} is handled by {known.function.__qualname__}")
        _handlers[kind] = Handler(function, queue)
        return function

    return register


def handling(kind: str) -> Handler:
    """Return the handler of a kind, after reading every app's ``tasks``.

    :raises LookupError: when nobody handles it.
    """
    if kind not in _handlers:
        autodiscover_modules("tasks")
    if kind not in _handlers:
        raise LookupError(f"nobody handles {kind}")
    return _handlers[kind]


def part_of(queue: str, share: str) -> str:
    """Return the part of a queue (settings.QUEUE_PARTS) where messages of this share wait, the queue if it is whole.

    Whoever works for a share, say a source, then has its messages in order, and workers are added by part.
    """
    parts = int(settings.QUEUE_PARTS.get(queue, 1))
    return queue if parts == 1 else f"{queue}.{zlib.crc32(share.encode()) % parts}"


def ring(message_id: int, queue: str) -> None:
    """Wake a worker. A Redis that is away costs time, never the work: the sweeper finds the message."""
    from gatekeeper.ledger import tasks  # noqa: PLC0415 -- tasks run the actions that post messages

    try:
        tasks.deliver.apply_async((message_id,), queue=queue, retry=False, ignore_result=True)
    except tasks.deliver.OperationalError as error:
        logger.warning("No ring for outbox message %s: %s", message_id, error)
