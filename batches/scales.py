"""Draws the limits of a control as a scale: bands in words and colour, ticks at the limits (components/scale.html)."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from batches.rules.recipe import Control
from gatekeeper.core.quantity import decimal_text, unit

_MARGIN = Decimal("0.2")  # of the width, beyond the outermost limit


def scale_of(control: Control, value: Decimal | None = None) -> dict[str, Any] | None:
    """Return the scale of a control's limits with the value marked; None where there are not two limits to draw."""
    limits = control.limits
    named = [limits.action_low, limits.alert_low, limits.alert_high, limits.action_high]
    bounds = sorted({bound for bound in named if bound is not None})
    if len(bounds) < 2:
        return None
    margin = (bounds[-1] - bounds[0]) * _MARGIN
    low, high = bounds[0] - margin, bounds[-1] + margin

    def at(bound: Decimal) -> Decimal:
        return ((bound - low) / (high - low) * 100).quantize(Decimal("0.1"))

    marker = at(min(max(value, low), high)) if value is not None else None
    return {
        "summary": summary_of(control),
        "bands": _bands(control, at),
        "ticks": [{"x": at(bound), "text": decimal_text(bound)} for bound in bounds],
        "marker": marker,
        "low": low,
        "high": high,
    }


def summary_of(control: Control) -> str:
    """Return the limits in words: ``alert 6.80 to 7.80, action 6.50 to 8.00 pH``."""
    limits = control.limits
    parts = [
        _range(word, low, high)
        for word, low, high in (
            (_("alert"), limits.alert_low, limits.alert_high),
            (_("action"), limits.action_low, limits.action_high),
        )
        if low is not None or high is not None
    ]
    if not parts:
        return _("no limits")
    return f"{', '.join(parts)} {unit(control.unit).label}".strip()


def _range(word: str, low: Decimal | None, high: Decimal | None) -> str:
    limits = {name: decimal_text(limit) for name, limit in (("low", low), ("high", high)) if limit is not None}
    words = {"word": word, **limits}
    if low is None:
        return _("%(word)s above %(high)s") % words
    if high is None:
        return _("%(word)s below %(low)s") % words
    return _("%(word)s outside %(low)s to %(high)s") % words


def _bands(control: Control, at: Any) -> list[dict[str, Any]]:
    limits = control.limits
    zero, full = Decimal(0), Decimal(100)
    edges = [zero]
    for bound, before in ((limits.action_low, zero), (limits.alert_low, None)):
        edges.append(at(bound) if bound is not None else (before if before is not None else edges[-1]))
    action_high = at(limits.action_high) if limits.action_high is not None else full
    edges.append(at(limits.alert_high) if limits.alert_high is not None else action_high)
    edges += [action_high, full]
    states = ("action", "alert", "inside", "alert", "action")
    return [
        {"state": state, "x": start, "width": end - start}
        for state, start, end in zip(states, edges, edges[1:], strict=False)
        if end > start
    ]
