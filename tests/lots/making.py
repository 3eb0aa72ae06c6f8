"""Lots in a status that the system could produce, made through the real actions."""

from datetime import timedelta
from decimal import Decimal

from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.core.quantity import Quantity
from gatekeeper.demo.people import credentials
from gatekeeper.lots.actions.genealogy import use
from gatekeeper.lots.actions.registration import RegisterLot, register_lot, register_material
from gatekeeper.lots.actions.statuses import decide
from gatekeeper.lots.models import Lot, Material


def make_material(people, code="BUF-1", unit="mg") -> Material:
    """Return a raw material that Mei has defined."""
    material = Material.objects.filter(code=code).first()
    return material or register_material(
        by=people["mei"],
        code=code,
        name="Buffer",
        kind="raw_material",
        unit_code=unit,
        site=Site.objects.get(code="SG01"),
    )


def make_lot(people, number, *, quantity="100", unit="mg", released=True, days=30) -> Lot:
    """Return a raw-material lot that Wen received and, unless told otherwise, Rafael released."""
    lot = register_lot(
        by=people["wen"],
        command=RegisterLot(
            number=number,
            material=make_material(people),
            site=Site.objects.get(code="SG01"),
            source="Supplier Ltd",
            quantity=quantity,
            unit=unit,
            expiry_date=now().date() + timedelta(days=days),
        ),
    )
    if released:
        decide(by=people["rafael"], credentials=credentials(people["rafael"]), lot=lot, verb="release", reason="")
        lot.refresh_from_db()
    return lot


def take(people, parent, child, amount="1", unit="mg"):
    """Use an amount of one lot in another."""
    return use(
        by=people["olivia"],
        parent=parent,
        child=child,
        quantity=Quantity(Decimal(amount), unit, amount),
        batch_record="BR-1",
        phase="L3",
    )
