"""What a live page shows of running phases: plots, states, alarms, as numbers and words."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.presentation.charts import MARKS, alarm_chart, level_of, levels_of
from batches.excursions.presentation.formatting import furthest
from batches.excursions.queries.alarms import Alarm, alarm_of
from batches.excursions.queries.live import Followed, Judged, frames_between, signals_of
from batches.excursions.rules.excursion_rules import RuleKind
from batches.excursions.rules.excursions import State
from batches.excursions.rules.plots import Plot, silences
from batches.readings.rules.envelopes import envelope_of
from batches.readings.rules.parameters import parameter
from batches.readings.rules.signals import Signal
from gatekeeper.core.quantity import unit
from gatekeeper.core.times import micros

_MOST_POINTS = 400  # of one signal in one answer
_PICTURES = 1  # alarms that are drawn beside the plots; the others are opened
_FEW = 3  # alarms that are shown beside the plots; the others are folded
_LONGEST_PICTURE = timedelta(hours=2)
_LEAST_MARGIN, _MARGIN = timedelta(seconds=60), 0.75  # of its own length


def plot_rows(running: Iterable[Followed], results: Judged) -> list[dict[str, Any]]:
    """Return the plots of the running phases with their limits and rules; the readings come by themselves."""
    states = state_rows(running, results)
    return [
        {
            "key": key,
            "phase": followed.phase,
            "title": str(parameter(plot.parameter).title),
            "unit": unit(plot.unit).label,
            "source": plot.source,
            "rules": states[key],
            "drawn": {
                "key": key,
                "source": plot.source,
                "unit": unit(plot.unit).label,
                "title": str(parameter(plot.parameter).title),
                "begun": followed.phase.started_at.timestamp() if followed.phase.started_at else 0,
                "stepped": plot.stepped,
                "maxGap": None if plot.max_gap_s is None else float(plot.max_gap_s),
                "levels": _levels(plot),
            },
        }
        for followed, key, plot in _keyed(running)
    ]


def state_rows(running: Iterable[Followed], results: Judged) -> dict[str, list[dict[str, str]]]:
    """Return the newest recorded state of each rule, by plot."""
    return {
        key: [_state(followed, name, results) for name, _rule in plot.rules] for followed, key, plot in _keyed(running)
    }


def trace_content(plot: Plot, signal: Signal, *, start: int, whole: bool) -> dict[str, Any]:
    """Return the readings from ``start`` on as columns: µs, values (none where it may not be judged), silences.

    Without ``whole`` the signal is only what is new, and nothing is known of the time before its first reading.
    """
    recent = signal.times >= start
    times, values, good = signal.times[recent], signal.values[recent], signal.good[recent]
    times_good = times[good]
    newest = int(times_good[-1]) if len(times_good) else None
    since = start if whole or newest is None else int(times_good[0])
    gaps = silences(signal, max_gap_s=plot.max_gap_s, start=since)
    if len(times) > _MOST_POINTS:
        envelope = envelope_of(signal, start=start, end=int(times[-1]), points=_MOST_POINTS // 2)
        times, values = np.repeat(envelope.times, 2), np.column_stack((envelope.low, envelope.high)).ravel()
        times[1::2] += 1  # both ends of a bucket, one behind the other
        good = np.ones(len(times), dtype=np.bool_)
    points = [
        float(f"{value:.7g}") if times_good else None
        for value, times_good in zip(values.tolist(), good.tolist(), strict=True)
    ]
    last = float(f"{signal.values[recent][signal.good[recent]][-1]:.7g}") if newest is not None else None
    return {"t": times.tolist(), "v": points, "gaps": gaps, "newest": newest, "last": last}


def excursion_content(running: Sequence[Followed], alarms: Iterable[Excursion]) -> list[dict[str, Any]]:
    """Return the excursions as what is filled in the plots: from, until, beyond which value, on which side."""
    places = {(row.phase.pk, name): (key, rule) for row, key, plot in _keyed(running) for name, rule in plot.rules}
    rows = []
    for row in alarms:
        key, rule = places.get((row.phase_id, row.rule), ("", None))
        if rule is None or rule.kind is RuleKind.RATE or row.content["side"] == "coverage":
            continue
        rows.append(
            {
                "id": row.pk,
                "plot": key,
                "level": row.level,
                "from": micros(row.started_at),
                "to": None if row.ended_at is None else micros(row.ended_at),
                "limit": level_of(row, rule),
                "high": row.content["side"] == "high",
            }
        )
    return rows


def alarm_panel(running: Sequence[Followed], results: Judged, *, now: datetime, zone: str) -> dict[str, Any]:
    """Return the alarms for excursions/live_alarms.html: a few are shown, the others unfold."""
    rows = alarm_rows(running, results.alarms, now=now, zone=zone)
    return {
        "alarms": rows[:_FEW],
        "folded": rows[_FEW:],
        "count": len(rows),
        "unacknowledged": sum(not alarm["alarm"].acknowledgements for alarm in rows),
        "more": results.more,
        "zone": zone,
    }


def alarm_rows(
    running: Sequence[Followed], excursions: Iterable[Excursion], *, now: datetime, zone: str
) -> list[dict[str, Any]]:
    """Return the alarms that last or that nobody has acknowledged, the most urgent first, the first ones drawn."""
    alarms = [alarm_of(row) for row in excursions]
    standing = [alarm for alarm in alarms if alarm.cleared_at is None or not alarm.acknowledgements]
    standing.sort(key=lambda row: (bool(row.acknowledgements), row.excursion.level, -row.excursion.pk))
    return [_alarm(running, row, now=now, zone=zone, draw=place < _PICTURES) for place, row in enumerate(standing)]


def _alarm(running: Sequence[Followed], alarm: Alarm, *, now: datetime, zone: str, draw: bool) -> dict[str, Any]:
    row = alarm.excursion
    title = str(parameter(row.parameter).title)
    peak, exact = ("", "") if row.content["side"] == "coverage" else furthest(row)
    return {
        "alarm": alarm,
        "excursion": row,
        "title": title,
        "peak": peak,
        "exact": exact,
        "announcement": f"{row.get_level_display().capitalize()}: {row.phase.code} {title}",
        "lasts": alarm.cleared_at is None,
        "chart": _picture(running, alarm, now=now, zone=zone) if draw else None,
    }


def _picture(running: Sequence[Followed], alarm: Alarm, *, now: datetime, zone: str) -> object:
    row = alarm.excursion
    ended = alarm.cleared_at or now
    margin = max((ended - row.started_at) * _MARGIN, _LEAST_MARGIN)
    if ended - row.started_at > _LONGEST_PICTURE or row.content["side"] == "coverage":
        return None
    for followed in running:
        for place, plot in enumerate(followed.plots):
            if followed.phase.pk != row.phase_id or row.rule not in {name for name, _rule in plot.rules}:
                continue
            assert followed.phase.started_at is not None
            start, end = max(row.started_at - margin, followed.phase.started_at), min(ended + margin, now)
            signal = signals_of(followed, frames_between(followed, start, end))[place]
            return alarm_chart(plot, signal, alarm, start_us=micros(start), end_us=micros(end), zone=zone)
    return None


def _keyed(running: Iterable[Followed]) -> Iterable[tuple[Followed, str, Plot]]:
    for followed in running:
        for place, plot in enumerate(followed.plots):
            yield followed, f"{followed.phase.code}-{place}", plot


def _levels(plot: Plot) -> list[dict[str, Any]]:
    """The limits of every rule of the plot, the same one once."""
    levels = [level for _name, rule in plot.rules if rule.kind is not RuleKind.RATE for level in levels_of(rule)]
    return [{"value": level.value, "state": level.state, "label": level.label} for level in dict.fromkeys(levels)]


def _state(followed: Followed, name: str, results: Judged) -> dict[str, str]:
    evaluation = results.states.get((followed.phase.pk, name))
    if evaluation is None:
        return {"rule": name, "mark": "plain", "word": _("not judged yet")}
    mark = MARKS[State(evaluation.state)]
    return {"rule": name, "mark": mark, "word": str(Evaluation.State(evaluation.state).label)}
