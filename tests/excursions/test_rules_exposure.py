"""domain.md 2.4, X4 and X8: what a vector went through is what was recorded; what nobody measured is not zero."""

from decimal import Decimal

import pytest

from batches.excursions.rules.excursions import State, rule_from
from batches.excursions.rules.exposure import Bound, Measure, Recorded, exposure
from batches.excursions.rules.verdicts import PhaseReadings, Sent, verdicts
from batches.readings.rules.signals import signal_of

SECOND = 1_000_000
MODULE = {"n_fibres": "13", "diameter_mm": "1.0", "length_m": "0.30", "equipment": "TFF-1", "version": 1}
SHEAR = {
    "code": "shear", "version": 1, "parameter": "wall_shear", "unit": "1/s", "derived": "wall_shear",
    "requires_geometry": True, "signal_type": "linear", "kind": "duration", "direction": "high",
    "alert_high": "4000", "action_high": "6000",
}  # fmt: skip
DOSE = {
    "code": "dose", "version": 1, "parameter": "wall_shear", "unit": "1/s", "derived": "wall_shear",
    "requires_geometry": True, "signal_type": "linear", "kind": "dose", "direction": "high",
    "accumulate_above": "0", "action_total": "9000000",
}  # fmt: skip
PASSES = {
    "code": "passes", "version": 1, "parameter": "pass_rate", "unit": "{pass}/s", "derived": "pass_rate",
    "signal_type": "linear", "kind": "dose", "direction": "high", "accumulate_above": "0", "alert_total": "80",
    "action_total": "100",
}  # fmt: skip
POTENCY = {
    "code": "potency", "version": 3, "parameter": "potency_loss", "unit": "{log10}/s", "derived": "potency_loss",
    "signal_type": "linear", "kind": "dose", "direction": "high", "accumulate_above": "0", "action_total": "0.1",
    "basis": "Measured by ourselves.",
    "half_lives": [
        {"low_cel": "2", "high_cel": "8", "hours": "96"},
        {"low_cel": "37", "high_cel": "37", "hours": "10", "basis": "R9"},
    ],
}  # fmt: skip
PH = {
    "code": "ph", "version": 1, "parameter": "ph", "unit": "[pH]", "signal_type": "linear", "kind": "instant",
    "direction": "both", "alert_low": "6.8", "alert_high": "7.8", "action_low": "6.5", "action_high": "8.0",
    "max_gap_s": "60",
}  # fmt: skip
X4 = {0: 2000, 60: 2500, 120: 4500, 180: 4500, 240: 2500}


def flow_of(shear):
    """The flow in L/min that gives this wall shear in the module (X2: 1 L/min gives 13 058.87 1/s)."""
    return shear / (4 * 1 / 60_000 / (13 * 3.141592653589793 * 0.0005**3))


def recorded(*rules, phase="L10", seconds=240, complete=True, deviations=(), **values):
    """What the real verdicts over these samples (parameter -> second -> value) record of a phase."""
    signals = {name: signal_of([at * SECOND for at in row], list(row.values())) for name, row in values.items()}
    readings = PhaseReadings(phase, 0, seconds * SECOND, complete, (Sent("TFF01", signals),), (MODULE,))
    found = verdicts(readings, [rule_from({"phases": [phase], **rule}) for rule in rules])
    return [Recorded(phase, "UF/DF", result.name, "SET 1", 2, complete, result.content, deviations) for result in found]


def x4():
    return {at: flow_of(shear) for at, shear in X4.items()}


def total(found, measure):
    return next(row for row in found.totals if row.measure is measure)


def test_the_shear_of_x4_is_outside_for_ninety_seconds_with_its_dose():
    (one,) = recorded(SHEAR, flow=x4(), deviations=("BR-1-D01",))
    found = exposure([one], phases=["L9", "L10"])
    (row,) = found.rows
    assert (row.phase, row.name, row.rule_set, row.version, row.final) == ("L10", "shear", "SET 1", 2, True)
    assert (row.state, row.measured, row.coverage) == (State.ALERT, True, 1)
    assert (row.time_outside, row.excess_dose, row.worst) == (90, 37500, 4500)
    assert (row.beyond, row.deviations, found.phases) == ((("high", 4000),), ("BR-1-D01",), ("L9", "L10"))
    assert (row.durations.inside, row.durations.alert, row.durations.action, row.durations.unknown) == (150, 90, 0, 0)
    assert row.durations.whole == 240
    excess = total(found, Measure.SHEAR_EXCESS)
    assert (excess.value, excess.beyond, excess.bound, excess.phases) == (37500, 4000, Bound.EXACT, ("L10",))


