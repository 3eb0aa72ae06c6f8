"""C-1, master data: an excursion rule is read exactly, checked at save time, and shipped rule sets pass the checks."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from batches.excursions.rules.excursions import rule_content, rule_faults, rule_from, rules_from
from gatekeeper.core.refusal import Refusal

DATA = Path(__file__).parents[2] / "batches/excursions/data"
RULE = {
    "code": "tmp",
    "version": 1,
    "parameter": "tmp",
    "unit": "bar",
    "signal_type": "linear",
    "kind": "duration",
    "direction": "high",
    "alert_high": "0.5",
    "action_high": "0.8",
    "deadband": "0.02",
    "t_merge_s": 1,
    "sampling_s": 1,
    "max_gap_s": 2,
}


def codes_of(**fields):
    return [fault.code for fault in rule_faults(rule_from(RULE | fields))]


@pytest.mark.parametrize("name", ["lv_rules.toml", "aav_rules.toml", "adv_rules.toml", "plasmid_rules.toml"])
def test_a_shipped_rule_set_is_complete_and_without_faults(name):
    rules = rules_from(tomllib.loads((DATA / name).read_text()))
    assert [fault.code for rule in rules for fault in rule_faults(rule)] == []
    assert len({rule.code for rule in rules}) == len(rules)
    assert all(rule.phases for rule in rules)
    # What was measured on no product says so to whoever reads a deviation, and what takes its place.
    for rule in rules:
        assert rule.basis.startswith("Editable default of this project, no source: "), rule.code
        assert " Replace by " in rule.basis, rule.code


def test_numbers_are_kept_as_written():
    rule = rule_from(RULE)
    assert rule.action_high == Decimal("0.8")
    assert rule_content(rule)["action_high"] == "0.8"
    assert rule_from({k: v for k, v in rule_content(rule).items() if v is not None}) == rule
    assert rule_from(rule_content(rule)) == rule


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"action_high": 0.8}, "number_not_decimal"),
        ({"action_high": "high"}, "number_not_decimal"),
        ({"action_high": "NaN"}, "number_not_decimal"),
        ({"action_high": True}, "number_not_decimal"),
        ({"action_high": "1e999999999"}, "number_out_of_range"),
        ({"action_high": "1e-40"}, "number_out_of_range"),
        ({"kind": "mood"}, "rule_choice_unknown"),
        ({"colour": "red"}, "rule_field_unknown"),
        ({"code": 7}, "rule_value_invalid"),
        ({"version": True}, "rule_value_invalid"),
        ({"phases": "L10"}, "rule_value_invalid"),
        ({"auto_deviation": "yes"}, "rule_value_invalid"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused_by_name(fields, code):
    with pytest.raises(Refusal) as refused:
        rule_from(RULE | fields)
    assert (refused.value.code, refused.value.field) == (code, next(iter(fields)))


def test_a_rule_that_is_no_table_is_refused():
    with pytest.raises(Refusal) as refused:
        rules_from({"rule": [7]})
    assert refused.value.code == "rule_value_invalid"


def test_every_missing_field_is_named():
    with pytest.raises(Refusal) as refused:
        rule_from({"code": "tmp"})
    assert {row.code for row in refused.value.all} == {"rule_field_missing"}
    assert len(refused.value.all) == 6


def test_an_empty_rule_set_is_refused():
    with pytest.raises(Refusal) as refused:
        rules_from({"rule": []})
    assert refused.value.code == "rule_set_empty"


TOTAL = {"kind": "cumulative_time", "alert_high": None, "action_high": None, "accumulate_above": 1}


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"alert_high": "0.8"}, ["alert_not_inside_action"]),
        ({"deadband": "0.3"}, ["deadband_too_wide"]),
        ({"registered_high": "0.7"}, ["action_not_inside_registered"]),
        ({"registered_high": "0.8"}, []),
        ({"direction": "low"}, ["limit_on_the_wrong_side"]),
        ({"direction": "both", "alert_low": "0.6"}, ["low_not_below_high"]),
        ({"direction": "both", "alert_low": "0.1", "action_low": "0.2"}, ["alert_not_inside_action"]),
        ({"alert_high": None, "action_high": None}, ["limits_missing"]),
        ({"kind": "instant", "t_on_s": 5}, ["instant_with_delay"]),
        ({"kind": "coverage"}, ["limits_missing"]),
        (TOTAL, ["limits_missing"]),
        (TOTAL | {"alert_total": 5, "action_total": 5}, ["alert_not_inside_action"]),
        (TOTAL | {"accumulate_above": None, "action_total": 5}, ["limits_missing"]),
        (TOTAL | {"action_total": 5}, []),
        ({"t_off_s": -1}, ["negative_value"]),
        ({"min_coverage": "1.5"}, ["coverage_out_of_range"]),
        ({"max_gap_s": None}, ["max_gap_missing"]),
        ({"t_merge_s": 0}, ["merge_below_sampling"]),
        ({"max_gap_s": 1}, ["gap_below_two_samples"]),
        ({"sampling_s": None, "max_gap_s": 1}, []),
        ({"derived": "wall_shear"}, ["geometry_required"]),
        ({"unit": " "}, ["unit_missing"]),
        ({"signal_type": "hold", "stuck_s": 5}, ["stuck_not_analogue"]),
    ],
)
def test_the_checks_at_save_time(fields, codes):
    assert codes_of(**fields) == codes
