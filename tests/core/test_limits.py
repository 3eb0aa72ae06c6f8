"""2.2: limits are inclusive, the worst state wins, and unknown ranks above alert."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatekeeper.core.limits import Crossing, Limits, Verdict, judge, worst, worst_crossing
from gatekeeper.core.refusal import Refusal

PH = Limits.from_table(
    {"alert_low": "6.80", "alert_high": "7.80", "action_low": "6.5", "action_high": "8.0", "unit": "[pH]"}
)
DECIMALS = st.decimals(min_value=-1000, max_value=1000, places=3)


@pytest.mark.parametrize(
    ("value", "verdict", "crossed"),
    [
        ("7.2", Verdict.INSIDE, None),
        ("7.80", Verdict.INSIDE, None),
        ("6.8", Verdict.INSIDE, None),
        ("7.81", Verdict.ALERT, "above 7.80"),
        ("6.79", Verdict.ALERT, "below 6.80"),
        ("8.0", Verdict.ALERT, "above 7.80"),
        ("8.01", Verdict.ACTION, "above 8.0"),
        ("6.49", Verdict.ACTION, "below 6.5"),
    ],
)
def test_a_value_equal_to_a_limit_is_inside_it(value, verdict, crossed):
    assert judge(Decimal(value), PH) is verdict
    crossing = worst_crossing(Decimal(value), PH)
    assert (str(crossing) if crossing else None) == crossed


def test_a_pressure_equal_to_its_action_limit_is_an_alert():
    # X7: 0.80 bar against alert 0.5 and action 0.8.
    pressure = Limits(None, Decimal("0.5"), None, Decimal("0.8"), "bar")
    assert worst_crossing(Decimal("0.80"), pressure) == Crossing(Verdict.ALERT, "above", Decimal("0.5"))


@pytest.mark.parametrize("value", [None, Decimal("NaN"), Decimal("Infinity")])
def test_no_value_is_unknown_and_never_inside(value):
    assert judge(value, PH) is Verdict.UNKNOWN


def test_the_worst_verdict_wins_and_unknown_ranks_between_alert_and_action():
    order = [Verdict.INSIDE, Verdict.ALERT, Verdict.UNKNOWN, Verdict.ACTION]
    for length in range(1, 5):
        assert all(worst(seen) is max(seen, key=order.index) for seen in permutations(order, length))
    assert worst([]) is Verdict.INSIDE


@pytest.mark.parametrize(
    "table",
    [
        {"alert_high": "8.1", "action_high": "8.0"},
        {"alert_low": "6.4", "action_low": "6.5"},
        {"alert_low": "8", "alert_high": "7"},
        {"action_low": "8", "action_high": "7"},
        {"action_low": "8", "alert_high": "7"},
        {"alert_low": "8", "action_high": "7"},
    ],
)
def test_limits_that_are_not_nested_are_refused(table):
    with pytest.raises(Refusal) as refused:
        Limits.from_table({**table, "unit": "[pH]"})
    assert refused.value.code == "limits_not_nested"
    assert refused.value.field in table


@pytest.mark.parametrize(
    ("table", "code", "field"),
    [
        ({"alert_high": "7.8"}, "unknown_unit", "unit"),
        ({"alert_high": 7.8, "unit": "[pH]"}, "number_not_text", "alert_high"),
        ({"alert_high": True, "unit": "[pH]"}, "number_not_text", "alert_high"),
        ({"alert_high": "7,8", "unit": "[pH]"}, "not_a_number", "alert_high"),
        ({"alrt_high": "7.8", "unit": "[pH]"}, "unknown_limit_key", "alrt_high"),
    ],
)
def test_a_faulty_table_is_refused_at_its_field(table, code, field):
    with pytest.raises(Refusal) as refused:
        Limits.from_table(table)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_limit_that_is_not_finite_is_refused():
    with pytest.raises(Refusal) as refused:
        Limits(None, Decimal("NaN"), None, None, "bar")
    assert (refused.value.code, refused.value.field) == ("not_a_number", "alert_high")


def test_whole_numbers_lose_no_digits_and_are_taken():
    shear = Limits.from_table({"alert_high": 4000, "action_high": 6000, "unit": "1/s"})
    assert judge(Decimal("13058.87"), shear) is Verdict.ACTION


@given(st.lists(DECIMALS, min_size=4, max_size=4), DECIMALS)
def test_every_bound_itself_is_inside_and_a_step_beyond_is_not(bounds, value):
    action_low, alert_low, alert_high, action_high = sorted(bounds)
    limits = Limits(alert_low, alert_high, action_low, action_high, "[pH]")
    assert judge(alert_low, limits) is judge(alert_high, limits) is Verdict.INSIDE
    assert Verdict.ACTION not in {judge(action_low, limits), judge(action_high, limits)}
    assert (
        judge(action_high + Decimal("0.001"), limits) is judge(action_low - Decimal("0.001"), limits) is Verdict.ACTION
    )
    assume(alert_low <= value <= alert_high)
    assert judge(value, limits) is Verdict.INSIDE