def test_a_dose_counted_from_nothing_is_a_total_and_no_time_outside():
    found = exposure(recorded(DOSE, flow=x4()), phases=["L10"])
    assert found.rows[0].time_outside is None
    assert total(found, Measure.SHEAR_DOSE).value == Decimal(825_000)
    assert (total(found, Measure.SHEAR_EXCESS).value, total(found, Measure.SHEAR_EXCESS).beyond) == (None, None)


def test_passes_of_two_phases_are_added_and_two_rules_of_one_phase_are_not():
    constant = {"flow": {0: 1.0, 2400: 1.0}, "volume": {0: 1.0, 2400: 1.0}}
    first = recorded(PASSES, {**PASSES, "code": "again"}, seconds=2400, **constant)
    second = recorded(PASSES, phase="L11", seconds=2400, **constant)
    passes = total(exposure([*first, *second], phases=["L10", "L11"]), Measure.PUMP_PASSES)
    assert (passes.value, passes.phases, passes.bound) == (80, ("L10", "L11"), Bound.EXACT)


def test_of_two_doses_of_one_phase_the_larger_is_taken():
    low, high = ({0: row, 240: row} for row in (0.1, 0.2))
    volume = {0: 1.0, 240: 1.0}
    rows = [*recorded(PASSES, flow=low, volume=volume), *recorded(PASSES, flow=high, volume=volume)]
    assert total(exposure(rows, phases=["L10"]), Measure.PUMP_PASSES).value == Decimal("0.8")


def test_residual_potency_is_the_product_over_phases_with_what_it_assumes():
    cold, warm = {0: 5.0, 86_400: 5.0}, {0: 37.0, 7200: 37.0}
    rows = [
        *recorded(POTENCY, phase="L10", seconds=86_400, temperature=cold),
        *recorded(POTENCY, phase="L11", seconds=7200, temperature=warm),
    ]
    found = exposure(rows, phases=["L10", "L11"])
    left = total(found, Measure.RESIDUAL)
    # X9's way: 2^-(24/96 + 2/10) = 0.732043, each phase recorded to six decimals.
    assert abs(left.value - Decimal("0.732043")) <= Decimal("0.000002")
    assert (left.bound, left.phases, left.without) == (Bound.EXACT, ("L10", "L11"), ())
    (assumed,) = found.assumptions
    assert (assumed.rule, assumed.version, assumed.rule_set, assumed.phases) == ("potency", 3, "SET 1", ("L10", "L11"))
    assert (assumed.equation, assumed.basis) == ("E-9, E-10", "Measured by ourselves.")
    assert [row.hours for row in assumed.half_lives] == [96, 10]


def test_no_data_is_never_a_whole_potency():
    found = exposure(recorded(POTENCY, SHEAR), phases=["L10"])
    left = total(found, Measure.RESIDUAL)
    assert (left.value, left.phases, left.without) == (None, (), ("L10",))
    assert [(row.measured, row.time_outside, row.excess_dose, row.worst) for row in found.rows] == [
        (False, None, None, None)
    ] * 2
    assert (found.rows[0].problem, found.assumptions[0].equation) == ("signal_missing", "")


def test_temperatures_without_a_half_life_leave_no_residual():
    found = exposure(recorded(POTENCY, temperature={0: 50.0, 240: 50.0}), phases=["L10"])
    assert (total(found, Measure.RESIDUAL).value, found.rows[0].state) == (None, State.UNKNOWN)


def test_a_residual_that_was_never_recorded_counts_as_no_data():
    (one,) = recorded(POTENCY, temperature={0: 5.0, 240: 5.0})
    old = Recorded("L10", "", "potency", "SET 1", 1, True, {**one.content, "residual": None})
    left = total(exposure([old], phases=["L10"]), Measure.RESIDUAL)
    assert (left.value, left.without) == (None, ("L10",))


def test_a_loss_counted_above_something_is_no_residual():
    rule = {**POTENCY, "accumulate_above": "0.000001"}
    found = exposure(recorded(rule, temperature={0: 5.0, 240: 5.0}), phases=["L10"])
    assert (total(found, Measure.RESIDUAL).value, found.assumptions) == (None, ())


GAPPY = dict.fromkeys((*range(0, 60, 10), *range(120, 241, 10)), 1.0)


