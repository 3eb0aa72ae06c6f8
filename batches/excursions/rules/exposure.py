"""What the vector went through, from what was recorded of every rule: time in each state, doses, what is left.

Nothing is measured here. A row says what one evaluation holds; a total adds rows of several phases (E-4, E-5, E-9).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from math import prod
from typing import Any

from batches.excursions.rules.derivations import Derived
from batches.excursions.rules.excursion_rules import LEVELLED, TOTALS, ExcursionRule, RuleKind, rule_from, sides_of
from batches.excursions.rules.excursions import State
from batches.excursions.rules.potency import HalfLife

_MICRO = 1_000_000
_SIX = Decimal("0.000001")
# Doses of these are counted from nothing: they have a total, and no time that would be outside.
_RATES = frozenset(
    {Derived.WALL_SHEAR, Derived.WALL_STRESS, Derived.PARTICLE_SHEAR, Derived.PUMP_PASSES, Derived.POTENCY_LOSS}
)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """The newest evaluation of one rule of one phase: ``content`` is that of ``verdicts.Verdict``."""

    phase: str
    phase_title: str
    rule: str
    rule_set: str
    version: int
    final: bool
    content: Mapping[str, Any]
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of a phase in each state; together the time that was evaluated."""

    inside: Decimal
    alert: Decimal
    action: Decimal
    unknown: Decimal

    @property
    def whole(self) -> Decimal:
        """Seconds from the start of the phase to where the evaluation has come."""
        return self.inside + self.alert + self.action + self.unknown


@dataclass(frozen=True, slots=True)
class Row:
    """What one rule says of one phase.

    ``time_outside`` (s) and ``excess_dose`` (unit·s) are those beyond ``beyond``, pairs of side and limit in ``unit``;
    None where nothing was measured, and no time where the rule counts a dose from nothing. ``worst`` is the value
    furthest outside, None when there was no excursion. ``coverage`` is a share from 0 to 1.
    """

    phase: str
    phase_title: str
    name: str
    rule: ExcursionRule
    rule_set: str
    version: int
    final: bool
    state: State
    problem: str
    durations: Durations
    time_outside: Decimal | None
    excess_dose: Decimal | None
    beyond: tuple[tuple[str, Decimal], ...]
    worst: Decimal | None
    coverage: Decimal
    bounded: bool
    residual: Decimal | None
    origin: Mapping[str, Any]
    deviations: tuple[str, ...]

    @property
    def measured(self) -> bool:
        """Whether there was anything to judge: without it every number is unknown, none is zero."""
        return not self.problem and self.coverage > 0


class Measure(StrEnum):
    """What is added up over a batch."""

    PUMP_PASSES = "pump_passes"
    SHEAR_DOSE = "shear_dose"
    SHEAR_EXCESS = "shear_excess_dose"
    PARTICLE_DOSE = "particle_shear_dose"
    RESIDUAL = "residual_potency"


