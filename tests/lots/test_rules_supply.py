"""F-2: consumed lots are released, unexpired and never used beyond what is left."""

from datetime import date
from decimal import Decimal

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.core.transitions import pairs, transition, verbs
from gatekeeper.lots.rules import statuses
from gatekeeper.lots.rules.supply import Supply, check_may_be_used, exact_quantity

TODAY = date(2026, 11, 23)
GOOD = {
    "number": "P-1",
    "status": "released",
    "expiry_date": date(2026, 11, 23),
    "left": Decimal(100),
    "amount": Decimal(100),
    "unit": "mg",
}


@pytest.mark.parametrize("changes", [{}, {"status": "conditionally_released"}, {"expiry_date": None}])
def test_a_released_lot_can_be_used_to_the_last_milligram_on_its_last_day(changes):
    check_may_be_used(Supply(**GOOD | changes), today=TODAY)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"status": "quarantine"}, "lot_not_released", "lot"),
        ({"status": "on_hold"}, "lot_not_released", "lot"),
        ({"status": "recalled"}, "lot_not_released", "lot"),
        ({"expiry_date": date(2026, 11, 22)}, "lot_expired", "lot"),
        ({"amount": Decimal(0)}, "quantity_not_positive", "quantity"),
        ({"amount": Decimal(-1)}, "quantity_not_positive", "quantity"),
        ({"amount": Decimal("100.000000001")}, "more_than_is_left", "quantity"),
    ],
)
def test_a_lot_is_refused_with_a_code_at_its_field(changes, code, field):
    with pytest.raises(Refusal) as refused:
        check_may_be_used(Supply(**GOOD | changes), today=TODAY)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_rejected_lot_never_comes_back():
    assert [row.target for row in verbs(statuses.LOT, source="rejected")] == ["destroyed"]
    assert verbs(statuses.LOT, source="destroyed") == ()


def test_what_the_table_does_not_list_is_refused():
    with pytest.raises(Refusal, match="not possible"):
        transition(statuses.LOT, source="planned", verb="release")
    assert ("planned", "released") not in pairs(statuses.LOT)


@pytest.mark.parametrize("written", ["0", "0.000000001", "999999999999999999999.999999999", "-12.5"])
def test_a_quantity_is_held_with_all_its_digits(written):
    assert exact_quantity(Decimal(written)) == Decimal(written)


@pytest.mark.parametrize("written", ["0.0000000001", "1000000000000000000000", "1E+40", "1.0000000005"])
def test_a_quantity_that_would_have_to_be_rounded_is_refused(written):
    with pytest.raises(Refusal) as refused:
        exact_quantity(Decimal(written))
    assert (refused.value.code, refused.value.field) == ("number_out_of_range", "quantity")
