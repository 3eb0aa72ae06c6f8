"""Whether a step's signal stayed inside its limits: a pure function of the set of samples and the rule's version.

Domain reference 2.2. Order, duplicates and the cutting into frames cannot change the result, because the samples are
put into order and made unique first; the content of an evaluation has the same bytes for the same inputs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from math import fsum

import numpy as np

from batches.monitoring.rules.excursion_rules import (
    LEVELLED,
    TOTALS,
    ExcursionRule,
    RuleKind,
    SignalType,
    rule_content,
    rule_faults,
    rule_from,
    rules_from,
)
from batches.monitoring.rules.runs import OPEN, Machine, Spells, excess, runs_where, spells_above
from batches.monitoring.rules.signals import SECOND, Floats, Gap, Signal, Times, Window, clean, window_of

__all__ = [
    "Evaluation",
    "Excursion",
    "ExcursionRule",
    "Level",
    "State",
    "evaluate",
    "evaluation_content",
    "judged",
    "rule_content",
    "rule_faults",
    "rule_from",
    "rules_from",
    "worst_state",
]


class State(StrEnum):
    """What a rule says about a step."""

    NORMAL = "normal"
    ALERT = "alert"
    UNKNOWN = "unknown"
    ACTION = "action"


class Level(StrEnum):
    """Which limit was passed: alert tells someone, action opens a deviation."""

    ALERT = "alert"
    ACTION = "action"


# Missing data is not good data: UNKNOWN ranks above ALERT (2.2, point 1).
_RANK = (State.NORMAL, State.ALERT, State.UNKNOWN, State.ACTION)


@dataclass(frozen=True, slots=True)
class Excursion:
    """One excursion: times in µs (no end while it lasts), duration without gaps in s, peak and limit in the unit.

    For a rule of a total the limit is that of the total (s or unit·s), duration the time outside and excess dose the
    total dose; for coverage the limit is the minimum and the peak the coverage.
    """

    key: str
    level: Level
    side: str
    started_us: int
    ended_us: int | None
    duration_s: Decimal
    peak: Decimal
    peak_at_us: int
    excess_dose: Decimal
    limit: Decimal


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The verdict of one rule version over one step.

    ``time_above`` (s) and ``dose`` (unit·s) are totals outside the accumulation limits of the rule, or outside its
    alert limits (action limits, when it has no alert) if it accumulates nothing.
    """

    rule_code: str
    rule_version: int
    state: State
    coverage: Decimal
    excursions: tuple[Excursion, ...]
    time_above: Decimal
    dose: Decimal
    gaps: tuple[Gap, ...]
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    sign: int
    limits: tuple[tuple[Level, Decimal], ...]
    reference: Decimal | None


def evaluate(signal: Signal, rule: ExcursionRule, *, start: int, end: int, complete: bool = True) -> Evaluation:
    """The state of one rule over the step from start to end (µs), with every excursion and gap.

    The signal is the judged one (already derived where the rule says so) and may be unordered and repeated. While a
    step still runs (``complete=False``) too little coverage is not yet held against it; its gaps are UNKNOWN anyway.
    """
    window = _judged_window(signal, rule, start, end)
    sides = _sides(rule)
    outside_us, dose = _totals(window, sides, rule.signal_type)
    excursions: list[Excursion] = []
    if rule.kind in LEVELLED:
        excursions = [one for side in sides for one in _levelled(window, rule, side)]
    elif rule.kind in TOTALS:
        excursions = _of_total(window, rule, sides, outside_us, dose)
    if complete:
        excursions += _of_coverage(window, rule, end)
    excursions.sort(key=lambda one: (one.started_us, one.level, one.side, one.key))
    state = worst_state(State(one.level.value) for one in excursions)
    if window.gaps:
        state = worst_state((state, State.UNKNOWN))
    return Evaluation(
        rule_code=rule.code,
        rule_version=rule.version,
        state=state,
        coverage=window.coverage,
        excursions=tuple(excursions),
        time_above=_seconds(outside_us),
        dose=dose,
        gaps=window.gaps,
        start_us=start,
        end_us=end,
    )


def worst_state(states: Iterable[State]) -> State:
    """The worst of the states, NORMAL when there is none: NORMAL < ALERT < UNKNOWN < ACTION."""
    return max(states, key=_RANK.index, default=State.NORMAL)


