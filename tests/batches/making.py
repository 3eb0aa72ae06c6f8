"""Batch records made through the real actions by named people, so that no test starts from an impossible state."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from batches.actions import equipment, execution, records
from batches.actions.commands import EnterResult, IssueBatchRecord, RegisterEquipment, StartPhase, UseLot
from batches.models import BatchRecord, Equipment, Phase
from batches.queries.phases import recipe_of
from batches.rules.recipe import KIND, Control, PhaseRecipe
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.people import credentials, enrol_everybody
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import in_force
from gatekeeper.lots.actions.registration import register_material
from gatekeeper.lots.models import Lot
from tests.documents.making import approve, draft
from tests.plasmids.making import make_plasmid_lot

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "batches" / "data"
# Volume and titre that give the yields of domain.md K-5; every other control takes its target or a value inside.
FIGURES = {
    "harvest_volume": "50", "harvest_titre": "1.2e7", "clarified_volume": "49.5", "clarified_titre": "1.1e7",
    "eluate_volume": "2.0", "eluate_titre": "1.7e8", "retentate_volume": "0.5", "retentate_titre": "5.4e8",
    "filtrate_volume": "0.48", "filtrate_titre": "3.6e8", "vials_filled": "84", "labels_unaccounted": "0",
}  # fmt: skip
ROLES = ("transfer", "gag_pol", "rev", "envelope", "rep_cap", "helper", "transgene")


@dataclass
class House:
    """Everybody by name, the two sites, and what is registered at the first."""

    people: dict[str, Person]
    site: Site
    plasmid_lots: dict[str, Lot] = field(default_factory=dict)
    units: dict[str, Equipment] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Person:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


def make_house() -> House:
    """The cast, the materials, released plasmid lots and calibrated equipment of every kind the recipes ask for."""
    people = enrol_everybody()
    house = House(people, Site.objects.get(code="SG01"))
    for code, name in (("LV-DP", "Lentiviral vector, filled"), ("AAV-DP", "AAV vector, filled")):
        register_material(by=house.mei, code=code, name=name, kind="drug_product", unit_code="{vial}", site=house.site)
    _release_plasmids(house)
    for kind in sorted(_kinds()):
        house.units[kind] = equipment.register_equipment(
            by=house.mei,
            command=RegisterEquipment(
                code=kind.upper().replace("_", "-"),
                name=kind.replace("_", " "),
                kind=kind,
                site="SG01",
                geometry={"fibres": 1000, "inner_diameter_mm": "1.0"} if kind == "hollow_fibre_module" else {},
                calibration_due_date=now().date() + timedelta(days=90),
            ),
        )
    return house


def found_house() -> House:
    """What ``make_house`` made, in a copy of its database."""
    people = {person.username: person for person in Person.objects.order_by("pk")}
    house = House(people, Site.objects.get(code="SG01"))
    house.units.update({unit.kind: unit for unit in Equipment.objects.all()})
    lots = Lot.objects.filter(plasmid_lot__isnull=False).select_related("plasmid_lot__plasmid")
    house.plasmid_lots.update({lot.plasmid_lot.plasmid.role: lot for lot in lots})
    return house


def make_master(house: House, *, file: str = "lv_third_generation.toml", approved: bool = True) -> Document:
    """A shipped master batch record, imported by Mei and approved by Arun."""
    master = draft(house.mei, KIND, (SHIPPED / file).read_bytes())
    return approve(house.arun, master) if approved else master


def make_batch_record(
    house: House | None = None, *, at: str = "issued", number: str = "BR-2026-0041", lot: str = "LV-2026-0041"
) -> BatchRecord:
    """A lentiviral batch record walked to ``issued``, ``pending:L3``, ``running:L10``, ``ready:L10`` (all entered),
    ``performed:L10``, ``verified:L10``, ``completed`` or ``reviewed``.
    """
    house = house or make_house()
    master = in_force(KIND, "LV-3G", now()) or make_master(house)
    command = IssueBatchRecord(number, master.code, master.version, lot, "SG01")
    record = records.issue(by=house.farid, credentials=credentials(house.farid), command=command)
    walk(house, record, at)
    return BatchRecord.objects.select_related("master", "lot__material", "site").get(pk=record.pk)


def walk(house: House, record: BatchRecord, at: str) -> None:
    """Take the record forward to a status or to a state of one phase."""
    state, _, code = at.partition(":")
    if state == "issued":
        return
    for definition in recipe_of(record).phases:
        phase = record.phases.get(code=definition.code)
        if phase.state != Phase.State.PENDING:
            continue
        last = state if definition.code == code else "verified"
        perform(house, phase, definition, last)
        if definition.code == code:
            return
    if state in {"completed", "reviewed"}:
        records.complete(by=house.olivia, batch_record=record)
    if state == "reviewed":
        records.review(by=house.farid, credentials=credentials(house.farid), batch_record=record)


def perform(house: House, phase: Phase, definition: PhaseRecipe, last: str = "verified") -> None:
    """Olivia performs a phase, Vera checks and verifies it, as far as ``last`` says."""
    if last == "pending":
        return
    codes = tuple(house.units[need.kind].code for need in definition.equipment)
    execution.start_phase(by=house.olivia, phase=phase, command=StartPhase(codes))
    if last == "running":
        return
    for need in definition.materials:
        lot = house.plasmid_lots[need.role]
        execution.use_lot(
            by=house.olivia, phase=phase, command=UseLot(lot.number, need.quantity.text, need.quantity.unit)
        )
    for control in definition.controls:
        execution.enter_result(by=house.olivia, phase=phase, command=EnterResult(control.code, good_value(control)))
        if control.critical:
            execution.verify_result(by=house.vera, phase=phase, control=control.code)
    if last == "ready":
        return
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase)
    if last == "performed":
        return
    execution.verify_phase(by=house.vera, credentials=credentials(house.vera), phase=phase)


def good_value(control: Control) -> str:
    """A value inside every limit of the control."""
    if control.code in FIGURES:
        return FIGURES[control.code]
    limits = control.limits
    if control.target is not None:
        return str(control.target)
    low = limits.alert_low if limits.alert_low is not None else limits.action_low
    high = limits.alert_high if limits.alert_high is not None else limits.action_high
    if low is not None and high is not None:
        return str((low + high) / 2)
    if low is not None:
        return str(low)
    return str(high if high is not None else Decimal("1.0"))


def _kinds() -> set[str]:
    import tomllib

    from batches.rules import recipe

    contents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob("*.toml")]
    return {need.kind for content in contents for phase in recipe.parse(content).phases for need in phase.equipment}


def _release_plasmids(house: House) -> None:
    for role in ROLES:
        made = make_plasmid_lot(house.people, f"PL-{role}", plasmid=f"p-{role}", role=role)
        house.plasmid_lots[role] = made.lot
