"""An excursion and the signals of a phase as pictures: which limits, which parts, which words."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from batches.monitoring.charts import Chart, Hatched, Level, Part, Plot, chart
from batches.monitoring.queries.traces import Trace
from batches.monitoring.rules.excursion_rules import TOTALS, ExcursionRule
from batches.monitoring.rules.excursions import Excursion, State, worst_state
from batches.monitoring.rules.parameters import parameter
from batches.monitoring.rules.verdicts import Verdict
from batches.monitoring.rules.windows import Gap
from gatekeeper.core.quantity import unit

_MARGIN = 0.75  # of its own length, before and after an excursion
_LEAST_MARGIN_US = 60_000_000
MARKS = {State.NORMAL: "inside", State.ALERT: "alert", State.UNKNOWN: "unknown", State.ACTION: "action"}


def excursion_chart(verdict: Verdict, key: str, *, zone: str) -> Chart:
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
        signal=verdict.signal,
        start_us=start,
        end_us=end,
        levels=_levels(rule),
        outside=tuple(_parts(verdict)),
        hatched=_hatched(verdict.evaluation.gaps),
        columns=(_("Time"), _("Smallest, %(unit)s") % {"unit": label}, _("Largest"), _("Mean")),
    )
    return chart(plot, zone=zone)


def small_chart(trace: Trace, *, start_us: int, end_us: int, zone: str, place: int) -> Chart:
    """Return one of the small pictures of a phase."""
    label = unit(trace.parameter.unit).label
    same = [one for one in trace.verdicts if one.rule.unit == trace.parameter.unit]
    judging = next((one for one in same if one.rule.kind not in TOTALS), same[0] if same else None)
    plot = Plot(
        id=f"signal-{place}",
        summary=f"{trace.parameter.title}, {label}" if label else str(trace.parameter.title),
        unit=label,
        signal=trace.signal,
        start_us=start_us,
        end_us=end_us,
        levels=_levels(judging.rule) if judging else (),
        outside=tuple(_parts(judging)) if judging else (),
        hatched=_hatched(judging.evaluation.gaps) if judging else (),
        columns=(_("Time"), _("Smallest, %(unit)s") % {"unit": label}, _("Largest"), _("Mean")),
        height=180,
    )
    return chart(plot, zone=zone)


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


def _levels(rule: ExcursionRule) -> tuple[Level, ...]:
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
