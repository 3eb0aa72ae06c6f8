"""E-f: what comes many times a second is planned once, names its actor itself, and survives a broken connection."""

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import action_at_once, actor_context
from gatekeeper.accounts.statements import planned, planned_first

ASKED = "SELECT %(number)s::int + 1"


def broken(urls):
    """End this process's own connection, as a database that starts anew does."""
    connection.ensure_connection()
    own = connection.connection.info.backend_pid
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [own])


def test_the_first_statement_of_a_request_is_asked_again_over_a_new_connection(committed_db):
    assert planned_first(ASKED, {"number": 1}) == [(2,)]
    broken(committed_db)
    assert planned_first(ASKED, {"number": 1}) == [(2,)]


def test_inside_a_transaction_nothing_is_asked_again(committed_db):
    def asks_again():
        with transaction.atomic():
            planned(ASKED, {"number": 1})
            broken(committed_db)
            planned_first(ASKED, {"number": 1})

    with pytest.raises(OperationalError):
        asks_again()
    connection.close()


def test_a_statement_is_prepared_after_a_few_times(committed_db):
    for number in range(8):
        assert planned(ASKED, {"number": number}) == [(number + 1,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (1,)


@action_at_once
def told(*, by):
    """Return what the database is told of who acts."""
    return planned("SELECT set_config('app.ctx', %(context)s, true)", {"context": actor_context()})


def test_who_acts_at_once_is_told_to_the_database_and_taken_back(db, people):
    ((said,),) = told(by=people["olivia"])
    assert '"act": "test_statements.told"' in said
    assert people["olivia"].username in said
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.ctx', true)")
        assert cursor.fetchone() == ("",)


def test_outside_an_action_nobody_speaks():
    with pytest.raises(RuntimeError, match="Nobody acts"):
        actor_context()


def test_a_clock_that_was_read_is_not_asked_again(db):
    at = clock.database()
    with clock.as_read(at):
        assert clock.now() == at
    assert clock.now() > at
