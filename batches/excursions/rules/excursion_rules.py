"""The excursion rule as master data: its fields, how it is read from a rule set, and the checks at save time.

Domain reference 2.5. Limits on the signal and limits on an accumulated total are different fields, because they
have different units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from batches.excursions.rules.derivations import Derived
from batches.excursions.rules.potency import HalfLife, Matter, half_life_content
from batches.excursions.rules.sliding import Aggregation
from batches.readings.rules.parameters import SignalType
from gatekeeper.core.refusal import Refusal, refuse_all


class RuleKind(StrEnum):
    """What is judged: the signal at once or after a delay, its rate of change, a total outside, or the coverage."""

    INSTANT = "instant"
    DURATION = "duration"
    RATE = "rate"
    CUMULATIVE_TIME = "cumulative_time"
    DOSE = "dose"
    COUNT = "count"
    COVERAGE = "coverage"


class Level(StrEnum):
    """Which limit was passed: alert notifies someone, action opens a deviation."""

    ALERT = "alert"
    ACTION = "action"


class Direction(StrEnum):
    """On which side of its limits a signal is outside."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"


class GapMode(StrEnum):
    """What a gap is to a total: unknown, or filled with the worst that the action limits allow."""

    UNKNOWN = "unknown"
    WORST_CASE = "worst_case"


INTEGRALS = frozenset({RuleKind.CUMULATIVE_TIME, RuleKind.DOSE})
TOTALS = INTEGRALS | {RuleKind.COUNT}
LEVELLED = frozenset({RuleKind.INSTANT, RuleKind.DURATION, RuleKind.RATE})
ZERO = Decimal(0)
_LARGEST_POWER = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionRule:
    """One version of one excursion rule.

    ``alert_*``, ``action_*`` and ``registered_*`` are inclusive limits of the signal in ``unit``. Rules of a total
    count what lies above ``accumulate_above`` or below ``accumulate_below``; ``alert_total`` and ``action_total``
    are inclusive limits of that total in seconds (cumulative_time), unit·seconds (dose) or excursions (count). Fields
    ending in ``_s`` are seconds. With ``aggregation`` the values of the last ``window_s`` are judged together; the
    unit of a rate is a change a minute. ``half_lives``, ``salt_points`` and ``temperature_coefficient`` are what a
    derived signal is computed with.
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
    aggregation: Aggregation = Aggregation.NONE
    window_s: Decimal | None = None
    gap_mode: GapMode = GapMode.UNKNOWN
    temperature_coefficient: Decimal | None = None
    half_lives: tuple[HalfLife, ...] = ()
    salt_points: tuple[tuple[Decimal, Decimal], ...] = ()
    phases: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a rule: its sign makes "outside" a "more"; ``reference`` is beyond what totals count."""

    name: str
    sign: int
    limits: tuple[tuple[Level, Decimal], ...]
    reference: Decimal | None
    fill: Decimal | None

    def level(self, limit: Decimal) -> float:
        """A limit as the number that signed values are compared with."""
        return float(limit * self.sign)


def sides_of(rule: ExcursionRule) -> tuple[Side, ...]:
    """The sides on which a rule judges anything.

    Where it accumulates nothing its totals count what is outside its alert limit, or its action limit without one.
    """
    table = (
        ("high", 1, rule.alert_high, rule.action_high, rule.accumulate_above),
        ("low", -1, rule.alert_low, rule.action_low, rule.accumulate_below),
    )
    sides = []
    for name, sign, alert, action, accumulate in table:
        limits = tuple(
            (level, limit) for level, limit in ((Level.ALERT, alert), (Level.ACTION, action)) if limit is not None
        )
        reference = accumulate if accumulate is not None or rule.kind in TOTALS else (limits[0][1] if limits else None)
        if limits or reference is not None:
            sides.append(Side(name, sign, limits, reference, action))
    return tuple(sides)


