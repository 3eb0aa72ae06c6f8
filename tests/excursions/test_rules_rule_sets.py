"""domain.md 2.5: a set of excursion rules is read whole; every fault of every rule is named at its place."""

import tomllib

import pytest

from batches.excursions.rules.rule_sets import content_of
from gatekeeper.core.refusal import Refusal
from tests.excursions.making import PH, SHEAR, SHIPPED_RULES, rules_toml


def tables(*rules):
    return tomllib.loads(rules_toml(*rules).decode())


@pytest.mark.parametrize("name", ["lv_rules", "aav_rules", "adv_rules", "plasmid_rules"])
def test_the_shipped_rules_are_read_whole(name):
    file = tomllib.loads((SHIPPED_RULES / f"{name}.toml").read_text(encoding="utf-8"))
    content = content_of(file)
    assert (content["head"], len(content["rules"])) == (file["rule_set"], len(file["rule"]))


@pytest.mark.parametrize("rules", [{}, {"rule": []}, {"rule": "x"}])
def test_a_set_without_rules_is_refused(rules):
    with pytest.raises(Refusal) as refused:
        content_of(rules)
    assert (refused.value.code, refused.value.field) == ("rule_set_empty", "rule")


def test_every_fault_of_every_rule_is_named_at_its_place():
    bad = SHEAR.replace('"wall_shear"\nunit', '"mood"\nunit')
    with pytest.raises(Refusal) as refused:
        content_of(tables(bad, PH, PH) | {"rule": [*tables(bad, PH, PH)["rule"], "no table"]})
    places = {(fault.code, fault.field) for fault in refused.value.all}
    assert ("rule_twice", "rule.2.code") in places
    assert any(field.startswith("rule.0") for _code, field in places)
    assert any(field.startswith("rule.3") for _code, field in places)
