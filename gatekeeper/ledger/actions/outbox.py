"""Work that an action asks for: posted in its transaction, done once in effect, tried five times, never lost.

Redis carries a ring only. What it loses is found by ``sweep``; what a worker lost while working is found when its
hold ends. The handler's writes and the mark that it is done are one transaction.
"""

import functools
import json
import logging
import operator
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Q

from gatekeeper.accounts import clock
from gatekeeper.accounts.statements import planned
from gatekeeper.ledger import outbox
from gatekeeper.ledger.models import Outbox

logger = logging.getLogger(__name__)
ATTEMPTS = 5
_HOLD = timedelta(seconds=60)  # tasks are shorter than a minute; after it the worker is taken for dead
_SWEEP_SECONDS = 30.0
# Of a message that the very statement writes that causes it (Message); what follows selects these columns.
INSERTED = "INSERT INTO ledger_outbox (queue, kind, share, payload, posted_at, due_at, attempts, error)"
_POST = f"{INSERTED} VALUES (%s, %s, %s, %s, %s, %s, 0, '') RETURNING id"
_OPEN = """one.done_at IS NULL AND one.dead_at IS NULL AND one.due_at <= %(now)s
    AND (one.held_until IS NULL OR one.held_until <= clock_timestamp())"""
_TOGETHER = 200  # so many messages are done at once at most: their handler stays within its ten seconds
_TAKE = f"""UPDATE ledger_outbox SET attempts = attempts + 1, held_until = clock_timestamp() + %(hold)s
    WHERE id IN (
      SELECT one.id FROM ledger_outbox asked JOIN ledger_outbox one ON one.id = asked.id OR (
        one.queue = asked.queue AND one.kind = asked.kind AND one.share = asked.share AND asked.share <> ''
        AND asked.kind = ANY(%(together)s) AND one.attempts = 0 AND (asked.attempts = 0 OR asked.done_at IS NOT NULL))
      WHERE asked.id = %(id)s AND one.attempts < %(most)s AND {_OPEN}
      ORDER BY one.id LIMIT {_TOGETHER} FOR UPDATE OF one SKIP LOCKED)
    RETURNING id, attempts"""  # noqa: S608 -- of constants
# The mark that it is done comes first and is taken back with the work when that fails: it is also what holds the rows
# of the messages, in their order. It waits for them: whoever else looks at them holds them for a moment, or does the
# very work.
_DO = """WITH mine AS (
      SELECT id FROM ledger_outbox WHERE id = ANY(%(held)s::bigint[]) AND attempts = %(attempts)s::smallint
        AND done_at IS NULL AND dead_at IS NULL ORDER BY id FOR UPDATE)
    UPDATE ledger_outbox one SET done_at = %(now)s::timestamptz, held_until = NULL, error = '' FROM mine
    WHERE one.id = mine.id RETURNING one.id, one.kind, one.payload"""
_GIVE_UP = f"""UPDATE ledger_outbox one SET dead_at = %(now)s,
      error = coalesce(nullif(one.error, ''), 'The worker died each time.')
    WHERE one.id = %(id)s AND one.attempts >= %(most)s AND {_OPEN} RETURNING one.kind"""  # noqa: S608 -- of constants


@dataclass(frozen=True, slots=True)
class Message:
    """What is asked for, and whose it is: for an action that writes its message by its own statement (``INSERTED``).

    :raises LookupError: when nobody handles this kind.
    """

    kind: str
    share: str = ""

    @property
    def queue(self) -> str:
        """The queue, or the part of it, where the message waits."""
        return outbox.part_of(outbox.handling(self.kind).queue, self.share)

    def ring(self, message_id: int) -> None:
        """Wake a worker for the message that was written, once it is committed."""
        ring = functools.partial(outbox.ring, message_id, self.queue, outbox.bell_of(self.kind, self.share))
        transaction.on_commit(ring, robust=True)


def post(
    kind: str,
    payload: Mapping[str, Any],
    *,
    due_at: datetime | None = None,
    share: str = "",
    posted_at: datetime | None = None,
    hurried: bool = True,
) -> Outbox:
    """Ask for work, in the transaction of the action that causes it; the ring follows its commit.

    Messages of one ``share`` wait in one part of a queue that has parts, and are done together where their handler
    allows it. Work that is not ``hurried`` waits for the sweep. ``posted_at`` is now.

    :raises LookupError: when nobody handles this kind.
    :raises RuntimeError: outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An outbox message is part of an action's transaction.")
    now = posted_at or clock.now()
    asked = Message(kind, share)
    message = Outbox(
        queue=asked.queue, kind=kind, share=share, payload=dict(payload), posted_at=now, due_at=due_at or now
    )
    with connection.cursor() as cursor:
        written = json.dumps(message.payload, cls=DjangoJSONEncoder)
        cursor.execute(_POST, [message.queue, kind, share, written, now, message.due_at])
        (message.pk,) = cursor.fetchone()
    if hurried and message.due_at <= now:
        asked.ring(message.pk)
    return message


def deliver(message_id: int) -> int:
    """Do one message's work, if it is due and nobody else has it, and return how many were done here.

    With it goes all that waits for the same share, where the handler takes that together; what has failed before is
    tried alone.
    """
    now = clock.now()
    held = _hold(message_id, now)
    if not held:
        return 0
    try:
        with transaction.atomic():
            asked = {"held": list(held), "attempts": next(iter(held.values())), "now": now}
            messages = sorted(planned(_DO, asked), key=operator.itemgetter(0))
            if not messages:
                return 0
            outbox.handling(messages[0][1]).work([json.loads(payload) for _id, _kind, payload in messages])
    except Exception:  # noqa: BLE001 -- whatever a handler raises is kept with its message and tried again
        _note_failure(held, traceback.format_exc(limit=-8))
        return 0
    return len(messages)


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


def _hold(message_id: int, now: datetime) -> dict[int, int]:
    """Count an attempt and keep others away, and return the attempts of what is held, which are the same for all.

    They are counted before the work, so that work that kills its worker ends too. A hold is about this machine: it ends
    by the database's clock; whether work is due is asked of the record's.
    """
    named = {"id": message_id, "now": now, "together": outbox.together(), "most": ATTEMPTS, "hold": _HOLD}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, named)
        held = dict(cursor.fetchall())
        if not held:
            cursor.execute(_GIVE_UP, named)
            for (kind,) in cursor.fetchall():
                logger.error("Outbox message %s (%s) is given up", message_id, kind)
    return held


def _note_failure(held: Mapping[int, int], error: str) -> None:
    for message_id, attempt in held.items():
        last = attempt >= ATTEMPTS
        Outbox.objects.filter(pk=message_id, attempts=attempt, done_at__isnull=True).update(
            error=error,
            held_until=clock.database() + timedelta(seconds=2**attempt),
            dead_at=clock.now() if last else None,
        )
        logger.error(
            "Outbox message %s failed (attempt %s%s): %s", message_id, attempt, ", given up" if last else "", error
        )