_CHOICES: Mapping[str, type[StrEnum]] = {
    "signal_type": SignalType,
    "kind": RuleKind,
    "direction": Direction,
    "derived": Derived,
    "aggregation": Aggregation,
    "gap_mode": GapMode,
}
_FIELDS = tuple(field.name for field in fields(ExcursionRule))
_COMPULSORY = ("code", "version", "parameter", "unit", "signal_type", "kind", "direction")


def rule_from(mapping: Mapping[str, object]) -> ExcursionRule:
    """A rule from a table of a rule set; numbers are strings or whole numbers, never binary floats.

    :raises Refusal: rule_field_missing, rule_field_unknown, rule_choice_unknown, rule_value_invalid,
        number_not_decimal, number_out_of_range (all faults in one).
    """
    if not isinstance(mapping, Mapping):
        raise Refusal("rule_value_invalid", "A rule is a table of fields.")
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
        elif name == "half_lives":
            value = half_life_content(value)
        elif name == "salt_points":
            value = [[format(number, "f") for number in point] for point in value]
        elif isinstance(value, tuple):
            value = list(value)
        content[name] = value
    return content


def _value(name: str, value: object) -> object:
    if name in _CHOICES:
        return _choice(name, value)
    reader = _READERS.get(name)
    return _decimal(name, value) if reader is None else reader(name, value)


def _listed[T](read: Callable[[str, object], T]) -> Callable[[str, object], tuple[T, ...]]:
    def reader(name: str, value: object) -> tuple[T, ...]:
        return tuple(read(name, row) for row in _typed(name, value, list))

    return reader


def _word(name: str, value: object) -> str:
    return _typed(name, value, str)


def _switch(name: str, value: object) -> bool:
    return _typed(name, value, bool)


def _whole(name: str, value: object) -> int:
    return _typed(name, value, int)


def _half_life(name: str, value: object) -> HalfLife:
    row = _typed(name, value, dict)
    numbers = ("low_cel", "high_cel", "hours")
    if not set(numbers) <= set(row) <= {*numbers, "matter", "basis"} or row.get("matter", "liquid") not in list(Matter):
        raise Refusal("rule_value_invalid", "A half-life has low_cel, high_cel, hours and matter.", field=name)
    low, high, hours = (_decimal(name, row[number]) for number in numbers)
    return HalfLife(low, high, hours, Matter(str(row.get("matter", "liquid"))), str(row.get("basis", "")))


def _point(name: str, value: object) -> tuple[Decimal, Decimal]:
    pair = _typed(name, value, list)
    if len(pair) != 2:
        raise Refusal("rule_value_invalid", "A point is a conductivity and a concentration.", field=name)
    return _decimal(name, pair[0]), _decimal(name, pair[1])


def _typed[T](name: str, value: object, kind: type[T]) -> T:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise Refusal("rule_value_invalid", "The rule's {name} has the wrong kind of value.", field=name, name=name)


def _choice(name: str, value: object) -> StrEnum:
    try:
        return _CHOICES[name](str(value))
    except ValueError:
        raise Refusal(
            "rule_choice_unknown", "{given} is no {name} of a rule.", field=name, name=name, given=value
        ) from None


def _decimal(name: str, value: object) -> Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            # As plain digits a larger power would fill memory; no quantity of the table has one.
            if max(abs(number.adjusted()), abs(int(number.as_tuple().exponent))) > _LARGEST_POWER:
                raise Refusal("number_out_of_range", "The rule's {name} has too many digits.", field=name, name=name)
            return number
    raise Refusal("number_not_decimal", "The rule's {name} is not a decimal number.", field=name, name=name)


_READERS: Mapping[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("code", "parameter", "unit", "severity", "basis"), _word),
    **dict.fromkeys(("auto_deviation", "requires_geometry"), _switch),
    "version": _whole,
    "phases": _listed(_word),
    "half_lives": _listed(_half_life),
    "salt_points": _listed(_point),
}
