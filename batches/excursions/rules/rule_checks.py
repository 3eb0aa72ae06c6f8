"""Whether a rule may be saved: what it names can be evaluated, and its limits lie inside one another.

Domain reference 2.5, checks at save time. What could not be evaluated is refused here, so that no evaluation meets it.
"""

from collections.abc import Iterator
from itertools import pairwise

from batches.excursions.rules.derivations import DERIVATIONS, Derived
from batches.excursions.rules.excursion_rules import (
    INTEGRALS,
    LEVELLED,
    TOTALS,
    ZERO,
    Direction,
    ExcursionRule,
    GapMode,
    RuleKind,
)
from batches.excursions.rules.potency import half_life_faults
from batches.excursions.rules.sliding import Aggregation
from batches.readings.rules.parameters import SignalType, factor, parameter, rate_factor
from gatekeeper.core.refusal import Refusal

SEVERITIES = ("minor", "major", "critical")  # the classes that a deviation knows


def save_faults(rule: ExcursionRule) -> list[Refusal]:
    """Every reason why a rule may not be saved in a set; empty when it may.

    Beside those of ``rule_faults``: ``unknown_parameter``, ``unknown_unit``, ``units_differ_in_kind``,
    ``parameter_is_derived``, ``derived_parameter_differs``, ``limit_not_judged``, ``delay_not_judged``,
    ``window_missing``, ``window_not_used``, ``window_needs_linear``, ``rate_is_a_slope``, ``events_have_no_duration``,
    ``count_not_whole``, ``worst_case_needs_a_total``, ``worst_case_needs_an_action_limit``, ``table_missing``,
    ``table_not_used``, ``points_do_not_rise``, ``half_life_not_positive``, ``half_lives_overlap``,
    ``unknown_severity``.
    """
    return [
        *rule_faults(rule),
        *_parameter_faults(rule),
        *_unjudged_faults(rule),
        *_counted_faults(rule),
        *_window_faults(rule),
        *_gap_mode_faults(rule),
        *_table_faults(rule),
    ]


def rule_faults(rule: ExcursionRule) -> list[Refusal]:
    """Every reason why this rule may not be saved; empty when it may (2.5, checks at save time)."""
    return [*_limit_faults(rule), *_kind_faults(rule), *_time_faults(rule), *_source_faults(rule)]


def _limit_faults(rule: ExcursionRule) -> list[Refusal]:
    faults = []
    sides = (
        ("high", rule.alert_high, rule.action_high, rule.registered_high, 1),
        ("low", rule.alert_low, rule.action_low, rule.registered_low, -1),
    )
    for side, alert, action, registered, sign in sides:
        if (alert is not None or action is not None) and rule.direction not in {side, Direction.BOTH}:
            faults.append(_fault("limit_on_the_wrong_side", "direction", "The rule judges only the other side."))
        if alert is not None and action is not None:
            distance = (action - alert) * sign
            if distance <= 0:
                faults.append(_fault("alert_not_inside_action", f"alert_{side}", "Alert must lie inside action."))
            elif rule.deadband >= distance:
                faults.append(
                    _fault("deadband_too_wide", "deadband", "The deadband must be smaller than action minus alert.")
                )
        narrower = action if action is not None else alert
        if narrower is not None and registered is not None and (registered - narrower) * sign < 0:
            faults.append(
                _fault("action_not_inside_registered", f"action_{side}", "Action must lie inside the registered limit.")
            )
    low = rule.alert_low if rule.alert_low is not None else rule.action_low
    high = rule.alert_high if rule.alert_high is not None else rule.action_high
    if low is not None and high is not None and low >= high:
        faults.append(_fault("low_not_below_high", "alert_low", "The low limit must be below the high one."))
    return faults


