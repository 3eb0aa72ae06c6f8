"""What pages say of replays and of earlier lots, in words and units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.excursions.models import Evaluation, WhatIfPhase
from batches.excursions.presentation.charts import MARKS, exposure_bars
from batches.excursions.presentation.formatting import (
    amount_of_dose,
    assumption_rows,
    bounded,
    limits_text,
    measure_title,
    measure_value,
    total_rows,
)
from batches.excursions.queries.comparison import Measures
from batches.excursions.queries.exposure import exposure_of
from batches.excursions.rules.excursions import State
from batches.excursions.rules.exposure import Bound, Measure
from batches.excursions.rules.measures import TIME, Measured, Standing, measures_of, standing
from batches.excursions.rules.what_if import Change, RuleJudgement, comparison_from, lots_that_flip
from batches.models import BatchRecord
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.models import Site
from gatekeeper.charts.plots import minutes
from gatekeeper.core.quantity import decimal_text as written


def what_if_rows(rows: Iterable[WhatIfPhase]) -> dict[str, Any]:
    """Return what a replay found: the phases that flip, those that stay as they are, and the lots of the first."""
    compared = [(row, comparison_from(row.content)) for row in rows]
    entries = [
        {
            "lot": row.phase.batch_record.lot.number,
            "url": reverse("lots:detail", args=[row.phase.batch_record.lot.number]),
            "record": row.phase.batch_record.number,
            "phase": row.phase.code,
            "before": _marked(item.before),
            "after": _marked(item.after),
            "changes": [_change(change) for change in item.changes if change.before != change.after],
            "flips": item.flips,
        }
        for row, item in compared
    ]
    return {
        "lots": lots_that_flip((row.phase.batch_record.lot.number, item) for row, item in compared),
        "flipping": [entry for entry in entries if entry["flips"]],
        "same": [entry for entry in entries if not entry["flips"]],
    }


def replay_summary(what_if: dict[str, Any]) -> str:
    """Return one line on a replay for what is signed."""
    replay = what_if["replay"]
    if replay is None:
        return _("no past batch") if not what_if["past"] else _("not replayed yet")
    template = _("%(flips)s of %(of)s past phases would be judged differently")
    return template % {"flips": replay.flips, "of": replay.of} if replay.finished else _("replay not finished")


def _marked(state: State) -> tuple[str, str]:
    return MARKS[state], str(Evaluation.State(state.value).label)


def _change(change: Change) -> dict[str, str]:
    before, after = _total(change.before), _total(change.after)
    counts = _("%(before)s → %(after)s excursions") % {"before": before, "after": after}
    return {
        "rule": change.rule,
        "before": _word(change.before),
        "after": _word(change.after),
        "counts": "" if before == after else counts,
    }


def _word(judgement: RuleJudgement | None) -> str:
    return _("no such rule") if judgement is None else str(Evaluation.State(judgement.state.value).label)


def _total(judgement: RuleJudgement | None) -> int:
    return 0 if judgement is None else judgement.alerts + judgement.actions


def exposure_panel(*, lot: Any, sites: Sequence[Site]) -> dict[str, Any] | None:
    """Return what the page of a lot shows of its exposure; None for a lot that no batch record of these sites made."""
    record = BatchRecord.objects.filter(lot=lot, site__in=sites).first()
    if record is None:
        return None
    exposure = exposure_of(record)
    times = [measure for measure in measures_of(exposure) if measure.kind == TIME]
    return {
        "template": "excursions/lot_exposure.html",
        "record": record,
        "lot": lot,
        "bars": exposure_bars(exposure.rows) if exposure.rows else None,
        "legend": legend(),
        "totals": [*[_time_row(time, len(exposure.phases)) for time in times], *total_rows(exposure)],
        "assumptions": assumption_rows(exposure.assumptions),
        "half_life_columns": half_life_columns(),
    }


def legend() -> tuple[tuple[str, str], ...]:
    """Return the states of the bars with their words."""
    return (("action", _("action")), ("alert", _("alert")), ("unknown", _("unknown")), ("inside", _("inside")))


def half_life_columns() -> tuple[str, ...]:
    """Return the heads of a table of half-lives."""
    return (_("Temperature"), _("Half-life"), _("State"), _("Source of the number"))


def _time_row(measured: Measured, phases: int) -> dict[str, Any]:
    """A time outside as a row of excursions/exposure_totals.html."""
    return {
        "title": title_of(measured),
        "value": value_of(measured),
        "phases": ", ".join(measured.phases),
        "count": len(measured.phases),
        "of": phases,
        "without": ", ".join(measured.without),
        "bound": measured.bound is not Bound.EXACT and bool(measured.phases),
    }


def title_of(measured: Measured) -> str:
    """Return what a number of a lot is, in words."""
    if measured.kind == TIME:
        limits = limits_text(measured.beyond, measured.limit_unit)
        return _("%(signal)s, time %(limits)s") % {"limits": limits, "signal": parameter(measured.parameter).title}
    return measure_title(Measure(measured.kind), measured.beyond[0][1] if measured.beyond else None)


def value_of(measured: Measured) -> str:
    """Return a number of a lot with all its digits and its unit."""
    if measured.kind != TIME:
        return measure_value(Measure(measured.kind), measured.value, measured.bound)
    return _("not measured") if measured.value is None else bounded(minutes(measured.value), measured.bound)


@dataclass(frozen=True, slots=True)
class Column:
    """One number over all lots that are compared: what it is, the lot's own, where that stands."""

    measured: Measured
    title: str
    value: Decimal | None
    standing: Standing


