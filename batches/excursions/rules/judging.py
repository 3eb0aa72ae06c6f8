"""The signal a rule judges, made from the measured signals of a phase."""

from collections.abc import Mapping
from dataclasses import replace

from batches.excursions.rules.derivations import DERIVATIONS, Constants, Derived, derive
from batches.excursions.rules.excursion_rules import ExcursionRule, RuleKind
from batches.excursions.rules.geometry import Module
from batches.excursions.rules.rule_checks import save_faults
from batches.readings.rules.parameters import SignalType, factor, parameter, rate_factor
from batches.readings.rules.signals import Signal, clean
from gatekeeper.core.refusal import Refusal


def needed_parameters(rule: ExcursionRule) -> tuple[str, ...]:
    """The measured parameters that a rule needs."""
    return (rule.parameter,) if rule.derived is Derived.NONE else DERIVATIONS[rule.derived].inputs


# A signal that is computed from several is no finer than the coarsest of them.
_FINEST_FIRST = (SignalType.LINEAR, SignalType.HOLD, SignalType.EVENT)


def as_declared(rule: ExcursionRule, types: Mapping[str, SignalType]) -> ExcursionRule:
    """The rule with the signal type that the tags declare, by measured parameter: it is master data of theirs (E-8).

    What nobody declares stays as the rule has it. Only a continuous signal can be frozen.
    """
    needed = needed_parameters(rule)
    if not all(name in types for name in needed):
        return rule
    declared = max((types[name] for name in needed), key=_FINEST_FIRST.index)
    if declared is rule.signal_type:
        return rule
    return replace(rule, signal_type=declared, stuck_s=rule.stuck_s if declared is SignalType.LINEAR else None)


def check_declared(rule: ExcursionRule, declared: ExcursionRule) -> None:
    """Pass when the rule can be judged with the signal type that the tags declare.

    :raises Refusal: what the declared type adds to the faults of ``save_faults``: ``max_gap_missing``,
        ``events_have_no_duration``, ``window_needs_linear``.
    """
    if declared is rule:
        return
    faults = {(fault.code, fault.field) for fault in save_faults(rule)}
    for fault in save_faults(declared):
        if (fault.code, fault.field) not in faults:
            raise fault


def judged_signal(rule: ExcursionRule, signals: Mapping[str, Signal], geometry: Module | None = None) -> Signal:
    """The signal that the rule judges, from the phase's measured signals by parameter, in the parameter's unit.

    Frozen, conflicting and bad samples of an input make the derived signal unknown at that time.

    :raises Refusal: signal_missing, geometry_required, and those of the formula (shear_formula_not_valid).
    """
    names = needed_parameters(rule)
    for name in names:
        if name not in signals:
            raise Refusal("signal_missing", "The phase has no signal called {name}.", field="signals", name=name)
    if rule.derived is Derived.NONE:
        return signals[rule.parameter]
    stuck = rule.stuck_s if rule.signal_type is SignalType.LINEAR else None
    inputs = {name: clean(signals[name], stuck_s=stuck, max_gap_s=rule.max_gap_s) for name in names}
    return derive(rule.derived, inputs, geometry, constants=constants_of(rule))


def constants_of(rule: ExcursionRule) -> Constants:
    """What the rule says of the numbers that its signal is computed with."""
    return Constants(
        temperature_coefficient=rule.temperature_coefficient,
        half_lives=rule.half_lives,
        salt_points=rule.salt_points,
    )


def in_unit_of(rule: ExcursionRule, signal: Signal) -> Signal:
    """The signal in the rule's unit; for a rate so that its slope a minute is in the rule's unit.

    :raises Refusal: unknown_parameter, unknown_unit, units_differ_in_kind.
    """
    measured_unit = parameter(rule.parameter).unit
    scale = rate_factor(measured_unit, rule.unit) if rule.kind is RuleKind.RATE else factor(measured_unit, rule.unit)
    return signal if scale == 1 else Signal(signal.times, signal.values * scale, signal.good, signal.void)
