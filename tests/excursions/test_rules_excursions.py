"""E-8, G-3: excursions are found exactly as the semantics of the domain reference (2.2) say."""

import time
from decimal import Decimal

import numpy as np
import pytest

from batches.excursions.rules.derivations import Derived, derive
from batches.excursions.rules.excursions import (
    Level,
    State,
    evaluate,
    evaluate_all,
    evaluation_content,
    judged,
    rule_from,
    worst_state,
)
from batches.excursions.rules.geometry import HollowFibre
from batches.excursions.rules.judging import judged_signal
from batches.readings.rules.signals import Signal, signal_of
from gatekeeper.core.refusal import Refusal

SECOND, MINUTE = 1_000_000, 60_000_000


def rule(**fields):
    base = {
        "code": "temperature",
        "version": 1,
        "parameter": "temperature",
        "unit": "Cel",
        "signal_type": "linear",
        "kind": "duration",
        "direction": "high",
        "max_gap_s": "180",
    }
    return rule_from(base | fields)


def minutes(values, times=None, quality=None):
    at = range(len(values)) if times is None else times
    return signal_of([round(t * MINUTE) for t in at], values, quality)


def judge(signal, row, *, upto=None, **options):
    end = int(signal.times.max()) if upto is None else round(upto * MINUTE)
    return evaluate(signal, row, start=0, end=end, **options)


X14 = minutes([7.8, 8.2, 8.3, 7.9, 8.4, 8.4, 8.6, 8.5, 7.6, 7.4, 7.4, 7.3])


def x14_rule(**fields):
    return rule(action_high="8.0", deadband="0.5", t_on_s=300, t_off_s=120, **fields)


def test_x4_time_above_and_excess_dose_of_the_evaluation():
    one = rule(unit="1/s", alert_high=4000, action_high=6000)
    found = judge(minutes([2000, 2500, 4500, 4500, 2500]), one)
    assert (found.time_above, found.dose, found.state) == (90, 37_500, State.ALERT)
    [excursion] = found.excursions
    assert (excursion.started_us, excursion.ended_us) == (105 * SECOND, 195 * SECOND)
    assert (excursion.peak, excursion.peak_at_us) == (4500, 120 * SECOND)
    assert (excursion.duration_s, excursion.excess_dose, excursion.limit) == (90, 37_500, 4000)


def test_x5_the_passes_are_an_alert():
    one = rule(alert_high=80, action_high=100, kind="instant")
    assert judged(Decimal("94.53878"), one) is State.ALERT
    assert judged(Decimal(80), one) is State.NORMAL
    assert judged(Decimal("100.0001"), one) is State.ACTION
    assert judged(None, one) is State.UNKNOWN


def test_x7_a_pressure_equal_to_the_action_limit_is_an_alert_only():
    inputs = {
        "feed_pressure": minutes([1.2, 1.2]),
        "retentate_pressure": minutes([0.6, 0.6]),
        "permeate_pressure": minutes([0.1, 0.1]),
    }
    signal = derive(Derived.TMP, inputs)
    found = judge(signal, rule(alert_high="0.5", action_high="0.8", kind="instant"))
    assert found.state is State.ALERT
    assert judged(Decimal("0.80"), rule(alert_high="0.5", action_high="0.8")) is State.ALERT


def test_x14_no_run_of_five_minutes_is_no_excursion():
    found = judge(X14, x14_rule())
    assert (found.state, found.excursions) == (State.NORMAL, ())


def test_x14_with_four_minutes_the_excursion_lasts_from_the_first_crossing_to_the_return():
    found = judge(X14, rule(action_high="8.0", deadband="0.5", t_on_s=240, t_off_s=120))
    [excursion] = found.excursions
    assert (excursion.started_us, excursion.ended_us) == (192 * SECOND, 510 * SECOND)
    assert excursion.duration_s == Decimal(318)
    assert (excursion.peak, excursion.peak_at_us) == (Decimal("8.6"), 6 * MINUTE)
    assert found.state is State.ACTION
    assert excursion.key == "temperature:action:high:192000000"


def test_x15_a_gap_is_unknown_and_counts_against_coverage():
    signal = minutes([5, 5, 5, 5, 5], [0, 1, 2, 9, 10])
    found = judge(signal, rule(action_high=8))
    [gap] = found.gaps
    assert (gap.started_us, gap.ended_us, gap.reason) == (2 * MINUTE, 9 * MINUTE, "drop_out")
    assert (found.coverage, found.state) == (Decimal("0.3"), State.UNKNOWN)


