"""X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15, X16: each worked case has its digits."""

from decimal import Decimal

import numpy as np
import pytest

from batches.excursions.rules import derived, potency
from batches.excursions.rules.derivations import Constants, Derived, derive
from batches.excursions.rules.excursions import State, evaluate, judged, rule_from
from batches.excursions.rules.geometry import Channel, HollowFibre
from batches.excursions.rules.potency import HalfLife, Matter
from batches.readings.rules.signals import signal_of

MINUTE = 60_000_000
HUNDRED = HollowFibre(100, Decimal("1.0"), Decimal("0.30"))
THIRTEEN = HollowFibre(13, Decimal("1.0"), Decimal("0.30"))
OPEN = Channel(Decimal("1.0"), Decimal("0.4"), Decimal("0.1"), screened=False)
X1 = derived.fibre_flow(1.5, HUNDRED)
ARRHENIUS = (HalfLife(Decimal(4), Decimal(4), Decimal(96)), HalfLife(Decimal(37), Decimal(37), Decimal(10)))
BANDS = (
    HalfLife(Decimal(2), Decimal(8), Decimal(96)),
    HalfLife(Decimal(15), Decimal(25), Decimal(36)),
    HalfLife(Decimal(37), Decimal(37), Decimal(10)),
)
SHEAR = [2000, 2500, 4500, 4500, 2500]


def half_life(celsius):
    return potency.half_lives_at(np.array([float(celsius)]), ARRHENIUS)[0]


def mkt(*celsius):
    temperatures = np.array(celsius, dtype=float)
    return potency.mean_kinetic_temperature(temperatures, matter=Matter.LIQUID, excuses_excursion=False)


def minutes(values, times=None):
    return signal_of([round(at * MINUTE) for at in times or range(len(values))], values)


def rule(**fields):
    base = {"code": "x", "version": 1, "parameter": "x", "unit": "1", "signal_type": "linear", "direction": "high"}
    return rule_from(base | {"kind": "duration", "max_gap_s": "180"} | fields)


def judge(signal, **fields):
    return evaluate(signal, rule(**fields), start=0, end=int(signal.times.max()))


def total(kind, above, signal, limit=10**9):
    return judge(signal, kind=kind, accumulate_above=str(above), action_total=limit)


