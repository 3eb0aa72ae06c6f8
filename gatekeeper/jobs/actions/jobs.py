"""Jobs: enqueued in the transaction of an action, run once in effect, tried five times, never lost.

Redis only wakes a worker. A job whose wake-up was lost is found by ``run_due``; a job whose worker died is found when
its hold ends. The handler's writes and the mark that the job is done are one transaction.
"""

import json
import logging
import operator
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Q

from gatekeeper.accounts import clock
from gatekeeper.accounts.statements import planned
from gatekeeper.jobs.kinds import batched_kinds, job_kind
from gatekeeper.jobs.models import Job
from gatekeeper.jobs.wake_ups import notify_on_commit

logger = logging.getLogger(__name__)
ATTEMPTS = 5
_HOLD = timedelta(seconds=60)  # handlers take less than a minute; after it the worker is taken for dead
_RUN_DUE_SECONDS = 30.0
_BATCH = 200  # so many jobs run in one call at most: their handler stays within its ten seconds
# For an action that enqueues a job by its own statement; a SELECT of these columns follows.
INSERT_JOB = "INSERT INTO jobs_job (queue, kind, batch_key, payload, enqueued_at, due_at, attempts, error)"
_ENQUEUE = f"{INSERT_JOB} VALUES (%s, %s, %s, %s, %s, %s, 0, '') RETURNING id"
_IS_OPEN = """job.done_at IS NULL AND job.dead_at IS NULL AND job.due_at <= %(now)s
    AND (job.held_until IS NULL OR job.held_until <= clock_timestamp())"""
_HOLD_JOBS = f"""UPDATE jobs_job SET attempts = attempts + 1, held_until = clock_timestamp() + %(hold)s
    WHERE id IN (
      SELECT job.id FROM jobs_job named JOIN jobs_job job ON job.id = named.id OR (
        job.queue = named.queue AND job.kind = named.kind AND job.batch_key = named.batch_key AND named.batch_key <> ''
        AND named.kind = ANY(%(batched)s) AND job.attempts = 0 AND (named.attempts = 0 OR named.done_at IS NOT NULL))
      WHERE named.id = %(id)s AND job.attempts < %(attempts)s AND {_IS_OPEN}
      ORDER BY job.id LIMIT {_BATCH} FOR UPDATE OF job SKIP LOCKED)
    RETURNING id, attempts"""  # noqa: S608 -- of constants
# The mark that a job is done comes first and is taken back with the work when that fails: it also locks the rows of the
# jobs, in their order. It waits for them: whoever else looks at them locks them for a moment, or runs these very jobs.
_MARK_DONE = """WITH mine AS (
      SELECT id FROM jobs_job WHERE id = ANY(%(ids)s::bigint[]) AND attempts = %(attempts)s::smallint
        AND done_at IS NULL AND dead_at IS NULL ORDER BY id FOR UPDATE)
    UPDATE jobs_job job SET done_at = %(now)s::timestamptz, held_until = NULL, error = '' FROM mine
    WHERE job.id = mine.id RETURNING job.id, job.kind, job.payload"""
_GIVE_UP = f"""UPDATE jobs_job job SET dead_at = %(now)s,
      error = coalesce(nullif(job.error, ''), 'The worker died each time.')
    WHERE job.id = %(id)s AND job.attempts >= %(attempts)s AND {_IS_OPEN} RETURNING job.kind"""  # noqa: S608 -- as above


def enqueue(kind: str, payload: Mapping[str, Any], *, batch_key: str = "", due_at: datetime | None = None) -> Job:
    """Enqueue a job in the transaction of the action that causes it; a worker is woken after its commit.

    Jobs of one ``batch_key`` are in one partition of a queue, and run in one call where their kind is batched.

    :raises LookupError: when settings.JOBS has no such kind.
    :raises RuntimeError: outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A job is part of an action's transaction.")
    now, handled = clock.now(), job_kind(kind)
    job = Job(
        queue=handled.queue_for(batch_key),
        kind=kind,
        batch_key=batch_key,
        payload=dict(payload),
        enqueued_at=now,
        due_at=due_at or now,
    )
    with connection.cursor() as cursor:
        text = json.dumps(job.payload, cls=DjangoJSONEncoder)
        cursor.execute(_ENQUEUE, [job.queue, kind, batch_key, text, now, job.due_at])
        (job.pk,) = cursor.fetchone()
    if handled.urgent and job.due_at <= now:
        notify_on_commit(job.pk, handled, batch_key)
    return job


def run_job(job_id: int) -> int:
    """Run a job, if it is due and no other worker has it, and return how many were done here.

    With a job of a batched kind go all undone jobs of its batch key; what has failed before is tried alone.
    """
    now = clock.now()
    attempts = _hold(job_id, now)
    if not attempts:
        return 0
    try:
        with transaction.atomic():
            values = {"ids": list(attempts), "attempts": next(iter(attempts.values())), "now": now}
            rows = sorted(planned(_MARK_DONE, values), key=operator.itemgetter(0))
            if not rows:
                return 0
            job_kind(rows[0][1]).run([json.loads(payload) for _id, _kind, payload in rows])
    except Exception:  # noqa: BLE001 -- whatever a handler raises is recorded in its job, which is tried again
        _record_failure(attempts, traceback.format_exc(limit=-8))
        return 0
    return len(rows)


def run_due(queue: str = "general") -> int:
    """Run the jobs of a queue or its partitions that are due, for half a minute at most; return how many were done."""
    deadline, done, tried = time.monotonic() + _RUN_DUE_SECONDS, 0, set[int]()
    while time.monotonic() < deadline:
        due = Job.objects.filter(
            Q(held_until__isnull=True) | Q(held_until__lte=clock.database()),
            Q(queue=queue) | Q(queue__startswith=f"{queue}."),
            due_at__lte=clock.now(),
            done_at__isnull=True,
            dead_at__isnull=True,
        )
        job_id = due.exclude(pk__in=tried).order_by("id").values_list("pk", flat=True).first()
        if job_id is None:
            break
        tried.add(job_id)
        done += run_job(job_id)
    return done


def _hold(job_id: int, now: datetime) -> dict[int, int]:
    """Count an attempt, hold the job and those that run with it, and return their attempts, the same for all.

    Attempts are counted before the work, so that work that kills its worker ends too. A hold concerns this machine: it
    ends by the database's clock; whether a job is due is a matter of record time.
    """
    values = {"id": job_id, "now": now, "batched": batched_kinds(), "attempts": ATTEMPTS, "hold": _HOLD}
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_JOBS, values)
        attempts = dict(cursor.fetchall())
        if not attempts:
            cursor.execute(_GIVE_UP, values)
            for (kind,) in cursor.fetchall():
                logger.error("Job %s (%s) is given up", job_id, kind)
    return attempts


def _record_failure(attempts: Mapping[int, int], error: str) -> None:
    for job_id, attempt in attempts.items():
        last = attempt >= ATTEMPTS
        Job.objects.filter(pk=job_id, attempts=attempt, done_at__isnull=True).update(
            error=error,
            held_until=clock.database() + timedelta(seconds=2**attempt),
            dead_at=clock.now() if last else None,
        )
        logger.error("Job %s failed (attempt %s%s): %s", job_id, attempt, ", given up" if last else "", error)