def _kind_faults(rule: ExcursionRule) -> list[Refusal]:
    faults = []
    limits = (rule.alert_low, rule.alert_high, rule.action_low, rule.action_high)
    if rule.kind in LEVELLED and all(limit is None for limit in limits):
        faults.append(_fault("limits_missing", "action_high", "The rule has neither an alert nor an action limit."))
    if rule.kind is RuleKind.INSTANT and rule.t_on_s != 0:
        faults.append(_fault("instant_with_delay", "t_on_s", "An instant limit has no on-delay."))
    if rule.kind is RuleKind.COVERAGE and rule.min_coverage is None:
        faults.append(_fault("limits_missing", "min_coverage", "A rule of coverage needs its minimum."))
    if rule.kind in TOTALS:
        if rule.accumulate_above is None and rule.accumulate_below is None:
            faults.append(_fault("limits_missing", "accumulate_above", "The rule does not say what is accumulated."))
        if rule.alert_total is None and rule.action_total is None:
            faults.append(_fault("limits_missing", "action_total", "The rule has no limit of the total."))
        if rule.alert_total is not None and rule.action_total is not None and rule.alert_total >= rule.action_total:
            faults.append(_fault("alert_not_inside_action", "alert_total", "Alert must lie inside action."))
    return faults


def _time_faults(rule: ExcursionRule) -> list[Refusal]:
    names = ("t_on_s", "t_off_s", "t_merge_s", "deadband", "max_gap_s", "stuck_s", "alert_total", "action_total")
    faults = [
        _fault("negative_value", name, "A time, a deadband or a total cannot be negative.")
        for name in names
        if (getattr(rule, name) or ZERO) < 0
    ]
    if rule.min_coverage is not None and not 0 <= rule.min_coverage <= 1:
        faults.append(_fault("coverage_out_of_range", "min_coverage", "Coverage lies between 0 and 1."))
    if rule.signal_type is not SignalType.EVENT and rule.max_gap_s is None:
        faults.append(_fault("max_gap_missing", "max_gap_s", "A continuous signal needs a largest allowed gap."))
    if rule.sampling_s is None:
        return faults
    if rule.kind not in INTEGRALS | {RuleKind.COVERAGE} and rule.t_merge_s < rule.sampling_s:
        faults.append(
            _fault("merge_below_sampling", "t_merge_s", "The merge time must be at least the sampling interval.")
        )
    if rule.max_gap_s is not None and rule.max_gap_s < 2 * rule.sampling_s:
        faults.append(
            _fault("gap_below_two_samples", "max_gap_s", "The largest gap must be at least two sampling intervals.")
        )
    return faults


def _source_faults(rule: ExcursionRule) -> list[Refusal]:
    faults = []
    if rule.derived in DERIVATIONS and DERIVATIONS[rule.derived].geometry and not rule.requires_geometry:
        faults.append(_fault("geometry_required", "requires_geometry", "The signal needs the geometry of the module."))
    if not rule.unit.strip():
        faults.append(_fault("unit_missing", "unit", "The rule has no unit."))
    if rule.stuck_s is not None and rule.signal_type is not SignalType.LINEAR:
        faults.append(_fault("stuck_not_analogue", "stuck_s", "Only an analogue signal can be frozen."))
    return faults


def _parameter_faults(rule: ExcursionRule) -> list[Refusal]:
    try:
        measured = parameter(rule.parameter)
        rate_factor(measured.unit, rule.unit) if rule.kind is RuleKind.RATE else factor(measured.unit, rule.unit)
    except Refusal as refusal:
        return [refusal]
    row = DERIVATIONS.get(rule.derived)
    if row is not None and row.parameter != rule.parameter:
        return [_fault("derived_parameter_differs", "derived", f"This derivation gives {row.parameter}.")]
    if row is None and measured.derived:
        # Nobody sends it, so that the rule would wait for it for ever.
        return [
            Refusal(
                "parameter_is_derived", "“{title}” is computed here, never sent.", field="derived", title=measured.title
            )
        ]
    return []


def _unjudged_faults(rule: ExcursionRule) -> Iterator[Refusal]:
    """What the rule's kind ignores: somebody who reads it must not rely on it."""
    levels = {name: getattr(rule, name) for name in ("alert_low", "alert_high", "action_low", "action_high")}
    if rule.kind not in LEVELLED:
        filling = rule.kind is RuleKind.DOSE and rule.gap_mode is GapMode.WORST_CASE
        for name, value in levels.items():
            if value is not None and not (filling and name.startswith("action")):
                yield _fault("limit_not_judged", name, "A rule of this kind does not judge this limit.")
    if rule.kind not in TOTALS:
        for name in ("alert_total", "action_total"):
            if getattr(rule, name) is not None:
                yield _fault("limit_not_judged", name, "Only a rule of a total judges a total.")
    if rule.kind in INTEGRALS | {RuleKind.COVERAGE}:
        for name in ("t_on_s", "t_off_s", "t_merge_s", "deadband"):
            if getattr(rule, name) != 0:
                yield _fault("delay_not_judged", name, "A rule of this kind knows no delay and no deadband.")
    if rule.severity not in SEVERITIES:
        yield Refusal("unknown_severity", "There is no class “{severity}”.", field="severity", severity=rule.severity)


