"""Register materials and lots."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority, day_at
from gatekeeper.core.naming import natural_key
from gatekeeper.core.quantity import Quantity, unit
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.lots.models import Lot, Material, StatusChange
from gatekeeper.lots.rules.supply import exact_quantity


@dataclass(frozen=True, slots=True)
class RegisterLot:
    """A received lot: ``quantity`` is the text as on its label, in ``unit``."""

    number: str
    material: Material
    site: Site
    source: str
    quantity: str
    unit: str
    expiry_date: date | None


@action
def register_material(*, by: Person, code: str, name: str, kind: str, unit_code: str, site: Site) -> Material:
    """Register a material; ``site`` is where the person's authority for master data is checked.

    :raises Refusal: ``not_authorised``, ``key_malformed``; every other fault at once: ``already_registered``,
        ``blank_value``, ``unknown_material_kind``, ``unknown_unit``.
    """
    check_authority(by, "lots.define_material", site)
    faults = [_already(code, "code")] if Material.objects.filter(code=natural_key(code, field="code")).exists() else []
    if not name.strip():
        faults.append(Refusal("blank_value", "Enter a value.", field="name"))
    if kind not in Material.Kind.values:
        faults.append(
            Refusal("unknown_material_kind", "There is no kind of material “{name}”.", field="kind", name=kind)
        )
    try:
        unit(unit_code)
    except Refusal as refusal:
        faults.append(refusal)
    refuse_all(faults)
    return Material.objects.create(code=natural_key(code, field="code"), name=name, kind=kind, unit=unit_code)


@action
def register_lot(*, by: Person, command: RegisterLot) -> Lot:
    """Register a lot that has arrived; it starts in quarantine.

    :raises Refusal: ``already_registered``, ``unknown_unit``, ``units_differ_in_kind``, ``not_a_number``,
        ``blank_value``, ``key_malformed``, ``number_out_of_range``, ``quantity_not_positive``, ``expired_on_arrival``,
        ``not_authorised``.
    """
    check_authority(by, "lots.receive", command.site)
    labelled = Quantity.parse(command.quantity, command.unit, field="quantity")
    quantity = exact_quantity(labelled.converted(command.material.unit))
    if quantity <= 0:
        raise Refusal("quantity_not_positive", "A quantity must be more than zero.", field="quantity")
    if command.expiry_date is not None and command.expiry_date < day_at(command.site):
        raise Refusal(
            "expired_on_arrival", "This lot expired on {day}.", field="expiry_date", day=command.expiry_date.isoformat()
        )
    return _create(
        by=by,
        status="quarantine",
        verb="register",
        number=command.number,
        material=command.material,
        site=command.site,
        source=command.source,
        quantity=quantity,
        expiry_date=command.expiry_date,
    )


@action
def plan_lot(*, by: Person, number: str, material: Material, site: Site, source: str) -> Lot:
    """Plan the lot that a batch record will make; its quantity is recorded when it is made.

    :raises Refusal: ``already_registered``.
    """
    return _create(
        by=by,
        status="planned",
        verb="plan",
        number=number,
        material=material,
        site=site,
        source=source,
        quantity=Decimal(0),
        expiry_date=None,
    )


@action
def record_made(*, by: Person, lot: Lot, quantity: Quantity, expiry_date: date) -> Lot:
    """Record how much of a planned lot was made and until when it may be used.

    :raises Refusal: ``already_made``, ``quantity_not_positive``, ``units_differ_in_kind``, ``number_out_of_range``.
    """
    locked = Lot.objects.select_for_update().select_related("material").get(pk=lot.pk)
    if locked.quantity:
        raise Refusal("already_made", "The quantity of lot {lot} is recorded already.", kind=Kind.CONFLICT, lot=lot)
    made = exact_quantity(quantity.converted(locked.material.unit))
    if made <= 0:
        raise Refusal("quantity_not_positive", "A quantity must be more than zero.", field="quantity")
    locked.quantity = locked.quantity_left = made
    locked.expiry_date, locked.updated_at = expiry_date, now()
    locked.save(update_fields=["quantity", "quantity_left", "expiry_date", "updated_at"])
    return locked


def _create(*, by: Person, status: str, verb: str, number: str, quantity: Decimal, **fields: object) -> Lot:
    number = natural_key(number, field="number")
    if Lot.objects.filter(number__iexact=number).exists():
        raise _already(number, "number")
    at = now()
    lot = Lot.objects.create(
        number=number,
        status=status,
        quantity=quantity,
        quantity_left=quantity,
        registered_at=at,
        registered_by=by,
        updated_at=at,
        **fields,
    )
    StatusChange.objects.create(lot=lot, verb=verb, target=status, changed_at=at, changed_by=by)
    return lot


def _already(name: str, field: str) -> Refusal:
    return Refusal("already_registered", "“{name}” is registered already.", field=field, kind=Kind.CONFLICT, name=name)
