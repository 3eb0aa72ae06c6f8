"""Whether a step's signal stayed inside its limits: a pure function of the set of samples and the rule's version.

Domain reference 2.2. Order, duplicates and the cutting into frames cannot change the result, because the samples are
put into order and made unique first; the content of an evaluation has the same bytes for the same inputs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from batches.excursions.rules.excursion_rules import (
    TOTALS,
    ExcursionRule,
    GapMode,
    Level,
    RuleKind,
    rule_content,
    rule_from,
    rules_from,
    sides_of,
)
from batches.excursions.rules.rule_checks import rule_faults
from batches.excursions.rules.runs import FRACTION, View
from batches.excursions.rules.summaries import Outside, Spell, Summary, cleaned, judged_view, summary_of
from batches.excursions.rules.windows import Gap
from batches.readings.rules.signals import SECOND, Signal

__all__ = [
    "Evaluation",
    "Excursion",
    "ExcursionRule",
    "Level",
    "State",
    "evaluate",
    "evaluate_all",
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
    alert limits (action limits, when it has no alert) if it accumulates nothing; ``count`` is the number of excursions
    of a rule that counts them. ``bounded``: gaps were filled with the worst case, so the totals are upper bounds.
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
    count: int = 0
    bounded: bool = False


def evaluate(signal: Signal, rule: ExcursionRule, *, start: int, end: int, complete: bool = True) -> Evaluation:
    """The state of one rule over the step from start to end (µs), with every excursion and gap.

    The signal is the judged one (already derived where the rule says so) and may be unordered and repeated. While a
    step still runs (``complete=False``) too little coverage does not yet count; its gaps are UNKNOWN anyway.

    :raises Refusal: ``window_ends_before_start``.
    """
    view = judged_view(cleaned(signal, rule), rule, start=start, end=end)
    return concluded(summary_of(view, rule), rule, complete=complete)


def evaluate_all(
    signal: Signal, rules: Sequence[ExcursionRule], *, start: int, end: int, complete: bool = True
) -> tuple[Evaluation, ...]:
    """What ``evaluate`` gives for each rule; what several ask of the signal alike is found once."""
    cleaned_signals: dict[tuple[object, ...], Signal] = {}
    views: dict[tuple[object, ...], View] = {}
    evaluations = []
    for rule in rules:
        cleaning = (rule.stuck_s, rule.max_gap_s, rule.sensor_low, rule.sensor_high)
        if cleaning not in cleaned_signals:
            cleaned_signals[cleaning] = cleaned(signal, rule)
        viewing = (*cleaning, rule.signal_type, rule.aggregation, rule.window_s)
        if viewing not in views:
            views[viewing] = judged_view(cleaned_signals[cleaning], rule, start=start, end=end)
        evaluations.append(concluded(summary_of(views[viewing], rule), rule, complete=complete))
    return tuple(evaluations)


def concluded(part: Summary, rule: ExcursionRule, *, complete: bool = True) -> Evaluation:
    """The verdict of a rule over a whole step, from what all its stretches say together."""
    outside_us, dose = _totals(part, rule)
    excursions = [_excursion(rule, spell, part) for spell in part.spells]
    if rule.kind in TOTALS:
        excursions = _of_total(part, rule, outside_us, dose)
    if complete:
        excursions += _of_coverage(part, rule)
    excursions.sort(key=lambda row: (row.started_us, row.level, row.side, row.key))
    state = worst_state(State(level.value) for level in {excursion.level for excursion in excursions})
    bounded = rule.gap_mode is GapMode.WORST_CASE and bool(part.gaps)
    if part.gaps and not bounded:
        state = worst_state((state, State.UNKNOWN))
    return Evaluation(
        rule_code=rule.code,
        rule_version=rule.version,
        state=state,
        coverage=_coverage(part),
        excursions=tuple(excursions),
        time_above=_seconds(outside_us),
        dose=dose,
        gaps=part.gaps,
        start_us=part.start_us,
        end_us=part.end_us,
        count=part.count,
        bounded=bounded,
    )


def worst_state(states: Iterable[State]) -> State:
    """The worst of the states, NORMAL when there is none: NORMAL < ALERT < UNKNOWN < ACTION."""
    return max(states, key=_RANK.index, default=State.NORMAL)


def judged(value: Decimal | None, rule: ExcursionRule) -> State:
    """The state of one single value against the alert and action limits of a rule; both are inclusive."""
    if value is None or not value.is_finite():
        return State.UNKNOWN
    levels = [level for side in sides_of(rule) for level, limit in side.limits if (value - limit) * side.sign > 0]
    return worst_state(State(level.value) for level in levels)


def _lost_us(part: Summary) -> int:
    return sum(gap.lasted_us for gap in part.gaps)


def _coverage(part: Summary) -> Decimal:
    """Share of the step with trusted values, to six decimals."""
    step_us = part.end_us - part.start_us
    if step_us <= 0:
        return Decimal(0)
    return (Decimal(step_us - _lost_us(part)) / Decimal(step_us)).quantize(Decimal("0.000001"))


def _totals(part: Summary, rule: ExcursionRule) -> tuple[int, Decimal]:
    """Time outside in µs and dose in unit·s; gaps count as the worst that the action limits allow, where asked."""
    dose = _decimal(part.dose / 2**FRACTION / SECOND, 6)
    if rule.gap_mode is GapMode.UNKNOWN:
        return part.outside_us, dose
    lost_us = _lost_us(part)
    beyond = [
        (side.fill - side.reference) * side.sign
        for side in sides_of(rule)
        if side.fill is not None and side.reference is not None
    ]
    return part.outside_us + lost_us, dose + max(beyond, default=Decimal(0)) * lost_us / SECOND


def _excursion(rule: ExcursionRule, spell: Spell, part: Summary) -> Excursion:
    return Excursion(
        key=f"{rule.code}:{spell.level.value}:{spell.side}:{spell.started_us}",
        level=spell.level,
        side=spell.side,
        started_us=spell.started_us,
        ended_us=spell.ended_us,
        duration_s=_seconds(spell.known_us),
        peak=_decimal(spell.peak, 9),
        peak_at_us=spell.peak_at_us,
        excess_dose=_decimal(spell.dose / 2**FRACTION / SECOND, 6),
        limit=spell.limit,
    )


def _of_total(part: Summary, rule: ExcursionRule, outside_us: int, dose: Decimal) -> list[Excursion]:
    totals = {RuleKind.CUMULATIVE_TIME: _seconds(outside_us), RuleKind.DOSE: dose, RuleKind.COUNT: Decimal(part.count)}
    passed = [
        (level, limit)
        for level, limit in ((Level.ALERT, rule.alert_total), (Level.ACTION, rule.action_total))
        if limit is not None and totals[rule.kind] > limit
    ]
    if not passed:
        return []
    furthest = max(part.outside, key=lambda row: row.beyond, default=None) or _unseen(part, rule)
    last = max(row.last_us for row in (*part.outside, furthest))
    return [
        Excursion(
            # The step's start, not the crossing: late data may move the crossing, never the step.
            key=f"{rule.code}:{level.value}:total:{part.start_us}",
            level=level,
            side=furthest.side,
            started_us=min(row.first_us for row in (*part.outside, furthest)),
            ended_us=None if part.last_us is None or last >= part.last_us else last,
            duration_s=_seconds(outside_us),
            peak=_decimal(furthest.peak, 9),
            peak_at_us=furthest.peak_at_us,
            excess_dose=dose,
            limit=limit,
        )
        for level, limit in passed
    ]


def _unseen(part: Summary, rule: ExcursionRule) -> Outside:
    """What filled gaps alone make of a total: nothing was seen outside, the worst is taken for the unknown."""
    first, last = part.gaps[0], part.gaps[-1]
    side = next(side for side in sides_of(rule) if side.reference is not None)
    worst = side.reference if side.fill is None else side.fill
    return Outside(side.name, first.started_us, last.ended_us, 0.0, float(worst or 0), first.started_us)


def _of_coverage(part: Summary, rule: ExcursionRule) -> list[Excursion]:
    step_us, lost_us = part.end_us - part.start_us, _lost_us(part)
    if rule.min_coverage is None or step_us - lost_us >= rule.min_coverage * step_us:
        return []
    return [
        Excursion(
            key=f"{rule.code}:{Level.ACTION.value}:coverage:{part.start_us}",
            level=Level.ACTION,
            side="coverage",
            started_us=part.gaps[0].started_us,
            ended_us=part.gaps[-1].ended_us,
            duration_s=_seconds(lost_us),
            peak=_coverage(part),
            peak_at_us=part.end_us,
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
        "count": evaluation.count,
        "bounded": evaluation.bounded,
        "gaps": [
            {"started_us": gap.started_us, "ended_us": gap.ended_us, "reason": gap.reason} for gap in evaluation.gaps
        ],
        "excursions": [
            {
                "key": excursion.key,
                "level": excursion.level.value,
                "side": excursion.side,
                "started_us": excursion.started_us,
                "ended_us": excursion.ended_us,
                "duration_s": _text(excursion.duration_s),
                "peak": _text(excursion.peak),
                "peak_at_us": excursion.peak_at_us,
                "excess_dose": _text(excursion.excess_dose),
                "limit": _text(excursion.limit),
            }
            for excursion in evaluation.excursions
        ],
    }


def _seconds(micros: float) -> Decimal:
    return _decimal(micros / SECOND, 6)


def _decimal(number: float, places: int) -> Decimal:
    text = f"{number:.{places}f}".rstrip("0").rstrip(".")
    return abs(Decimal(text)) if text == "-0" else Decimal(text)


def _text(number: Decimal) -> str:
    return format(number, "f")
