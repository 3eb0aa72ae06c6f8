"""The signal a rule judges, made from the measured signals of a phase."""

from collections.abc import Mapping

from batches.monitoring.rules.derived import HollowFibre
from batches.monitoring.rules.excursion_rules import ExcursionRule, SignalType
from batches.monitoring.rules.signals import DERIVED_INPUTS, Derived, Signal, clean, derive
from gatekeeper.core.refusal import Refusal


def needed_parameters(rule: ExcursionRule) -> tuple[str, ...]:
    """The measured parameters that a rule needs."""
    return DERIVED_INPUTS.get(rule.derived, (rule.parameter,))


def judged_signal(rule: ExcursionRule, signals: Mapping[str, Signal], geometry: HollowFibre | None = None) -> Signal:
    """The signal that the rule judges, from the phase's measured signals by parameter.

    Frozen, conflicting and bad samples of an input make the derived signal unknown at that time.

    :raises Refusal: signal_missing, geometry_required.
    """
    names = needed_parameters(rule)
    for name in names:
        if name not in signals:
            raise Refusal("signal_missing", "The phase has no signal called {name}.", field="signals", name=name)
    if rule.derived is Derived.NONE:
        return signals[rule.parameter]
    stuck = rule.stuck_s if rule.signal_type is SignalType.LINEAR else None
    inputs = {name: clean(signals[name], stuck_s=stuck, max_gap_s=rule.max_gap_s) for name in names}
    return derive(rule.derived, inputs, geometry)
