"""E-a: what is said of speed is measured beside its floor, checked, and called noisy where the machine is."""

import subprocess
import sys

import pytest

from tests.bench.rounds import Case, Goal, Measurement, is_noisy, measure, worse_half
from tests.bench.system import ROOT

MORE = Goal("ratio ≥ 0.25", 0.25)
LESS = Goal("ratio ≤ 1.5", 1.5, at_least=False)


def measured(values, floors, goal=MORE, *, wrong=(), faults=()):
    """A case whose floor and value are read from lists; the first of each warms up."""
    value, floor = iter([values[0], *values]), iter([floors[0], *floors])

    def run():
        return Measurement(next(value), faults=tuple(faults))

    case = Case("case", "1/s", goal, lambda: next(floor), run, lambda: list(wrong))
    result = measure(case, len(values))
    result.crowding = []
    return result


def test_a_goal_passes_when_both_halves_reach_it():
    result = measured([0.3, 0.4, 0.3, 0.5], [1, 1, 1, 1])
    assert result.verdict == "pass"
    assert result.content() == {
        "ratio": 0.35, "floor": 1.0, "value": 0.35, "goal": "ratio ≥ 0.25", "verdict": "pass", "correct": True,
    }  # fmt: skip


def test_the_worse_half_decides():
    assert measured([0.9, 0.9, 0.1, 0.1], [1, 1, 1, 1]).verdict == "fail"
    assert measured([1.0, 1.0, 2.0, 2.0], [1, 1, 1, 1], LESS).verdict == "fail"
    assert worse_half([1, 2, 9], LESS) == 5.5


def test_a_floor_that_doubled_makes_no_verdict():
    assert measured([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 2.1]).verdict == "noisy"
    assert measured([0.1, 0.1, 0.1, 0.1], [1, 1, 1, 2.1]).verdict == "noisy"
    assert not is_noisy([1.0, 2.0])


@pytest.mark.parametrize("told", [{"wrong": ["two are missing"]}, {"faults": ["two are missing"]}])
def test_a_quick_wrong_answer_fails_even_on_a_noisy_machine(told):
    result = measured([9, 9, 9, 9], [1, 1, 1, 3], **told)
    assert (result.verdict, result.content()["correct"]) == ("fail", False)
    assert "two are missing" in result.faults


def test_the_first_round_warms_up_and_the_order_alternates():
    order = []
    case = Case(
        "case", "", MORE, lambda: order.append("floor") or 1.0, lambda: Measurement(order.append("case") or 1.0), list
    )
    assert len(measure(case, 2).values) == 2
    assert order == ["case", "floor", "floor", "case", "case", "floor"]


def test_a_case_without_a_goal_is_shown_and_not_judged():
    assert measured([5.0], [1.0], None).verdict == "no_goal"


def test_a_goal_in_milliseconds_is_not_judged_while_others_use_the_machine():
    result = measured([0.1], [1.0], Goal("< 1 ms", 1.0, at_least=False, absolute=True))
    for crowded, verdict in ((1.0, "pass"), (3.0, "noisy")):
        result.crowding = [crowded]
        assert result.verdict == verdict


def test_an_unknown_suite_is_named():
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only", "warp"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ran.returncode == 2
    assert "no such suite: warp" in ran.stderr
