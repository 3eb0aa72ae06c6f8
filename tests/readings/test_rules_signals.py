"""G-3, I-6: order, duplicates and frames cannot change a verdict; missing data is not good data."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.excursions.rules.derivations import Derived, derive
from batches.excursions.rules.excursions import State, evaluate, evaluation_content, rule_from
from batches.readings.rules.signals import clean, joined_signal, signal_of
from gatekeeper.core.refusal import Refusal

SECOND = 1_000_000
RULES = [
    rule_from(
        {
            "code": "ph",
            "version": 1,
            "parameter": "ph",
            "unit": "pH",
            "direction": "both",
            "max_gap_s": 5,
            "min_coverage": "0.95",
            "stuck_s": 8,
        }
        | more
    )
    for more in (
        {
            "signal_type": "linear",
            "kind": "duration",
            "alert_low": "6.8",
            "alert_high": "7.8",
            "action_low": "6.5",
            "action_high": "8.0",
            "t_on_s": 2,
            "t_off_s": 2,
            "t_merge_s": 3,
            "deadband": "0.1",
        },
        {
            "signal_type": "linear",
            "kind": "cumulative_time",
            "accumulate_below": "6.5",
            "accumulate_above": "8.0",
            "action_total": 5,
        },
        {"signal_type": "hold", "kind": "instant", "action_low": "6.5", "action_high": "8.0", "stuck_s": None},
        {"signal_type": "event", "kind": "instant", "action_high": "8.0", "direction": "high", "stuck_s": None},
    )
]
samples = st.lists(
    st.tuples(
        st.integers(0, 60).map(lambda s: s * SECOND),
        st.sampled_from([6.4, 6.5, 6.7, 7.2, 7.21, 7.8, 7.9, 8.0, 8.3, float("nan")]),
        st.sampled_from([192, 192, 192, 192, 0]),
    ),
    max_size=60,
)


def content_of(rows, one, *, parts=1):
    pieces = [
        signal_of([r[0] for r in rows[k::parts]], [r[1] for r in rows[k::parts]], [r[2] for r in rows[k::parts]])
        for k in range(parts)
    ]
    return evaluation_content(evaluate(joined_signal(pieces), one, start=0, end=60 * SECOND))


@given(samples, st.randoms(use_true_random=False), st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_order_duplicates_and_frames_do_not_change_the_result(rows, random, parts):
    shuffled = rows + [row for row in rows if random.random() < 0.4]
    random.shuffle(shuffled)
    for one in RULES:
        assert content_of(rows, one) == content_of(shuffled, one, parts=parts)


@given(samples)
@settings(max_examples=200, deadline=None)
def test_coverage_and_gaps_fill_the_step(rows):
    signal = signal_of([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    for one in RULES[:3]:
        found = evaluate(signal, one, start=0, end=60 * SECOND)
        lost = sum(gap.ended_us - gap.started_us for gap in found.gaps)
        assert found.coverage == (Decimal(60 * SECOND - lost) / (60 * SECOND)).quantize(Decimal("0.000001"))
        for excursion in found.excursions:
            assert 0 <= excursion.duration_s <= 60
            assert excursion.ended_us is None or excursion.started_us <= excursion.ended_us
        if found.coverage < Decimal("0.95"):
            assert found.state is State.ACTION


def at_seconds(values, times=None, quality=None):
    return signal_of([t * SECOND for t in (times or range(len(values)))], values, quality)


def test_the_same_sample_twice_is_one():
    once, twice = at_seconds([7.0, 7.1]), at_seconds([7.1, 7.0, 7.1], [1, 0, 1])
    assert clean(twice).times.tolist() == once.times.tolist()
    assert clean(twice).values.tolist() == once.values.tolist()
    assert clean(twice).good.all()


def test_two_values_for_one_time_make_the_interval_unknown_however_short():
    signal = at_seconds([7.0, 7.1, 9.9, 7.0, 7.0], [0, 1, 1, 2, 3])
    found = evaluate(signal, RULES[0], start=0, end=3 * SECOND)
    [gap] = found.gaps
    assert (gap.started_us, gap.ended_us, gap.reason) == (0, 2 * SECOND, "conflict")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_a_value_that_is_no_number_is_not_good(bad):
    assert clean(at_seconds([7.0, bad, 7.0])).good.tolist() == [True, False, True]


def test_bad_quality_and_values_out_of_the_sensors_range_are_not_good():
    cleaned = clean(
        at_seconds([7.0, 7.0, 15.0, -1.0], quality=[192, 0, 192, 192]), sensor_low=Decimal(0), sensor_high=Decimal(14)
    )
    assert cleaned.good.tolist() == [True, False, False, False]


def test_a_sample_with_one_bad_copy_is_not_good():
    assert clean(at_seconds([7.0, 7.0], [0, 0], [192, 0])).good.tolist() == [False]


def test_a_frozen_value_is_excluded_only_when_it_lasts_too_long():
    values = [7.0, 7.1, 7.1, 7.1, 7.1, 7.2]
    assert clean(at_seconds(values), stuck_s=Decimal(3)).good.all()
    assert clean(at_seconds(values), stuck_s=Decimal(2)).good.tolist() == [True, False, False, False, False, True]


def test_the_same_value_on_both_sides_of_a_gap_is_not_frozen():
    signal = at_seconds([7.1, 7.1], [0, 100])
    assert clean(signal, stuck_s=Decimal(10), max_gap_s=Decimal(5)).good.all()


def test_excluded_samples_are_a_gap_with_its_reason():
    signal = at_seconds([7.0, 7.1, 7.0], [0, 4, 8], [192, 0, 192])
    [gap] = evaluate(signal, RULES[0], start=0, end=8 * SECOND).gaps
    assert gap.reason == "excluded"


def test_a_step_that_ends_before_it_starts_is_refused():
    with pytest.raises(Refusal) as refused:
        evaluate(at_seconds([7.0]), RULES[0], start=1, end=0)
    assert refused.value.code == "window_ends_before_start"


def test_columns_of_different_length_are_refused():
    with pytest.raises(Refusal) as refused:
        signal_of([1, 2], [7.0])
    assert refused.value.code == "columns_differ_in_length"


def test_a_derived_signal_lives_at_the_times_that_all_inputs_share():
    derived = derive(
        Derived.COND25,
        {"conductivity": at_seconds([40.0, 40.0, 40.0]), "temperature": at_seconds([20.0, 20.0], [1, 2], [192, 0])},
    )
    assert derived.times.tolist() == [SECOND, 2 * SECOND]
    assert derived.good.tolist() == [True, False]
    assert derived.values[0] == pytest.approx(44.44444, abs=5e-6)


@pytest.mark.parametrize(
    ("derived", "inputs", "code"),
    [
        (Derived.TMP, {"feed_pressure": at_seconds([1.0])}, "derived_input_missing"),
        (Derived.WALL_SHEAR, {"flow": at_seconds([1.0])}, "geometry_required"),
    ],
)
def test_a_derived_signal_without_its_inputs_is_refused(derived, inputs, code):
    with pytest.raises(Refusal) as refused:
        derive(derived, inputs)
    assert refused.value.code == code


def test_no_parts_make_an_empty_signal():
    assert np.array_equal(joined_signal([]).times, np.zeros(0))
