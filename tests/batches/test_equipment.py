"""B-3, E-h: equipment is registered master data; a phase keeps its calibration and geometry as they were."""

from datetime import timedelta

import pytest

from batches.actions.commands import RegisterEquipment
from batches.actions.equipment import calibrate, change_geometry, register_equipment
from batches.models import EquipmentUse
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from tests.batches.making import make_batch_record


def refused(code):
    return pytest.raises(Refusal, check=lambda refusal: code in {fault.code for fault in refusal.all})


def register(house, by=None, **more):
    fields = {"code": "HF-0117", "name": "Fibre set", "kind": "hollow_fibre_module", "site": "SG01"} | more
    return register_equipment(by=by or house.mei, command=RegisterEquipment(**fields))


def test_equipment_is_registered_once(house):
    unit = register(house, geometry={"fibres": 1000, "inner_diameter_mm": "1.0"})
    assert (unit.geometry_version, unit.site) == (1, house.site)
    with refused("already_registered"):
        register(house, code="hf-0117")
    with refused("blank_value"):
        register(house, code=" ", name="")
    with refused("number_not_text"):
        register(house, code="HF-2", geometry={"inner_diameter_mm": 1.5})
    with refused("not_authorised"):
        register(house, code="HF-2", by=house.olivia)
    with refused("site_unknown"):
        register(house, code="HF-2", site="XX")


def test_a_calibration_names_its_certificate(house):
    unit = register(house)
    with refused("reason_missing"):
        calibrate(by=house.mei, equipment=unit, due_date=now().date(), reason="")
    with refused("date_in_the_past"):
        calibrate(by=house.mei, equipment=unit, due_date=now().date() - timedelta(days=2), reason="C-1")
    due = now().date() + timedelta(days=90)
    assert calibrate(by=house.mei, equipment=unit, due_date=due, reason="C-1").calibration_due_date == due


def test_a_phase_keeps_the_geometry_that_it_used(house):
    make_batch_record(house, at="running:L10")
    unit = house.units["hollow_fibre_module"]
    before = EquipmentUse.objects.get(equipment=unit)
    changed = change_geometry(by=house.mei, equipment=unit, geometry={"fibres": 500}, reason="A new module.")
    before.refresh_from_db()
    assert (changed.geometry_version, before.geometry_version) == (2, 1)
    assert before.geometry["fibres"] == 1000
