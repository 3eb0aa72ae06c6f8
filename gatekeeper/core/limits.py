"""Alert and action limits of a process parameter, and the verdict on a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from gatekeeper.core.quantity import decimal_text, number, unit
from gatekeeper.core.refusal import Refusal, refuse_all


class Verdict(StrEnum):
    """How a value stands to its limits."""

    INSIDE = "inside"
    ALERT = "alert"
    UNKNOWN = "unknown"  # above alert: missing data is not good data
    ACTION = "action"


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
_BOUNDS = ("alert_low", "alert_high", "action_low", "action_high")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict: action, then unknown, then alert; inside when there is none."""
    return max(verdicts, key=_RANK.__getitem__, default=Verdict.INSIDE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Alert and action limits, each may be absent; a value equal to a limit is inside it.

    :raises Refusal: ``unknown_unit``; ``not_a_number``; ``limits_not_nested`` when a low limit lies above a high one
        or an alert limit outside its action limit.
    """

    alert_low: Decimal | None
    alert_high: Decimal | None
    action_low: Decimal | None
    action_high: Decimal | None
    unit: str

    def __post_init__(self) -> None:
        unit(self.unit)
        bounds = {name: getattr(self, name) for name in _BOUNDS if getattr(self, name) is not None}
        refuse_all(
            [
                Refusal("not_a_number", "The limit “{limit}” is not a number.", field=name, limit=name)
                for name, bound in bounds.items()
                if not bound.is_finite()
            ]
        )
        refuse_all(
            [
                Refusal("limits_not_nested", "The limit “{low}” lies above “{high}”.", field=low, low=low, high=high)
                for low, high in _IN_ORDER
                if low in bounds and high in bounds and bounds[low] > bounds[high]
            ]
        )

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> Self:
        """Return the limits of a TOML or JSON table: ``unit`` and any of the four bounds, decimals as text.

        :raises Refusal: ``unknown_limit_key``; ``number_not_text`` for a float, which would lose printed digits;
            and those of the constructor.
        """
        refuse_all(
            [
                Refusal("unknown_limit_key", "“{key}” is not a key of a limit.", field=str(key), key=key)
                for key in table
                if key not in (*_BOUNDS, "unit")
            ]
        )
        bounds = {name: _bound(table.get(name), name) for name in _BOUNDS}
        return cls(**bounds, unit=str(table.get("unit", "")))


# Each pair must not be reversed; an absent limit constrains nothing.
_IN_ORDER = (
    ("action_low", "alert_low"),
    ("alert_low", "alert_high"),
    ("alert_high", "action_high"),
    ("action_low", "action_high"),
    ("action_low", "alert_high"),
    ("alert_low", "action_high"),
)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The bound that a value crossed; as text ``above 7.80``."""

    verdict: Verdict
    side: Literal["above", "below"]
    bound: Decimal

    def __str__(self) -> str:
        return f"{self.side} {decimal_text(self.bound)}"


def worst_crossing(value: Decimal, limits: Limits) -> Crossing | None:
    """Return the worst bound that a value in the limits' unit crosses, or None when it crosses none."""
    if limits.action_high is not None and value > limits.action_high:
        return Crossing(Verdict.ACTION, "above", limits.action_high)
    if limits.action_low is not None and value < limits.action_low:
        return Crossing(Verdict.ACTION, "below", limits.action_low)
    if limits.alert_high is not None and value > limits.alert_high:
        return Crossing(Verdict.ALERT, "above", limits.alert_high)
    if limits.alert_low is not None and value < limits.alert_low:
        return Crossing(Verdict.ALERT, "below", limits.alert_low)
    return None


def judge(value: Decimal | None, limits: Limits) -> Verdict:
    """Return the verdict on a value in the limits' unit; unknown when there is no finite value."""
    if value is None or not value.is_finite():
        return Verdict.UNKNOWN
    crossing = worst_crossing(value, limits)
    return Verdict.INSIDE if crossing is None else crossing.verdict


def _bound(entry: object, name: str) -> Decimal | None:
    if entry is None:
        return None
    if isinstance(entry, int) and not isinstance(entry, bool):
        return Decimal(entry)
    if isinstance(entry, str):
        return number(entry, field=name)
    raise Refusal("number_not_text", "Write “{limit}” as text, so that no digit is lost.", field=name, limit=name)
