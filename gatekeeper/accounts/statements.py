"""Statements that are asked many times a second: planned once a connection, their values sent apart from them."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection

type Rows = list[tuple[Any, ...]]


def planned(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement and return its rows.

    PostgreSQL plans it once a connection (settings.DATABASES, ``prepare_threshold``) and takes bytes as they are. Its
    values have their types written in the statement (``%(name)s::bigint``; lists are sent as ``%(name)b``).

    :raises DatabaseError: what the database refuses.
    """
    with connection.cursor() as cursor:
        # Django's own binds its values into the text, which is planned anew each time.
        cursor.cursor = psycopg.Cursor(cursor.connection)
        cursor.execute(statement, values)
        return cursor.fetchall()


def planned_first(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run the statement of a request that comes first and only reads, as ``planned`` does.

    It takes the place of Django's own look at the connection (``CONN_HEALTH_CHECKS``): of one that is broken it asks
    again over a new one.

    :raises DatabaseError: what the database refuses.
    """
    if connection.in_atomic_block or connection.connection is None:
        return planned(statement, values)
    connection.health_check_done = True
    try:
        return planned(statement, values)
    except (OperationalError, InterfaceError):
        connection.close()
        return planned(statement, values)
