"""E-9 to E-11: half-lives are data; nothing is extrapolated, and a mean temperature excuses nothing."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.excursions.rules.derivations import Constants, Derived, derive
from batches.excursions.rules.excursions import State, evaluate, rule_content, rule_from
from batches.excursions.rules.potency import (
    HalfLife,
    Matter,
    half_life_faults,
    half_lives_at,
    loss_rates,
    mean_kinetic_temperature,
    residual,
)
from batches.readings.rules.signals import signal_of
from gatekeeper.core.refusal import Refusal

SECOND = 1_000_000


def row(low, high, hours, matter=Matter.LIQUID):
    return HalfLife(Decimal(low), Decimal(high), Decimal(hours), matter)


TABLE = (row(2, 8, 96), row(15, 25, 36), row(37, 37, 10), row(-80, -65, 100_000, Matter.FROZEN))


@pytest.mark.parametrize(
    ("celsius", "hours"),
    [
        (2, 96),
        (8, 96),
        (15, 36),
        (25, 36),
        (37, 10),
        (-70, 100_000),
        (1.9, None),
        (37.1, None),
        (-20, None),
        (-81, None),
    ],
)
def test_a_half_life_is_that_of_its_row_and_unknown_beyond_the_table_or_across_a_change_of_state(celsius, hours):
    (found,) = half_lives_at(np.array([float(celsius)]), TABLE)
    assert np.isnan(found) if hours is None else found == hours


@given(st.floats(8, 15), st.floats(8, 15))
def test_between_two_rows_the_warmer_is_the_shorter(item, other):
    colder, warmer = half_lives_at(np.array([min(item, other), max(item, other)]), TABLE)
    assert 36 <= warmer <= colder <= 96


def test_a_temperature_without_a_half_life_makes_the_potency_unknown_not_whole():
    signal = derive(
        Derived.POTENCY_LOSS,
        {"temperature": signal_of([0, SECOND, 2 * SECOND], [5.0, 45.0, 5.0])},
        constants=Constants(half_lives=TABLE),
    )
    one = rule_from(
        {
            "code": "potency", "version": 1, "parameter": "potency_loss", "unit": "{log10}/s", "kind": "dose",
            "direction": "high", "signal_type": "linear", "accumulate_above": 0, "action_total": "0.1", "max_gap_s": 60,
        }
    )  # fmt: skip
    assert evaluate(signal, one, start=0, end=2 * SECOND).state is State.UNKNOWN


def test_loss_and_what_remains_agree():
    assert residual(loss_rates(np.array([5.0]), TABLE)[0] * 96 * 3600) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (TABLE, []),
        ((row(2, 8, 0),), ["half_life_not_positive"]),
        ((row(2, 8, 96), row(8, 15, 36)), ["half_lives_overlap"]),
        ((row(8, 2, 96),), ["half_lives_overlap"]),
        ((row(-300, 2, 96),), ["half_lives_overlap"]),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(rows, codes):
    assert [fault.code for fault in half_life_faults(rows)] == codes


@pytest.mark.parametrize(
    ("celsius", "matter", "excuses", "code"),
    [
        ([5.0], Matter.FROZEN, False, "mkt_of_frozen"),
        ([5.0], Matter.LIQUID, True, "mkt_excuses_excursion"),
        ([], Matter.LIQUID, False, "no_samples"),
    ],
)
def test_a_mean_kinetic_temperature_is_refused_where_it_must_not_be_used(celsius, matter, excuses, code):
    with pytest.raises(Refusal) as refused:
        mean_kinetic_temperature(np.array(celsius), matter=matter, excuses_excursion=excuses)
    assert refused.value.code == code


@given(st.lists(st.floats(-10, 60), min_size=1, max_size=9))
def test_a_mean_kinetic_temperature_lies_between_the_mean_and_the_warmest(celsius):
    column = np.array(celsius)
    found = mean_kinetic_temperature(column, matter=Matter.LIQUID, excuses_excursion=False)
    assert column.mean() - 1e-6 <= found <= column.max() + 1e-6


def test_a_table_is_part_of_its_rule_and_read_back_as_written():
    one = rule_from(
        {
            "code": "potency", "version": 1, "parameter": "potency_loss", "unit": "{log10}/s", "kind": "dose",
            "direction": "high", "signal_type": "linear",
            "half_lives": [
                {"low_cel": "2", "high_cel": "8", "hours": "96.0"},
                {"low_cel": "-80", "high_cel": "-65", "hours": 1000, "matter": "frozen", "basis": "[K]"},
            ],
        }
    )  # fmt: skip
    assert one.half_lives[1].matter is Matter.FROZEN
    assert rule_content(one)["half_lives"][0]["hours"] == "96.0"
    assert rule_from(rule_content(one)) == one