def test_x15_too_little_coverage_is_an_action_once_the_step_is_over():
    signal = minutes([5, 5, 5, 5, 5], [0, 1, 2, 9, 10])
    one = rule(action_high=8, min_coverage="0.95")
    found = judge(signal, one)
    assert found.state is State.ACTION
    [excursion] = found.excursions
    assert (excursion.side, excursion.peak, excursion.limit) == ("coverage", Decimal("0.3"), Decimal("0.95"))
    assert judge(signal, one, complete=False).state is State.UNKNOWN


def test_x16_a_late_point_changes_the_verdict_and_leaves_the_old_one():
    one = rule(action_high=8, kind="instant")
    first = judge(minutes([5, 5, 5, 5, 5, 5], [0, 1, 3, 4, 6, 7]), one)
    second = judge(minutes([5, 5, 5, 5, 5, 5, 9], [0, 1, 3, 4, 6, 7, 5]), one)
    assert (first.state, second.state) == (State.NORMAL, State.ACTION)
    assert evaluation_content(first) != evaluation_content(second)


def test_x2_the_planted_shear_is_an_action_for_lentivirus():
    flow = minutes([1.0, 1.0])
    shear = derive(Derived.WALL_SHEAR, {"flow": flow}, HollowFibre(13, Decimal("1.0"), Decimal("0.3")))
    found = judge(shear, rule(alert_high=4000, action_high=6000))
    assert found.state is State.ACTION
    assert {excursion.level for excursion in found.excursions} == {Level.ALERT, Level.ACTION}
    assert round(found.excursions[0].peak, 2) == Decimal("13058.87")
    assert all(excursion.ended_us is None for excursion in found.excursions)


def test_turbulent_flow_is_unknown_however_short():
    flow = signal_of([0, SECOND, 2 * SECOND], [1.0, 1.5, 1.0])
    shear = derive(Derived.WALL_SHEAR, {"flow": flow}, HollowFibre(13, Decimal("1.0"), Decimal("0.3")))
    found = evaluate(shear, rule(action_high=20_000), start=0, end=2 * SECOND)
    assert (found.state, found.gaps[0].reason) == (State.UNKNOWN, "not_valid")


@pytest.mark.parametrize(
    ("direction", "limits", "value", "state"),
    [
        ("high", {"action_high": 8}, 8.0, State.NORMAL),
        ("high", {"action_high": 8}, 8.0001, State.ACTION),
        ("low", {"action_low": 2}, 2.0, State.NORMAL),
        ("low", {"action_low": 2}, 1.9999, State.ACTION),
        ("both", {"alert_low": 2, "alert_high": 8, "action_low": 1, "action_high": 9}, 8.5, State.ALERT),
        ("both", {"alert_low": 2, "alert_high": 8, "action_low": 1, "action_high": 9}, 0.5, State.ACTION),
    ],
)
def test_limits_are_inclusive_on_both_sides(direction, limits, value, state):
    found = judge(minutes([value] * 4), rule(direction=direction, kind="instant", **limits))
    assert found.state is state


def test_low_excursions_report_the_lowest_value():
    found = judge(minutes([3, 1, 0.5, 3]), rule(direction="low", action_low=2))
    [excursion] = found.excursions
    assert (excursion.side, excursion.peak, excursion.started_us) == ("low", Decimal("0.5"), 30 * SECOND)


def test_two_excursions_closer_than_the_merge_time_are_one():
    signal = minutes([5, 9, 5, 9, 5])
    assert len(judge(signal, rule(action_high=8)).excursions) == 2
    [merged] = judge(signal, rule(action_high=8, t_merge_s=91)).excursions
    assert (merged.started_us, merged.ended_us) == (45 * SECOND, 195 * SECOND)
    # 90 s apart: "separated by less than", so a merge time of 90 s keeps them apart
    assert len(judge(signal, rule(action_high=8, t_merge_s=90)).excursions) == 2