def columns_of(lots: Sequence[Measures]) -> list[Column]:
    """Return the numbers that any of the lots has, those of the newest first; the first lot is the one compared."""
    kinds: dict[str, Measured] = {}
    for lot in lots:
        for key, item in lot.by_key.items():
            if item.value is not None:
                kinds.setdefault(key, item)
    return [
        Column(
            row,
            title_of(row),
            _value(lots[0], key),
            standing(_value(lots[0], key), (_value(lot, key) for lot in lots[1:])),
        )
        for key, row in kinds.items()
    ]


def comparison_heads(lots: Sequence[Measures]) -> list[dict[str, Any]]:
    """Return what stands over the numbers of each lot."""
    return [
        {
            "number": lot.record.lot.number,
            "url": reverse("lots:detail", args=[lot.record.lot.number]),
            "exposure": reverse("excursions:exposure", args=[lot.record.number]),
            "record": lot.record.number,
            "at": lot.record.issued_at,
            "zone": lot.record.site.timezone,
            "current": lot.current,
        }
        for lot in lots
    ]


def comparison_rows(lots: Sequence[Measures], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return a row for each number: that of each lot, median and range of the earlier ones, where this lot stands."""
    return [
        {
            "title": column.title,
            "values": [_cell(lot.by_key.get(column.measured.key)) for lot in lots],
            "median": _short(column.standing.median, column.measured),
            "range": _range(column),
            "place": _PLACES[column.standing.place(column.value)](),
            "outside": column.standing.place(column.value) in {"below", "above"},
            "above": column.standing.above,
            "lots": column.standing.lots,
        }
        for column in columns
    ]


def _range(column: Column) -> str:
    low, high = (_short(row, column.measured) for row in (column.standing.low, column.standing.high))
    return low if low == high else f"{low} – {high}"


_PLACES = {
    "alone": lambda: _("no earlier lot has it"),
    "unknown": lambda: _("not measured"),
    "below": lambda: _("below all of them"),
    "within": lambda: _("within their range"),
    "above": lambda: _("above all of them"),
}


def _value(lot: Measures, key: str) -> Decimal | None:
    measured = lot.by_key.get(key)
    return None if measured is None else measured.value


def _cell(measured: Measured | None) -> dict[str, str]:
    if measured is None or measured.value is None:
        return {"text": "–", "full": _("not measured")}
    return {"text": bounded(_short(measured.value, measured), measured.bound), "full": value_of(measured)}


def _short(value: Decimal | None, measured: Measured) -> str:
    """A number with four digits and its unit; the exposure of the lot has them all."""
    if value is None:
        return "–"
    if measured.kind == TIME:
        return minutes(value)
    rounded = Context(prec=4).plus(value * 100 if measured.kind == Measure.RESIDUAL.value else value)
    figure = f"{rounded:f}" if rounded.adjusted() < 5 else written(rounded)
    if measured.kind == Measure.RESIDUAL.value:
        return f"{figure}\N{NO-BREAK SPACE}%"
    return figure if measured.kind != Measure.PUMP_PASSES.value else amount_of_dose(rounded, "{pass}/s")


@dataclass(frozen=True, slots=True)
class Dots:
    """The layout of one number over the lots; the fields are those of components/dots.html."""

    id: str
    width: int
    height: int
    title: str
    summary: str
    dots: list[dict[str, object]]
    band: dict[str, float] | None
    ends: tuple[str, str]


_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 340, 150, 14, 26, 120


def dots_of(column: Column, lots: Sequence[Measures], *, place: int) -> Dots:
    """Return a dot for each lot, the oldest at the left, over the range of the earlier ones and their median."""
    ordered = list(reversed(lots))
    values = [float(value) for lot in ordered if (value := _value(lot, column.measured.key)) is not None]
    low, high = min(values), max(values)
    spread = (high - low) or abs(high) or 1.0
    low, high = low - spread * 0.08, high + spread * 0.08
    step = (_WIDTH - 2 * _LEFT) / max(len(ordered), 2)

    def y(value: Decimal | float) -> float:
        return round(_BOTTOM - (float(value) - low) / (high - low) * (_BOTTOM - _TOP), 1)

    standing = column.standing
    dots: list[dict[str, object]] = [
        {
            "x": round(_LEFT + step * (at + 0.5), 1),
            "y": _BOTTOM if value is None else y(value),
            "known": value is not None,
            "current": lot.current,
            "title": f"{lot.record.lot.number}: {_cell(lot.by_key.get(column.measured.key))['text']}",
        }
        for at, lot in enumerate(ordered)
        if (value := _value(lot, column.measured.key)) is not None or lot.current
    ]
    band = None
    if standing.lots and standing.low is not None and standing.high is not None and standing.median is not None:
        top = y(standing.high)
        band = {"y": top, "height": max(round(y(standing.low) - top, 1), 2.0), "median": y(standing.median)}
    return Dots(
        id=f"measure-{place}",
        width=_WIDTH,
        height=_HEIGHT,
        title=column.title,
        summary=_("%(title)s over the lots, the oldest at the left") % {"title": column.title},
        dots=dots,
        band=band,
        ends=(ordered[0].record.lot.number, ordered[-1].record.lot.number),
    )