@pytest.mark.parametrize(
    ("case", "found", "expected", "digits"),
    [
        ("X1 velocity, m/s", X1.velocity, 0.3183099, 7),
        ("X1 wall shear, 1/s", X1.shear, 2546.479, 3),
        ("X1 wall shear as 8v/d", 8 * X1.velocity / 0.001, 2546.479, 3),
        ("X1 Reynolds number", X1.reynolds, 318.3, 1),
        ("X1 shear stress, Pa", derived.wall_stress(np.array([1.5]), HUNDRED)[0], 2.546479, 6),
        ("X2 wall shear, 1/s", derived.wall_shear(np.array([1.0]), THIRTEEN)[0], 13_058.87, 2),
        ("X3 open channel, 1/s", derived.wall_shear(np.array([1.0]), OPEN)[0], 625, 9),
        ("X4 dose", derived.dose(np.arange(5) * 60.0, np.array(SHEAR, dtype=float)), 825_000, 9),
        ("X4 dose of a rule", total("dose", 0, minutes(SHEAR)).dose, 825_000, 9),
        ("X4 time above 4 000, s", total("cumulative_time", 4000, minutes(SHEAR)).time_above, 90, 9),
        ("X4 excess dose", total("dose", 4000, minutes(SHEAR)).dose, 37_500, 9),
        ("X5 concentration, passes", derived.pump_passes(1.5, 90, start_l=10, end_l=1), 34.53878, 5),
        ("X5 diafiltration, passes", derived.pump_passes(1.5, 40, start_l=1, end_l=1), 60, 9),
        ("X6 lumen, mL", HUNDRED.lumen_ml, 23.56194, 5),
        ("X6 dose of a particle", derived.particle_dose(X1.shear * 2400, HUNDRED, system_ml=1000), 144_000, 6),
        ("X7 TMP, bar", derived.transmembrane_pressure(*(np.array([p]) for p in (1.2, 0.6, 0.1)))[0], 0.8, 9),
        ("X8 exponent", potency.log10_loss([(24, 96), (3, 36), (2, 10)]) / np.log10(2), 0.5333333, 7),
        ("X8 remaining", potency.residual(potency.log10_loss([(24, 96), (3, 36), (2, 10)])), 0.6909564, 7),
        ("X8 loss, log10", potency.log10_loss([(24, 96), (3, 36), (2, 10)]), 0.1605493, 7),
        ("X9 remaining", potency.residual(potency.log10_loss([(4, 35)])), 0.9238396, 7),
        ("X10 activation energy, J/mol", potency.activation_energy(*ARRHENIUS), 48_983.98, 2),
        ("X10 half-life at 8 °C, h", half_life(8), 70.94584, 5),
        ("X10 half-life at 15 °C, h", half_life(15), 42.64312, 5),
        ("X10 half-life at 22 °C, h", half_life(22), 26.25775, 5),
        ("X10 half-life at 25 °C, h", half_life(25), 21.47984, 5),
        ("X11 of 5, 5, 5, 25 °C", mkt(5, 5, 5, 25), 15.13218, 5),
        ("X11 of 4, 6, 14 °C", mkt(4, 6, 14), 9.169359, 6),
        ("X12 at 25 °C, mS/cm", derived.conductivity_at_25(np.array([40.0]), np.array([20.0]))[0], 44.44444, 5),
        ("X13 slope, °C/min", derived.slope(np.arange(6.0), np.array([5.0, 5.1, 5.4, 5.9, 6.3, 6.8])), 0.3742857, 7),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_worked_case_has_its_digits(case, found, expected, digits):
    assert float(found) == pytest.approx(expected, abs=0.5 * 10**-digits), case


@pytest.mark.parametrize(
    ("case", "value", "alert", "action", "state"),
    [
        ("X2", "13058.87", "4000", "6000", State.ACTION),
        ("X5", "94.53878", "80", "100", State.ALERT),
        ("X7", "0.80", "0.5", "0.8", State.ALERT),
    ],
)
def test_a_worked_case_has_its_verdict(case, value, alert, action, state):
    assert judged(Decimal(value), rule(alert_high=alert, action_high=action)) is state, case


def by_second(length_min, flow, volume):
    times = [at * 1_000_000 for at in range(length_min * 60 + 1)]
    volumes = [volume(at / 60) for at in range(length_min * 60 + 1)]
    return {"flow": signal_of(times, [flow] * len(times)), "volume": signal_of(times, volumes)}


def test_x5_the_passes_of_a_recorded_concentration_and_diafiltration_are_an_alert():
    limits = {"kind": "dose", "accumulate_above": 0, "alert_total": 80, "action_total": 100}
    begun = by_second(90, 1.5, lambda at: 10 - at / 10)
    held = by_second(40, 1.5, lambda _at: 1.0)
    doses = [total("dose", 0, derive(Derived.PUMP_PASSES, row)).dose for row in (begun, held)]
    assert [float(dose) for dose in doses] == [pytest.approx(34.53878, abs=1e-5), pytest.approx(60, abs=1e-6)]
    whole = by_second(130, 1.5, lambda at: max(10 - at / 10, 1.0))
    found = judge(derive(Derived.PUMP_PASSES, whole), **limits)
    assert (float(found.dose), found.state) == (pytest.approx(94.53878, abs=1e-5), State.ALERT)


def test_x6_the_dose_of_a_particle_over_a_recorded_diafiltration():
    signal = derive(Derived.PARTICLE_SHEAR, by_second(40, 1.5, lambda _at: 1.0), HUNDRED)
    assert float(total("dose", 0, signal).dose) == pytest.approx(144_000, abs=1e-3)


def test_x8_the_loss_of_recorded_temperatures():
    begun = [at * 60 * MINUTE for at in (0, 24, 27)]
    ended = [at * 60 * MINUTE - 1 for at in (24, 27, 29)]
    times, celsius = [*begun, *ended], [5, 20, 37] * 2
    signal = derive(
        Derived.POTENCY_LOSS, {"temperature": signal_of(times, celsius)}, constants=Constants(half_lives=BANDS)
    )
    found = judge(signal, kind="dose", accumulate_above=0, action_total="0.2", max_gap_s=24 * 3600)
    assert float(found.dose) == pytest.approx(0.1605493, abs=1e-6)
    assert potency.residual(float(found.dose)) == pytest.approx(0.6909564, abs=5e-6)


def test_x13_the_slope_over_a_window_that_is_fully_covered():
    one = {"kind": "rate", "aggregation": "slope", "window_s": 300, "unit": "Cel/min", "max_gap_s": 120}
    signal = minutes([5.0, 5.1, 5.4, 5.9, 6.3, 6.8])
    assert judge(signal, **one, action_high="0.37").state is State.ACTION
    [excursion] = judge(signal, **one, action_high="0.37").excursions
    assert float(excursion.peak) == pytest.approx(0.3742857, abs=5e-8)
    assert judge(signal, **one, action_high="0.3743").state is State.NORMAL
    assert judge(minutes([5.0, 9.0, 15.0, 22.0]), **one, action_high="0.37").excursions == ()


X14 = [7.8, 8.2, 8.3, 7.9, 8.4, 8.4, 8.6, 8.5, 7.6, 7.4, 7.4, 7.3]


@pytest.mark.parametrize(
    ("t_on_min", "spells"),
    [(5, []), (4, [("3.20", "8.50", "5.30")]), (Decimal("4.3555"), [("3.20", "8.50", "5.30")]), (Decimal("4.356"), [])],
)
def test_x14_on_delay_and_hysteresis(t_on_min, spells):
    found = judge(minutes(X14), action_high="8.0", deadband="0.5", t_on_s=t_on_min * 60, t_off_s=120)
    assert [
        tuple(
            f"{at / MINUTE:.2f}" for at in (excursion.started_us, excursion.ended_us, float(excursion.duration_s) * 1e6)
        )
        for excursion in found.excursions
    ] == spells


def test_x15_a_gap_of_seven_minutes_leaves_thirty_percent():
    found = judge(minutes([5.0] * 5, [0, 1, 2, 9, 10]), action_high=8, min_coverage="0.95")
    assert [(gap.started_us / MINUTE, gap.ended_us / MINUTE) for gap in found.gaps] == [(2, 9)]
    assert (found.coverage, found.state) == (Decimal("0.3"), State.ACTION)


def test_x16_a_late_point_in_action_makes_another_verdict_and_leaves_the_first():
    before = judge(minutes([5.0] * 8, [0, 1, 2, 3, 4, 6, 7, 8]), action_high=8, kind="instant")
    kept = hash(before)
    after = judge(minutes([5.0] * 8 + [9.0], [0, 1, 2, 3, 4, 6, 7, 8, 5]), action_high=8, kind="instant")
    assert (before.state, after.state, hash(before)) == (State.NORMAL, State.ACTION, kept)
