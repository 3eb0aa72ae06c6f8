"""What a stretch of a step says: totals, gaps and finished excursions, so that stretches can be joined.

A stretch ends and the next begins at one and the same good sample. Totals are whole numbers, and each interval is
rounded by itself: the same samples give the same sums however they were cut.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from batches.excursions.rules.excursion_rules import LEVELLED, TOTALS, ExcursionRule, Level, RuleKind, Side, sides_of
from batches.excursions.rules.runs import OPEN, Beyond, Machine, Spells, View, spells_above
from batches.excursions.rules.sliding import Aggregation, aggregated
from batches.excursions.rules.windows import Gap, Window, cut, window_of
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import Floats, Signal, Times, clean, micros


@dataclass(frozen=True, slots=True)
class Spell:
    """One excursion: times in µs (no end while it lasts), time known outside in µs, peak, dose (``runs.Sums``)."""

    level: Level
    side: str
    limit: Decimal
    started_us: int
    ended_us: int | None
    known_us: int
    peak: float
    peak_at_us: int
    dose: int


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything on one side beyond what totals count: first and last moment, how far, the value and its time."""

    side: str
    first_us: int
    last_us: int
    beyond: float
    peak: float
    peak_at_us: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A stretch from ``start_us`` to ``end_us``; ``last_us`` is the time of its last value, None without one.

    ``outside_us`` and ``dose`` (``runs.Sums``) are totals beyond the reference limits, ``count`` that of excursions.
    """

    start_us: int
    end_us: int
    last_us: int | None
    gaps: tuple[Gap, ...]
    spells: tuple[Spell, ...]
    outside: tuple[Outside, ...]
    outside_us: int
    dose: int
    count: int


def cleaned(signal: Signal, rule: ExcursionRule) -> Signal:
    """The signal with everything marked that this rule may not judge."""
    return clean(
        signal,
        stuck_s=rule.stuck_s,
        max_gap_s=rule.max_gap_s,
        sensor_low=rule.sensor_low,
        sensor_high=rule.sensor_high,
    )


def judged_view(signal: Signal, rule: ExcursionRule, *, start: int, end: int, since: int | None = None) -> View:
    """What a rule sees of a cleaned signal from start to end (µs); values that slide may look back to ``since``.

    :raises Refusal: window_ends_before_start.
    """
    hold = rule.signal_type is SignalType.HOLD
    begin = start if since is None else since
    window = window_of(signal, start=begin, end=end, max_gap_s=rule.max_gap_s, hold=hold)
    if rule.signal_type is SignalType.EVENT and rule.max_gap_s is None:
        window = replace(window, gaps=())
    if rule.aggregation is not Aggregation.NONE and rule.window_s is not None:
        window = aggregated(window, rule.aggregation, micros(rule.window_s))
    return View(window if begin == start else cut(window, start=start), rule.signal_type)


def summary_of(view: View, rule: ExcursionRule) -> Summary:
    """What the rule says of a window."""
    window = view.window
    excursions: list[Spell] = []
    outside: list[Outside] = []
    outside_us = dose = count = 0
    for side in sides_of(rule):
        for level, limit in side.limits if rule.kind in LEVELLED else ():
            if view.passes(side.sign, side.level(limit)):
                spells = spells_above(view.beyond(side.sign, side.level(limit)), machine_of(rule, side, limit))
                excursions += _spells(window, side, (level, limit), spells)
        if side.reference is None or not view.passes(side.sign, side.level(side.reference)):
            continue
        over = view.beyond(side.sign, side.level(side.reference))
        outside_us, dose = outside_us + over.excess.time_us, dose + over.excess.doses.total
        if rule.kind in TOTALS:
            outside.append(_outside(window, side, over))
        if rule.kind is RuleKind.COUNT:
            event = rule.signal_type is SignalType.EVENT
            lasting = over.places if event else spells_above(over, machine_of(rule, side, side.reference)).starts
            count += len(lasting)
    return Summary(
        start_us=window.start_us,
        end_us=window.start_us + window.step_us,
        last_us=int(window.times[-1]) if len(window.times) else None,
        gaps=window.gaps,
        spells=tuple(excursions),
        outside=tuple(outside),
        outside_us=outside_us,
        dose=dose,
        count=count,
    )


def _outside(window: Window, side: Side, over: Beyond) -> Outside:
    top = int(over.places[np.argmax(over.samples[1])])
    first, last = int(over.above_runs.starts[0]), int(over.above_runs.ends[-1])
    by = float(over.values[top]) - over.level
    return Outside(side.name, first, last, by, float(window.values[top]), int(window.times[top]))


def joined_summaries(before: Summary | None, after: Summary) -> Summary:
    """What two stretches say that meet at a good sample at which nothing lasts."""
    if before is None:
        return after
    sides = {outside.side: outside for outside in before.outside}
    for outside in after.outside:
        sides[outside.side] = _wider(sides[outside.side], outside) if outside.side in sides else outside
    return Summary(
        start_us=before.start_us,
        end_us=after.end_us,
        last_us=after.last_us,
        gaps=before.gaps + after.gaps,
        spells=before.spells + after.spells,
        outside=tuple(sides[name] for name in ("high", "low") if name in sides),
        outside_us=before.outside_us + after.outside_us,
        dose=before.dose + after.dose,
        count=before.count + after.count,
    )


def _wider(before: Outside, after: Outside) -> Outside:
    furthest = after if after.beyond > before.beyond else before
    return replace(furthest, first_us=before.first_us, last_us=after.last_us)


def machine_of(rule: ExcursionRule, side: Side, limit: Decimal) -> Machine:
    """The state machine of one limit of a rule; for a low limit everything is mirrored."""
    return Machine(
        level=side.level(limit),
        # The deadband is taken off as a decimal, so that 8.0 - 0.1 is the 7.9 of the samples.
        release=float(limit * side.sign - rule.deadband),
        t_on=micros(rule.t_on_s),
        t_off=micros(rule.t_off_s),
        t_merge=micros(rule.t_merge_s),
    )


def _spells(window: Window, side: Side, passed: tuple[Level, Decimal], spells: Spells) -> list[Spell]:
    if len(spells.starts) == 0:
        return []
    level, limit = passed
    upto = np.minimum(spells.ends, window.times[-1])
    known_us = upto - spells.starts - (_lost_before(window, upto) - _lost_before(window, spells.starts))
    columns = (spells.starts, spells.ends, known_us.astype(np.int64), spells.peaks * side.sign, spells.peaks_at)
    rows = zip(*(column.tolist() for column in columns), spells.doses, strict=True)
    return [
        Spell(level, side.name, limit, started, None if ended == OPEN else ended, lasted_us, peak, peak_at, dose)
        for started, ended, lasted_us, peak, peak_at, dose in rows
    ]


def _lost_before(window: Window, moments: Times) -> Floats:
    if not window.gaps:
        return np.zeros(len(moments))
    edges = np.array([(gap.started_us, gap.ended_us) for gap in window.gaps], dtype=np.int64)
    lost = np.cumsum(edges[:, 1] - edges[:, 0])
    knots = edges.ravel()
    totals = np.column_stack((lost - (edges[:, 1] - edges[:, 0]), lost)).ravel()
    origin = int(knots[0])  # µs since 1970 exceed what float64 can divide finely
    rounded: Floats = np.rint(np.interp(moments - origin, knots - origin, totals))
    return rounded
