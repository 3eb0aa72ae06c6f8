"""How yields and verdicts are written on a page."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from gatekeeper.core.quantity import unit

register = template.Library()


@register.filter
def percent(value: Decimal | None) -> str:
    """Return a per cent with one decimal, a dash where it is not computable."""
    return "–" if value is None else f"{value:.1f} %"


@register.filter
def scientific(value: Decimal) -> str:
    """Return a large number as people write it: ``5.445×10^11``."""
    mantissa, _sign, power = f"{value:.3E}".partition("E")
    return f"{mantissa}×10^{int(power)}"


@register.filter
def unit_label(code: str) -> str:
    """Return how a unit is written for people."""
    return unit(code).label


@register.filter
def verdict_word(verdict: str) -> str:
    """Return the word of a verdict."""
    return {"inside": _("inside"), "alert": _("alert"), "action": _("action"), "unknown": _("unknown")}[verdict]
