"""A set of excursion rules as a document: its file's tables -> what is recorded and judged by."""

from collections.abc import Mapping
from typing import Any

from batches.excursions.rules.excursion_rules import ExcursionRule, rule_content, rule_from
from batches.excursions.rules.rule_checks import save_faults
from gatekeeper.core.refusal import Refusal, refuse_all

KIND = "rule_set"  # of document


def content_of(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the head and the rules of a file: a table ``rule_set`` and tables ``rule`` (data/ has four).

    :raises Refusal: every fault of every rule at its place (``rule.3.alert_high``): those of ``rule_from`` and
        ``save_faults``, ``rule_twice``, ``rule_set_empty``.
    """
    rows = tables.get("rule")
    if not isinstance(rows, list) or not rows:
        raise Refusal("rule_set_empty", "The rule set has no rules.", field="rule")
    faults: list[Refusal] = []
    rules: dict[str, ExcursionRule] = {}
    for place, row in enumerate(rows):
        try:
            rule = rule_from(row)
        except Refusal as refusal:
            faults += [_at(place, fault) for fault in refusal.all]
            continue
        faults += [_at(place, fault) for fault in save_faults(rule)]
        if rule.code in rules:
            twice = Refusal("rule_twice", "The rule {code} is there twice.", field="code", code=rule.code)
            faults.append(_at(place, twice))
        rules[rule.code] = rule
    refuse_all(faults)
    return {"head": tables.get(KIND), "rules": [rule_content(rule) for rule in rules.values()]}


def _at(place: int, fault: Refusal) -> Refusal:
    field = f"rule.{place}.{fault.field}" if fault.field else f"rule.{place}"
    params: dict[str, Any] = fault.params
    return Refusal(fault.code, fault.template, field=field, kind=fault.kind, **params)
