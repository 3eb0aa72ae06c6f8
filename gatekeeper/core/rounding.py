"""How a result is rounded before it meets its limit, once, by the digits that the limit prints; and for people."""

from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from gatekeeper.core.quantity import EXACT, written_number
from gatekeeper.core.refusal import Refusal

_FIGURES = 4  # significant figures that people compare at a glance


class RoundingRule(StrEnum):
    """Which pharmacopoeia's rule a specification follows."""

    USP = "usp"  # to the decimals of the limit: USP General Notices 7.20
    PH_EUR = "ph_eur"  # to the significant figures of the limit: Ph. Eur. General Notices


def round_to_limit(value: Decimal, limit_text: str, rule: RoundingRule) -> Decimal:
    """Return the value rounded to the digits that the limit prints, half away from zero.

    A limit ``1.0×10^8`` has one decimal of 10^8, so its step is 10^7 (USP) and its figures are two (Ph. Eur.).

    :raises Refusal: ``not_a_number`` when the value is not finite or the limit's text is no number.
    """
    if not value.is_finite():
        raise Refusal("not_a_number", "“{text}” is not a number.", field="value", text=str(value))
    limit = written_number(limit_text, field="limit").value
    if rule is RoundingRule.USP or not value or not limit:
        return _without_sign_of_zero(_to_step(value, int(limit.as_tuple().exponent)))
    figures = len(limit.as_tuple().digits)
    nearest = to_figures(value, figures)
    return _to_step(nearest, nearest.adjusted() - figures + 1)


def rounded_text(value: Decimal, limit_text: str, rule: RoundingRule) -> str:
    """Return the rounded value written as the limit is: against ``1.0×10^8``, 9.4×10^7 is ``0.9×10^8``.

    :raises Refusal: ``not_a_number`` as :func:`round_to_limit`.
    """
    rounded = round_to_limit(value, limit_text, rule)
    power = written_number(limit_text, field="limit").power
    if power is None:
        return f"{rounded:f}"
    return f"{EXACT.scaleb(rounded, -power):f}×10^{power}"


def to_figures(value: Decimal, figures: int) -> Decimal:
    """Return the value with at most so many significant figures, half away from zero."""
    return Context(prec=figures, rounding=ROUND_HALF_UP).plus(value)


def readable(value: Decimal, *limits: Decimal) -> Decimal:
    """Return the value with as many digits as people read, half away from zero; never used for a verdict.

    One decimal more than the finest limit prints, at least four figures and never less than the whole number. A value
    that is not on a limit is given more digits as long as rounding would put it there or beyond.
    """
    places = max((-int(limit.as_tuple().exponent) for limit in limits), default=-1) + 1
    step = min(-places, value.adjusted() - _FIGURES + 1, 0) if value else 0
    nearest = _to_step(value, step)
    while any((nearest > limit, nearest < limit) != (value > limit, value < limit) for limit in limits):
        step -= 1
        nearest = _to_step(value, step)
    return _without_sign_of_zero(nearest)


def printed_limit(limit_text: str) -> str:
    """Return a limit for people with the digits as printed: ``1.0e8`` becomes ``1.0×10^8``.

    :raises Refusal: ``blank_value``, ``not_a_number``, ``number_out_of_range``.
    """
    return rounded_text(written_number(limit_text, field="limit").value, limit_text, RoundingRule.USP)


def _to_step(value: Decimal, exponent: int) -> Decimal:
    return value.quantize(Decimal((0, (1,), exponent)), context=EXACT)


def _without_sign_of_zero(value: Decimal) -> Decimal:
    return value if value else abs(value)
