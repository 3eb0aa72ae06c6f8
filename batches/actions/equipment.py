"""Register equipment, its calibration and its geometry: controlled master data of a site."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from batches.actions.commands import RegisterEquipment
from batches.models import Equipment, EquipmentUse, Phase
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority, day_at, site_named
from gatekeeper.core.canonical import canonical
from gatekeeper.core.naming import natural_key
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all


@action
def register_equipment(*, by: Person, command: RegisterEquipment) -> Equipment:
    """Register a unit, module or instrument and return it.

    :raises Refusal: ``site_unknown``, ``not_authorised``, ``blank_value``, ``key_malformed``, ``number_not_text`` for a
        geometry with binary fractions, ``already_registered``.
    """
    site = site_named(command.site)
    check_authority(by, "readings.configure", site)
    refuse_all(
        [
            Refusal("blank_value", "A value is missing.", field=name)
            for name in ("code", "name", "kind")
            if not getattr(command, name).strip()
        ]
    )
    code = natural_key(command.code, field="code")
    if Equipment.objects.filter(code__iexact=code).exists():
        raise Refusal(
            "already_registered", "“{code}” is registered already.", field="code", kind=Kind.CONFLICT, code=command.code
        )
    return Equipment.objects.create(
        code=code,
        name=command.name.strip(),
        kind=command.kind.strip(),
        site=site,
        geometry=_exact(command.geometry),
        calibration_due_date=command.calibration_due_date,
        registered_at=now(),
        registered_by=by,
    )


@action
def calibrate(*, by: Person, equipment: Equipment, due_date: date, reason: str) -> Equipment:
    """Record a calibration (``reason`` names its certificate) and when the next one is due.

    :raises Refusal: ``not_authorised``, ``reason_missing``, ``date_in_the_past``.
    """
    locked = Equipment.objects.select_for_update(of=("self",)).select_related("site").get(pk=equipment.pk)
    check_authority(by, "readings.configure", locked.site)
    checked_reason(reason)
    if due_date < day_at(locked.site):
        raise Refusal("date_in_the_past", "The next calibration lies in the past.", field="due_date")
    locked.calibration_due_date = due_date
    locked.save(update_fields=["calibration_due_date"])
    return locked


@action
def change_geometry(*, by: Person, equipment: Equipment, geometry: Mapping[str, Any], reason: str) -> Equipment:
    """Give the equipment a new version of its geometry; phases that used the former version keep it.

    :raises Refusal: ``not_authorised``, ``reason_missing``, ``number_not_text``.
    """
    locked = Equipment.objects.select_for_update(of=("self",)).select_related("site").get(pk=equipment.pk)
    check_authority(by, "readings.configure", locked.site)
    checked_reason(reason)
    locked.geometry, locked.geometry_version = _exact(geometry), locked.geometry_version + 1
    locked.save(update_fields=["geometry", "geometry_version"])
    return locked


@action
def record_use(*, by: Person, phase: Phase, equipment: Equipment, at: datetime) -> EquipmentUse:
    """Record that equipment serves a phase from now on, with its calibration and geometry as they are."""
    return EquipmentUse.objects.create(
        phase=phase,
        equipment=equipment,
        geometry=equipment.geometry,
        geometry_version=equipment.geometry_version,
        calibration_due_date=equipment.calibration_due_date,
        used_at=at,
        used_by=by,
    )


def _exact(geometry: Mapping[str, Any]) -> dict[str, Any]:
    try:
        canonical(geometry)
    except (TypeError, ValueError):
        raise Refusal(
            "number_not_text",
            "Write each decimal of the geometry as text, so that no digit is lost.",
            field="geometry",
        ) from None
    return dict(geometry)
