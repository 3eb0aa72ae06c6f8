"""C-1, C-5: a measured value keeps the text as reported, and unlike units never convert."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.quantity import (
    UNITS,
    Quantity,
    Reported,
    convert,
    decimal_text,
    fitting,
    number,
    unit,
    written_number,
)
from gatekeeper.core.refusal import Refusal

SAME_KIND = [(a, b) for a in UNITS for b in UNITS if UNITS[a].kind == UNITS[b].kind]
_BY_SIXTY = {"time", "flow", "flux", "pressure", "linear_velocity"}  # and thirds: no decimal holds such a factor
EXACT_KIND = [pair for pair in SAME_KIND if UNITS[pair[0]].kind not in _BY_SIXTY]
VALUES = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("1.25", "S/m", "mS/cm", "12.5"),
        ("850", "{copies}/uL", "{copies}/mL", "850000"),
        ("2.5", "10*6{cells}/mL", "{cells}/mL", "2500000"),
        ("0.3", "bar", "mbar", "300"),
        ("0.3", "MPa", "bar", "3"),
        ("90", "min", "h", "1.5"),
        ("1.5", "L/min", "mL/min", "1500"),
        ("0.00035", "%", "[ppm]", "3.5"),
        ("1", "[CFU]/mL", "[CFU]/(100.mL)", "100"),
        ("150", "mM", "mol/L", "0.15"),
        ("2.4", "ng/mL", "ug/mL", "0.0024"),
    ],
)
def test_a_value_converts_inside_its_kind(value, source, target, expected):
    assert convert(Decimal(value), source, target) == Decimal(expected)


def test_the_same_unit_keeps_the_digits():
    assert str(convert(Decimal("7.80"), "[pH]", "[pH]")) == "7.80"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("{vg}/mL", "{TU}/mL"),
        ("{vg}/mL", "{cp}/mL"),
        ("{vg}/mL", "{copies}/mL"),
        ("{TU}/mL", "{IU}/mL"),
        ("{vp}/mL", "{cp}/mL"),
        ("{cells}/mL", "[CFU]/mL"),
        ("{EU}/mL", "{EU}/mg"),
        ("{EU}/mL", "{IU}/mL"),
        ("{vg}", "{TU}"),
        ("%", "ug/mg"),
        ("ng/mL", "ng/{dose}"),
    ],
)
def test_unlike_things_never_convert(source, target):
    with pytest.raises(Refusal) as refused:
        convert(Decimal(1), source, target)
    assert refused.value.code == "units_differ_in_kind"
    assert refused.value.field == "unit"


@pytest.mark.parametrize("code", ["EU/mL", "TU/mL", "[EU]/mL", "degF", "K", "", "vg/ml"])
def test_an_unknown_unit_is_refused_and_never_guessed(code):
    with pytest.raises(Refusal) as refused:
        unit(code)
    assert (refused.value.code, refused.value.field) == ("unknown_unit", "unit")


def test_every_row_of_the_table_is_keyed_by_its_code_and_has_a_positive_factor():
    assert all(code == row.code and row.factor > 0 and row.kind and row.ucum for code, row in UNITS.items())


def test_every_kind_has_a_base_unit_or_a_single_scale():
    kinds = {row.kind for row in UNITS.values()}
    assert kinds == {row.kind for row in UNITS.values() if row.factor == 1}


@given(VALUES, st.sampled_from(SAME_KIND))
def test_a_conversion_and_its_return_give_the_value_back(value, pair):
    there_and_back = convert(convert(value, *pair), pair[1], pair[0])
    assert abs(there_and_back - value) <= abs(value) * Decimal("1e-50")


@given(VALUES, st.sampled_from(EXACT_KIND))
def test_decimal_factors_convert_without_any_loss(value, pair):
    assert convert(convert(value, *pair), pair[1], pair[0]) == value


@pytest.mark.parametrize(
    ("text", "value", "power"),
    [
        ("7.80", "7.80", None),
        (" 7.80 ", "7.80", None),
        ("-0.5", "-0.5", None),
        ("−0.5", "-0.5", None),
        (".5", "0.5", None),
        ("+3", "3", None),
        ("2.6e8", "2.6E+8", 8),
        ("2.6E+8", "2.6E+8", 8),
        ("2.6×10^8", "2.6E+8", 8),
        ("2.6 × 10^8", "2.6E+8", 8),
        ("2.6x10^8", "2.6E+8", 8),
        ("2.6×10⁸", "2.6E+8", 8),
        ("1.0×10⁻³", "0.0010", -3),
        ("1e0", "1", 0),
    ],
)
def test_a_number_is_read_in_every_way_that_laboratories_write_it(text, value, power):
    read = written_number(text)
    assert str(read.value) == value
    assert read.power == power


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank_value"),
        ("   ", "blank_value"),
        ("NaN", "not_a_number"),
        ("inf", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("1,000", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1 000", "not_a_number"),
        ("1_000", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("2.6x108", "not_a_number"),
        ("٣", "not_a_number"),
        ("---", "not_a_number"),
        ("5.", "not_a_number"),
        ("1e999", "number_out_of_range"),
        ("0e999", "number_out_of_range"),
        ("1" * 41, "number_out_of_range"),
    ],
)
def test_what_is_no_plain_number_is_refused(text, code):
    with pytest.raises(Refusal) as refused:
        number(text, field="titre")
    assert (refused.value.code, refused.value.field) == (code, "titre")


@pytest.mark.parametrize(("text", "expected"), [("7.80", "7.80"), ("1.0e8", "1.0×10^8"), ("1e-9", "1×10^-9")])
def test_a_number_is_shown_with_all_its_digits(text, expected):
    assert decimal_text(number(text)) == expected


def test_a_quantity_keeps_its_text_and_converts():
    titre = Quantity.parse(" 2.60×10^8 ", "{TU}/mL")
    assert titre == Quantity(Decimal("2.60E+8"), "{TU}/mL", "2.60×10^8")
    assert str(titre) == "2.60×10^8 TU/mL"
    assert str(Quantity.parse("1.8", "1")) == "1.8"
    assert Quantity.parse("1.50", "h").converted("min") == 90


def test_a_quantity_of_an_unknown_unit_is_refused():
    with pytest.raises(Refusal, match="table of units"):
        Quantity.parse("1", "furlong")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.80", Reported(Decimal("7.80"), "", "7.80")),
        ("<0.5", Reported(Decimal("0.5"), "<", "<0.5")),
        ("< 0.50", Reported(Decimal("0.50"), "<", "< 0.50")),
        (">2000", Reported(Decimal(2000), ">", ">2000")),
        ("not detected", Reported(None, "", "not detected")),
        (" No growth ", Reported(None, "", "No growth")),
        ("conforms", Reported(None, "", "conforms")),
    ],
)
def test_a_result_is_a_number_a_bounded_number_or_words(text, expected):
    assert Reported.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank_value"),
        ("n/a", "blank_value"),
        ("Not  tested", "blank_value"),
        ("ND", "ambiguous_result"),
        ("---", "not_a_number"),
        ("NaN", "not_a_number"),
        ("<", "blank_value"),
        ("<<5", "not_a_number"),
        ("1,5", "not_a_number"),
        ("≤5", "not_a_number"),
        ("5 to 6", "not_a_number"),
    ],
)
def test_a_result_that_says_nothing_or_two_things_is_refused(text, code):
    with pytest.raises(Refusal) as refused:
        Reported.parse(text)
    assert refused.value.code == code


def test_a_calculated_value_becomes_a_result_with_all_its_digits():
    assert Reported.of(Decimal("2.63E+8")) == Reported(Decimal("2.63E+8"), "", "2.63×10^8")


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_a_value_fits_a_column_when_and_only_when_it_needs_no_rounding(digits, places):
    value = Decimal(digits).scaleb(-places)
    exact = value == round(value, 3) and abs(value) < 10**5
    if exact:
        assert fitting(value, digits=8, places=3) is value
        return
    with pytest.raises(Refusal) as refused:
        fitting(value, digits=8, places=3, field="volume")
    assert (refused.value.code, refused.value.field) == ("number_out_of_range", "volume")