def judged(value: Decimal | None, rule: ExcursionRule) -> State:
    """The state of one single value against the alert and action limits of a rule; both are inclusive."""
    if value is None or not value.is_finite():
        return State.UNKNOWN
    levels = [level for side in _sides(rule) for level, limit in side.limits if (value - limit) * side.sign > 0]
    return worst_state(State(level.value) for level in levels)


def _judged_window(signal: Signal, rule: ExcursionRule, start: int, end: int) -> Window:
    cleaned = clean(
        signal,
        stuck_s=rule.stuck_s,
        max_gap_s=rule.max_gap_s,
        sensor_low=rule.sensor_low,
        sensor_high=rule.sensor_high,
    )
    window = window_of(
        cleaned,
        start=start,
        end=end,
        max_gap_s=rule.max_gap_s,
        hold=rule.signal_type is SignalType.HOLD,
    )
    if rule.signal_type is SignalType.EVENT and rule.max_gap_s is None:
        return replace(window, gaps=(), good_us=window.step_us)
    return window


def _sides(rule: ExcursionRule) -> tuple[_Side, ...]:
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
            sides.append(_Side(name, sign, limits, reference))
    return tuple(sides)


def _totals(window: Window, sides: tuple[_Side, ...], signal_type: SignalType) -> tuple[int, Decimal]:
    times: list[float] = []
    doses: list[float] = []
    for side in sides:
        if side.reference is not None:
            spent, given = excess(window, window.values * side.sign, float(side.reference) * side.sign, signal_type)
            times += spent[spent > 0].tolist()
            doses += given[given > 0].tolist()
    # fsum is exact, so the order of summation cannot show in the last digit.
    return round(fsum(times)), _decimal(fsum(doses) / SECOND, 6)


def _levelled(window: Window, rule: ExcursionRule, side: _Side) -> list[Excursion]:
    values = window.values * side.sign
    found: list[Excursion] = []
    for level, limit in side.limits:
        machine = Machine(
            level=float(limit * side.sign),
            # The deadband is taken off as a decimal, so that 8.0 - 0.1 is the 7.9 of the samples.
            release=float(limit * side.sign - rule.deadband),
            t_on=_micros(rule.t_on_s),
            t_off=_micros(rule.t_off_s),
            t_merge=_micros(rule.t_merge_s),
        )
        spells = spells_above(window, values, machine, rule.signal_type)
        found += _excursions(window, rule.code, side, (level, limit), spells)
    return found


def _excursions(
    window: Window, code: str, side: _Side, passed: tuple[Level, Decimal], spells: Spells
) -> list[Excursion]:
    level, limit = passed
    if len(spells.starts) == 0:
        return []
    upto = np.minimum(spells.ends, window.times[-1])
    known = upto - spells.starts - (_lost_before(window, upto) - _lost_before(window, spells.starts))
    columns = (spells.starts, spells.ends, known, spells.peaks * side.sign, spells.peaks_at, spells.doses)
    return [
        Excursion(
            key=f"{code}:{level.value}:{side.name}:{started}",
            level=level,
            side=side.name,
            started_us=started,
            ended_us=None if ended == OPEN else ended,
            duration_s=_seconds(lasted),
            peak=_decimal(peak, 9),
            peak_at_us=peak_at,
            excess_dose=_decimal(dose / SECOND, 6),
            limit=limit,
        )
        for started, ended, lasted, peak, peak_at, dose in zip(*(one.tolist() for one in columns), strict=True)
    ]


def _lost_before(window: Window, moments: Times) -> Floats:
    if not window.gaps:
        return np.zeros(len(moments))
    edges = np.array([(one.started_us, one.ended_us) for one in window.gaps], dtype=np.int64)
    lost = np.cumsum(edges[:, 1] - edges[:, 0])
    knots = edges.ravel()
    totals = np.column_stack((lost - (edges[:, 1] - edges[:, 0]), lost)).ravel()
    origin = int(knots[0])  # µs since 1970 exceed what float64 can divide finely
    rounded: Floats = np.rint(np.interp(moments - origin, knots - origin, totals))
    return rounded


