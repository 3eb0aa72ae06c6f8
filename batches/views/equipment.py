"""Pages of equipment: the list, one unit with its log, registering, calibrating and changing the geometry."""

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.actions.equipment import calibrate, change_geometry, register_equipment
from batches.forms import CalibrationForm, EquipmentForm, GeometryForm
from batches.models import Equipment
from batches.queries.equipment import (
    EquipmentLog,
    GeometryVersion,
    all_equipment,
    equipment_kinds,
    equipment_log,
    geometry_values,
    listed_equipment,
    recent_uses,
)
from batches.views.rows import RowsPage
from batches.views.words import pair
from gatekeeper.accounts.queries import day_at, permissions_of
from gatekeeper.ledger.queries import Change
from gatekeeper.lists import ListPage
from gatekeeper.web import ActionView

_NOTICE = timedelta(days=30)  # how early a calibration is shown as due; it limits nothing


class EquipmentList(ListPage):
    """The equipment of the person's sites, with the state of its calibration."""

    permission = "batches.view"
    template_name = "batches/equipment_list.html"
    name = "equipment"

    def filters(self) -> dict[str, Any]:
        """Return the kinds that there are."""
        return {"kind": (_("Kind"), [(kind, kind.replace("_", " ")) for kind in equipment_kinds(self.sites)])}

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the equipment."""
        return listed_equipment(self.sites, word=word, **chosen)

    def prepare(self, row: Equipment) -> None:
        """Add the mark of its calibration and how its kind is written."""
        row.calibration = calibration_mark(row.calibration_due_date, day_at(row.site))
        row.kind_words = row.kind.replace("_", " ")


class UnitPage(ActionView):
    """Base of the pages of one unit, module or instrument."""

    permission = "readings.configure"

    @cached_property
    def unit(self) -> Equipment:
        """The equipment of the address, at a site where the person holds the page's permission."""
        return get_object_or_404(all_equipment(), code=self.kwargs["code"], site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return the equipment."""
        return {"unit": self.unit, "pairs": _pairs(self.unit)}

    def there(self) -> str:
        """Return the address of the equipment."""
        return reverse("batches:equipment_detail", args=[self.unit])


class EquipmentDetail(UnitPage):
    """One unit: its calibration, its geometry with every former version, where it served, what sends from it."""

    permission = "batches.view"
    template_name = "batches/equipment_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the equipment with its log and its uses."""
        log = equipment_log(self.unit)
        permitted = permissions_of(self.request.user, self.unit.site)
        return super().context() | {
            "mark": calibration_mark(self.unit.calibration_due_date, day_at(self.unit.site)),
            "versions": [_version(row) for row in log.geometries if row.version > 1 or row.geometry],
            "uses": recent_uses(self.unit),
            "sources": self.unit.sources.all() if "readings.view" in permitted else [],
            "history": _history(log),
            "may": permitted,
        }


class Register(RowsPage):
    """Register a unit, module or instrument."""

    permission = "readings.configure"
    template_name = "batches/equipment_register.html"
    form_class = EquipmentForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may register."""
        return super().form_options() | {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register."""
        return reverse(
            "batches:equipment_detail", args=[register_equipment(by=self.request.user, command=form.command())]
        )


class Calibrate(UnitPage):
    """Record a calibration."""

    template_name = "batches/equipment_calibrate.html"
    form_class = CalibrationForm

    def perform(self, form: Any) -> str:
        """Record it."""
        calibrate(by=self.request.user, equipment=self.unit, **form.cleaned_data)
        return self.there()


class ChangeGeometry(RowsPage, UnitPage):
    """Give the equipment a new version of its geometry."""

    template_name = "batches/equipment_geometry.html"
    form_class = GeometryForm

    def initial(self) -> dict[str, Any]:
        """Return the geometry as it is."""
        return GeometryForm.typed(self.unit.geometry)

    def perform(self, form: Any) -> str:
        """Change it."""
        reason = form.cleaned_data["reason"]
        change_geometry(by=self.request.user, equipment=self.unit, geometry=form.geometry(), reason=reason)
        return self.there()


def calibration_mark(due: date | None, today: date) -> dict[str, str]:
    """Return state and word of a calibration: it refuses the start of a phase once it is overdue."""
    if due is None:
        return {"state": "plain", "label": _("Not needed")}
    if due < today:
        return {"state": "action", "label": _("Overdue")}
    if due <= today + _NOTICE:
        return {"state": "alert", "label": _("Due soon")}
    return {"state": "inside", "label": _("In order")}


def geometry_words(geometry: Any) -> str:
    """Return a geometry in one line."""
    return " · ".join(f"{name} {value}" for name, value in geometry.items()) or "–"


def _pairs(unit: Equipment) -> list[dict[str, Any]]:
    mark = calibration_mark(unit.calibration_due_date, day_at(unit.site))
    due = unit.calibration_due_date.isoformat() if unit.calibration_due_date else "–"
    return [
        pair(_("Name"), unit.name),
        pair(_("Kind"), unit.kind.replace("_", " ")),
        pair(_("Site"), unit.site.name),
        pair(_("Next calibration due"), due, state=mark["state"], mark=mark["label"]),
        pair(
            _("Geometry"),
            geometry_words(unit.geometry),
            note=_("version %(version)s") % {"version": unit.geometry_version},
        ),
        pair(_("Registered by"), unit.registered_by.full_name, note=unit.registered_at.date().isoformat()),
    ]


def _version(row: GeometryVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "at": row.at,
        "who": row.person,
        "reason": row.reason,
        "geometry": geometry_words(row.geometry),
    }


def _history(log: EquipmentLog) -> list[dict[str, Any]]:
    return [
        {
            "at": entry.at,
            "who": entry.name,
            "what": _("Registered") if entry.operation == "INSERT" else _("Changed"),
            "changes": [] if entry.operation == "INSERT" else [_change(change) for change in entry.changes],
            "reason": entry.reason,
        }
        for entry in log.entries
    ]


def _change(change: Change) -> dict[str, Any]:
    words = {"field": change.field, "label": change.label, "old": change.old, "new": change.new}
    if change.field != "geometry":
        return words
    return words | {side: geometry_words(geometry_values(words[side] or "")) for side in ("old", "new")}
