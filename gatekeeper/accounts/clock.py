"""The one source of time: the database's clock, so that web, workers and integrations agree."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string


def now() -> datetime:
    """Return the record time, aware, in UTC."""
    return import_string(settings.CLOCK)()


def database() -> datetime:
    """Return the database server's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    return at.astimezone(UTC)
