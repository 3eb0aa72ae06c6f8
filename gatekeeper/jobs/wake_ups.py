"""Wake-ups: Redis tells a worker that a job is there. A lost one costs time, never the job."""

import functools
import logging

from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from gatekeeper.celery import app
from gatekeeper.jobs.kinds import JobKind

logger = logging.getLogger(__name__)
RUN_JOB = "gatekeeper.jobs.tasks.run_job"  # sent by its name: the task runs the actions that send it
_PENDING_SECONDS = 1  # so long at most a wake-up that was lost suppresses the next one


def notify_on_commit(job_id: int, kind: JobKind, batch_key: str) -> None:
    """Wake a worker for a job once its transaction is committed.

    Jobs that run in one call share one wake-up: it is sent once until a worker acknowledges it, and that worker then
    runs all of them.
    """
    shared = kind.batched and batch_key
    wake_up = f"wake-up:{connection.settings_dict['NAME']}:{kind.name}:{batch_key}" if shared else ""
    send = functools.partial(notify, job_id, kind.queue_for(batch_key), wake_up)
    transaction.on_commit(send, robust=True)


def notify(job_id: int, queue: str, wake_up: str = "") -> None:
    """Send the task that runs a job, unless the wake-up of this key is pending."""
    if wake_up and _is_pending(wake_up):
        return
    try:
        app.send_task(RUN_JOB, (job_id, wake_up), queue=queue, retry=False, ignore_result=True)
    except OperationalError as error:
        logger.warning("No wake-up for job %s: %s", job_id, error)


def acknowledge(wake_up: str) -> None:
    """Allow the next wake-up of this key, before looking for its jobs: what comes later is told anew."""
    try:
        _redis().delete(wake_up)
    except RedisError as error:
        logger.warning("The wake-up %s stays pending for a second: %s", wake_up, error)


@functools.cache
def _redis() -> Redis:
    # Django's cache makes a client anew for each call, which costs more than the call.
    return Redis.from_url(settings.REDIS_URL, **settings.CACHES["default"]["OPTIONS"])


def _is_pending(wake_up: str) -> bool:
    try:
        return not _redis().set(wake_up, 1, nx=True, ex=_PENDING_SECONDS)
    except RedisError:
        return False  # the sending finds out that Redis is away
