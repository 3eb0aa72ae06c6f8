"""What counts as a record: every table of our own apps, unless ledger.tables names another purpose of it."""

from typing import Any

from django.apps import apps
from django.db import connection, models

from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.ledger.tables import BY_NAME, Purpose, Table

RECORD_APPS = frozenset(
    {"accounts", "ledger", "jobs", "documents", "lots", "plasmids", "batches", "readings", "excursions", "release"}
)


def own_models() -> list[type[models.Model]]:
    """Return every managed model of our apps, through tables included, in a stable order."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in RECORD_APPS and model._meta.managed and not model._meta.proxy
    ]


def is_history(model: type[models.Model]) -> bool:
    """Return whether the model is a history table of django-simple-history."""
    return hasattr(model, "history_object")


def exemption(model: type[models.Model]) -> Table | None:
    """Return the table of a model of ours that is no record, None for a record and for what nobody has listed."""
    table = BY_NAME.get(model._meta.db_table)
    return table if table is not None and table.purpose != Purpose.RECORDED else None


def record_models() -> list[type[models.Model]]:
    """Return every model whose table carries evidence: history tables and the exempt ones are not among them."""
    return [model for model in own_models() if not is_history(model) and exemption(model) is None]


def history_models() -> list[type[models.Model]]:
    """Return the readable history tables, which the application can extend and never change."""
    return [model for model in own_models() if is_history(model)]


def append_only(model: type[models.Model]) -> bool:
    """Return whether rows of this model are written once and never changed."""
    return bool(getattr(model, "append_only", False)) or bool(model._meta.auto_created)


def redacted_columns(model: type[models.Model]) -> list[str]:
    """Return the columns whose values enter the evidence as digests only."""
    return [model._meta.get_field(name).column for name in getattr(model, "evidence_redacts", ())]


def pk_column(model: type[models.Model]) -> str:
    """Return the column that names a row in the evidence."""
    column = model._meta.pk.column
    if column is None:
        raise TypeError(f"{model._meta.label} has no single primary key column")
    return str(column)


def check_fits(record: models.Model) -> None:
    """Pass when each text and each whole number of a record that is to be written is one that its column holds.

    :raises Refusal: every fault at its field: ``text_too_long``, ``number_out_of_range``.
    """
    refuse_all([fault for field in record._meta.concrete_fields if (fault := _overflow(record, field)) is not None])


def _overflow(record: models.Model, field: Any) -> Refusal | None:
    value = getattr(record, field.attname)
    match value:
        case str() if field.max_length is not None and len(value) > field.max_length:
            return Refusal(
                "text_too_long", "At most {limit} characters fit here.", field=field.name, limit=field.max_length
            )
        case int() if field.get_internal_type() in connection.ops.integer_field_ranges:
            low, high = connection.ops.integer_field_range(field.get_internal_type())
            if not low <= value <= high:
                return Refusal("number_out_of_range", "“{text}” has too many digits.", field=field.name, text=value)
    return None
