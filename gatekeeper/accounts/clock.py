"""The one source of time: the database's clock, so that web, workers and integrations agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

_read: ContextVar[datetime | None] = ContextVar("clock_read", default=None)


def now() -> datetime:
    """Return the record time, aware, in UTC."""
    return import_string(settings.CLOCK)()


def database() -> datetime:
    """Return the database server's clock."""
    known = _read.get()
    if known is not None:
        return known
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    return at.astimezone(UTC)


@contextmanager
def as_read(at: datetime) -> Iterator[None]:
    """Let the database's clock be what a statement has just said (``clock_timestamp()``): it is not asked again."""
    token = _read.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _read.reset(token)
