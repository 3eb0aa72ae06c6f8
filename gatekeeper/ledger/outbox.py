"""Who does which kind of outbox work, and the ring that hurries it."""

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import autodiscover_modules
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

type Work = Callable[[Any], object]

_BELL_SECONDS = 1  # a ring that was lost holds the next one up for so long at most


@dataclass(frozen=True, slots=True)
class Handler:
    """The function of a kind, the queue whose worker runs it, and whether it takes several payloads at once."""

    function: Work
    queue: str
    together: bool

    def work(self, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Do the work of these messages."""
        if self.together:
            self.function(payloads)
        else:
            for payload in payloads:
                self.function(payload)


_handlers: dict[str, Handler] = {}


def handler(kind: str, *, queue: str = "general", together: bool = False) -> Callable[[Work], Work]:
    """Register a function of an app's ``tasks`` module for a kind of message.

    It runs inside a transaction together with the mark that the message is done: it may run again after a fault, and
    takes less than ten seconds between two queries. It is a function of the payload; with ``together`` of the payloads,
    oldest first, of all messages of one share that wait, so that what comes quickly is done in larger parts.

    :raises ValueError: when another function handles this kind.
    """

    def register(function: Work) -> Work:
        known = _handlers.get(kind)
        if known and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"{kind} is handled by {known.function.__qualname__}")
        _handlers[kind] = Handler(function, queue, together)
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


def together() -> list[str]:
    """Return the kinds of which all that waits for a share is done at once."""
    return [kind for kind, known in _handlers.items() if known.together]


def part_of(queue: str, share: str) -> str:
    """Return the part of a queue (settings.QUEUE_PARTS) where messages of this share wait, the queue if it is whole.

    Whoever works for a share, say a source, then has its messages in order, and workers are added by part.
    """
    parts = int(settings.QUEUE_PARTS.get(queue, 1))
    return queue if parts == 1 else f"{queue}.{zlib.crc32(share.encode()) % parts}"


def ring(message_id: int, queue: str, bell: str = "") -> None:
    """Wake a worker. A Redis that is away costs time, never the work: the sweeper finds the message.

    A ``bell`` is rung once until a worker answers it: who answers does all that waits behind it.
    """
    from gatekeeper.ledger import tasks  # noqa: PLC0415 -- tasks run the actions that post messages

    if bell and not _is_silent(bell):
        return
    try:
        tasks.deliver.apply_async((message_id, bell), queue=queue, retry=False, ignore_result=True)
    except tasks.deliver.OperationalError as error:
        logger.warning("No ring for outbox message %s: %s", message_id, error)


def bell_of(kind: str, share: str) -> str:
    """Return the bell of what is done together for a share, none for other kinds."""
    return f"bell:{connection.settings_dict['NAME']}:{kind}:{share}" if share and _handlers[kind].together else ""


def answer(bell: str) -> None:
    """Silence a bell, before looking for what waits behind it: what comes later rings again."""
    try:
        _bells().delete(bell)
    except RedisError as error:
        logger.warning("The bell %s rings on for a second: %s", bell, error)


@cache
def _bells() -> Redis:
    # Django's cache makes a client anew for each call, which costs more than the call.
    return Redis.from_url(settings.REDIS_URL, **settings.CACHES["default"]["OPTIONS"])


def _is_silent(bell: str) -> bool:
    try:
        return bool(_bells().set(bell, 1, nx=True, ex=_BELL_SECONDS))
    except RedisError:
        return True  # whoever rings finds out that Redis is away
