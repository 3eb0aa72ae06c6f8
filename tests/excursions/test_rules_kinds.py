"""E-5, E-8, E-14, 2.2.5, 2.2.6: totals, counts, rates and windows of time, and gaps that are bounded by the worst."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.excursions.rules.derived import slope
from batches.excursions.rules.excursions import State, evaluate, evaluation_content, rule_from
from batches.excursions.rules.runs import FRACTION, Sums
from batches.excursions.rules.summaries import cleaned, judged_view
from batches.readings.rules.signals import signal_of

SECOND = 1_000_000


def rule(**fields):
    base = {"code": "x", "version": 1, "parameter": "x", "unit": "1", "signal_type": "linear", "direction": "high"}
    return rule_from(base | {"kind": "dose", "max_gap_s": 5} | fields)


def seconds(values, times=None):
    return signal_of([round(at * SECOND) for at in (times or range(len(values)))], values)


def judge(signal, *, upto=None, **fields):
    end = int(signal.times.max()) if upto is None else upto * SECOND
    return evaluate(signal, rule(**fields), start=0, end=end)


GAPPED = seconds([5.0, 5.0, 5.0, 5.0], [0, 2, 12, 14])
WORST = {"accumulate_above": 6, "action_high": 8, "gap_mode": "worst_case", "alert_total": 10, "action_total": 20}


def test_a_gap_is_filled_with_the_action_limit_and_the_total_is_labelled_bounded():
    found = judge(GAPPED, **WORST)
    assert (found.dose, found.time_above, found.bounded) == (20, 10, True)
    assert found.state is State.ALERT
    [alert] = found.excursions
    assert (alert.side, alert.peak, alert.started_us, alert.ended_us) == ("high", 8, 2 * SECOND, 12 * SECOND)
    assert evaluation_content(found)["bounded"] is True
    assert judge(GAPPED, **WORST | {"action_total": "19.999"}).state is State.ACTION


def test_a_bounded_total_below_its_limits_is_normal_where_an_unknown_gap_is_not():
    high = WORST | {"alert_total": 1000, "action_total": 2000}
    assert judge(GAPPED, **high).state is State.NORMAL
    unknown = judge(GAPPED, **high | {"gap_mode": "unknown", "action_high": None})
    assert (unknown.state, unknown.dose, unknown.bounded) == (State.UNKNOWN, 0, False)
    assert judge(seconds([5.0, 5.0]), **high).bounded is False


def test_coverage_still_counts_what_was_filled():
    assert (
        judge(GAPPED, **WORST | {"alert_total": 100, "action_total": 200, "min_coverage": "0.95"}).state is State.ACTION
    )


def test_unknown_time_counts_whole_as_time_outside_in_the_worst_case():
    found = judge(GAPPED, kind="cumulative_time", accumulate_above=6, action_total=9, gap_mode="worst_case")
    assert (found.time_above, found.state, found.excursions[0].peak) == (10, State.ACTION, 6)


def test_of_two_sides_the_worse_fills_the_gap():
    low = {"direction": "both", "accumulate_below": 4, "action_low": 1}
    assert judge(GAPPED, **WORST | low).dose == 30


def test_what_was_seen_and_what_was_filled_add_up():
    signal = seconds([5.0, 7.0, 7.0, 5.0], [0, 2, 12, 14])
    found = judge(signal, **WORST)
    assert found.dose == 21
    assert found.excursions[0].peak == 7


@pytest.mark.parametrize(("limit", "state"), [(2, State.ACTION), (3, State.NORMAL)])
def test_a_count_is_that_of_excursions_and_its_limit_is_inclusive(limit, state):
    signal = seconds([-70.0, -10.0, -70.0, -70.0, -10.0, -10.0, -70.0, -10.0, -70.0])
    found = judge(signal, kind="count", accumulate_above=-60, action_total=limit)
    assert (found.count, found.state) == (3, state)
    if state is State.ACTION:
        [one] = found.excursions
        assert (one.key, one.side, one.limit) == ("x:action:total:0", "high", 2)
        assert judge(signal, kind="count", accumulate_above=-60, action_total=limit, t_merge_s=4).count == 1
        assert judge(signal, kind="count", accumulate_above=-60, action_total=limit, t_on_s=2).count == 1


def test_each_event_beyond_counts():
    thaws = signal_of([10 * SECOND, 20 * SECOND, 30 * SECOND], [1.0, 1.0, 0.0])
    found = judge(thaws, signal_type="event", kind="count", accumulate_above="0.5", action_total=1, max_gap_s=None)
    assert (found.count, found.state) == (2, State.ACTION)


WINDOWED = st.lists(st.tuples(st.integers(1, 7), st.integers(-90, 90)), min_size=1, max_size=60)


def windowed(rows, kind, width_s):
    times = np.cumsum([gap for gap, _value in rows]).tolist()
    signal = seconds([value / 8 for _gap, value in rows], times)
    one = rule(kind="rate" if kind == "slope" else "duration", aggregation=kind, window_s=width_s, action_high=1)
    window = judged_view(cleaned(signal, one), one, start=0, end=times[-1] * SECOND).window
    return list(zip(times, signal.values.tolist(), strict=True)), window


def reaching(rows, at, width_s):
    """The samples of the window that ends at this time, or None where a gap lies in it or it is not covered."""
    inside = [row for row in rows if at - width_s <= row[0] <= at]
    before = [row for row in rows if row[0] <= at - width_s]
    chain = [before[-1][0] if before else None, *(row[0] for row in inside)]
    if not before or any(after - earlier > 5 for earlier, after in pairwise(chain)):
        return None
    return inside


FORMULAS = {
    "min": min,
    "max": max,
    "mean": lambda values: sum(values) / len(values),
}


@given(WINDOWED, st.sampled_from(sorted(FORMULAS)), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_a_window_of_time_is_what_its_samples_give_one_by_one(given_rows, kind, width_s):
    rows, window = windowed(given_rows, kind, width_s)
    expected = {}
    for at, _value in rows:
        inside = reaching(rows, at, width_s)
        if inside is not None:
            expected[at * SECOND] = pytest.approx(FORMULAS[kind]([value for _at, value in inside]), abs=1e-8)
    assert dict(zip(window.times.tolist(), window.values.tolist(), strict=True)) == expected


@given(WINDOWED, st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_a_slope_is_that_of_least_squares_over_three_points_or_more(given_rows, width_s):
    rows, window = windowed(given_rows, "slope", width_s)
    expected = {}
    for at, _value in rows:
        inside = reaching(rows, at, width_s)
        if inside is not None and len(inside) >= 3:
            minutes, values = (np.array(column, dtype=float) for column in zip(*inside, strict=True))
            expected[at * SECOND] = pytest.approx(slope(minutes / 60, values), abs=1e-6)
    assert dict(zip(window.times.tolist(), window.values.tolist(), strict=True)) == expected


def test_a_step_without_length_and_without_samples_has_no_gap():
    assert evaluate(seconds([]), rule(accumulate_above=1), start=0, end=0).gaps == ()


def test_the_time_before_a_window_is_covered_is_not_unknown():
    found = judge(seconds([5.0] * 10), kind="duration", aggregation="mean", window_s=4, action_high=8)
    assert (found.state, found.coverage, found.gaps) == (State.NORMAL, 1, ())
    short = judge(seconds([50.0] * 3), kind="duration", aggregation="mean", window_s=4, action_high=8)
    assert short.excursions == ()


def exactly(doses):
    return Sums.of(doses).total


@given(st.lists(st.floats(0, 1e9), max_size=50), st.randoms(use_true_random=False), st.integers(1, 5))
def test_a_sum_of_doses_is_the_same_in_any_order_and_any_parts(doses, chance, parts):
    shuffled = list(doses)
    chance.shuffle(shuffled)
    pieces = [exactly(np.array(shuffled[part::parts])) for part in range(parts)]
    assert sum(pieces) == exactly(np.array(doses))
    assert exactly(np.array(doses)) / 2**FRACTION == pytest.approx(sum(doses), rel=1e-9, abs=1e-6)


def test_a_sum_beyond_what_a_machine_word_holds_is_still_exact():
    assert exactly(np.array([2.0**62, 2.0**62, 0.5])) == (2**63 << FRACTION) + (1 << (FRACTION - 1))


@pytest.mark.parametrize("absurd", [1e13, -1e300, float("inf")])
def test_a_number_that_no_sensor_can_mean_is_a_gap_not_a_dose(absurd):
    found = judge(seconds([5.0, absurd, 5.0, 5.0], [0, 4, 8, 10]), accumulate_above=6, action_total=1)
    assert (found.state, found.dose) == (State.UNKNOWN, Decimal(0))
