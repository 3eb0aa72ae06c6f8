"""Puts triggers and privileges on the tables after a migration; running it again changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections, models
from psycopg import sql

from gatekeeper.core.transitions import Transition, pairs
from gatekeeper.ledger import records
from gatekeeper.ledger.routing import OWNER
from gatekeeper.ledger.tables import BY_NAME, Purpose

APP, SEALER, AUDITOR = "gk_app", "gk_sealer", "gk_auditor"


def after_migrate(using: str, **_signal: object) -> None:
    """Attach evidence, guards, status triggers and privileges to every table there is, on the owner's alias only."""
    if using != OWNER:
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        if not _evidence_exists(cursor):
            return
        present = set(connection.introspection.table_names(cursor))
        for statement in statements(present):
            cursor.execute(statement.as_string(cursor.connection))


def statements(present: set[str]) -> Iterable[sql.Composable]:
    """Yield what brings the tables of these names to the state the models declare."""
    for model in records.record_models():
        if model._meta.db_table in present:
            yield from _for_record(model)
    for model in records.own_models():
        if model._meta.db_table in present:
            yield privileges(model._meta.db_table, allowed(model))
            if records.is_history(model):
                yield _guard(model._meta.db_table, "UPDATE OR DELETE OR TRUNCATE")
    ours = {model._meta.db_table for model in records.own_models()}
    for table in sorted(present - ours):
        listed = BY_NAME.get(table)
        # A key of a session is as good as its person: the auditor reads none.
        readable = listed is None or listed.purpose != Purpose.TRANSPORT
        yield privileges(table, listed.privileges if listed else "SELECT", audited=readable)
    if "ledger_signature" in present:
        yield _always("ledger_signature", "signature", "BEFORE INSERT", sql.SQL("ledger.signature_v1()"))
    yield sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(sql.Identifier(APP))


def allowed(model: type[models.Model]) -> str:
    """Return the privileges of the application on the table of one of our models."""
    if records.is_history(model):
        return "SELECT, INSERT"
    if exempt := records.exemption(model):
        return exempt.privileges
    return "SELECT, INSERT" if records.append_only(model) else "SELECT, INSERT, UPDATE"


def privileges(table: str, granted: str, *, audited: bool = True) -> sql.Composable:
    """Return what leaves the application with exactly these privileges, the auditor with reading, the sealer none."""
    return sql.SQL(
        "REVOKE ALL ON {table} FROM {app}, {sealer}, {auditor}, PUBLIC; "
        "GRANT {granted} ON {table} TO {app}" + ("; GRANT SELECT ON {table} TO {auditor}" if audited else "")
    ).format(
        table=sql.Identifier("public", table),
        granted=sql.SQL(granted),
        app=sql.Identifier(APP),
        sealer=sql.Identifier(SEALER),
        auditor=sql.Identifier(AUDITOR),
    )


def status_trigger(
    table: str,
    column: str,
    permitted: Iterable[tuple[str, str]],
    initial: Iterable[str] = (),
) -> list[sql.Composable]:
    """Return the triggers that refuse a change of status outside ``permitted`` and, if given, another beginning."""
    name = sql.Identifier(column)
    allowed_pairs = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(source), sql.Literal(target)) for source, target in sorted(permitted)
    )
    unlisted = sql.SQL(
        "WHEN (OLD.{c} IS DISTINCT FROM NEW.{c} AND ((OLD.{c}, NEW.{c}) IN ({pairs})) IS NOT TRUE)"
    ).format(c=name, pairs=allowed_pairs)
    refuse = sql.SQL("ledger.refuse_status_v1({})").format(sql.Literal(column))
    made = [_always(table, f"transition_{column}", "BEFORE UPDATE", refuse, unlisted)]
    if initial:
        listed = sql.SQL(", ").join(sql.Literal(status) for status in initial)
        other = sql.SQL("WHEN ((NEW.{} IN ({})) IS NOT TRUE)").format(name, listed)
        made.append(_always(table, f"initial_{column}", "BEFORE INSERT", refuse, other))
    return made


def _for_record(model: type[models.Model]) -> Iterable[sql.Composable]:
    table = model._meta.db_table
    yield sql.SQL("SELECT ledger.track_v1({}, {}, {}::text[])").format(
        _regclass(table), sql.Literal(records.pk_column(model)), sql.Literal(records.redacted_columns(model))
    )
    for event in ("DELETE", "TRUNCATE", *(["UPDATE"] if records.append_only(model) else [])):
        yield _guard(table, event)
    initial: Mapping[str, tuple[str, ...]] = getattr(model, "status_initial", {})
    tables: Mapping[str, Iterable[Transition]] = getattr(model, "status_transitions", {})
    for field, rows in tables.items():
        column = model._meta.get_field(field).column
        yield from status_trigger(table, column, pairs(tuple(rows)), initial.get(field, ()))


def _guard(table: str, events: str) -> sql.Composable:
    return sql.SQL("SELECT ledger.guard_v1({}, {})").format(_regclass(table), sql.Literal(events))


def _regclass(table: str) -> sql.Composable:
    return sql.Literal(f'public."{table}"')


def _always(
    table: str, name: str, event: str, function: sql.Composable, when: sql.Composable | None = None
) -> sql.Composable:
    return sql.SQL(
        "CREATE OR REPLACE TRIGGER {name} {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {function}; "
        "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
    ).format(
        name=sql.Identifier(name),
        event=sql.SQL(event),
        table=sql.Identifier("public", table),
        when=when or sql.SQL(""),
        function=function,
    )


def _evidence_exists(cursor: Any) -> bool:
    cursor.execute("SELECT to_regprocedure('ledger.capture_v1()') IS NOT NULL")
    return bool(cursor.fetchone()[0])
