"""Issue 3, People: the few numbers of a lot, and where a lot stands among the earlier lots of its product."""

from dataclasses import replace
from decimal import Decimal

from batches.excursions.rules.exposure import Bound, exposure
from batches.excursions.rules.measures import TIME, measures_of, standing
from tests.excursions.test_rules_exposure import recorded

ROOM = {
    "code": "room", "version": 1, "parameter": "temperature", "unit": "Cel", "signal_type": "hold",
    "kind": "cumulative_time", "direction": "high", "accumulate_above": "8", "action_total": "7200",
}  # fmt: skip
WARM = {
    "code": "warm", "version": 1, "parameter": "temperature", "unit": "Cel", "signal_type": "hold", "kind": "duration",
    "direction": "high", "action_high": "8",
}  # fmt: skip


def test_totals_come_first_and_then_the_times_outside_of_each_signal():
    found = measures_of(exposure([], phases=[]))
    assert [result.key for result in found] == [
        "pump_passes", "shear_dose", "shear_excess_dose", "particle_shear_dose", "residual_potency",
    ]  # fmt: skip
    assert {result.value for result in found} == {None}


def time_of(rows, phases=("L8", "L10")):
    (time,) = (measure for measure in measures_of(exposure(rows, phases=phases)) if measure.kind == TIME)
    return time


def warm(seconds, phase="L10", rule=ROOM, whole=600):
    """A phase that was at 20 °C for so long and at 5 °C before and after; the signal steps."""
    return recorded(rule, phase=phase, seconds=whole, temperature={0: 5.0, 10: 20.0, 10 + seconds: 5.0, whole: 5.0})[0]


def test_times_of_several_phases_are_added_and_of_several_sources_the_longer_is_taken():
    rows = [warm(60, "L8"), *(replace(warm(seconds), rule=f"room@{seconds}") for seconds in (100, 120, 20))]
    time = time_of(rows)
    assert (time.key, time.value, time.unit) == ("time_outside:temperature:high:8", Decimal(180), "s")
    assert (time.bound, time.phases, time.without) == (Bound.EXACT, ("L8", "L10"), ())


def test_what_was_not_measured_is_no_time_and_makes_the_sum_a_bound():
    nothing = recorded(ROOM, phase="L10")
    time = time_of([warm(60, "L8"), *nothing])
    assert (time.value, time.bound, time.without) == (Decimal(60), Bound.AT_LEAST, ("L10",))
    assert time_of(nothing).value is None


def test_a_rule_of_single_departures_says_the_time_only_where_no_rule_of_a_total_does():
    assert time_of([warm(30, rule=WARM)]).value == 30
    assert time_of([warm(30, rule=WARM), warm(90)]).value == 90


def test_a_lot_stands_below_within_or_above_the_earlier_ones():
    earlier = [Decimal(10), None, Decimal(30), Decimal(20)]
    found = standing(Decimal(25), earlier)
    assert (found.median, found.low, found.high, found.lots, found.above) == (20, 10, 30, 3, 1)
    assert [found.place(Decimal(row)) for row in (9, 10, 30, 31)] == ["below", "within", "within", "above"]
    assert found.place(None) == "unknown"
    assert standing(None, earlier).above == 0
    assert standing(Decimal(1), [None]).place(Decimal(1)) == "alone"
