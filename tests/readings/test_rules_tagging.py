"""E-8, 2.5: what happens between two samples is master data of the tag, and rules obey it; its sampling is checked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.excursions.rules.excursion_rules import rule_from
from batches.excursions.rules.incremental_evaluation import evaluate_new_samples, newest_of
from batches.excursions.rules.plots import plots_of
from batches.excursions.rules.sampling import too_seldom
from batches.excursions.rules.verdicts import PhaseReadings, Sent, verdicts
from batches.readings.rules.assignments import Between, between
from batches.readings.rules.calibrations import Held, Lapse, lapses
from batches.readings.rules.parameters import PARAMETERS, SignalType
from batches.readings.rules.signals import SECOND, signal_of
from gatekeeper.core.canonical import canonical

LINEAR, HOLD, EVENT = SignalType
PH = {
    "code": "ph", "version": 1, "parameter": "ph", "unit": "[pH]", "signal_type": "linear", "kind": "instant",
    "direction": "high", "action_high": "7.5", "max_gap_s": 120, "t_merge_s": 60, "sampling_s": 60, "stuck_s": 600,
}  # fmt: skip
TIME = PH | {
    "kind": "cumulative_time",
    "accumulate_above": "7.5",
    "action_total": 1,
    "action_high": None,
    "t_merge_s": 0,
}
SALT = {
    "code": "salt", "version": 1, "parameter": "conductivity_25", "derived": "cond25", "unit": "mS/cm",
    "signal_type": "linear", "kind": "instant", "direction": "high", "action_high": "45", "max_gap_s": 120,
}  # fmt: skip
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def readings(types, signals, end=180):
    return PhaseReadings("L10", 0, end * SECOND, complete=True, sent=(Sent("A", signals, types),), modules=())


def ph(*pairs):
    return {"ph": signal_of([at * SECOND for at, _ in pairs], [value for _, value in pairs])}


PEAK = ph((0, 7.0), (60, 9.0), (120, 7.0), (180, 7.0))


@pytest.mark.parametrize(
    ("declared", "begun", "ended", "lasted"),
    [
        ({}, 15, 105, 90),  # as the rule says: 7.5 is crossed at 15 s and at 105 s
        ({"ph": LINEAR}, 15, 105, 90),
        ({"ph": HOLD}, 60, 120, 60),  # 9.0 holds from its sample to the next one
    ],
)
def test_a_tag_that_holds_its_value_crosses_a_limit_when_it_is_sampled(declared, begun, ended, lasted):
    (found,) = verdicts(readings(declared, PEAK), [rule_from(PH)])
    (one,) = found.evaluation.excursions
    assert (one.started_us, one.ended_us) == (begun * SECOND, ended * SECOND)
    (total,) = verdicts(readings(declared, PEAK), [rule_from(TIME)])
    assert total.evaluation.time_above == lasted
    assert found.content["rule"]["signal_type"] == (declared.get("ph") or LINEAR).value


def test_events_of_a_tag_are_points_and_a_rule_of_time_cannot_judge_them():
    (points,) = verdicts(readings({"ph": EVENT}, PEAK), [rule_from(PH)])
    assert [(one.started_us, one.excess_dose) for one in points.evaluation.excursions] == [(60 * SECOND, 0)]
    (total,) = verdicts(readings({"ph": EVENT}, PEAK), [rule_from(TIME)])
    assert (total.problem, total.evaluation.state.value) == ("events_have_no_duration", "unknown")


def test_a_rule_over_a_window_cannot_judge_a_value_that_holds():
    rule = rule_from(PH | {"aggregation": "mean", "window_s": 60})
    (found,) = verdicts(readings({"ph": HOLD}, PEAK), [rule])
    assert (found.problem, found.evaluation.state.value) == ("window_needs_linear", "unknown")
    assert found.evaluation.excursions == ()


def test_a_rule_of_events_says_nothing_good_of_a_continuous_tag_without_a_largest_gap():
    rule = rule_from(PH | {"signal_type": "event", "max_gap_s": None, "stuck_s": None})
    (found,) = verdicts(readings({"ph": LINEAR}, PEAK), [rule])
    assert (found.problem, found.evaluation.state.value) == ("max_gap_missing", "unknown")


def test_a_value_that_holds_is_not_frozen_and_one_that_should_change_is():
    still = ph(*((at, 7.0) for at in range(0, 1201, 60)))
    rule = rule_from(PH)
    for declared, state in ((LINEAR, "unknown"), (HOLD, "normal")):
        (found,) = verdicts(readings({"ph": declared}, still, 1200), [rule])
        assert found.evaluation.state.value == state


@pytest.mark.parametrize(
    ("types", "obeyed"),
    [
        ({"conductivity": LINEAR, "temperature": LINEAR}, "linear"),
        ({"conductivity": LINEAR, "temperature": HOLD}, "hold"),
        ({"conductivity": EVENT, "temperature": HOLD}, "event"),
        ({"conductivity": HOLD}, "linear"),  # of the other nothing is known, so the rule decides
    ],
)
def test_a_derived_signal_is_no_finer_than_the_coarsest_of_its_tags(types, obeyed):
    times = [at * SECOND for at in (0, 60, 120, 180)]
    signals = {"conductivity": signal_of(times, [40.0] * 4), "temperature": signal_of(times, [25.0] * 4)}
    (found,) = verdicts(readings(types, signals), [rule_from(SALT)])
    assert found.content["rule"]["signal_type"] == obeyed


def test_what_is_measured_by_samples_at_the_line_holds_by_itself():
    assert {code for code, row in PARAMETERS.items() if row.signal_type is not LINEAR} == {"osmolality"}


def test_a_plot_of_a_tag_that_holds_is_drawn_in_steps():
    sources = {"A": ["ph"], "B": ["ph"]}
    stepped = {
        plot.source: plot.stepped for plot in plots_of([rule_from(PH)], "L10", sources, types={"B": {"ph": HOLD}})
    }
    assert stepped == {"A": False, "B": True}


ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([7.0, 7.4, 7.6, 9.0])),
    min_size=1,
    max_size=40,
    unique_by=lambda r: r[0],
)


@given(rows=ROWS, declared=st.sampled_from([LINEAR, HOLD, EVENT]), data=st.data())
def test_whatever_a_tag_declares_order_repetition_and_pieces_change_no_byte(rows, declared, data):
    rules = [rule_from(PH | {"max_gap_s": 10, "stuck_s": 20}), rule_from(TIME | {"code": "time", "max_gap_s": 10})]
    whole = replace(readings({"ph": declared}, ph(*rows), 60), complete=False)
    end = max(at for at, _ in rows) * SECOND
    whole = replace(whole, end_us=end)
    wanted = [(one.name, canonical(one.content)) for one in verdicts(whole, rules)]
    shuffled = data.draw(st.permutations(rows)) + data.draw(st.lists(st.sampled_from(rows), max_size=9))
    again = replace(whole, sent=(Sent("A", ph(*shuffled), {"ph": declared}),))
    assert [(one.name, canonical(one.content)) for one in verdicts(again, rules)] == wanted
    place, state, found = data.draw(st.integers(0, len(shuffled))), {}, ()
    for piece in (shuffled[:place], shuffled[place:]):
        sent = (Sent("A", ph(*piece), {"ph": declared}),)
        reached = newest_of(state, sent)
        if reached is None:
            continue
        part = replace(whole, sent=sent, end_us=reached)
        state, found = evaluate_new_samples(part, rules, state, lateness_s=Decimal(3600))
    assert [(one.name, canonical(one.content)) for one in found] == wanted


@pytest.mark.parametrize(
    ("changes", "sampling", "times"),
    [
        ({}, None, ()),
        ({}, "60", ()),
        ({}, "60.001", ("max_gap_s", "t_merge_s")),
        ({"t_merge_s": 999}, "61", ("max_gap_s",)),
        ({"max_gap_s": None, "signal_type": "event", "stuck_s": None}, "61", ("t_merge_s",)),
        ({"kind": "cumulative_time"}, "59", ()),
        ({"kind": "cumulative_time"}, "61", ("max_gap_s",)),
        ({"kind": "rate", "unit": "[pH]/min", "aggregation": "slope", "window_s": 90}, "50", ("window_s",)),
    ],
)
def test_a_tag_that_is_sampled_too_seldom_for_a_rule_is_named_with_what_is_too_short(changes, sampling, times):
    assert too_seldom(rule_from(PH | changes), None if sampling is None else Decimal(sampling)) == times


def at(hours):
    return DAY + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([(0, None)], []),
        ([(0, 24)], []),
        ([(0, 10)], [(10, 24, 10)]),
        ([(0, 10), (8, 99)], []),
        ([(0, 10), (12, 99)], [(10, 12, 10)]),  # a later calibration does not speak for the time before it
        ([(0, 10), (12, 11)], [(10, 12, 10), (12, 24, 11)]),
        ([(0, -5)], [(0, 24, -5)]),
        ([(0, 10), (12, None)], [(10, 12, 10)]),
    ],
)
def test_the_time_without_a_calibration_ends_when_the_next_one_is_recorded(held, expected):
    given_ = [Held(at(recorded), None if until is None else at(until)) for recorded, until in held]
    assert lapses(given_, end=at(24)) == tuple(Lapse(at(a), at(b), at(c)) for a, b, c in expected)


@pytest.mark.parametrize(
    ("spans", "whole", "expected"),
    [
        ([], True, [(None, None)]),
        ([], False, []),
        ([(1, 2)], True, [(None, 1), (2, None)]),
        ([(1, None)], True, [(None, 1)]),
        ([(1, 2)], False, [(2, None)]),
        ([(3, 4), (1, 2)], True, [(None, 1), (2, 3), (4, None)]),
        ([(1, 5), (2, 3), (4, 6)], True, [(None, 1), (6, None)]),
        ([(1, 2), (3, None), (4, 5)], True, [(None, 1), (2, 3)]),
    ],
)
def test_the_times_between_assignments_belong_to_no_phase(spans, whole, expected):
    given_ = [(at(a), None if b is None else at(b)) for a, b in spans]
    wanted = [Between(None if a is None else at(a), None if b is None else at(b)) for a, b in expected]
    assert between(given_, whole=whole) == wanted