def test_an_excursion_lasts_over_a_gap_but_unknown_time_is_not_counted():
    found = judge(minutes([9, 9, 9, 5, 5], [0, 1, 11, 12, 13]), rule(action_high=8))
    [excursion] = found.excursions
    assert (excursion.started_us, excursion.ended_us) == (0, 11 * MINUTE + 15 * SECOND)
    assert excursion.duration_s == 75
    assert found.time_above == 75
    assert found.state is State.ACTION


def test_a_gap_breaks_the_time_needed_to_enter():
    signal = minutes([9, 9, 9, 9], [0, 1, 11, 12])
    assert judge(signal, rule(action_high=8, t_on_s=120)).excursions == ()


def test_an_excursion_is_open_until_the_return_has_lasted():
    one = rule(action_high=8, t_off_s=120)
    [still] = judge(minutes([5, 9, 5, 5]), one).excursions
    [ended] = judge(minutes([5, 9, 5, 5, 5]), one).excursions
    assert (still.ended_us, ended.ended_us) == (None, 75 * SECOND)
    assert still.key == ended.key


@pytest.mark.parametrize(("seconds", "state"), [(600, State.NORMAL), (900, State.ALERT), (901, State.ACTION)])
def test_scenario_3_cumulative_salt_limits_are_inclusive(seconds, state):
    one = rule(
        kind="cumulative_time",
        signal_type="hold",
        accumulate_above=45,
        alert_total=600,
        action_total=900,
        max_gap_s=3600,
    )
    half = seconds / 120
    signal = minutes([30, 50, 30, 50, 30, 30], [0, 1, 1 + half, 3 + half, 3 + 2 * half, 30])
    found = evaluate(signal, one, start=0, end=30 * MINUTE)
    assert (found.time_above, found.state) == (seconds, state)


def test_cumulative_time_adds_short_pieces_on_both_sides():
    one = rule(kind="cumulative_time", direction="both", accumulate_above=8, accumulate_below=2, action_total=60)
    found = judge(minutes([5, 11, 5, -1, 5]), one)
    assert found.time_above == 120
    [excursion] = found.excursions
    assert (excursion.started_us, excursion.ended_us, excursion.limit) == (30 * SECOND, 210 * SECOND, 60)
    assert excursion.key == "temperature:action:total:0"
    assert excursion.duration_s == 120


def test_a_dose_rule_judges_the_integral():
    one = rule(kind="dose", accumulate_above=4000, alert_total=37_499, action_total=37_500)
    found = judge(minutes([2000, 2500, 4500, 4500, 2500]), one)
    assert (found.dose, found.state) == (37_500, State.ALERT)


def test_a_total_counts_only_the_sides_it_names():
    sides = {"direction": "both", "accumulate_above": 8, "accumulate_below": 2, "action_total": 59}
    high = judge(minutes([5, 11, 5, 5, 5]), rule(kind="cumulative_time", **sides))
    assert [(excursion.side, excursion.peak) for excursion in high.excursions] == [("high", 11)]
    one = rule(kind="cumulative_time", direction="both", alert_low=2, accumulate_above=8, action_total=59)
    assert judge(minutes([5, 11, 5, -9, 5]), one).time_above == 60
    assert judge(minutes([5, 11, 5, -9, 5]), one).excursions[0].side == "high"


def test_a_step_without_length_has_no_coverage_and_no_excursion():
    found = evaluate(minutes([5]), rule(action_high=8), start=0, end=0)
    assert (found.coverage, found.excursions, found.gaps) == (0, (), ())


def test_a_rule_of_coverage_judges_nothing_else():
    one = rule(kind="coverage", min_coverage="0.95")
    assert judge(minutes([99, 99, 99]), one).state is State.NORMAL
    assert judge(minutes([99, 99], [0, 5]), one).state is State.ACTION


def test_an_evaluation_without_limits_has_no_totals():
    assert judge(minutes([99, 99]), rule(kind="coverage", min_coverage="0.5")).dose == 0


def test_a_signal_that_the_phase_does_not_have_is_refused():
    with pytest.raises(Refusal) as refused:
        judged_signal(rule(action_high=8), {"ph": minutes([7])})
    assert (refused.value.code, refused.value.params["name"]) == ("signal_missing", "temperature")


def test_a_frozen_input_makes_the_derived_signal_unknown():
    one = rule(derived="cond25", parameter="conductivity_25", stuck_s=60, action_high=85)
    signals = {"conductivity": minutes([20, 20.1, 20, 20.2]), "temperature": minutes([21, 21, 21, 21])}
    assert judge(judged_signal(one, signals), one).state is State.UNKNOWN


