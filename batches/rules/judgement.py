"""What an entered value says against the limits of its in-process control."""

from decimal import Decimal

from batches.rules.recipe import Control
from gatekeeper.core.limits import Limits, Verdict, judge, worst_crossing
from gatekeeper.core.quantity import Reported, convert
from gatekeeper.core.refusal import Refusal


def judged(reported: Reported, unit: str, control: Control) -> Verdict:
    """Return the verdict on a reported value in its own unit.

    ``<10`` is inside when 10 would be and nothing limits it from below; otherwise it is unknown, likewise ``>``.

    :raises Refusal: ``not_a_number`` for words; ``unknown_unit``, ``units_differ_in_kind``.
    """
    if reported.value is None:
        raise Refusal("not_a_number", "“{text}” is not a number.", field="reported", text=reported.text)
    value = convert(reported.value, unit, control.unit)
    verdict = judge(value, control.limits)
    if not reported.qualifier:
        return verdict
    if verdict is Verdict.INSIDE and _is_open(control.limits, reported.qualifier):
        return verdict
    return Verdict.UNKNOWN


def _is_open(limits: Limits, qualifier: str) -> bool:
    if qualifier == "<":
        return limits.alert_low is None and limits.action_low is None
    return limits.alert_high is None and limits.action_high is None


def crossed(value: Decimal, unit: str, control: Control) -> str:
    """Return the limit that the value crosses as text, ``above 7.80``; empty when it crosses none."""
    crossing = worst_crossing(convert(value, unit, control.unit), control.limits)
    return str(crossing) if crossing else ""


def needs_deviation(verdict: Verdict, control: Control, *, not_done: bool) -> bool:
    """Return whether a result opens a deviation: outside action limits, not judgeable, or a required one not done."""
    if not_done:
        return control.gating or control.critical
    return verdict in {Verdict.ACTION, Verdict.UNKNOWN}