def _counted_faults(rule: ExcursionRule) -> Iterator[Refusal]:
    """What is wrong with what a total counts."""
    for name, side in (("accumulate_above", Direction.HIGH), ("accumulate_below", Direction.LOW)):
        if getattr(rule, name) is not None and rule.direction not in {side, Direction.BOTH}:
            yield _fault("limit_on_the_wrong_side", name, "The rule judges only the other side.")
    below, above = rule.accumulate_below, rule.accumulate_above
    if below is not None and above is not None and below >= above:
        yield _fault("low_not_below_high", "accumulate_below", "The low limit must be below the high one.")
    if rule.kind in INTEGRALS and rule.signal_type is SignalType.EVENT:
        yield _fault("events_have_no_duration", "signal_type", "Events last no time: count them.")
    totals = [total for total in (rule.alert_total, rule.action_total) if total is not None]
    if rule.kind is RuleKind.COUNT and any(total != total.to_integral_value() for total in totals):
        yield _fault("count_not_whole", "action_total", "A number of excursions is whole.")


def _window_faults(rule: ExcursionRule) -> Iterator[Refusal]:
    slope = rule.aggregation is Aggregation.SLOPE
    if slope != (rule.kind is RuleKind.RATE):
        yield _fault("rate_is_a_slope", "aggregation", "A rate is judged by the slope, and the slope by a rate.")
    if rule.aggregation is Aggregation.NONE:
        if rule.window_s is not None:
            yield _fault("window_not_used", "window_s", "Without an aggregation there is no window.")
        return
    if rule.window_s is None or rule.window_s <= 0:
        yield _fault("window_missing", "window_s", "An aggregation needs the length of its window.")
    if rule.signal_type is not SignalType.LINEAR:
        yield _fault("window_needs_linear", "signal_type", "Only a continuous signal is judged over a window.")


def _gap_mode_faults(rule: ExcursionRule) -> Iterator[Refusal]:
    if rule.gap_mode is GapMode.UNKNOWN:
        return
    if rule.kind not in INTEGRALS:
        yield _fault("worst_case_needs_a_total", "gap_mode", "Only a total of time or dose can be bounded.")
    if rule.kind is not RuleKind.DOSE:
        return
    sides = (("action_high", rule.accumulate_above, 1), ("action_low", rule.accumulate_below, -1))
    for name, reference, sign in sides:
        action = getattr(rule, name)
        if reference is not None and (action is None or (action - reference) * sign < 0):
            yield _fault(
                "worst_case_needs_an_action_limit", name, "A gap is filled with the action limit, beyond what counts."
            )


def _table_faults(rule: ExcursionRule) -> Iterator[Refusal]:
    tables = (
        ("half_lives", Derived.POTENCY_LOSS, 1),
        ("salt_points", Derived.SALT, 2),
    )
    for name, derived, least in tables:
        count = len(getattr(rule, name))
        if rule.derived is derived and count < least:
            yield _fault("table_missing", name, "The derived signal needs this table.")
        if rule.derived is not derived and count:
            yield _fault("table_not_used", name, "The rule's signal is not computed with this table.")
    if rule.temperature_coefficient is not None and rule.derived not in {Derived.COND25, Derived.SALT}:
        yield _fault("table_not_used", "temperature_coefficient", "The rule's signal is not compensated.")
    yield from half_life_faults(rule.half_lives)
    if any(after[0] <= before[0] for before, after in pairwise(rule.salt_points)):
        yield _fault("points_do_not_rise", "salt_points", "The conductivities must rise from point to point.")


def _fault(code: str, field: str, sentence: str) -> Refusal:
    return Refusal(code, sentence, field=field)
