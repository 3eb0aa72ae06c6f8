"""What counts as a record: every table of our own apps, unless it is listed here with its reason."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from gatekeeper.core.refusal import Refusal, refuse_all

RECORD_APPS = frozenset(
    {"accounts", "ledger", "documents", "lots", "plasmids", "batches", "readings", "excursions", "release"}
)


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a table is no record, and what the application may do with it."""

    reason: str
    privileges: str = "SELECT, INSERT, UPDATE, DELETE"


EXEMPT = {
    "ledger.outbox": Exemption("A to-do list of the machinery: what it causes is recorded where it happens."),
    "ledger.idempotencykey": Exemption("A copy of an answer already given, thrown away when it is old."),
    "readings.segment": Exemption("Its frame is a record and carries the digest of its samples.", "SELECT, INSERT"),
    "readings.envelope": Exemption(
        "What a chart shows of readings, computed from them and anew when they change.", "SELECT, INSERT, UPDATE"
    ),
    "excursions.progress": Exemption(
        "A note of how far the evaluation has come; the gate computes it anew from the readings.",
        "SELECT, INSERT, UPDATE",
    ),
    "excursions.watch": Exemption(
        "A state that detection carries from frame to frame; the gate computes everything anew from the readings."
    ),
}

# Tables of the framework that the application itself changes while it runs; every other foreign table it only reads.
OPERATIONAL = (
    "sessions.session",
    "axes.accessattempt",
    "axes.accessfailurelog",
    "axes.accessattemptexpiration",
    "axes.accesslog",
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


def record_models() -> list[type[models.Model]]:
    """Return every model whose table carries evidence: history tables and the exempt ones are not among them."""
    return [model for model in own_models() if not is_history(model) and model._meta.label_lower not in EXEMPT]


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
