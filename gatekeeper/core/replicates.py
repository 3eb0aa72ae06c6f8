"""Replicates of one test: their mean and spread, whether they are valid, and the reportable value."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from gatekeeper.core.quantity import decimal_text
from gatekeeper.core.refusal import Refusal

# Logarithms are rounded: computed with 50 digits and returned with 28, the geometric mean of equal values is exact.
_PRECISION = Context(prec=50, rounding=ROUND_HALF_UP)
_RESULT = Context(prec=28, rounding=ROUND_HALF_UP)
_HUNDREDTH = Decimal("0.01")


class Average(StrEnum):
    """How a method makes one value of its replicates."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


@dataclass(frozen=True, slots=True)
class ReplicateScheme:
    """What a method fixed in advance: how many replicates, their largest %CV, and the average."""

    count: int
    max_cv: Decimal
    average: Average


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether replicates are valid, their %CV where it exists, and why not as a sentence and a code."""

    valid: bool
    cv: Decimal | None
    reason: str
    code: str


def mean(values: Sequence[Decimal]) -> Decimal:
    """Return the arithmetic mean.

    :raises Refusal: ``too_few_replicates`` for none.
    """
    _at_least(values, 1)
    return _PRECISION.divide(_total(values), Decimal(len(values)))


def standard_deviation(values: Sequence[Decimal]) -> Decimal:
    """Return the sample standard deviation, with n − 1.

    :raises Refusal: ``too_few_replicates`` for fewer than two.
    """
    _at_least(values, 2)
    centre = mean(values)
    squares = [_PRECISION.power(_PRECISION.subtract(value, centre), 2) for value in values]
    return _PRECISION.sqrt(_PRECISION.divide(_total(squares), Decimal(len(values) - 1)))


def cv_percent(values: Sequence[Decimal]) -> Decimal:
    """Return the coefficient of variation in per cent: sample standard deviation over mean.

    :raises Refusal: ``too_few_replicates``; ``cv_undefined`` when the mean is not positive.
    """
    deviation, centre = standard_deviation(values), mean(values)
    if centre <= 0:
        raise Refusal("cv_undefined", "There is no %CV around a mean that is not positive.", field="value")
    return _PRECISION.multiply(_PRECISION.divide(deviation, centre), Decimal(100))


def geometric_mean(values: Sequence[Decimal]) -> Decimal:
    """Return the geometric mean.

    :raises Refusal: ``too_few_replicates`` for none; ``value_not_positive``.
    """
    return _RESULT.plus(_PRECISION.exp(mean(_logarithms(values))))


def geometric_cv_percent(values: Sequence[Decimal]) -> Decimal:
    """Return the geometric coefficient of variation in per cent: 100·√(exp(s²) − 1), s of the natural logarithms.

    :raises Refusal: ``too_few_replicates`` for fewer than two; ``value_not_positive``.
    """
    deviation = standard_deviation(_logarithms(values))
    growth = _PRECISION.subtract(_PRECISION.exp(_PRECISION.power(deviation, 2)), Decimal(1))
    return _PRECISION.multiply(_PRECISION.sqrt(growth), Decimal(100))


def validity(replicates: Sequence[Decimal], max_cv: Decimal) -> Validity:
    """Return whether the replicates' %CV is at most ``max_cv``; equal is valid, and the %CV is not rounded.

    :raises Refusal: ``too_few_replicates`` for fewer than two.
    """
    _at_least(replicates, 2)
    if mean(replicates) <= 0:
        return Validity(valid=False, cv=None, reason="The mean is not positive: no %CV exists.", code="cv_undefined")
    cv = cv_percent(replicates)
    if cv > max_cv:
        reason = f"The %CV of {cv.quantize(_HUNDREDTH, context=_PRECISION)} is above {decimal_text(max_cv)}."
        return Validity(valid=False, cv=cv, reason=reason, code="cv_above_limit")
    return Validity(valid=True, cv=cv, reason="", code="valid")


def reportable(replicates: Sequence[Decimal], scheme: ReplicateScheme | None) -> tuple[Decimal, ...]:
    """Return the values that must meet the criterion: one average under a scheme, else every single one.

    Averaging is only for what the method fixed in advance (FDA, OOS guidance 2022, section V.B).

    :raises Refusal: ``too_few_replicates``; ``replicates_miscounted`` when there are not exactly as many as the
        scheme says (one more would be testing into compliance); ``replicates_invalid`` above its %CV.
    """
    _at_least(replicates, 1)
    if scheme is None:
        return tuple(replicates)
    if len(replicates) != scheme.count:
        raise Refusal(
            "replicates_miscounted",
            "The method asks for {expected} replicates, there are {count}.",
            field="value",
            expected=scheme.count,
            count=len(replicates),
        )
    result = validity(replicates, scheme.max_cv)
    if not result.valid:
        raise Refusal(
            "replicates_invalid", "The replicates are not valid: {reason}", field="value", reason=result.reason
        )
    return (mean(replicates) if scheme.average is Average.ARITHMETIC else geometric_mean(replicates),)


def _total(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _PRECISION.add(total, value)
    return total


def _logarithms(values: Sequence[Decimal]) -> list[Decimal]:
    if any(value <= 0 for value in values):
        raise Refusal("value_not_positive", "A geometric mean needs values above zero.", field="value")
    return [_PRECISION.ln(value) for value in values]


def _at_least(values: Sequence[Decimal], minimum: int) -> None:
    if len(values) < minimum:
        raise Refusal(
            "too_few_replicates",
            "At least {minimum} replicates are needed, there are {count}.",
            field="value",
            minimum=minimum,
            count=len(values),
        )