def _of_total(
    window: Window, rule: ExcursionRule, sides: tuple[_Side, ...], outside_us: int, dose: Decimal
) -> list[Excursion]:
    total = _seconds(outside_us) if rule.kind is RuleKind.CUMULATIVE_TIME else dose
    passed = [
        (level, limit)
        for level, limit in ((Level.ALERT, rule.alert_total), (Level.ACTION, rule.action_total))
        if limit is not None and total > limit
    ]
    if not passed:
        return []
    side, started, ended, peak, peak_at = _outside(window, rule, sides)
    return [
        Excursion(
            # The step's start, not the crossing: late data may move the crossing, never the step.
            key=f"{rule.code}:{level.value}:total:{window.start_us}",
            level=level,
            side=side,
            started_us=started,
            ended_us=ended,
            duration_s=_seconds(outside_us),
            peak=peak,
            peak_at_us=peak_at,
            excess_dose=dose,
            limit=limit,
        )
        for level, limit in passed
    ]


def _outside(
    window: Window, rule: ExcursionRule, sides: tuple[_Side, ...]
) -> tuple[str, int, int | None, Decimal, int]:
    """Side, first and last moment outside (None while it lasts), and the value furthest outside with its time."""
    spans = []
    for side in sides:
        if side.reference is None:
            continue
        values, level = window.values * side.sign, float(side.reference) * side.sign
        runs = runs_where(window, values, values > level, level, rule.signal_type)
        if len(runs.starts):
            top = int(np.argmax(values))
            last = int(runs.ends[-1])
            spans.append((float(values[top]) - level, side, int(runs.starts[0]), last, top))
    furthest = max(spans, key=lambda span: span[0])
    last = max(span[3] for span in spans)
    top = furthest[4]
    return (
        furthest[1].name,
        min(span[2] for span in spans),
        None if last >= int(window.times[-1]) else last,
        _decimal(float(window.values[top]), 9),
        int(window.times[top]),
    )


def _of_coverage(window: Window, rule: ExcursionRule, end: int) -> list[Excursion]:
    if rule.min_coverage is None or window.good_us >= rule.min_coverage * window.step_us:
        return []
    lost = sum(one.ended_us - one.started_us for one in window.gaps)
    return [
        Excursion(
            key=f"{rule.code}:{Level.ACTION.value}:coverage:{window.start_us}",
            level=Level.ACTION,
            side="coverage",
            started_us=window.gaps[0].started_us if window.gaps else window.start_us,
            ended_us=window.gaps[-1].ended_us if window.gaps else end,
            duration_s=_seconds(lost),
            peak=window.coverage,
            peak_at_us=end,
            excess_dose=Decimal(0),
            limit=rule.min_coverage,
        )
    ]


def evaluation_content(evaluation: Evaluation) -> dict[str, object]:
    """The evaluation as text, whole numbers and lists, with the same bytes for the same inputs (2.2, point 12)."""
    return {
        "rule_code": evaluation.rule_code,
        "rule_version": evaluation.rule_version,
        "state": evaluation.state.value,
        "start_us": evaluation.start_us,
        "end_us": evaluation.end_us,
        "coverage": _text(evaluation.coverage),
        "time_above_s": _text(evaluation.time_above),
        "dose": _text(evaluation.dose),
        "gaps": [
            {"started_us": one.started_us, "ended_us": one.ended_us, "reason": one.reason} for one in evaluation.gaps
        ],
        "excursions": [
            {
                "key": one.key,
                "level": one.level.value,
                "side": one.side,
                "started_us": one.started_us,
                "ended_us": one.ended_us,
                "duration_s": _text(one.duration_s),
                "peak": _text(one.peak),
                "peak_at_us": one.peak_at_us,
                "excess_dose": _text(one.excess_dose),
                "limit": _text(one.limit),
            }
            for one in evaluation.excursions
        ],
    }


def _micros(seconds: Decimal) -> int:
    return int(seconds * SECOND)


def _seconds(micros: float) -> Decimal:
    return _decimal(micros / SECOND, 6)


def _decimal(number: float, places: int) -> Decimal:
    text = f"{number:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return abs(Decimal(text)) if text == "-0" else Decimal(text)


def _text(number: Decimal) -> str:
    return format(number, "f")