class Bound(StrEnum):
    """What a total is where time was unknown: exact without any, else a bound; uncertain when both were mixed."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over phases, or what is left after them; None where no phase measured it, which is not nothing.

    ``beyond`` is the limit of an excess dose. ``phases`` were measured; ``without`` had a rule for it and no data.
    """

    measure: Measure
    value: Decimal | None
    bound: Bound
    beyond: Decimal | None
    phases: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the residual potency of some phases rests on: a rule version with its half-lives and its equation."""

    rule: str
    version: int
    rule_set: str
    phases: tuple[str, ...]
    equation: str
    formula: str
    basis: str
    half_lives: tuple[HalfLife, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """The exposure of a batch; ``phases`` are all of its record, judged or not."""

    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    assumptions: tuple[Assumption, ...]
    phases: tuple[str, ...]


_WORST_FIRST = (State.ACTION, State.UNKNOWN, State.ALERT, State.NORMAL)


def exposure(recorded: Iterable[Recorded], *, phases: Sequence[str]) -> Exposure:
    """Return the rows, the totals over them and what the residual potency assumes.

    Phases come in the order given, and in each the worst rule first.
    """
    unordered = [_row(row) for row in recorded]
    places = {phase: place for place, phase in enumerate(dict.fromkeys(row.phase for row in unordered))}
    rows = tuple(sorted(unordered, key=lambda row: (places[row.phase], _WORST_FIRST.index(row.state))))
    return Exposure(rows, _totals(rows), _assumptions(rows), tuple(phases))


def _row(recorded: Recorded) -> Row:
    content = recorded.content
    rule = rule_from(content["rule"])
    coverage, problem = Decimal(content["coverage"]), content["problem"]
    measured = not problem and coverage > 0
    return Row(
        phase=recorded.phase,
        phase_title=recorded.phase_title,
        name=recorded.rule,
        rule=rule,
        rule_set=recorded.rule_set,
        version=recorded.version,
        final=recorded.final,
        state=State(content["state"]),
        problem=problem,
        durations=_durations(content, rule),
        time_outside=Decimal(content["time_above_s"]) if measured and not _from_nothing(rule) else None,
        excess_dose=Decimal(content["dose"]) if measured else None,
        beyond=tuple((side.name, side.reference) for side in sides_of(rule) if side.reference is not None),
        worst=_worst(content, rule),
        coverage=coverage,
        bounded=content["bounded"],
        residual=Decimal(content["residual"]) if measured and content.get("residual") else None,
        origin=content.get("origin") or {},
        deviations=recorded.deviations,
    )


def _from_nothing(rule: ExcursionRule) -> bool:
    above_nothing = rule.accumulate_above == 0 and rule.accumulate_below is None
    return rule.kind is RuleKind.DOSE and rule.derived in _RATES and above_nothing


def _durations(content: Mapping[str, Any], rule: ExcursionRule) -> Durations:
    """How long each state lasted: an unknown time is unknown even within an excursion."""
    whole = content["end_us"] - content["start_us"]
    spans = [(State.UNKNOWN, row["started_us"], row["ended_us"]) for row in content["gaps"]]
    if rule.kind in LEVELLED:
        spans += [
            (
                State(value["level"]),
                value["started_us"],
                content["end_us"] if value["ended_us"] is None else value["ended_us"],
            )
            for value in _of_values(content)
        ]
    durations = _lasted(spans)
    levels = {value["level"] for value in _of_values(content)}
    if rule.kind in TOTALS and levels:
        level = State.ACTION if State.ACTION.value in levels else State.ALERT
        # A total that takes gaps as the worst holds their time already; here it is unknown.
        filled = durations[State.UNKNOWN] if content["bounded"] else 0
        durations[level] = int(Decimal(content["time_above_s"]) * _MICRO) - filled
    inside = whole - sum(durations.values())
    order = (inside, durations[State.ALERT], durations[State.ACTION], durations[State.UNKNOWN])
    return Durations(*(Decimal(micros) / _MICRO for micros in order))


_FIRST = (State.UNKNOWN, State.ACTION, State.ALERT)


def _lasted(spans: Iterable[tuple[State, int, int]]) -> dict[State, int]:
    """How long each state was the first of those that overlap, in µs."""
    turns = sorted((at, state.value, step) for state, begun, ended in spans for at, step in ((begun, 1), (ended, -1)))
    durations, open_, before = dict.fromkeys(_FIRST, 0), dict.fromkeys(_FIRST, 0), 0
    for at, state, step in turns:
        now = next((row for row in _FIRST if open_[row]), None)
        if now is not None:
            durations[now] += at - before
        open_[State(state)] += step
        before = at
    return durations


def _of_values(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The excursions of the signal itself; too few readings have no value and no place in time."""
    return [row for row in content["excursions"] if row["side"] != "coverage"]


def _worst(content: Mapping[str, Any], rule: ExcursionRule) -> Decimal | None:
    """The furthest value of the worst level; where totals are judged every level names the same value."""
    candidates = _of_values(content)
    action = [excursion for excursion in candidates if excursion["level"] == State.ACTION.value] or candidates
    if not action:
        return None
    beyond = (lambda row: 0) if rule.kind in TOTALS else (lambda row: abs(Decimal(row["peak"]) - Decimal(row["limit"])))
    return Decimal(max(action, key=beyond)["peak"])


