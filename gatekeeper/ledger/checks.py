"""What must be true before the service starts: histories, protected keys, triggers, a role without power, the clock."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connections, models
from django.db.models.deletion import DatabaseOnDelete

from gatekeeper.accounts import clock
from gatekeeper.ledger import records
from gatekeeper.ledger.routing import OWNER

_HONEST_CLOCK = f"{clock.__name__}.{clock.database.__name__}"


@checks.register(checks.Tags.models)
def records_are_kept(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for each record with a history too few or too many and each key that could delete one."""
    return [error for model in records.record_models() for error in _faults_of(model)]


def _faults_of(model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    if not hasattr(model, "history") and not records.append_only(model):
        hint = "history = History(), or append_only = True"
        yield checks.Error("A record that can change has a readable history.", hint=hint, obj=model, id="ledger.E001")
    if hasattr(model, "history") and records.append_only(model):
        hint = "its only version is the row itself"
        yield checks.Error("A record that never changes has no history.", hint=hint, obj=model, id="ledger.E005")
    for field in model._meta.local_fields:
        if field.remote_field is None or model._meta.auto_created:
            continue
        on_delete = field.remote_field.on_delete
        if isinstance(on_delete, DatabaseOnDelete):
            yield checks.Error("The database may not delete a record by itself.", obj=field, id="ledger.E003")
        elif on_delete is not models.PROTECT:
            yield checks.Error("A foreign key of a record is PROTECT.", obj=field, id="ledger.E002")


@checks.register(checks.Tags.security)
def the_clock_is_honest(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error when a clock other than the database's is set outside the demonstration."""
    if settings.CLOCK == _HONEST_CLOCK or settings.DEMO:
        return []
    return [checks.Error("A simulated clock is for the demonstration only.", hint="GATEKEEPER_DEMO", id="ledger.E004")]


@checks.register(checks.Tags.database)
def the_database_guards(databases: Sequence[str] | None = None, **_options: Any) -> list[checks.CheckMessage]:
    """Return an error when the service would run with too much power, or a record table lacks its triggers."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        if alias == OWNER:  # migrates before the triggers exist, and owns what it migrates
            continue
        with connections[alias].cursor() as cursor:
            found += _power(cursor, alias)
            if alias == "default":
                found += _unguarded(cursor)
    return found


def _power(cursor: Any, alias: str) -> Iterator[checks.CheckMessage]:
    cursor.execute(
        """SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole,
             EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname IN ('public', 'ledger') AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
           FROM pg_roles r WHERE rolname = session_user"""
    )
    role, powerful, owns = cursor.fetchone()
    if powerful or owns:
        yield checks.Error(
            f"The role {role} ({alias}) is a superuser or owns tables: it could change evidence.", id="ledger.E011"
        )


def _unguarded(cursor: Any) -> Iterator[checks.CheckMessage]:
    cursor.execute(
        """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND NOT t.tgisinternal AND t.tgenabled = 'A'"""
    )
    present = set(cursor.fetchall())
    for model in records.record_models():
        table = model._meta.db_table
        missing = [name for name in expected_triggers(model) if (table, name) not in present]
        if missing:
            yield checks.Error(
                f"The table {table} lacks {', '.join(missing)}.",
                hint="manage.py migrate --database owner",
                id="ledger.E010",
            )


def expected_triggers(model: type[models.Model]) -> list[str]:
    """Return the names of the triggers that the table of a record carries, all of them ENABLE ALWAYS."""
    names = ["evidence", "no_delete", "no_truncate"]
    if records.append_only(model):
        names.append("no_update")
    names += [f"transition_{field}" for field in getattr(model, "status_transitions", {})]
    names += [f"initial_{field}" for field in getattr(model, "status_initial", {})]
    if model._meta.label_lower == "ledger.signature":
        names.append("signature")
    return names
