"""C-1, C-2, C-3, C-4: a result is rounded once, by the digits that its limit prints, half away from zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.core.rounding import RoundingRule, printed_limit, readable, round_to_limit, rounded_text

USP, PH_EUR = RoundingRule.USP, RoundingRule.PH_EUR
LIMIT_TEXTS = st.sampled_from(["98.0", "100.0", "0.02", "3", "10", "260", "1.0×10^8", "1.0e8", "2.50×10^13", "5e-4"])
VALUES = st.decimals(min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=9)


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("97.96", "98.0", "98.0"),
        ("97.92", "98.0", "97.9"),
        ("97.95", "98.0", "98.0"),
        ("101.55", "101.5", "101.6"),
        ("101.46", "101.5", "101.5"),
        ("101.45", "101.5", "101.5"),
        ("0.025", "0.02", "0.03"),
        ("0.015", "0.02", "0.02"),
        ("0.027", "0.02", "0.03"),
        ("98.28568", "100.0", "98.3"),
        ("2.09", "2", "2"),
        ("2.09", "2.0", "2.1"),
        ("10.08", "10", "10"),
        ("10.08", "10.0", "10.1"),
        ("-0.25", "0.1", "-0.3"),
        ("-0.04", "0.1", "0.0"),
        ("7.995", "8.00", "8.00"),
        ("7.994", "8.00", "7.99"),
    ],
)
def test_usp_rounds_to_the_decimals_of_the_limit(value, limit, expected):
    assert rounded_text(Decimal(value), limit, USP) == expected


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("98.28568", "100.0", "98.29"),
        ("98.28568", "102.0", "98.29"),
        ("98.3", "100.0", "98.30"),
        ("99.996", "100.0", "100.0"),
        ("12345", "260", "12300"),
        ("0.0246", "0.02", "0.02"),
        ("0", "0.02", "0.00"),
        ("0.4", "0", "0"),
    ],
)
def test_the_european_rule_rounds_to_the_significant_figures_of_the_limit(value, limit, expected):
    assert rounded_text(Decimal(value), limit, PH_EUR) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9.96e7", "1.0×10^8"),
        ("9.4e7", "0.9×10^8"),
        ("9.50e7", "1.0×10^8"),
        ("9.49e7", "0.9×10^8"),
        ("2.633333e8", "2.6×10^8"),
        ("1.26e10", "126.0×10^8"),
    ],
)
@pytest.mark.parametrize("limit", ["1.0×10^8", "1.0e8", "1.0x10^8"])
def test_a_power_of_ten_keeps_the_power_of_its_limit(value, limit, expected):
    assert rounded_text(Decimal(value), limit, USP) == expected


def test_the_european_rule_counts_the_figures_of_the_mantissa():
    assert rounded_text(Decimal("9.46e7"), "1.0×10^8", PH_EUR) == "0.95×10^8"


def test_a_limit_is_shown_with_the_digits_it_prints():
    assert [printed_limit(text) for text in ("98.0", "1.0e8", "10.0x10^7")] == ["98.0", "1.0×10^8", "10.0×10^7"]


@pytest.mark.parametrize(("value", "limit"), [("NaN", "1.0"), ("Infinity", "1.0"), ("1", "one")])
def test_what_is_no_number_is_not_rounded(value, limit):
    with pytest.raises(Refusal) as refused:
        round_to_limit(Decimal(value), limit, USP)
    assert refused.value.code == "not_a_number"


@given(VALUES, LIMIT_TEXTS, st.sampled_from(RoundingRule))
def test_rounding_twice_is_rounding_once(value, limit, rule):
    once = round_to_limit(value, limit, rule)
    assert round_to_limit(once, limit, rule) == once


@given(VALUES, VALUES, LIMIT_TEXTS, st.sampled_from(RoundingRule))
def test_rounding_keeps_the_order(first, second, limit, rule):
    low, high = sorted((first, second))
    assert round_to_limit(low, limit, rule) <= round_to_limit(high, limit, rule)


@given(VALUES, LIMIT_TEXTS)
def test_usp_rounding_moves_a_value_by_half_a_step_at_most(value, limit):
    rounded = round_to_limit(value, limit, USP)
    assert abs(rounded - value) * 2 <= Decimal((0, (1,), rounded.as_tuple().exponent))


@pytest.mark.parametrize(
    ("value", "limits", "expected"),
    [
        ("13058.867301844", ["6000"], "13058.9"),
        ("8.103456", ["8.0"], "8.103"),
        ("56.403508", [], "56.40"),
        ("4848947.339261", [], "4848947"),
        ("0.008518", [], "0.008518"),
        ("0.0004", ["0.02"], "0.0004000"),
        ("-0.4", ["6000"], "-0.4000"),
        ("0", [], "0"),
        ("1E+5", [], "100000"),
    ],
)
def test_people_read_a_decimal_more_than_the_limit_and_four_figures(value, limits, expected):
    assert f"{readable(Decimal(value), *map(Decimal, limits)):f}" == expected


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [("6000.0000003", "6000", "6000.0000003"), ("5999.99", "6000", "5999.99"), ("6000", "6000", "6000.0")],
)
def test_a_value_that_is_not_on_its_limit_is_not_shown_on_it(value, limit, expected):
    assert f"{readable(Decimal(value), Decimal(limit)):f}" == expected


@given(VALUES, VALUES)
def test_what_people_read_stands_where_the_value_stands(value, limit):
    rounded = readable(value, limit)
    assert (rounded > limit, rounded < limit) == (value > limit, value < limit)
