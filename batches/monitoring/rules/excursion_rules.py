"""The excursion rule as master data: its fields, how it is read from a rule set, and the checks at save time.

Domain reference 2.5. Limits on the signal and limits on an accumulated total are different fields, because they
have different units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from batches.monitoring.rules.signals import Derived
from gatekeeper.core.refusal import Refusal, refuse_all


class SignalType(StrEnum):
    """What happens between two samples: a straight line, the last value carried forward, or nothing."""

    LINEAR = "linear"
    HOLD = "hold"
    EVENT = "event"


class RuleKind(StrEnum):
    """What is judged: the signal at once or after a delay, the total time or dose outside, or the coverage."""

    INSTANT = "instant"
    DURATION = "duration"
    CUMULATIVE_TIME = "cumulative_time"
    DOSE = "dose"
    COVERAGE = "coverage"


class Direction(StrEnum):
    """On which side of its limits a signal is outside."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"


TOTALS = frozenset({RuleKind.CUMULATIVE_TIME, RuleKind.DOSE})
LEVELLED = frozenset({RuleKind.INSTANT, RuleKind.DURATION})
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionRule:
    """One version of one excursion rule.

    ``alert_*``, ``action_*`` and ``registered_*`` are inclusive limits of the signal in ``unit``. Rules of a total
    count what lies above ``accumulate_above`` or below ``accumulate_below``; ``alert_total`` and ``action_total``
    are inclusive limits of that total in seconds (cumulative_time) or unit·seconds (dose). Fields ending in ``_s``
    are seconds.
    """

    code: str
    version: int
    parameter: str
    unit: str
    signal_type: SignalType
    kind: RuleKind
    direction: Direction
    alert_low: Decimal | None = None
    alert_high: Decimal | None = None
    action_low: Decimal | None = None
    action_high: Decimal | None = None
    registered_low: Decimal | None = None
    registered_high: Decimal | None = None
    accumulate_below: Decimal | None = None
    accumulate_above: Decimal | None = None
    alert_total: Decimal | None = None
    action_total: Decimal | None = None
    t_on_s: Decimal = ZERO
    t_off_s: Decimal = ZERO
    deadband: Decimal = ZERO
    t_merge_s: Decimal = ZERO
    max_gap_s: Decimal | None = None
    min_coverage: Decimal | None = None
    stuck_s: Decimal | None = None
    sampling_s: Decimal | None = None
    sensor_low: Decimal | None = None
    sensor_high: Decimal | None = None
    severity: str = "major"
    auto_deviation: bool = True
    requires_geometry: bool = False
    derived: Derived = Derived.NONE
    phases: tuple[str, ...] = ()
    basis: str = ""


_WORDS = frozenset({"code", "parameter", "unit", "severity", "basis"})
_CHOICES: Mapping[str, type[StrEnum]] = {
    "signal_type": SignalType,
    "kind": RuleKind,
    "direction": Direction,
    "derived": Derived,
}
_SWITCHES = frozenset({"auto_deviation", "requires_geometry"})
_FIELDS = tuple(one.name for one in fields(ExcursionRule))
_COMPULSORY = ("code", "version", "parameter", "unit", "signal_type", "kind", "direction")


def rule_from(mapping: Mapping[str, object]) -> ExcursionRule:
    """A rule from a table of a rule set; numbers are strings or whole numbers, never binary floats.

    :raises Refusal: rule_field_missing, rule_field_unknown, rule_choice_unknown, rule_value_invalid,
        number_not_decimal (all faults in one).
    """
    faults = [
        Refusal("rule_field_missing", "The rule has no {name}.", field=name, name=name)
        for name in _COMPULSORY
        if name not in mapping
    ]
    faults += [
        Refusal("rule_field_unknown", "A rule has no field called {name}.", field=name, name=name)
        for name in mapping
        if name not in _FIELDS
    ]
    values: dict[str, object] = {}
    for name in _FIELDS:
        if mapping.get(name) is None:
            continue
        try:
            values[name] = _value(name, mapping[name])
        except Refusal as refusal:
            faults.append(refusal)
    refuse_all(faults)
    return ExcursionRule(**values)  # type: ignore[arg-type]  # each value was parsed by its field's name above


def rules_from(mapping: Mapping[str, object]) -> tuple[ExcursionRule, ...]:
    """The rules of a rule set file: its ``[[rule]]`` tables in order.

    :raises Refusal: rule_set_empty, and all of ``rule_from``.
    """
    tables = mapping.get("rule")
    if not isinstance(tables, list) or not tables:
        raise Refusal("rule_set_empty", "The rule set has no rules.", field="rule")
    return tuple(rule_from(table) for table in tables)


def rule_content(rule: ExcursionRule) -> dict[str, object]:
    """The rule as plain text, numbers and lists; ``rule_from`` reads it back to an equal rule."""
    content: dict[str, object] = {}
    for name in _FIELDS:
        value = getattr(rule, name)
        if isinstance(value, Decimal):
            value = format(value, "f")
        elif isinstance(value, StrEnum):
            value = value.value
        elif isinstance(value, tuple):
            value = list(value)
        content[name] = value
    return content


def _value(name: str, given: object) -> object:
    if name in _CHOICES:
        return _choice(name, given)
    if name in _WORDS:
        return _typed(name, given, str)
    if name in _SWITCHES:
        return _typed(name, given, bool)
    if name == "phases":
        return tuple(_typed(name, phase, str) for phase in _typed(name, given, list))
    if name == "version":
        return _typed(name, given, int)
    return _decimal(name, given)


def _typed[T](name: str, given: object, wanted: type[T]) -> T:
    if isinstance(given, wanted) and not (wanted is int and isinstance(given, bool)):
        return given
    raise Refusal("rule_value_invalid", "The rule's {name} has the wrong kind of value.", field=name, name=name)


def _choice(name: str, given: object) -> StrEnum:
    try:
        return _CHOICES[name](str(given))
    except ValueError:
        raise Refusal(
            "rule_choice_unknown", "{given} is no {name} of a rule.", field=name, name=name, given=given
        ) from None


def _decimal(name: str, given: object) -> Decimal:
    if isinstance(given, str | int | Decimal) and not isinstance(given, bool):
        try:
            number = Decimal(given)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise Refusal("number_not_decimal", "The rule's {name} is not a decimal number.", field=name, name=name)


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
    if rule.kind in LEVELLED and rule.t_merge_s < rule.sampling_s:
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
    if rule.derived is Derived.WALL_SHEAR and not rule.requires_geometry:
        faults.append(_fault("geometry_required", "requires_geometry", "Wall shear needs the geometry of the module."))
    if not rule.unit.strip():
        faults.append(_fault("unit_missing", "unit", "The rule has no unit."))
    if rule.stuck_s is not None and rule.signal_type is not SignalType.LINEAR:
        faults.append(_fault("stuck_not_analogue", "stuck_s", "Only an analogue signal can be frozen."))
    return faults


def _fault(code: str, field: str, sentence: str) -> Refusal:
    return Refusal(code, sentence, field=field)