@pytest.mark.parametrize(
    ("modes", "dose_bound", "left_bound"),
    [
        (("unknown",), Bound.AT_LEAST, Bound.AT_MOST),
        (("worst_case",), Bound.AT_MOST, Bound.AT_LEAST),
        (("unknown", "worst_case"), Bound.UNCERTAIN, Bound.UNCERTAIN),
    ],
)
def test_unknown_time_makes_a_total_a_bound(modes, dose_bound, left_bound):
    rows = []
    for place, mode in enumerate(modes):
        gaps = {"gap_mode": mode, "max_gap_s": "30"}
        worst = {"action_high": "20000"} if mode == "worst_case" else {}
        loss = {"action_high": "0.001"} if mode == "worst_case" else {}
        phase = f"L{place}"
        rows += recorded({**DOSE, **gaps, **worst}, phase=phase, flow=GAPPY)
        rows += recorded({**POTENCY, **gaps, **loss}, phase=phase, temperature=dict.fromkeys(GAPPY, 5.0))
    found = exposure(rows, phases=["L0", "L1"])
    assert total(found, Measure.SHEAR_DOSE).bound is dose_bound
    assert total(found, Measure.RESIDUAL).bound is left_bound


def test_a_phase_without_data_beside_a_measured_one_makes_a_lower_bound():
    rows = [*recorded(DOSE, flow=x4()), *recorded(DOSE, phase="L11")]
    dose = total(exposure(rows, phases=["L10", "L11"]), Measure.SHEAR_DOSE)
    assert (dose.value, dose.bound, dose.phases, dose.without) == (825_000, Bound.AT_LEAST, ("L10",), ("L11",))


def test_time_is_unknown_even_within_an_excursion_and_action_comes_before_alert():
    # Above 8.0 from 60 s on, without a reading from 120 s to 240 s; 7.9 at 300 s is alert alone.
    values = {0: 7.0, 30: 7.0, 60: 9.0, 90: 9.0, 120: 9.0, 240: 9.0, 270: 9.0, 300: 7.9, 330: 7.0}
    (row,) = exposure(recorded(PH, seconds=330, ph=values), phases=["L10"]).rows
    assert row.durations.unknown == 120
    assert (row.state, row.worst) == (State.ACTION, 9)
    # Linear crossings: 8.0 at 45 s and 270 + 30/1.1 s; 7.8 at 42 s and 300 + 30/9 s.
    assert row.durations.action == pytest.approx(Decimal(75) + 30 + Decimal("27.272727"), abs=Decimal("0.00001"))
    assert row.durations.alert == pytest.approx(Decimal(3) + Decimal("6.060606"), abs=Decimal("0.00001"))
    assert row.durations.whole == 330
    assert row.beyond == (("high", Decimal("7.8")), ("low", Decimal("6.8")))


def test_an_excursion_that_lasts_reaches_to_where_the_evaluation_has_come():
    (row,) = exposure(recorded(PH, complete=False, ph={0: 9.0, 60: 9.0, 120: 9.0, 180: 9.0, 240: 9.0}), phases=[]).rows
    assert (row.final, row.durations.action, row.durations.inside) == (False, 240, 0)


@pytest.mark.parametrize(
    ("limits", "alert", "action"),
    [
        ({"alert_total": "60", "action_total": "100"}, 90, 0),
        ({"alert_total": "60", "action_total": "80"}, 0, 90),
        ({"action_total": "100"}, 0, 0),
    ],
)
def test_time_counted_in_all_has_the_level_that_it_reached(limits, alert, action):
    rule = {**SHEAR, "kind": "cumulative_time", "alert_high": None, "action_high": None, "accumulate_above": "4000"}
    (row,) = exposure(recorded({**rule, **limits}, flow=x4()), phases=[]).rows
    assert (row.time_outside, row.durations.alert, row.durations.action) == (90, alert, action)


def test_a_total_that_takes_gaps_as_the_worst_counts_their_time_once():
    rule = {
        **SHEAR, "kind": "cumulative_time", "alert_high": None, "action_high": "20000", "accumulate_above": "4000",
        "action_total": "10", "gap_mode": "worst_case", "max_gap_s": "30",
    }  # fmt: skip
    (row,) = exposure(recorded(rule, flow=GAPPY), phases=[]).rows
    assert (row.bounded, row.durations.unknown, row.durations.action, row.durations.inside) == (True, 70, 170, 0)


def test_too_few_readings_are_an_excursion_without_a_value():
    (row,) = exposure(recorded({**PH, "min_coverage": "0.95"}, ph={0: 7.0, 30: 7.0}), phases=[]).rows
    assert (row.state, row.worst, row.durations.unknown, row.durations.action) == (State.ACTION, None, 210, 0)


def test_a_rule_that_also_counts_below_a_limit_adds_nothing_to_the_excess():
    both = {**SHEAR, "direction": "both", "alert_low": "10", "action_low": "5"}
    assert total(exposure(recorded(both, flow=x4()), phases=[]), Measure.SHEAR_EXCESS).value is None


def test_nothing_monitored_is_nothing_said():
    found = exposure([], phases=["L1"])
    assert (found.rows, found.assumptions) == ((), ())
    assert {row.value for row in found.totals} == {None}
