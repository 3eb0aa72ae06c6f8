"""An excursion and the signals of a phase as pictures: which limits, which parts, which words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from batches.excursions.models import Excursion as Recorded
from batches.excursions.queries.alarms import Alarm
from batches.excursions.queries.traces import Trace
from batches.excursions.rules.excursion_rules import TOTALS, ExcursionRule, RuleKind
from batches.excursions.rules.excursions import Excursion, State, worst_state
from batches.excursions.rules.exposure import Row, Spent
from batches.excursions.rules.plots import Plot as Watched
from batches.excursions.rules.plots import silences
from batches.excursions.rules.verdicts import Verdict
from batches.excursions.rules.windows import Gap
from batches.readings.queries.clock_spans import CORRECTED, HELD, ClockSpan
from batches.readings.rules.envelopes import SignalSeries
from batches.readings.rules.parameters import parameter
from batches.readings.rules.signals import Signal
from gatekeeper.charts.plots import Chart, Hatched, Level, Part, Plot, Strip, chart, minutes
from gatekeeper.core.quantity import unit
from gatekeeper.core.times import micros, moment

_MARGIN = 0.75  # of its own length, before and after an excursion
_LEAST_MARGIN_US = 60_000_000
MARKS = {State.NORMAL: "inside", State.ALERT: "alert", State.UNKNOWN: "unknown", State.ACTION: "action"}


def excursion_chart(verdict: Verdict, key: str, *, spans: Sequence[ClockSpan], zone: str) -> Chart:
    """Return the picture of one excursion: the trace around it, the limits, the part outside, gaps hatched."""
    one = verdict.evaluation.excursions[verdict.keys[key]]
    start, end = _window(verdict, one)
    rule = verdict.rule
    label = unit(rule.unit).label
    name = str(parameter(rule.parameter).title)
    plot = Plot(
        id="excursion",
        summary=_("%(name)s in %(unit)s over time, with its limits and the part outside")
        % {"name": name, "unit": label},
        unit=label,
        series=SignalSeries(verdict.signal),
        start_us=start,
        end_us=end,
        levels=levels_of(rule),
        outside=tuple(_parts(verdict)),
        hatched=_hatched(verdict.evaluation.gaps),
        strips=_strips(spans, verdict.source),
        columns=(_("Time"), _("Smallest, %(unit)s") % {"unit": label}, _("Largest"), _("Mean")),
    )
    return chart(plot, zone=zone)


def small_chart(
    trace: Trace, *, spans: Sequence[ClockSpan], start_us: int, end_us: int, zone: str, place: int
) -> Chart:
    """Return one of the small pictures of a phase."""
    label = unit(trace.parameter.unit).label
    same = [one for one in trace.verdicts if one.rule.unit == trace.parameter.unit]
    judging = next((one for one in same if one.rule.kind not in TOTALS), same[0] if same else None)
    plot = Plot(
        id=f"signal-{place}",
        summary=f"{trace.parameter.title}, {label}" if label else str(trace.parameter.title),
        unit=label,
        series=SignalSeries(trace.signal),
        start_us=start_us,
        end_us=end_us,
        levels=levels_of(judging.rule) if judging else (),
        outside=tuple(_parts(judging)) if judging else (),
        hatched=_hatched(judging.evaluation.gaps) if judging else (),
        # What is held was received after the last reading that counts: it stands at the end of the whole phase.
        strips=_strips([replace(one, started_at=min(one.started_at, moment(end_us))) for one in spans], trace.source),
        columns=(_("Time"), _("Smallest, %(unit)s") % {"unit": label}, _("Largest"), _("Mean")),
        height=180,
    )
    return chart(plot, zone=zone)


def alarm_chart(plot: Watched, signal: Signal, alarm: Alarm, *, start_us: int, end_us: int, zone: str) -> Chart:
    """Return the picture of an excursion from the readings around it alone, while its phase runs."""
    rule = next(rule for name, rule in plot.rules if name == alarm.excursion.rule)
    label = unit(plot.unit).label
    name = str(parameter(plot.parameter).title)
    found = alarm.excursion
    part = Part(
        micros(found.started_at),
        end_us if alarm.cleared_at is None else micros(alarm.cleared_at),
        level_of(found, rule),
        found.content["side"] == "high",
        found.level,
    )
    gaps = silences(signal, max_gap_s=plot.max_gap_s, start=start_us)
    drawn = Plot(
        id=f"alarm-{found.pk}",
        summary=_("%(name)s in %(unit)s over time, with its limits and the part outside")
        % {"name": name, "unit": label},
        unit=label,
        series=SignalSeries(signal),
        start_us=start_us,
        end_us=end_us,
        levels=levels_of(rule) if rule.kind is not RuleKind.RATE else (),
        outside=(part,) if rule.kind is not RuleKind.RATE else (),
        hatched=tuple(Hatched(began, ended, _("unknown")) for began, ended in gaps),
        width=340,
        height=190,
    )
    return chart(drawn, zone=zone)


def level_of(excursion: Recorded, rule: ExcursionRule) -> float:
    """Return the value beyond which an excursion is filled: its limit, or what a total counts beyond."""
    if rule.kind not in TOTALS:
        return float(excursion.content["limit"])
    counted = rule.accumulate_above if excursion.content["side"] == "high" else rule.accumulate_below
    return float(excursion.peak or 0) if counted is None else float(counted)


def state_of(trace: Trace) -> State:
    """Return the worst state of the rules that judge this signal."""
    return worst_state(one.evaluation.state for one in trace.verdicts)


def _window(verdict: Verdict, one: Excursion) -> tuple[int, int]:
    step = verdict.evaluation
    if verdict.rule.kind in TOTALS or one.side == "coverage":
        return step.start_us, step.end_us
    ended = step.end_us if one.ended_us is None else one.ended_us
    margin = max(int((ended - one.started_us) * _MARGIN), _LEAST_MARGIN_US)
    return max(one.started_us - margin, step.start_us), min(ended + margin, step.end_us)


def levels_of(rule: ExcursionRule) -> tuple[Level, ...]:
    """Return the limits of a rule as lines, each with its word."""
    alert, action, counted = _("Alert"), _("Action"), _("Counted beyond")
    label = unit(rule.unit).label
    table = (
        (rule.alert_low, "alert", alert),
        (rule.alert_high, "alert", alert),
        (rule.action_low, "action", action),
        (rule.action_high, "action", action),
        (rule.accumulate_below, "alert", counted),
        (rule.accumulate_above, "alert", counted),
    )
    return tuple(
        Level(float(value), state, f"{word} {value.normalize():f} {label}".strip())
        for value, state, word in table
        if value is not None
    )


def _parts(verdict: Verdict) -> Iterable[Part]:
    rule, end = verdict.rule, verdict.evaluation.end_us
    for one in verdict.evaluation.excursions:
        if one.side == "coverage":
            continue
        high = one.side == "high"
        level = one.limit
        if rule.kind in TOTALS:
            counted = rule.accumulate_above if high else rule.accumulate_below
            if counted is None:
                continue
            level = counted
        yield Part(one.started_us, end if one.ended_us is None else one.ended_us, float(level), high, one.level.value)


def _hatched(gaps: Iterable[Gap]) -> tuple[Hatched, ...]:
    return tuple(Hatched(one.started_us, one.ended_us, _("unknown")) for one in gaps)


def _strips(spans: Iterable[ClockSpan], source: str) -> tuple[Strip, ...]:
    words = {CORRECTED: _("times corrected"), HELD: _("received here, in quarantine: clock ahead")}
    own = [one for one in spans if one.source == source]
    return tuple(Strip(micros(one.started_at), micros(one.ended_at), one.kind, words[one.kind]) for one in own)


@dataclass(frozen=True, slots=True)
class Bars:
    """The placed picture of an exposure; the fields are those of components/bars.html."""

    id: str
    width: int
    height: int
    summary: str
    bars: list[dict[str, object]]
    ticks: list[dict[str, object]]
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


_WIDTH, _STEP, _LEFT, _LONG = 820, 30, 320, 260
_LEAST = 4.0  # px: what lasted at all is seen
_LETTERS = 50  # what fits before the bars; the table beside the picture holds the names in full
_HIGH = {"action": 20, "alert": 14, "unknown": 20, "inside": 8}  # a state has a height beside its colour


def exposure_bars(rows: Sequence[Row]) -> Bars:
    """Return a bar for each rule of each phase, as long as the phase: worst time first, inside last."""
    bottom = _STEP * len(rows)
    ticks = [(share, _LEFT + _LONG * share // 100) for share in (0, 50, 100)]
    return Bars(
        id="exposure",
        width=_WIDTH,
        height=bottom + 26,
        summary=_("Share of each phase that each signal was inside its limits, at alert, at action and unknown"),
        bars=[_bar(row, _STEP * place) for place, row in enumerate(rows)],
        ticks=[{"x": x, "y": bottom + 18, "text": f"{share} %"} for share, x in ticks],
        columns=(_("Phase"), _("Signal"), _("Rule"), _("Inside"), _("Alert"), _("Action"), _("Unknown"), _("In all")),
        rows=[(row.phase, parameter(row.rule.parameter).title, row.name, *_lasted(row.spent)) for row in rows],
    )


def _lasted(spent: Spent) -> list[str]:
    return [minutes(one) for one in (spent.inside, spent.alert, spent.action, spent.unknown, spent.whole)]


def _bar(row: Row, top: int) -> dict[str, object]:
    base = top + 24
    parts, x = [], float(_LEFT)
    for (state, _seconds), width in zip(_parts_of(row.spent), _widths(row.spent), strict=True):
        if width:
            high = _HIGH[state]
            parts.append({"state": state, "x": round(x, 1), "y": base - high, "width": round(width, 1), "height": high})
        x += width
    label = f"{row.phase} · {parameter(row.rule.parameter).title}"
    room = max(_LETTERS - len(label), 0)
    return {
        "label": label if room else f"{label[: _LETTERS - 1]}…",
        "rule": row.name if len(row.name) <= room else f"{row.name[: room - 1]}…" if room > 1 else "",
        "said": _said(row),
        "y": base - 4,
        "parts": parts,
    }


def _said(row: Row) -> str:
    if not row.measured:
        return _("not measured")
    names = {"action": _("action"), "alert": _("alert"), "unknown": _("unknown")}
    found = [f"{names[state]} {minutes(lasted)}" for state, lasted in _parts_of(row.spent) if lasted and state in names]
    return ", ".join(found[:2]) or _("inside throughout")


def _parts_of(spent: Spent) -> list[tuple[str, Decimal]]:
    return [("action", spent.action), ("alert", spent.alert), ("unknown", spent.unknown), ("inside", spent.inside)]


def _widths(spent: Spent) -> list[float]:
    """The widths in px of the parts; none that lasted is too thin to be seen, and the longest gives what that takes."""
    if not spent.whole:
        return [0.0] * 4
    widths = [float(one / spent.whole) * _LONG for _state, one in _parts_of(spent)]
    seen = [max(one, _LEAST) if one else 0.0 for one in widths]
    longest = seen.index(max(seen))
    seen[longest] -= sum(seen) - _LONG
    return seen
