"""E-e: every record has an audit trail that nobody can switch off, and a readable history."""

import pytest
from django.core.checks import run_checks
from django.db import connection, models

from gatekeeper.ledger import records
from gatekeeper.ledger.checks import expected_triggers

pytestmark = pytest.mark.django_db


def triggers() -> dict[str, set[str]]:
    """Names of the triggers that always fire, by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               WHERE NOT t.tgisinternal AND t.tgenabled = 'A'"""
        )
        rows: dict[str, set[str]] = {}
        for table, name in cursor.fetchall():
            rows.setdefault(table, set()).add(name)
    return rows


def privileges(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES'])
               AS p WHERE has_table_privilege(current_user, %s, p)""",
            [f'public."{table}"'],
        )
        return {row[0] for row in cursor.fetchall()}


def test_every_record_table_has_all_its_triggers():
    present = triggers()
    assert records.record_models()
    for model in records.record_models():
        assert set(expected_triggers(model)) <= present.get(model._meta.db_table, set()), model._meta.label


def test_every_record_that_can_change_has_a_readable_history_and_no_other_has_one():
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    for model in records.record_models():
        history = getattr(model, "history", None)
        assert (history is None) == records.append_only(model), model._meta.label
        assert history is None or history.model._meta.db_table in tables, model._meta.label


def test_the_application_can_delete_no_record_and_change_nothing_that_is_append_only():
    for model in records.record_models():
        expected = {"SELECT", "INSERT"} if records.append_only(model) else {"SELECT", "INSERT", "UPDATE"}
        assert privileges(model._meta.db_table) == expected, model._meta.label


def test_the_application_can_only_add_to_a_history():
    for model in records.history_models():
        assert privileges(model._meta.db_table) == {"SELECT", "INSERT"}, model._meta.label


def test_every_foreign_key_of_a_record_is_protected():
    for model in records.record_models():
        for field in model._meta.local_fields:
            if field.remote_field is not None and not model._meta.auto_created:
                assert field.remote_field.on_delete is models.PROTECT, f"{model._meta.label}.{field.name}"


def test_the_checks_find_nothing_to_complain_about():
    rows = run_checks(databases=["default"], tags=["models", "security", "database"])
    assert [error for error in rows if str(error.id).startswith("ledger.")] == []


def test_the_check_names_a_table_whose_trigger_is_gone(monkeypatch):
    monkeypatch.setattr("gatekeeper.ledger.checks.expected_triggers", lambda model: ["no_such_trigger"])
    rows = [error for error in run_checks(databases=["default"], tags=["database"]) if error.id == "ledger.E010"]
    assert len(rows) == len(records.record_models())


def test_a_clock_that_is_not_the_databases_is_refused_outside_the_demonstration(settings):
    settings.CLOCK, settings.DEMO = "gatekeeper.demo.clock.simulated", False
    assert "ledger.E004" in {error.id for error in run_checks(tags=["security"])}
    settings.DEMO = True
    assert "ledger.E004" not in {error.id for error in run_checks(tags=["security"])}
