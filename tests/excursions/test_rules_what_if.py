"""domain.md 2.5: what a draft would say of a phase beside what was said; a rule that is not there says nothing."""

from batches.excursions.rules.excursions import State
from batches.excursions.rules.naming import in_use
from batches.excursions.rules.what_if import (
    RuleJudgement,
    comparison,
    comparison_content,
    comparison_from,
    judgement_in,
    lots_that_flip,
)

NORMAL, ALERT, ACTION = RuleJudgement(State.NORMAL), RuleJudgement(State.ALERT, 1), RuleJudgement(State.ACTION, 1, 2)


def test_rules_that_flip_come_first_and_one_that_is_gone_is_named():
    found = comparison({"a": NORMAL, "b": ALERT, "gone": ACTION}, {"a": NORMAL, "b": ACTION})
    assert [(change.rule, change.flips) for change in found.changes] == [("b", True), ("gone", True), ("a", False)]
    assert (found.before, found.after, found.flips) == (State.ACTION, State.ACTION, True)


def test_a_new_rule_that_finds_nothing_flips_nothing():
    found = comparison({}, {"new": NORMAL})
    assert (found.flips, found.before, found.after) == (False, State.NORMAL, State.NORMAL)
    assert comparison({}, {"new": ALERT}).flips


def test_more_excursions_of_the_same_state_are_shown_and_flip_nothing():
    found = comparison({"a": ALERT}, {"a": RuleJudgement(State.ALERT, 3)})
    assert (found.flips, found.changes[0].before, found.changes[0].after.alerts) == (False, ALERT, 3)


def test_a_comparison_is_read_back_as_it_was_recorded():
    found = comparison({"a": NORMAL, "gone": ALERT}, {"a": ACTION})
    content = comparison_content(found)
    assert (content["what_if"], content["before"], content["after"]) == (True, "alert", "action")
    assert comparison_from(content) == found


def test_what_an_evaluation_says_is_its_state_and_its_excursions_by_level():
    excursions = [{"level": "action"}, {"level": "alert"}, {"level": "action"}]
    assert judgement_in({"state": "action", "excursions": excursions}) == ACTION


def test_a_lot_flips_once_however_many_of_its_phases_do():
    flips, stays = comparison({"a": NORMAL}, {"a": ALERT}), comparison({"a": NORMAL}, {"a": NORMAL})
    assert lots_that_flip([("L-1", stays), ("L-2", flips), ("L-2", flips), ("L-3", flips)]) == ("L-2", "L-3")


def test_a_rule_has_its_code_for_a_name_or_names_with_sources_never_both():
    assert in_use({"shear": 1, "shear@A": 2, "shear@B": 3, "ph": 1}) == {"shear@A", "shear@B", "ph"}
    assert in_use({"shear@A": 1, "shear@B": 2, "shear": 5}) == {"shear"}
    assert in_use({}) == frozenset()
