"""2.2: each rule of a phase gives one verdict; a rule without its signal or geometry says unknown, and why."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from batches.excursions.rules.excursions import rule_from, rules_from
from batches.excursions.rules.geometry import geometry_content, module_of
from batches.excursions.rules.verdicts import PhaseReadings, Sent, conclusion_in, judged_parameters, newest_us, verdicts
from batches.readings.rules.parameters import sent_signal
from batches.readings.rules.signals import SECOND, signal_of
from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal

RULES = rules_from(
    tomllib.loads((Path(__file__).parents[2] / "batches/excursions/data/lv_rules.toml").read_text(encoding="utf-8"))
)
MODULE = {"n_fibres": 100, "diameter_mm": "1.0", "length_m": "0.30"}
MINUTES = 10


def _steady(value):
    times = np.arange(MINUTES * 60 + 1, dtype=np.int64) * SECOND
    return signal_of(times, np.full(len(times), value) + 1e-4 * np.sin(np.arange(len(times))))


def _readings(*sent, modules=(MODULE,), phase="L10"):
    return PhaseReadings(phase, 0, MINUTES * 60 * SECOND, complete=True, sent=sent, modules=modules)


def _named(found, name):
    return next(result for result in found if result.name == name)


def test_a_rule_of_another_phase_is_silent_and_one_without_its_signal_is_unknown():
    found = verdicts(_readings(Sent("TFF01", {"flow": _steady(1.5)})), RULES)
    assert {rule.code for rule in RULES if "L10" in rule.phases} == {result.rule.code for result in found}
    assert _named(found, "lv-ph").problem == "signal_missing"
    assert str(_named(found, "lv-ph").evaluation.state) != "normal"
    assert _named(found, "lv-wall-shear").problem == ""
    assert str(_named(found, "lv-wall-shear").evaluation.state) == "normal"


def test_two_sources_of_one_signal_are_judged_each_under_its_own_name():
    found = verdicts(_readings(Sent("A", {"ph": _steady(7.3)}), Sent("B", {"ph": _steady(9.0)})), RULES)
    assert str(_named(found, "lv-ph@A").evaluation.state) == "normal"
    worse = _named(found, "lv-ph@B")
    assert str(worse.evaluation.state) == "action"
    assert worse.keys
    assert all(key.endswith("@B") for key in worse.keys)


@pytest.mark.parametrize(
    ("modules", "problem"),
    [((), "geometry_missing"), ((MODULE, MODULE), "geometry_ambiguous"), (({},), "geometry_missing")],
)
def test_shear_without_one_geometry_is_unknown_and_says_why(modules, problem):
    shear = _named(verdicts(_readings(Sent("TFF01", {"flow": _steady(1.5)}), modules=modules), RULES), "lv-wall-shear")
    assert (shear.problem, shear.content["geometry"]) == (problem, None)
    with pytest.raises(Refusal) as refused:
        module_of(modules)
    assert refused.value.code == problem


def test_the_geometry_is_told_with_its_digits():
    assert geometry_content(module_of([MODULE])) == {
        "n_fibres": 100,
        "diameter_mm": "1.0",
        "length_m": "0.30",
        "density_kg_m3": "1000",
        "viscosity_mpa_s": "1",
    }


def test_only_what_the_rules_of_the_phase_need_is_read():
    assert {"flow", "ph", "conductivity", "temperature", "osmolality"} <= judged_parameters(RULES, "L10")
    assert judged_parameters(RULES, "L1") == frozenset()


def test_a_signal_comes_in_the_unit_of_its_parameter_and_what_a_sensor_cannot_measure_is_not_good():
    from decimal import Decimal

    millilitres = sent_signal(_steady(1500.0), unit="mL/min", code="flow", low=Decimal(0), high=Decimal(10_000))
    assert millilitres.values[0] == pytest.approx(1.5, rel=1e-3)
    beyond = sent_signal(_steady(1500.0), unit="mL/min", code="flow", low=Decimal(0), high=Decimal(1000))
    assert not beyond.good.any()
    same = sent_signal(_steady(7.3), unit="[pH]", code="ph", low=None, high=None)
    assert same.good.all()


def test_what_people_act_on_is_state_problem_and_excursions_not_how_far_it_has_come():
    surge = verdicts(_readings(Sent("A", {"ph": _steady(9.0)})), RULES)
    verdict = _named(surge, "lv-ph")
    content = verdict.content
    state, problem, spells = conclusion_in(content)
    assert conclusion_in(json.loads(canonical(content))) == verdict.conclusion
    assert (state, problem) == ("action", "")
    assert {level for _key, level, _ended in spells} == {"alert", "action"}
    assert conclusion_in(content | {"end_us": 1, "coverage": "0.5"}) == conclusion_in(content)
    assert conclusion_in(content | {"state": "normal"}) != conclusion_in(content)


def test_the_newest_moment_is_that_of_the_newest_sample():
    assert newest_us([signal_of([3, 9, 1], [1.0, 1.0, 1.0]), signal_of([], []), signal_of([4], [1.0])]) == 9
    assert newest_us([signal_of([], [])]) is None


POTENCY = rule_from(
    {
        "code": "potency",
        "version": 1,
        "parameter": "potency_loss",
        "unit": "{log10}/s",
        "derived": "potency_loss",
        "signal_type": "linear",
        "kind": "dose",
        "direction": "high",
        "accumulate_above": "0",
        "action_total": "0.1",
        "max_gap_s": "60",
        "half_lives": [{"low_cel": "2", "high_cel": "8", "hours": "0.5"}],
    }
)


def test_a_verdict_says_where_its_signal_came_from_and_what_potency_is_left():
    found = verdicts(_readings(Sent("A", {"temperature": _steady(5.0), "flow": _steady(1.5)})), [POTENCY, *RULES])
    potency, shear = _named(found, "potency").content, _named(found, "lv-wall-shear").content
    assert (potency["origin"]["equation"], potency["state"]) == ("E-9, E-10", "action")
    assert float(potency["residual"]) == pytest.approx(2 ** -(10 / 30), abs=1e-5)
    assert (shear["origin"]["equation"], shear["residual"]) == ("E-1", None)
    assert shear["origin"]["inputs"]["flow"]["samples"] == MINUTES * 60 + 1
    assert _named(found, "lv-ph").content["origin"] is None


def test_a_rate_is_shown_as_the_slope_that_was_judged():
    rise = rule_from(
        {
            "code": "rise",
            "version": 1,
            "parameter": "temperature",
            "unit": "Cel/min",
            "signal_type": "linear",
            "kind": "rate",
            "aggregation": "slope",
            "window_s": "120",
            "direction": "high",
            "action_high": "0.5",
            "max_gap_s": "10",
        }
    )
    times = np.arange(MINUTES * 60 + 1, dtype=np.int64)
    warming = signal_of((times * SECOND).tolist(), (5 + times / 60).tolist())
    (found,) = verdicts(_readings(Sent("A", {"temperature": warming})), [rise])
    assert str(found.evaluation.state) == "action"
    assert found.signal.values == pytest.approx(np.ones(len(found.signal.values)))
    assert int(found.signal.times[0]) == 120 * SECOND


def test_a_screened_cassette_has_no_verdict_on_shear_and_says_why():
    cassette = {"width_m": "1.0", "height_mm": "0.4", "area_m2": "0.5", "screened": True}
    found = verdicts(_readings(Sent("TFF01", {"flow": _steady(1.5)}), modules=(cassette,)), RULES)
    assert _named(found, "lv-wall-shear").problem == "shear_formula_not_valid"
    assert str(_named(found, "lv-wall-shear").evaluation.state) != "normal"
