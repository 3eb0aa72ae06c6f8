"""May this lot be used now, and is enough of it left? domain.md F-2 and 1.5."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gatekeeper.core.quantity import fitting
from gatekeeper.core.refusal import Kind, Refusal

DIGITS, PLACES = 30, 9  # of the columns of quantities
USABLE = ("released", "conditionally_released")


@dataclass(frozen=True, slots=True)
class Supply:
    """A use of a lot: its status, expiry and what is left, both quantities in the lot's own unit."""

    number: str
    status: str
    expiry_date: date | None
    left: Decimal
    amount: Decimal
    unit: str


def exact_quantity(quantity: Decimal) -> Decimal:
    """Return a quantity in the lot's own unit that its column holds exactly: 21 digits before the point and 9 behind.

    :raises Refusal: ``number_out_of_range``: a rounded quantity would be another one, the smallest would be none.
    """
    return fitting(quantity, digits=DIGITS, places=PLACES, field="quantity")


def check_may_be_used(supply: Supply, *, today: date) -> None:
    """Return when the lot may be used today in this quantity.

    :raises Refusal: ``lot_not_released``, ``lot_expired``, ``quantity_not_positive``, ``more_than_is_left``.
    """
    if supply.status not in USABLE:
        raise Refusal(
            "lot_not_released",
            "Lot {lot} is not released: its status is “{status}”.",
            field="lot",
            kind=Kind.CONFLICT,
            lot=supply.number,
            status=supply.status.replace("_", " "),
        )
    if supply.expiry_date is not None and supply.expiry_date < today:
        raise Refusal(
            "lot_expired",
            "Lot {lot} expired on {day}.",
            field="lot",
            kind=Kind.CONFLICT,
            lot=supply.number,
            day=supply.expiry_date.isoformat(),
        )
    if supply.amount <= 0:
        raise Refusal("quantity_not_positive", "A quantity must be more than zero.", field="quantity")
    if supply.amount > supply.left:
        raise Refusal(
            "more_than_is_left",
            "{amount} {unit} is more than is left of lot {lot}: {left} {unit}.",
            field="quantity",
            kind=Kind.CONFLICT,
            amount=f"{supply.amount.normalize():f}",
            left=f"{supply.left.normalize():f}",
            unit=supply.unit,
            lot=supply.number,
        )
