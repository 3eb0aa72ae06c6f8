"""The few numbers of an exposure by which lots are compared: totals, and times outside by signal and limit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from batches.excursions.rules.excursion_rules import RuleKind
from batches.excursions.rules.exposure import Bound, Exposure, Measure, Row, bound_of

TIME = "time_outside"
UNITS: Mapping[str, str] = {Measure.PUMP_PASSES.value: "{pass}", Measure.RESIDUAL.value: "1", TIME: "s"}
SHEAR = "1/s.s"


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of one lot; None where no phase measured it. ``key`` is the same for the same number of any lot.

    ``parameter`` and ``beyond`` (pairs of side and limit in ``limit_unit``) say what was outside of what; ``unit`` is
    that of the value.
    """

    key: str
    kind: str
    parameter: str
    beyond: tuple[tuple[str, Decimal], ...]
    limit_unit: str
    unit: str
    value: Decimal | None
    bound: Bound
    phases: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lot stands among the earlier ones: their median, least and most, and how many of them are above it."""

    median: Decimal | None
    low: Decimal | None
    high: Decimal | None
    lots: int
    above: int

    def place(self, value: Decimal | None) -> str:
        """Return ``alone`` without earlier lots, ``unknown`` without a value, else below, within or above them."""
        if self.low is None or self.high is None:
            return "alone"
        if value is None:
            return "unknown"
        return "below" if value < self.low else "above" if value > self.high else "within"


def measures_of(exposure: Exposure) -> tuple[Measured, ...]:
    """Return the totals of an exposure and after them its times outside, each by its own key."""
    totals = tuple(
        Measured(
            key=total.measure.value if total.beyond is None else f"{total.measure.value}:{_text(total.beyond)}",
            kind=total.measure.value,
            parameter="",
            beyond=() if total.beyond is None else (("high", total.beyond),),
            limit_unit="1/s",
            unit=UNITS.get(total.measure.value, SHEAR),
            value=total.value,
            bound=total.bound,
            phases=total.phases,
            without=total.without,
        )
        for total in exposure.totals
    )
    return totals + _times(exposure.rows)


def standing(value: Decimal | None, earlier: Iterable[Decimal | None]) -> Standing:
    """Return where a value stands among those of earlier lots; lots without one are left out."""
    measured = [row for row in earlier if row is not None]
    above = 0 if value is None else sum(measure > value for measure in measured)
    if not measured:
        return Standing(None, None, None, 0, 0)
    return Standing(Decimal(median(measured)), min(measured), max(measured), len(measured), above)


def _times(rows: Sequence[Row]) -> tuple[Measured, ...]:
    """The time outside of each signal, by its rules of a total time; by its other rules where it has none of these."""
    timed = [row for row in rows if row.rule.kind is RuleKind.CUMULATIVE_TIME]
    total = {row.rule.parameter for row in timed}
    timed += [row for row in rows if row.rule.kind is RuleKind.DURATION and row.rule.parameter not in total]
    groups: dict[str, list[Row]] = {}
    for row in timed:
        limits = ",".join(f"{side}:{_text(limit)}" for side, limit in row.beyond)
        groups.setdefault(f"{TIME}:{row.rule.parameter}:{limits}", []).append(row)
    return tuple(_time(key, rows) for key, rows in groups.items())


def _time(key: str, rows: Sequence[Row]) -> Measured:
    by_phase: dict[str, Row] = {}
    for row in rows:
        # Sources that measure the same phase twice are not added: the longer time is taken.
        if row.measured and (row.phase not in by_phase or _lasted(row) > _lasted(by_phase[row.phase])):
            by_phase[row.phase] = row
    without = tuple(dict.fromkeys(row.phase for row in rows if row.phase not in by_phase))
    return Measured(
        key=key,
        kind=TIME,
        parameter=rows[0].rule.parameter,
        beyond=rows[0].beyond,
        limit_unit=rows[0].rule.unit,
        unit="s",
        value=sum((_lasted(row) for row in by_phase.values()), start=Decimal(0)) if by_phase else None,
        bound=bound_of(by_phase.values(), missing=bool(without)),
        phases=tuple(by_phase),
        without=without,
    )


def _lasted(row: Row) -> Decimal:
    return row.time_outside or Decimal(0)


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
