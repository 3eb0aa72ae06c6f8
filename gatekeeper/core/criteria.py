"""Acceptance criteria: what a specification requires of one result, and whether the result meets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from gatekeeper.core.quantity import Reported, convert, decimal_text, number, unit
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.rounding import RoundingRule, printed_limit, round_to_limit, rounded_text, to_figures


class CriterionKind(StrEnum):
    """What a criterion requires."""

    AT_LEAST = "at_least"  # low, inclusive
    AT_MOST = "at_most"  # high, inclusive
    ABOVE = "above"  # low, exclusive
    BELOW = "below"  # high, exclusive
    BETWEEN = "between"  # low and high, inclusive
    NOT_DETECTED = "not_detected"
    CONFORMS = "conforms"
    EQUALS_TEXT = "equals_text"  # the words of low_text
    REPORT = "report"  # recorded, not judged


class Outcome(StrEnum):
    """Whether a result meets its criterion."""

    PASS = "pass"  # noqa: S105 -- an outcome, no password
    FAIL = "fail"
    INVALID = "invalid"  # it can be neither: the test must be repeated or replaced
    REPORTED = "reported"


LOW_KINDS = frozenset({CriterionKind.AT_LEAST, CriterionKind.ABOVE, CriterionKind.BETWEEN})
HIGH_KINDS = frozenset({CriterionKind.AT_MOST, CriterionKind.BELOW, CriterionKind.BETWEEN})
NUMERIC_KINDS = LOW_KINDS | HIGH_KINDS
STRICT_KINDS = frozenset({CriterionKind.ABOVE, CriterionKind.BELOW})

# The words that laboratories use; anything else is invalid rather than guessed.
ABSENT_WORDS = frozenset(
    {"not detected", "none detected", "no growth", "negative", "absent", "below detection", "below detection limit"}
)
PRESENT_WORDS = frozenset({"detected", "growth", "positive", "present"})
CONFORMING_WORDS = frozenset({"conforms", "complies", "conform", "pass", "passes"})
FAILING_WORDS = frozenset({"does not conform", "does not comply", "fail", "fails", "nonconforming"})


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is required: a kind, limits as printed, their unit and the rounding rule of the specification.

    :raises Refusal: ``criterion_incomplete`` when the kind's limit is missing, ``criterion_overfull`` when it has one
        too many; ``limits_not_nested``; ``unknown_unit``; ``not_a_number``, ``number_out_of_range``.
    """

    kind: CriterionKind
    low_text: str = ""
    high_text: str = ""
    unit: str = ""
    rounding: RoundingRule = RoundingRule.USP

    def __post_init__(self) -> None:
        self._check_texts()
        if self.kind in NUMERIC_KINDS or self.unit:
            unit(self.unit)
        low = number(self.low_text, field="low_text") if self.kind in LOW_KINDS else None
        high = number(self.high_text, field="high_text") if self.kind in HIGH_KINDS else None
        if low is not None and high is not None and low > high:
            raise Refusal("limits_not_nested", "The lower limit is above the upper one.", field="low_text")

    def _check_texts(self) -> None:
        low_required = self.kind in LOW_KINDS or self.kind is CriterionKind.EQUALS_TEXT
        for text, required, field in (
            (self.low_text, low_required, "low_text"),
            (self.high_text, self.kind in HIGH_KINDS, "high_text"),
        ):
            if required and not text.strip():
                raise Refusal("criterion_incomplete", "The criterion lacks its limit.", field=field)
            if text and not required:
                raise Refusal("criterion_overfull", "A criterion of this kind has no “{text}”.", field=field, text=text)

    @property
    def low(self) -> Decimal | None:
        """The lower limit where the kind has one."""
        return number(self.low_text) if self.kind in LOW_KINDS else None

    @property
    def high(self) -> Decimal | None:
        """The upper limit where the kind has one."""
        return number(self.high_text) if self.kind in HIGH_KINDS else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """An outcome, the reportable value as it goes on the certificate, the reason as a sentence and as a code."""

    outcome: Outcome
    reported_value: str
    reason: str
    code: str


def assess(criterion: Criterion, reported: Reported, unit_code: str) -> Assessment:
    """Return whether the result, in its own unit, meets the criterion.

    The value is converted first and rounded once, by each limit's own printed digits (USP General Notices 7.20).
    A result behind ``<`` or ``>`` is never rounded or taken for its number: where the test could not have seen the
    limit it is invalid.

    :raises Refusal: ``unknown_unit``, ``units_differ_in_kind``.
    """
    value = reported.value
    if value is not None and criterion.unit:
        value = convert(value, unit_code, criterion.unit)
    text = _text_in_unit(reported, value)
    if criterion.kind not in NUMERIC_KINDS:
        return _BY_WORDS[criterion.kind](criterion, reported, text)
    if value is None:
        return Assessment(Outcome.INVALID, text, f"“{text}” is not a number to compare with a limit.", "no_number")
    if reported.qualifier:
        return _assess_censored(criterion, reported.qualifier == "<", value, text)
    return _assess_number(criterion, value)


def describe(criterion: Criterion) -> str:
    """Return the criterion for people, its limits with the digits as printed: ``≥ 1.0×10^8 TU/mL``."""
    label = unit(criterion.unit).label if criterion.unit else ""
    match criterion.kind:
        case CriterionKind.BETWEEN:
            words = f"{printed_limit(criterion.low_text)} – {printed_limit(criterion.high_text)}"
        case CriterionKind.EQUALS_TEXT:
            return criterion.low_text
        case CriterionKind.NOT_DETECTED | CriterionKind.CONFORMS:
            return criterion.kind.value.replace("_", " ")
        case CriterionKind.REPORT:
            return f"report ({label})" if label else "report"
        case _:
            words = f"{_SIGNS[criterion.kind]} {printed_limit(criterion.low_text or criterion.high_text)}"
    # pH stands before its number in every text on it, and the attribute already says it.
    return words if not label or criterion.unit == "[pH]" else f"{words} {label}"


