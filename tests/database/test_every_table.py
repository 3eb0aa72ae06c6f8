"""E-e: every table of the database is named once with what it is for; nothing is stored twice without a reason."""

from collections import Counter

import pytest
from django.db import connection

from gatekeeper.ledger import records
from gatekeeper.ledger.tables import TABLES, Purpose, Table

pytestmark = pytest.mark.django_db


def existing() -> set[str]:
    """Every table and view of ours, without partitions: those of the schema ledger with its name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""
        )
        return {name for (name,) in cursor.fetchall()}


def histories() -> dict[str, str]:
    """The record's table by the table of its history."""
    return {
        model.history.model._meta.db_table: model._meta.db_table
        for model in records.record_models()
        if hasattr(model, "history")
    }


def faults_of(tables: tuple[Table, ...], present: set[str]) -> list[str]:
    """What is wrong with a list of tables, beside the tables there are."""
    counted = Counter(table.name for table in tables)
    named = counted.keys() | histories().keys()
    return [
        *(f"{name} is named {times} times" for name, times in counted.items() if times > 1),
        *(f"{name} is not named" for name in sorted(present - named)),
        *(f"{name} is gone" for name in sorted(named - present)),
    ]


def test_every_table_is_named_once():
    assert faults_of(TABLES, existing()) == []


def test_a_table_that_is_not_named_or_named_twice_or_gone_is_found():
    first, last = TABLES[0], TABLES[-1]
    assert faults_of((*TABLES, first), existing()) == [f"{first.name} is named 2 times"]
    assert faults_of(TABLES[1:], existing()) == [f"{first.name} is not named"]
    assert faults_of(TABLES, existing() - {last.name}) == [f"{last.name} is gone"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copies_of_lots (id bigint)")
    (fault,) = faults_of(TABLES, existing())
    assert fault.endswith(".copies_of_lots is not named")


def test_each_purpose_is_what_the_models_say():
    recorded = {table.name for table in TABLES if table.purpose == Purpose.RECORDED}
    assert recorded == {model._meta.db_table for model in records.record_models()}
    assert set(histories()) == {model._meta.db_table for model in records.history_models()}
    assert all(len(table.use) > 8 and table.use.endswith(".") for table in TABLES)


def test_the_application_may_do_with_what_is_no_record_what_the_list_says():
    with connection.cursor() as cursor:
        for table in TABLES:
            if table.purpose != Purpose.RECORDED:
                cursor.execute(
                    """SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p
                       WHERE has_table_privilege(current_user, %s, p)""",
                    [table.name],
                )
                assert {row[0] for row in cursor.fetchall()} == set(table.privileges.split(", ")), table.name