def test_a_hold_signal_with_a_sample_at_the_start_carries_nothing_in():
    one = rule(signal_type="hold", action_high=8, max_gap_s=600)
    found = evaluate(minutes([9, 5], [0, 2]), one, start=2 * MINUTE, end=8 * MINUTE)
    assert (found.time_above, found.state) == (0, State.NORMAL)


def test_a_hold_signal_keeps_its_value_until_the_next():
    one = rule(signal_type="hold", action_high=8, max_gap_s=600)
    found = evaluate(minutes([5, 9, 5], [0, 2, 4]), one, start=0, end=6 * MINUTE)
    [excursion] = found.excursions
    assert (excursion.started_us, excursion.ended_us, excursion.duration_s) == (2 * MINUTE, 4 * MINUTE, 120)
    assert found.dose == 120
    assert found.coverage == 1


def test_a_hold_signal_carries_its_value_into_the_step_and_to_its_end():
    one = rule(signal_type="hold", action_high=8, max_gap_s=600)
    found = evaluate(minutes([9], [0]), one, start=2 * MINUTE, end=8 * MINUTE)
    assert (found.time_above, found.coverage, found.gaps) == (360, 1, ())
    old = evaluate(minutes([9], [0]), one, start=11 * MINUTE, end=12 * MINUTE)
    assert (old.state, old.coverage) == (State.UNKNOWN, 0)


def test_events_are_judged_as_points():
    one = rule(signal_type="event", kind="instant", action_high=1, max_gap_s=None)
    found = judge(minutes([1, 2, 1, 3], [0, 10, 20, 30]), one)
    assert [(e.started_us, e.ended_us) for e in found.excursions] == [
        (10 * MINUTE, 20 * MINUTE),
        (30 * MINUTE, None),
    ]
    assert (found.coverage, found.gaps, found.time_above) == (1, (), 0)


def test_an_isolated_sample_outside_is_an_instant_excursion():
    found = judge(minutes([5, 9, 5], [0, 10, 20]), rule(kind="instant", action_high=8), upto=20)
    assert [e.duration_s for e in found.excursions] == [0]
    assert len(found.gaps) == 2


def test_no_samples_at_all_is_unknown():
    found = evaluate(signal_of([], []), rule(action_high=8), start=0, end=MINUTE)
    assert (found.state, found.coverage, len(found.gaps)) == (State.UNKNOWN, 0, 1)


def test_unknown_ranks_above_alert():
    assert worst_state([State.ALERT, State.UNKNOWN, State.NORMAL]) is State.UNKNOWN
    assert worst_state([State.UNKNOWN, State.ACTION]) is State.ACTION
    assert worst_state([]) is State.NORMAL


def test_the_content_is_text_and_whole_numbers():
    content = evaluation_content(judge(X14, rule(action_high="8.0", deadband="0.5", t_on_s=240, t_off_s=120)))
    assert content["state"] == "action"
    assert content["excursions"][0]["duration_s"] == "318"
    assert content["excursions"][0]["peak"] == "8.6"
    assert content["coverage"] == "1.000000"


def test_a_million_samples_are_judged_by_five_rules_within_a_second():
    rng = np.random.default_rng(7)
    count = 1_000_000
    signal = Signal(
        np.arange(count, dtype=np.int64) * SECOND,
        7.3 + np.round(rng.normal(0, 0.1, count), 3),
        np.ones(count, dtype=np.bool_),
    )
    five = [
        rule(code="duration", alert_high="7.7", action_high="7.8", deadband="0.05", t_merge_s=30, stuck_s=300),
        rule(code="instant", kind="instant", action_high="7.7", stuck_s=300),
        rule(code="time", kind="cumulative_time", accumulate_above="7.7", action_total=60, stuck_s=300),
        rule(code="dose", kind="dose", accumulate_above="7.6", action_total=60, stuck_s=300),
        rule(code="count", kind="count", accumulate_above="7.7", action_total=3, t_merge_s=30, stuck_s=300),
    ]
    begun = time.process_time()
    found = evaluate_all(signal, five, start=0, end=count * SECOND)
    assert time.process_time() - begun < 1
    assert [bool(result.excursions) for result in found[:2]] == [True, True]
    assert all(result.time_above > 0 for result in found)
