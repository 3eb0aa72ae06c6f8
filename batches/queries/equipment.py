"""Equipment as people may see it: its log, its geometry through time, where it served."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from batches.models import Equipment, EquipmentUse
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.ledger.queries import EntryView, entries_of
from gatekeeper.lots.queries import matching

_RECENT = 50


@dataclass(frozen=True, slots=True)
class GeometryVersion:
    """One version of a geometry, with who gave it when and why; the values as recorded, as text."""

    version: int
    at: datetime
    person: str
    reason: str
    geometry: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration: when it was recorded, by whom, when the next one was due by it, its certificate."""

    at: datetime
    person: str
    due_date: str
    reason: str


@dataclass(frozen=True, slots=True)
class EquipmentLog:
    """Everything that was recorded about a piece of equipment, newest first, as the evidence holds it."""

    entries: tuple[EntryView, ...]

    @property
    def geometries(self) -> tuple[GeometryVersion, ...]:
        """Every version of its geometry, newest first."""
        return tuple(
            GeometryVersion(int(version), entry.at, entry.name, entry.reason, geometry_values(_new(entry, "geometry")))
            for entry in self.entries
            if (version := _new(entry, "geometry_version"))
        )

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Every calibration since it was registered, newest first."""
        return tuple(
            Calibration(entry.at, entry.name, due, entry.reason)
            for entry in self.entries
            if (due := _new(entry, "calibration_due_date"))
        )


def all_equipment() -> QuerySet[Equipment]:
    """Return every piece of equipment with what names it; the doors limit it to their sites."""
    return Equipment.objects.select_related("site", "registered_by")


def listed_equipment(sites: Iterable[Site], *, word: str = "", kind: str = "") -> QuerySet[Equipment]:
    """Return the equipment of these sites in the order of its codes, searched and narrowed to a ``kind``."""
    rows = all_equipment().filter(site__in=sites)
    return matching(rows.filter(kind=kind) if kind else rows, word, "code", "name").order_by("code")


def equipment_kinds(sites: Iterable[Site]) -> QuerySet[Equipment, str]:
    """Return the kinds of equipment that these sites have."""
    return Equipment.objects.filter(site__in=sites).order_by("kind").values_list("kind", flat=True).distinct()


def fit_equipment(site: Site) -> QuerySet[Equipment]:
    """Return the equipment of a site that no calibration is overdue for."""
    today = day_at(site)
    return Equipment.objects.filter(site=site).exclude(calibration_due_date__lt=today).order_by("kind", "code")


def fitted_to(equipment: Sequence[Equipment]) -> list[Equipment]:
    """Return what is fitted to this equipment and serves with it, each once, without the equipment itself."""
    fitted = {row.pk: row for path in settings.EQUIPMENT_FITTED for row in import_string(path)(equipment)}
    return [fitted[pk] for pk in fitted.keys() - {row.pk for row in equipment}]


def equipment_log(equipment: Equipment) -> EquipmentLog:
    """Return what was recorded about the equipment, from its evidence."""
    return EquipmentLog(tuple(reversed(entries_of(equipment))))


def equipment_version(equipment: Equipment) -> Any:
    """Return what changes with every change of the equipment: the key of its newest row of history."""
    return equipment.history.order_by("-history_id").values_list("history_id", flat=True).first()


def recent_uses(equipment: Equipment) -> QuerySet[EquipmentUse]:
    """Return the newest phases that the equipment served, with calibration and geometry as they were then."""
    return equipment.uses.select_related("phase__batch_record", "used_by").order_by("-used_at", "-id")[:_RECENT]


def geometry_values(text: str) -> dict[str, str]:
    """Return a geometry as the evidence holds it, each value with the digits it was recorded with."""
    return {name: str(value) for name, value in json.loads(text or "{}", parse_float=str, parse_int=str).items()}


def _new(entry: EntryView, field: str) -> str:
    return next((change.new or "" for change in entry.changes if change.field == field), "")
