"""What happened to a record: its entries as they are read."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, QuerySet

from gatekeeper.ledger.models import Entry

_SHORT = 160  # characters that a line of a table takes


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry: its name as people read it, and its values as recorded, None where there was none."""

    field: str
    label: str
    old: str | None
    new: str | None

    @property
    def long(self) -> bool:
        """Whether the values are too long for one line."""
        return max(len(self.old or ""), len(self.new or "")) > _SHORT


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of evidence, parsed: who, what, old and new, when (UTC), why. ``index`` is its place once sealed."""

    id: int
    index: int | None
    operation: str
    at: datetime
    actor: str
    name: str
    act: str
    reason: str
    request: str
    database_role: str
    changes: tuple[Change, ...]

    @property
    def sealed(self) -> bool:
        """Whether the entry is in the signed log."""
        return self.index is not None


def evidence_of(model: type[models.Model], pk: object) -> QuerySet[Entry]:
    """Return the raw entries of one row, oldest first, each with its ``place_idx``."""
    table = f"public.{model._meta.db_table}"
    found = Entry.objects.filter(tbl=table, pk_text=str(pk))
    return found.annotate(place_idx=F("place__idx")).order_by("id")


def entries_of(subject: models.Model) -> list[EntryView]:
    """Return the parsed entries of a record, oldest first."""
    model = type(subject)
    return [parse(model, entry) for entry in evidence_of(model, subject.pk)]


def parse(model: type[models.Model], entry: Entry) -> EntryView:
    """Return an entry of the model's table as it is read, from the text that was hashed."""
    body = json.loads(entry.body, parse_float=str, parse_int=str)
    context = body["ctx"]
    old, new = body["old"] or {}, body["new"] or {}
    changed = [name for name in new | old if old.get(name) != new.get(name)]
    return EntryView(
        id=entry.id,
        index=getattr(entry, "place_idx", None),
        operation=body["op"],
        at=datetime.fromisoformat(body["at"]),
        actor=context["actor"],
        name=context.get("name") or context["actor"],
        act=context.get("act", ""),
        reason=context.get("reason", ""),
        request=context.get("request", ""),
        database_role=body["db"],
        changes=tuple(_change(model, name, old.get(name), new.get(name)) for name in _in_order(model, changed)),
    )


def _in_order(model: type[models.Model], columns: list[str]) -> list[str]:
    order = {field.column: place for place, field in enumerate(model._meta.concrete_fields)}
    return sorted(columns, key=lambda column: (order.get(column, len(order)), column))


def _change(model: type[models.Model], column: str, old: object, new: object) -> Change:
    try:
        field = model._meta.get_field(column)
    except FieldDoesNotExist:
        field = next((field for field in model._meta.concrete_fields if field.column == column), None)
    label = str(field.verbose_name) if field is not None else column
    return Change(column, label, _readable(field, old), _readable(field, new))


def _readable(field: Any, value: object) -> str | None:
    if value is None or value == "":
        return None
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.ForeignKey):
        found = field.related_model._base_manager.filter(pk=value).first()
        return str(found) if found else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)