_SIGNS = MappingProxyType(
    {CriterionKind.AT_LEAST: "≥", CriterionKind.AT_MOST: "≤", CriterionKind.ABOVE: ">", CriterionKind.BELOW: "<"}
)


def _text_in_unit(reported: Reported, value: Decimal | None) -> str:
    """Return the text as reported, or after a conversion the number with as many figures as were reported."""
    if value is None or reported.value is None or value is reported.value:
        return reported.text
    figures = len(reported.value.as_tuple().digits)
    return reported.qualifier + decimal_text(to_figures(value, figures))


def _assess_number(criterion: Criterion, value: Decimal) -> Assessment:
    strict = criterion.kind in STRICT_KINDS
    if criterion.low is not None:
        rounded = round_to_limit(value, criterion.low_text, criterion.rounding)
        if rounded < criterion.low or (strict and rounded == criterion.low):
            return _judged(criterion, value, criterion.low_text, "below_limit")
    if criterion.high is not None:
        rounded = round_to_limit(value, criterion.high_text, criterion.rounding)
        if rounded > criterion.high or (strict and rounded == criterion.high):
            return _judged(criterion, value, criterion.high_text, "above_limit")
    return _judged(criterion, value, _nearer_limit(criterion, value), "")


def _nearer_limit(criterion: Criterion, value: Decimal) -> str:
    """Return the text of the limit whose digits a passing value is reported with, the nearer one of two."""
    low, high = criterion.low, criterion.high
    if low is None or high is None:
        return criterion.low_text or criterion.high_text
    return criterion.low_text if value - low < high - value else criterion.high_text


def _judged(criterion: Criterion, value: Decimal, limit_text: str, failure: str) -> Assessment:
    text = rounded_text(value, limit_text, criterion.rounding)
    if failure:
        return Assessment(Outcome.FAIL, text, f"{text} does not meet {describe(criterion)}.", failure)
    return Assessment(Outcome.PASS, text, f"{text} meets {describe(criterion)}.", "meets_limit")


def _assess_censored(criterion: Criterion, is_less: bool, bound: Decimal, text: str) -> Assessment:  # noqa: FBT001 -- its sign
    """Judge "less than the bound" or "more than the bound": only what holds for every value behind the sign."""
    low, high, description = criterion.low, criterion.high, describe(criterion)
    lost_low = low is not None and is_less and bound <= low
    lost_high = high is not None and not is_less and bound >= high
    if lost_low or lost_high:
        code = "below_limit" if lost_low else "above_limit"
        return Assessment(Outcome.FAIL, text, f"{text} does not meet {description}.", code)
    met_low = low is None or (not is_less and bound >= low)
    met_high = high is None or (is_less and bound <= high)
    if met_low and met_high:
        return Assessment(Outcome.PASS, text, f"{text} meets {description}.", "meets_limit")
    return Assessment(
        Outcome.INVALID, text, f"The test is not capable: {text} cannot show {description}.", "not_capable"
    )


def _assess_absence(criterion: Criterion, reported: Reported, text: str) -> Assessment:
    del criterion
    if reported.value is None:
        return _by_vocabulary(text, ABSENT_WORDS, PRESENT_WORDS)
    if reported.qualifier == "<":
        return Assessment(Outcome.INVALID, text, f"{text} does not say whether anything was detected.", "not_capable")
    if reported.value == 0 and not reported.qualifier:
        return Assessment(Outcome.PASS, text, "Nothing was counted.", "words_pass")
    return Assessment(Outcome.FAIL, text, f"{text} was detected.", "words_fail")


def _assess_conformity(criterion: Criterion, reported: Reported, text: str) -> Assessment:
    del criterion, reported
    return _by_vocabulary(text, CONFORMING_WORDS, FAILING_WORDS)


def _assess_words(criterion: Criterion, reported: Reported, text: str) -> Assessment:
    if _folded(reported.text) == _folded(criterion.low_text):
        return Assessment(Outcome.PASS, text, f"“{text}” is what is required.", "words_pass")
    return Assessment(Outcome.FAIL, text, f"“{text}” is not “{criterion.low_text}”.", "words_fail")


def _record(criterion: Criterion, reported: Reported, text: str) -> Assessment:
    del criterion, reported
    return Assessment(Outcome.REPORTED, text, "The result is reported without a limit.", "reported")


_BY_WORDS: Mapping[CriterionKind, Callable[[Criterion, Reported, str], Assessment]] = MappingProxyType(
    {
        CriterionKind.NOT_DETECTED: _assess_absence,
        CriterionKind.CONFORMS: _assess_conformity,
        CriterionKind.EQUALS_TEXT: _assess_words,
        CriterionKind.REPORT: _record,
    }
)


def _by_vocabulary(text: str, passing: frozenset[str], failing: frozenset[str]) -> Assessment:
    word = _folded(text)
    if word in passing:
        return Assessment(Outcome.PASS, text, f"“{text}” is what is required.", "words_pass")
    if word in failing:
        return Assessment(Outcome.FAIL, text, f"“{text}” is not what is required.", "words_fail")
    return Assessment(Outcome.INVALID, text, f"“{text}” is not an answer to this criterion.", "words_unknown")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
