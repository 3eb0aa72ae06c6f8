"""Work that an action asks for: posted in its transaction, done once in effect, tried five times, never lost.

Redis carries a ring only. What it loses is found by ``sweep``; what a worker lost while working is found when its
hold ends. The handler's writes and the mark that it is done are one transaction.
"""

import functools
import logging
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from gatekeeper.accounts import clock
from gatekeeper.ledger import outbox
from gatekeeper.ledger.models import Outbox

logger = logging.getLogger(__name__)
ATTEMPTS = 5
_HOLD = timedelta(seconds=60)  # tasks are shorter than a minute; after it the worker is taken for dead
_SWEEP_SECONDS = 30.0


def post(kind: str, payload: Mapping[str, Any], *, due_at: datetime | None = None, share: str = "") -> Outbox:
    """Ask for work, in the transaction of the action that causes it; the ring follows its commit.

    Messages of one ``share`` wait in one part of a queue that has parts.

    :raises LookupError: when nobody handles this kind.
    :raises RuntimeError: outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An outbox message is part of an action's transaction.")
    now = clock.now()
    queue = outbox.part_of(outbox.handling(kind).queue, share)
    message = Outbox.objects.create(queue=queue, kind=kind, payload=dict(payload), posted_at=now, due_at=due_at or now)
    if message.due_at <= now:
        transaction.on_commit(functools.partial(outbox.ring, message.pk, message.queue), robust=True)
    return message


def deliver(message_id: int) -> bool:
    """Do one message's work, if it is due and nobody else has it, and return whether it was done here."""
    attempt = _hold(message_id)
    if attempt is None:
        return False
    try:
        with transaction.atomic():
            # Waits for the row: whoever else looks at it holds it for a moment, or does the very work.
            message = (
                Outbox.objects.select_for_update()
                .filter(pk=message_id, attempts=attempt, done_at__isnull=True, dead_at__isnull=True)
                .first()
            )
            if message is None:
                return False
            outbox.handling(message.kind).function(message.payload)
            message.done_at, message.held_until, message.error = clock.now(), None, ""
            message.save(update_fields=["done_at", "held_until", "error"])
    except Exception:  # noqa: BLE001 -- whatever a handler raises is kept with its message and tried again
        _note_failure(message_id, attempt, traceback.format_exc(limit=-8))
        return False
    return True


def sweep(queue: str = "general") -> int:
    """Do what is due in a queue or its parts and was not done by a ring, for half a minute at most; return how many."""
    deadline, done, tried = time.monotonic() + _SWEEP_SECONDS, 0, set[int]()
    while time.monotonic() < deadline:
        message_id = _due(queue).exclude(pk__in=tried).values_list("pk", flat=True).first()
        if message_id is None:
            break
        tried.add(message_id)
        done += deliver(message_id)
    return done


def _due(queue: str) -> Any:
    return Outbox.objects.filter(
        Q(held_until__isnull=True) | Q(held_until__lte=clock.database()),
        Q(queue=queue) | Q(queue__startswith=f"{queue}."),
        due_at__lte=clock.now(),
        done_at__isnull=True,
        dead_at__isnull=True,
    ).order_by("id")


def _hold(message_id: int) -> int | None:
    """Count an attempt and keep others away; counted before the work, so that work that kills its worker ends too."""
    with transaction.atomic():
        message = Outbox.objects.select_for_update(skip_locked=True).filter(pk=message_id).first()
        now = clock.database()  # real time: a hold is about this machine, not about the process's clock
        if message is None or message.done_at or message.dead_at or message.due_at > clock.now():
            return None
        if message.held_until and message.held_until > now:
            return None
        if message.attempts >= ATTEMPTS:
            message.dead_at = clock.now()
            message.error = message.error or "The worker died each time."
            message.save(update_fields=["dead_at", "error"])
            logger.error("Outbox message %s (%s) is given up", message.pk, message.kind)
            return None
        message.attempts += 1
        message.held_until = now + _HOLD
        message.save(update_fields=["attempts", "held_until"])
    return message.attempts


def _note_failure(message_id: int, attempt: int, error: str) -> None:
    last = attempt >= ATTEMPTS
    Outbox.objects.filter(pk=message_id, attempts=attempt, done_at__isnull=True).update(
        error=error,
        held_until=clock.database() + timedelta(seconds=2**attempt),
        dead_at=clock.now() if last else None,
    )
    logger.error(
        "Outbox message %s failed (attempt %s%s): %s", message_id, attempt, ", given up" if last else "", error
    )
