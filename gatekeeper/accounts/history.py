"""The readable history of a record, with the acting person filled in on every path, Celery and commands included."""

from functools import cache
from typing import Any

from django.db import connection, models
from simple_history.models import HistoricalRecords

from gatekeeper.accounts.acting import acting_person


class History(HistoricalRecords):
    """django-simple-history whose user is the actor of the running action, not the user of a web request."""

    def __init__(self, **options: Any) -> None:
        super().__init__(get_user=_actor, **options)


def insert_once(record: Any) -> bool:
    """Insert a new record and its line of history by one statement; return False when its identity is taken.

    It is for what comes thousands of times an hour. The identity is that of the table's unique indexes; a writer who
    comes second waits for the first.
    """
    model = type(record)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    values = [field.get_db_prep_save(getattr(record, field.attname), connection) for field in fields]
    actor = _actor()
    with connection.cursor() as cursor:
        cursor.execute(_insertion(model), [*values, actor and actor.pk])
        made = cursor.fetchone()
    if made is None:
        return False
    (record.pk,) = made
    record._state.adding, record._state.db = False, connection.alias
    return True


@cache
def _insertion(model: type[models.Model]) -> str:
    name = connection.ops.quote_name
    history: type[models.Model] = model.history.model  # type: ignore[attr-defined]  # a record has a history
    key = name(str(model._meta.pk.column))
    columns = [name(str(field.column)) for field in model._meta.concrete_fields if not field.primary_key]
    kept = {name(str(field.column)) for field in history._meta.concrete_fields}
    told = [key, *(column for column in columns if column in kept)]
    return f"""WITH made AS (
          INSERT INTO {name(model._meta.db_table)} ({", ".join(columns)})
          VALUES ({", ".join(["%s"] * len(columns))}) ON CONFLICT DO NOTHING RETURNING *),
        told AS (
          INSERT INTO {name(history._meta.db_table)} ({", ".join(told)}, history_type, history_date, history_user_id)
          SELECT {", ".join(told)}, '+', clock_timestamp(), %s FROM made)
        SELECT {key} FROM made"""  # noqa: S608 -- of names in our own models


def _actor(**_request: object) -> Any:
    person = acting_person()
    return person if getattr(person, "pk", None) else None  # the system itself is no row of the table of people
