"""An excursion and the signals of a phase as charts: which limits, which parts, which words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from batches.excursions.models import Excursion as Recorded
from batches.excursions.queries.alarms import Alarm
from batches.excursions.queries.traces import Trace
from batches.excursions.rules.excursion_rules import TOTALS, ExcursionRule, RuleKind
from batches.excursions.rules.excursions import Excursion, State, worst_state
from batches.excursions.rules.exposure import Durations, Row
from batches.excursions.rules.plots import Plot as RulePlot
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
    """Return the chart of one excursion: the trace around it, the limits, the part outside, gaps hatched."""
    excursion = verdict.evaluation.excursions[verdict.keys[key]]
    start, end = _window(verdict, excursion)
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
    """Return a small chart of one signal of a phase."""
    label = unit(trace.parameter.unit).label
    verdicts = [verdict for verdict in trace.verdicts if verdict.rule.unit == trace.parameter.unit]
    judging = next((row for row in verdicts if row.rule.kind not in TOTALS), verdicts[0] if verdicts else None)
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
        # Quarantined samples came after the last reading that counts: they stand at the end of the phase.
        strips=_strips(
            [replace(span, started_at=min(span.started_at, moment(end_us))) for span in spans], trace.source
        ),
        columns=(_("Time"), _("Smallest, %(unit)s") % {"unit": label}, _("Largest"), _("Mean")),
        height=180,
    )
    return chart(plot, zone=zone)


def alarm_chart(plot: RulePlot, signal: Signal, alarm: Alarm, *, start_us: int, end_us: int, zone: str) -> Chart:
    """Return the chart of an excursion from the readings around it alone, while its phase runs."""
    rule = next(rule for name, rule in plot.rules if name == alarm.excursion.rule)
    label = unit(plot.unit).label
    name = str(parameter(plot.parameter).title)
    excursion = alarm.excursion
    part = Part(
        micros(excursion.started_at),
        end_us if alarm.cleared_at is None else micros(alarm.cleared_at),
        level_of(excursion, rule),
        excursion.content["side"] == "high",
        excursion.level,
    )
    gaps = silences(signal, max_gap_s=plot.max_gap_s, start=start_us)
    drawn = Plot(
        id=f"alarm-{excursion.pk}",
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
    return worst_state(verdict.evaluation.state for verdict in trace.verdicts)


def _window(verdict: Verdict, excursion: Excursion) -> tuple[int, int]:
    step = verdict.evaluation
    if verdict.rule.kind in TOTALS or excursion.side == "coverage":
        return step.start_us, step.end_us
    ended = step.end_us if excursion.ended_us is None else excursion.ended_us
    margin = max(int((ended - excursion.started_us) * _MARGIN), _LEAST_MARGIN_US)
    return max(excursion.started_us - margin, step.start_us), min(ended + margin, step.end_us)


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
        Level(float(value), state, f"{name} {value.normalize():f} {label}".strip())
        for value, state, name in table
        if value is not None
    )


def _parts(verdict: Verdict) -> Iterable[Part]:
    rule, end = verdict.rule, verdict.evaluation.end_us
    for excursion in verdict.evaluation.excursions:
        if excursion.side == "coverage":
            continue
        high = excursion.side == "high"
        level = excursion.limit
        if rule.kind in TOTALS:
            counted = rule.accumulate_above if high else rule.accumulate_below
            if counted is None:
                continue
            level = counted
        yield Part(
            excursion.started_us,
            end if excursion.ended_us is None else excursion.ended_us,
            float(level),
            high,
            excursion.level.value,
        )


def _hatched(gaps: Iterable[Gap]) -> tuple[Hatched, ...]:
    return tuple(Hatched(gap.started_us, gap.ended_us, _("unknown")) for gap in gaps)


def _strips(spans: Iterable[ClockSpan], source: str) -> tuple[Strip, ...]:
    labels = {CORRECTED: _("times corrected"), HELD: _("received here, in quarantine: clock ahead")}
    of_source = [span for span in spans if span.source == source]
    return tuple(
        Strip(micros(span.started_at), micros(span.ended_at), span.kind, labels[span.kind]) for span in of_source
    )


@dataclass(frozen=True, slots=True)
class Bars:
    """The layout of an exposure; the fields are those of components/bars.html."""

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
_LETTERS = 50  # what fits before the bars; the table beside the chart holds the names in full
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
        rows=[(row.phase, parameter(row.rule.parameter).title, row.name, *_lasted(row.durations)) for row in rows],
    )


def _lasted(durations: Durations) -> list[str]:
    return [
        minutes(row)
        for row in (durations.inside, durations.alert, durations.action, durations.unknown, durations.whole)
    ]


def _bar(row: Row, top: int) -> dict[str, object]:
    base = top + 24
    parts, x = [], float(_LEFT)
    for (state, _seconds), width in zip(_parts_of(row.durations), _widths(row.durations), strict=True):
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
    durations = [
        f"{names[state]} {minutes(seconds)}"
        for state, seconds in _parts_of(row.durations)
        if seconds and state in names
    ]
    return ", ".join(durations[:2]) or _("inside throughout")


def _parts_of(durations: Durations) -> list[tuple[str, Decimal]]:
    return [
        ("action", durations.action),
        ("alert", durations.alert),
        ("unknown", durations.unknown),
        ("inside", durations.inside),
    ]


def _widths(durations: Durations) -> list[float]:
    """The widths in px of the parts; none that lasted is too thin to be seen, and the longest gives what that takes."""
    if not durations.whole:
        return [0.0] * 4
    widths = [float(seconds / durations.whole) * _LONG for _state, seconds in _parts_of(durations)]
    seen = [max(width, _LEAST) if width else 0.0 for width in widths]
    longest = seen.index(max(seen))
    seen[longest] -= sum(seen) - _LONG
    return seen