def _totals(rows: Sequence[Row]) -> tuple[Total, ...]:
    passes = [row for row in rows if row.rule.derived is Derived.PUMP_PASSES and _from_nothing(row.rule)]
    shear = [row for row in rows if row.rule.derived is Derived.WALL_SHEAR]
    doses = [row for row in shear if _from_nothing(row.rule)]
    particle = [row for row in rows if row.rule.derived is Derived.PARTICLE_SHEAR and _from_nothing(row.rule)]
    limits = sorted({limit for row in shear if (limit := _high(row))})
    excess = [
        _total(Measure.SHEAR_EXCESS, [row for row in shear if _high(row) == limit], beyond=limit) for limit in limits
    ]
    return (
        _total(Measure.PUMP_PASSES, passes),
        _total(Measure.SHEAR_DOSE, doses),
        *(excess or [_total(Measure.SHEAR_EXCESS, [])]),
        _total(Measure.PARTICLE_DOSE, particle),
        _total(Measure.RESIDUAL, _potency(rows)),
    )


def _potency(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.rule.derived is Derived.POTENCY_LOSS and _from_nothing(row.rule)]


def _high(row: Row) -> Decimal | None:
    """The limit above which a row's dose counts, None when it counts below one too."""
    return row.beyond[0][1] if [side for side, _limit in row.beyond] == ["high"] else None


def _total(measure: Measure, rows: Sequence[Row], *, beyond: Decimal | None = None) -> Total:
    by_phase: dict[str, Row] = {}
    for row in rows:
        if not row.measured or (measure is Measure.RESIDUAL and row.residual is None):
            continue  # no residual is not a residual of one
        # Rules, or sources, that measure the same phase twice are not added: the larger dose is taken.
        if row.phase not in by_phase or _dose(row) > _dose(by_phase[row.phase]):
            by_phase[row.phase] = row
    without = tuple(dict.fromkeys(row.phase for row in rows if row.phase not in by_phase))
    bound = bound_of(by_phase.values(), missing=bool(without))
    value: Decimal | None = None
    if by_phase and measure is Measure.RESIDUAL:
        left = prod((row.residual for row in by_phase.values() if row.residual is not None), start=Decimal(1))
        value = left.quantize(_SIX, rounding=ROUND_HALF_UP)
        bound = {Bound.AT_LEAST: Bound.AT_MOST, Bound.AT_MOST: Bound.AT_LEAST}.get(bound, bound)
    elif by_phase:
        value = sum((_dose(row) for row in by_phase.values()), start=Decimal(0))
    return Total(measure, value, bound, beyond, tuple(by_phase), without)


def _dose(row: Row) -> Decimal:
    return row.excess_dose or Decimal(0)


def bound_of(rows: Iterable[Row], *, missing: bool) -> Bound:
    """Return what a sum is: what nobody saw may have added to it, what was taken as the worst may not have been."""
    partly = [row for row in rows if row.coverage < 1]
    less, more = missing or any(not row.bounded for row in partly), any(row.bounded for row in partly)
    if less and more:
        return Bound.UNCERTAIN
    return Bound.AT_LEAST if less else Bound.AT_MOST if more else Bound.EXACT


def _assumptions(rows: Sequence[Row]) -> tuple[Assumption, ...]:
    by_rule: dict[tuple[str, int, str], list[Row]] = {}
    for row in _potency(rows):
        by_rule.setdefault((row.rule.code, row.rule.version, row.rule_set), []).append(row)
    return tuple(
        Assumption(
            rule=code,
            version=version,
            rule_set=rule_set,
            phases=tuple(dict.fromkeys(row.phase for row in rows_of_rule)),
            equation=next((row.origin["equation"] for row in rows_of_rule if row.origin), ""),
            formula=next((row.origin["formula"] for row in rows_of_rule if row.origin), ""),
            basis=rows_of_rule[0].rule.basis,
            half_lives=rows_of_rule[0].rule.half_lives,
        )
        for (code, version, rule_set), rows_of_rule in by_rule.items()
    )
