"""2.2.11, C-1, rule record: what a rule names can be evaluated, or the rule is refused by a code before it is saved."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.excursions.rules.derivations import DERIVATIONS
from batches.excursions.rules.excursion_rules import RuleKind, rule_from, rules_from
from batches.excursions.rules.excursions import evaluate, evaluation_content
from batches.excursions.rules.geometry import HollowFibre
from batches.excursions.rules.judging import in_unit_of, judged_signal, needed_parameters
from batches.excursions.rules.rule_checks import SEVERITIES, save_faults
from batches.readings.rules.signals import signal_of
from gatekeeper.core.refusal import Refusal

DATA = Path(__file__).parents[2] / "batches/excursions/data"
TEMPERATURE = {
    "code": "t",
    "version": 1,
    "parameter": "temperature",
    "unit": "Cel",
    "signal_type": "linear",
    "kind": "duration",
    "direction": "high",
    "action_high": 8,
    "max_gap_s": 10,
}
TIME = {"kind": "cumulative_time", "action_high": None, "accumulate_above": 8, "action_total": 60}
DOSE = TIME | {"kind": "dose"}
COUNT = TIME | {"kind": "count", "action_total": 1}
RATE = {"kind": "rate", "unit": "Cel/min", "aggregation": "slope", "window_s": 300}
SHEAR = {"parameter": "wall_shear", "unit": "1/s", "derived": "wall_shear", "requires_geometry": True}
SALT = {"parameter": "salt", "unit": "mol/L", "derived": "salt", "salt_points": [["0", "0"], ["45", "0.5"]]}
ROW = {"low_cel": "2", "high_cel": "8", "hours": "96"}
POTENCY = DOSE | {"parameter": "potency_loss", "unit": "{log10}/s", "derived": "potency_loss", "half_lives": [ROW]}


def codes_of(*changes):
    given_rule = dict(TEMPERATURE)
    for change in changes:
        given_rule |= change
    return [fault.code for fault in save_faults(rule_from(given_rule))]


@pytest.mark.parametrize("change", [{}, TIME, DOSE, COUNT, RATE, SHEAR, SALT, POTENCY], ids=str)
def test_a_rule_of_each_kind_may_be_saved(change):
    assert codes_of(change) == []


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.toml")))
def test_every_shipped_rule_may_be_saved(name):
    rules = rules_from(tomllib.loads((DATA / name).read_text(encoding="utf-8")))
    assert {rule.code: [fault.code for fault in save_faults(rule)] for rule in rules if save_faults(rule)} == {}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([{"parameter": "mood"}], ["unknown_parameter"]),
        ([{"unit": "degrees"}], ["unknown_unit"]),
        ([{"unit": "bar"}], ["units_differ_in_kind"]),
        ([RATE, {"unit": "Cel"}], ["units_differ_in_kind"]),
        ([{"unit": "Cel/min"}], ["units_differ_in_kind"]),
        ([{"parameter": "tmp", "unit": "bar"}], ["parameter_is_derived"]),
        ([SHEAR, {"parameter": "tmp", "unit": "bar"}], ["derived_parameter_differs"]),
        ([SHEAR, {"requires_geometry": False}], ["geometry_required"]),
        ([{"alert_total": 3}], ["limit_not_judged"]),
        ([TIME, {"action_high": 9}], ["limit_not_judged"]),
        ([TIME, {"alert_high": 9}], ["limit_not_judged"]),
        ([{"kind": "coverage", "min_coverage": 1}], ["limit_not_judged"]),
        ([TIME, {"t_on_s": 5}], ["delay_not_judged"]),
        ([DOSE, {"deadband": 1, "t_merge_s": 1}], ["delay_not_judged", "delay_not_judged"]),
        ([COUNT, {"t_on_s": 5, "deadband": 1, "t_merge_s": 1}], []),
        ([COUNT, {"sampling_s": 1}], ["merge_below_sampling"]),
        ([{"severity": "huge"}], ["unknown_severity"]),
        ([TIME, {"direction": "low"}], ["limit_on_the_wrong_side"]),
        ([TIME, {"direction": "both", "accumulate_below": 8}], ["low_not_below_high"]),
        ([TIME, {"signal_type": "event"}], ["events_have_no_duration"]),
        ([COUNT, {"signal_type": "event", "max_gap_s": None}], []),
        ([COUNT, {"action_total": "1.5"}], ["count_not_whole"]),
        ([{"kind": "rate", "unit": "Cel/min"}], ["rate_is_a_slope"]),
        ([RATE, {"kind": "duration", "unit": "Cel"}], ["rate_is_a_slope"]),
        ([RATE, {"window_s": None}], ["window_missing"]),
        ([RATE, {"window_s": 0}], ["window_missing"]),
        ([{"aggregation": "mean", "window_s": 60}], []),
        ([{"window_s": 60}], ["window_not_used"]),
        ([{"aggregation": "max", "window_s": 60, "signal_type": "hold"}], ["window_needs_linear"]),
        ([{"gap_mode": "worst_case"}], ["worst_case_needs_a_total"]),
        ([TIME, {"gap_mode": "worst_case"}], []),
        ([DOSE, {"gap_mode": "worst_case"}], ["worst_case_needs_an_action_limit"]),
        ([DOSE, {"gap_mode": "worst_case", "action_high": 7}], ["worst_case_needs_an_action_limit"]),
        ([DOSE, {"gap_mode": "worst_case", "action_high": 9}], []),
        ([SALT, {"salt_points": []}], ["table_missing"]),
        ([SALT, {"salt_points": [["0", "0"], ["0", "1"]]}], ["points_do_not_rise"]),
        ([POTENCY, {"half_lives": []}], ["table_missing"]),
        ([POTENCY, {"half_lives": [ROW, ROW]}], ["half_lives_overlap"]),
        ([POTENCY, {"half_lives": [ROW | {"hours": 0}]}], ["half_life_not_positive"]),
        ([{"half_lives": [ROW]}], ["table_not_used"]),
        ([{"temperature_coefficient": "0.02"}], ["table_not_used"]),
    ],
)
def test_what_could_not_be_evaluated_is_refused_by_name(changes, codes):
    assert codes_of(*changes) == codes


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("half_lives", "96", "rule_value_invalid"),
        ("half_lives", ["96"], "rule_value_invalid"),
        ("half_lives", [{"low_cel": 2}], "rule_value_invalid"),
        ("half_lives", [ROW | {"colour": "red"}], "rule_value_invalid"),
        ("half_lives", [ROW | {"matter": "gas"}], "rule_value_invalid"),
        ("half_lives", [ROW | {"hours": 9.5}], "number_not_decimal"),
        ("salt_points", [["1"]], "rule_value_invalid"),
        ("salt_points", [["1", "much"]], "number_not_decimal"),
        ("aggregation", "integral", "rule_choice_unknown"),
        ("gap_mode", "hope", "rule_choice_unknown"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_at_its_field(field, value, code):
    with pytest.raises(Refusal) as refused:
        rule_from(TEMPERATURE | {field: value})
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_classes_of_a_rule_are_those_of_a_deviation():
    from batches.models import Deviation

    assert set(SEVERITIES) == set(Deviation.Severity.values)


changes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([kind.value for kind in RuleKind]),
        "signal_type": st.sampled_from(["linear", "hold", "event"]),
        "direction": st.sampled_from(["high", "low", "both"]),
    },
    optional={
        **{name: st.integers(0, 12) for name in ("alert_low", "alert_high", "action_low", "action_high", "deadband")},
        **{
            name: st.integers(0, 12) for name in ("accumulate_below", "accumulate_above", "alert_total", "action_total")
        },
        **{name: st.integers(0, 5) for name in ("t_on_s", "t_off_s", "t_merge_s", "max_gap_s", "stuck_s", "window_s")},
        "aggregation": st.sampled_from(["none", "min", "max", "mean", "slope"]),
        "gap_mode": st.sampled_from(["unknown", "worst_case"]),
        "min_coverage": st.sampled_from(["0", "0.5", "1"]),
        "unit": st.sampled_from(["Cel", "Cel/min", "mol/L", "1/s"]),
        "derived": st.sampled_from(["none", *(kind.value for kind in DERIVATIONS)]),
        "parameter": st.sampled_from(["temperature", "salt", "wall_shear", "ph"]),
        "requires_geometry": st.just(True),
        "salt_points": st.just([["0", "0"], ["45", "0.5"]]),
    },
)
columns = st.lists(st.sampled_from([0.0, 1.0, 5.0, 8.0, 9.0, 12.0, float("nan")]), max_size=12)


@given(changes, columns)
def test_whatever_may_be_saved_is_evaluated(change, values):
    one = rule_from(TEMPERATURE | {"action_high": None} | change)
    if save_faults(one):
        return
    signals = {
        name: signal_of([at * 1_000_000 for at in range(len(values))], values) for name in needed_parameters(one)
    }
    signal = in_unit_of(one, judged_signal(one, signals, HollowFibre(100, 1, 1)))
    assert evaluation_content(evaluate(signal, one, start=0, end=15_000_000))["rule_code"] == "t"
