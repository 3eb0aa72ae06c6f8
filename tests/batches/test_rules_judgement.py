"""I-14: a limit speaks at entry; what cannot be judged is unknown, and what was not done says why."""

from decimal import Decimal

import pytest

from batches.rules.judgement import crossed, judged, needs_deviation
from batches.rules.recipe import Control
from gatekeeper.core.limits import Limits, Verdict
from gatekeeper.core.quantity import Reported
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Refusal


def control(*bounds, unit="[pH]", gating=False, critical=False):
    bounds = bounds or (None,) * 4
    limits = Limits(*(Decimal(bound) if bound else None for bound in bounds), unit)
    return Control("c", "C", limits, None, gating, critical, product_quantity=False, severity="major", basis="")


PH = control("6.80", "7.80", "6.50", "8.00")
BIOBURDEN = control(None, "5", None, "10", unit="[CFU]/(100.mL)")
BUBBLE_POINT = control(None, None, "3.4", None, unit="bar")


@pytest.mark.parametrize(
    ("text", "unit", "against", "verdict"),
    [
        ("7.30", "[pH]", PH, Verdict.INSIDE),
        ("7.80", "[pH]", PH, Verdict.INSIDE),
        ("7.82", "[pH]", PH, Verdict.ALERT),
        ("8.01", "[pH]", PH, Verdict.ACTION),
        ("6.49", "[pH]", PH, Verdict.ACTION),
        ("<1", "[CFU]/(100.mL)", BIOBURDEN, Verdict.INSIDE),
        ("<20", "[CFU]/(100.mL)", BIOBURDEN, Verdict.UNKNOWN),
        ("0.9", "[CFU]/(10.mL)", BIOBURDEN, Verdict.ALERT),
        (">7", "[pH]", PH, Verdict.UNKNOWN),
        ("<7", "[pH]", PH, Verdict.UNKNOWN),
        (">3.5", "bar", BUBBLE_POINT, Verdict.INSIDE),
        ("3500", "mbar", BUBBLE_POINT, Verdict.INSIDE),
    ],
)
def test_a_reported_value_is_judged(text, unit, against, verdict):
    assert judged(Reported.parse(text), unit, against) is verdict


def test_words_are_no_value():
    with pytest.raises(Refusal, match="is not a number"):
        judged(Reported.parse("clear"), "[pH]", PH)


def test_the_limit_that_was_crossed_is_said():
    assert crossed(Decimal("7.82"), "[pH]", PH) == "above 7.80"
    assert crossed(Decimal("7.30"), "[pH]", PH) == ""


@pytest.mark.parametrize(
    ("verdict", "not_done", "gating", "opens"),
    [
        (Verdict.INSIDE, False, True, False),
        (Verdict.ALERT, False, True, False),
        (Verdict.ACTION, False, False, True),
        (Verdict.UNKNOWN, False, False, True),
        (Verdict.UNKNOWN, True, False, False),
        (Verdict.UNKNOWN, True, True, True),
    ],
)
def test_what_opens_a_deviation(verdict, not_done, gating, opens):
    assert needs_deviation(verdict, control(gating=gating), not_done=not_done) is opens


@pytest.mark.parametrize("text", ["", "  ", "n/a", "N/A", "-", "none", "."])
def test_no_reason_is_no_reason(text):
    with pytest.raises(Refusal) as refusal:
        checked_reason(text, field="impact")
    assert (refusal.value.code, refusal.value.field) == ("reason_missing", "impact")


def test_a_reason_is_kept_without_blanks():
    assert checked_reason(" typing error ") == "typing error"
