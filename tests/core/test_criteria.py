"""C-2, C-3, C-4, C-5, C-9, C-10, V-14: what a result says to its acceptance criterion."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.conditions import Condition, any_of, is_due
from gatekeeper.core.criteria import Assessment, Criterion, CriterionKind, Outcome, assess, describe
from gatekeeper.core.quantity import Reported
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.rounding import RoundingRule

K = CriterionKind


def at_least(text, unit="%", rounding=RoundingRule.USP):
    return Criterion(K.AT_LEAST, low_text=text, unit=unit, rounding=rounding)


def at_most(text, unit="%"):
    return Criterion(K.AT_MOST, high_text=text, unit=unit)


def between(low, high, unit="%", rounding=RoundingRule.USP):
    return Criterion(K.BETWEEN, low, high, unit, rounding)


def outcome(criterion, text, unit=None):
    assessment = assess(criterion, Reported.parse(text), criterion.unit if unit is None else unit)
    return assessment.outcome.value, assessment.reported_value


@pytest.mark.parametrize(
    ("criterion", "text", "unit", "expected"),
    [
        (at_least("98.0"), "97.96", "%", ("pass", "98.0")),
        (at_least("98.0"), "97.92", "%", ("fail", "97.9")),
        (at_least("98.0"), "97.95", "%", ("pass", "98.0")),
        (at_most("101.5"), "101.55", "%", ("fail", "101.6")),
        (at_most("101.5"), "101.46", "%", ("pass", "101.5")),
        (at_most("101.5"), "101.45", "%", ("pass", "101.5")),
        (at_most("0.02"), "0.025", "%", ("fail", "0.03")),
        (at_most("0.02"), "0.015", "%", ("pass", "0.02")),
        (at_most("0.02"), "0.027", "%", ("fail", "0.03")),
        (at_most("3", "[ppm]"), "0.00035", "%", ("fail", "4")),
        (at_most("3", "[ppm]"), "0.00025", "%", ("pass", "3")),
        (at_most("3", "[ppm]"), "0.00028", "%", ("pass", "3")),
    ],
)
def test_the_pharmacopoeia_table_of_roundings(criterion, text, unit, expected):
    assert outcome(criterion, text, unit) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.96×10^7", ("pass", "1.0×10^8")),
        ("9.4×10^7", ("fail", "0.9×10^8")),
        ("9.50×10^7", ("pass", "1.0×10^8")),
        ("9.49×10^7", ("fail", "0.9×10^8")),
        ("2.633333×10^8", ("pass", "2.6×10^8")),
    ],
)
def test_a_titre_is_judged_in_the_power_of_its_limit(text, expected):
    assert outcome(at_least("1.0×10^8", "{TU}/mL"), text) == expected


@pytest.mark.parametrize(("rule", "text"), [(RoundingRule.USP, "98.3"), (RoundingRule.PH_EUR, "98.29")])
def test_the_two_rules_report_the_same_result_differently(rule, text):
    assert outcome(between("100.0", "102.0", rounding=rule), "98.28568") == ("fail", text)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("94.98", at_least("90"), "pass"),
        ("71.24", at_least("90"), "fail"),
        ("93.67", at_least("90"), "pass"),
        ("94.98", at_least("80"), "pass"),
        ("71.24", at_least("80"), "fail"),
        ("93.67", at_least("80"), "pass"),
        ("4.25", at_most("10", "{EU}/mg"), "pass"),
        ("5.31", at_most("40", "{EU}/mg"), "pass"),
        ("2.09", at_most("2", "ug/mg"), "pass"),
        ("2.09", at_most("2.0", "ug/mg"), "fail"),
        ("3.45", at_most("2", "ug/mg"), "fail"),
        ("3.45", at_most("10", "ug/mg"), "pass"),
        ("7.49", at_most("10", "ug/mg"), "pass"),
        ("10.4", at_most("10", "{copies}/{cell}"), "pass"),
        ("10.5", at_most("10", "{copies}/{cell}"), "fail"),
        ("10.08", at_most("10", "ng/{dose}"), "pass"),
        ("10.08", at_most("10.0", "ng/{dose}"), "fail"),
    ],
)
def test_one_result_passes_one_markets_limit_and_fails_anothers(text, limit, expected):
    assert outcome(limit, text)[0] == expected


BELOW = Criterion(K.BELOW, high_text="10", unit="{EU}/mL")
ABOVE = Criterion(K.ABOVE, low_text="70", unit="%")


@pytest.mark.parametrize(
    ("criterion", "text", "expected"),
    [
        (BELOW, "9.4", ("pass", "9")),
        (BELOW, "9.5", ("fail", "10")),
        (BELOW, "12", ("fail", "12")),
        (ABOVE, "91", ("pass", "91")),
        (ABOVE, "70.4", ("fail", "70")),
        (between("6.9", "7.8", "[pH]"), "7.84", ("pass", "7.8")),
        (between("6.9", "7.8", "[pH]"), "7.85", ("fail", "7.9")),
        (between("6.9", "7.8", "[pH]"), "6.85", ("pass", "6.9")),
        (between("6.9", "7.8", "[pH]"), "6.84", ("fail", "6.8")),
        (between("2", "10.0"), "1.6", ("pass", "2")),
        (between("2", "10.0"), "9.96", ("pass", "10.0")),
    ],
)
def test_strict_limits_and_ranges(criterion, text, expected):
    assert outcome(criterion, text) == expected


@pytest.mark.parametrize(
    ("criterion", "text", "expected"),
    [
        (at_most("10", "ng/{dose}"), "<5", "pass"),
        (at_most("10", "ng/{dose}"), "<10", "pass"),
        (at_most("10", "ng/{dose}"), "<12", "invalid"),
        (at_most("10", "ng/{dose}"), "<10.4", "invalid"),
        (at_most("10", "ng/{dose}"), ">10", "fail"),
        (at_most("10", "ng/{dose}"), ">5", "invalid"),
        (BELOW, "<10", "pass"),
        (BELOW, "<10.1", "invalid"),
        (BELOW, ">10", "fail"),
        (at_least("90"), "<80", "fail"),
        (at_least("90"), "<95", "invalid"),
        (at_least("90"), ">90", "pass"),
        (at_least("90"), ">80", "invalid"),
        (ABOVE, ">70", "pass"),
        (ABOVE, "<70", "fail"),
        (between("6.9", "7.8", "[pH]"), "<6.9", "fail"),
        (between("6.9", "7.8", "[pH]"), ">7.8", "fail"),
        (between("6.9", "7.8", "[pH]"), "<7.5", "invalid"),
        (between("6.9", "7.8", "[pH]"), ">7.0", "invalid"),
    ],
)
def test_a_result_behind_a_sign_passes_only_where_every_value_behind_it_does(criterion, text, expected):
    assert outcome(criterion, text) == (expected, text)


def test_a_test_that_cannot_see_its_limit_is_not_capable():
    assessment = assess(at_most("10", "ng/{dose}"), Reported.parse("<12"), "ng/{dose}")
    assert assessment.code == "not_capable"
    assert assessment.reason == "The test is not capable: <12 cannot show ≤ 10 ng/dose."


def test_a_bounded_result_is_converted_with_the_figures_it_reports():
    assert outcome(at_most("10", "ng/mL"), "<0.0050", "ug/mL") == ("pass", "<5.0")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (K.NOT_DETECTED, "Not  detected", "pass"),
        (K.NOT_DETECTED, "no growth", "pass"),
        (K.NOT_DETECTED, "growth", "fail"),
        (K.NOT_DETECTED, "perhaps", "invalid"),
        (K.NOT_DETECTED, "<5", "invalid"),
        (K.NOT_DETECTED, ">0", "fail"),
        (K.NOT_DETECTED, "0", "pass"),
        (K.NOT_DETECTED, "2", "fail"),
        (K.CONFORMS, "Conforms", "pass"),
        (K.CONFORMS, "does not conform", "fail"),
        (K.CONFORMS, "7", "invalid"),
        (K.REPORT, "25.09", "reported"),
        (K.REPORT, "<5", "reported"),
    ],
)
def test_words_are_taken_from_closed_lists(kind, text, expected):
    assert outcome(Criterion(kind), text)[0] == expected


def test_an_appearance_is_compared_word_for_word():
    appearance = Criterion(K.EQUALS_TEXT, low_text="clear, colourless")
    assert outcome(appearance, "Clear,  colourless") == ("pass", "Clear,  colourless")
    assert outcome(appearance, "turbid") == ("fail", "turbid")


def test_words_are_no_number():
    assessment = assess(at_most("10"), Reported.parse("not detected"), "")
    assert assessment == Assessment(
        Outcome.INVALID, "not detected", "“not detected” is not a number to compare with a limit.", "no_number"
    )


def test_a_reported_number_without_limit_keeps_its_text_or_its_figures():
    report = Criterion(K.REPORT, unit="ng/mL")
    assert outcome(report, "500.0") == ("reported", "500.0")
    assert outcome(report, "0.5000", "ug/mL") == ("reported", "500.0")


def test_a_unit_of_another_kind_is_refused_and_not_judged():
    with pytest.raises(Refusal) as refused:
        assess(at_least("1.0e8", "{TU}/mL"), Reported.parse("2e8"), "{vg}/mL")
    assert refused.value.code == "units_differ_in_kind"


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (at_least("1.0e8", "{TU}/mL"), "≥ 1.0×10^8 TU/mL"),
        (at_most("10.0", "ng/{dose}"), "≤ 10.0 ng/dose"),
        (BELOW, "< 10 EU/mL"),
        (ABOVE, "> 70 %"),
        (between("6.9", "7.8", "[pH]"), "6.9 – 7.8"),
        (between("260", "400", "mosm/kg"), "260 – 400 mOsm/kg"),
        (at_most("1000", "1"), "≤ 1000"),
        (Criterion(K.NOT_DETECTED), "not detected"),
        (Criterion(K.CONFORMS), "conforms"),
        (Criterion(K.EQUALS_TEXT, low_text="clear"), "clear"),
        (Criterion(K.REPORT), "report"),
        (Criterion(K.REPORT, unit="nm"), "report (nm)"),
    ],
)
def test_a_criterion_is_described_with_the_digits_as_printed(criterion, expected):
    assert describe(criterion) == expected


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ((K.AT_LEAST, "", "", "%"), "criterion_incomplete", "low_text"),
        ((K.BETWEEN, "1", " ", "%"), "criterion_incomplete", "high_text"),
        ((K.EQUALS_TEXT,), "criterion_incomplete", "low_text"),
        ((K.AT_MOST, "1", "2", "%"), "criterion_overfull", "low_text"),
        ((K.CONFORMS, "", "2"), "criterion_overfull", "high_text"),
        ((K.BETWEEN, "2", "1", "%"), "limits_not_nested", "low_text"),
        ((K.AT_LEAST, "2"), "unknown_unit", "unit"),
        ((K.REPORT, "", "", "furlong"), "unknown_unit", "unit"),
        ((K.AT_LEAST, "two", "", "%"), "not_a_number", "low_text"),
    ],
)
def test_a_criterion_that_asks_for_nothing_clear_is_refused(arguments, code, field):
    with pytest.raises(Refusal) as refused:
        Criterion(*arguments)
    assert (refused.value.code, refused.value.field) == (code, field)


SIZE_DUE = Condition("residual_dna", Criterion(K.ABOVE, low_text="10", unit="ng/{dose}"))


@pytest.mark.parametrize(
    ("text", "due"), [("12", True), ("9.6", False), ("10.4", False), ("<5", False), ("<12", True), (None, True)]
)
def test_a_conditional_test_is_due_unless_clearly_not(text, due):
    reported = None if text is None else Reported.parse(text)
    assert is_due(SIZE_DUE, reported, "ng/{dose}") is due


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["pass", "fail"], "pass"),
        (["fail", "invalid"], "invalid"),
        (["fail", "fail"], "fail"),
        ([], "invalid"),
        (["reported"], "invalid"),
    ],
)
def test_one_of_two_potencies_suffices(outcomes, expected):
    assert any_of([Outcome(seen) for seen in outcomes]) == expected


@given(st.decimals(min_value=0, max_value=200, places=2), st.sampled_from(["98", "98.0", "98.00", "9.8×10^1"]))
def test_a_value_never_fails_at_least_and_at_most_together(value, limit):
    lower = assess(at_least(limit), Reported.of(value), "%")
    upper = assess(at_most(limit), Reported.of(value), "%")
    assert Outcome.PASS in {lower.outcome, upper.outcome}
    assert lower.reported_value == upper.reported_value


@given(st.decimals(min_value=0, max_value=200, places=2))
def test_the_limit_itself_always_passes(value):
    text = str(value)
    both = (at_least(text), at_most(text), between(text, text))
    assert {assess(criterion, Reported.of(Decimal(text)), "%").outcome for criterion in both} == {Outcome.PASS}
