"""2.2.11, E-12: a unit is known by each of its spellings, the table's, UCUM's and UNECE's, and never guessed."""

from collections import Counter

import pytest

from gatekeeper.core.quantity import UNITS
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.unit_codes import ALSO, UNECE, unece_of, unit_id_of, unit_spelled


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("bar", "bar"),
        ("BAR", "bar"),
        ("MBR", "mbar"),
        ("CEL", "Cel"),
        ("Q30", "[pH]"),
        ("H61", "mS/cm"),
        ("L2", "L/min"),
        ("41", "mL/min"),
        (" LTR ", "L"),
        ("10*-3.{AU}", "mAU"),
        ("{NTU}", "NTU"),
        ("mmol/L", "mmol/L"),
        ("mM", "mM"),
    ],
)
def test_a_unit_is_found_by_each_of_its_spellings(text, code):
    assert unit_spelled(text).code == code


@pytest.mark.parametrize("text", ["", "Bar", "cel", "psi", "PS", "°C", "EU/mL", "l2", "-1", "pH"])
def test_what_is_in_no_spelling_of_the_table_is_refused_at_its_field(text):
    with pytest.raises(Refusal) as caught:
        unit_spelled(text, field="tags.0.unit")
    assert (caught.value.code, caught.value.field) == ("unknown_unit", "tags.0.unit")


def test_no_spelling_names_two_units():
    assert set(UNECE) <= set(UNITS)
    assert max(Counter(UNECE.values()).values()) == 1
    assert not set(ALSO) & set(UNECE.values())
    assert all(unit_spelled(unece).code == code for unece, code in ALSO.items())
    assert not (set(UNECE.values()) | set(ALSO)) & (set(UNITS) | {row.ucum for row in UNITS.values()})
    # Two units of the table share a UCUM code only where one of them is that code.
    shared = {ucum for ucum, times in Counter(row.ucum for row in UNITS.values()).items() if times > 1}
    assert all(unit_spelled(ucum).code == ucum for ucum in shared)


@pytest.mark.parametrize(
    ("unece", "unit_id"), [("CEL", 4408652), ("BAR", 4342098), ("L2", 19506), ("41", 13361), ("Q30", 5321520)]
)
def test_the_unit_id_of_opc_ua_is_the_code_as_a_number_and_back(unece, unit_id):
    assert (unit_id_of(unece), unece_of(unit_id)) == (unit_id, unece)


def test_every_code_of_the_table_survives_the_way_through_opc_ua():
    assert {unece_of(unit_id_of(code)) for code in UNECE.values()} == set(UNECE.values())


@pytest.mark.parametrize("unit_id", [-1, 0, 1, 1 << 24, 1 << 40, 0xC3BC, 0x2B2B])
def test_a_number_that_is_no_code_stands_for_none(unit_id):
    assert unece_of(unit_id) == ""
