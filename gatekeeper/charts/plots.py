"""Charts of signals as what components/chart.html draws: numbers placed on a canvas, nothing read, nothing stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import ceil, floor, log10
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gatekeeper.charts.label_layout import placed_words
from gatekeeper.core.times import moment

_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 12.0, 14.0, 30.0
_STRIP, _LEAST_STRIP = 18.0, 14.0
_WORD = 70.0  # px that the word of a gap takes
_MOST_POINTS = 600
_TABLE_ROWS = 30
_SECOND = 1_000_000  # µs
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


type Times = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]


class Buckets(Protocol):
    """A signal in buckets of equal time, as columns: first time (µs), smallest, largest and mean value, number."""

    @property
    def times(self) -> Times:
        """First time of each bucket (µs)."""
        ...

    @property
    def low(self) -> Floats:
        """Smallest values."""
        ...

    @property
    def high(self) -> Floats:
        """Largest values."""
        ...

    @property
    def mean(self) -> Floats:
        """Mean values."""
        ...

    @property
    def count(self) -> Times:
        """Numbers of samples."""
        ...


class Series(Protocol):
    """What is drawn as a line: anything that can give itself in at most so many buckets."""

    def buckets(self, *, start: int, end: int, points: int) -> Buckets:
        """Return the values between start and end (µs, both included) in at most ``points`` buckets."""
        ...


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal limit: its value, its state (alert, action) and what is written at it."""

    value: float
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """A time in which the signal was beyond a level; the area between them is filled."""

    started_us: int
    ended_us: int
    level: float
    high: bool
    state: str


@dataclass(frozen=True, slots=True)
class Hatched:
    """A time without a trusted value, and what is written there."""

    started_us: int
    ended_us: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """A time whose readings are special, told by a bar and a word at the head: ``kind`` is corrected or held."""

    started_us: int
    ended_us: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """What is drawn: a series from start to end (µs), its limits, the parts outside, the times without a value."""

    id: str
    summary: str
    unit: str
    series: Series
    start_us: int
    end_us: int
    levels: tuple[Level, ...] = ()
    outside: tuple[Part, ...] = ()
    hatched: tuple[Hatched, ...] = ()
    strips: tuple[Strip, ...] = ()
    columns: tuple[str, ...] = ()
    width: int = 960
    height: int = 340


@dataclass(frozen=True, slots=True)
class Chart:
    """The layout; the fields are those of components/chart.html."""

    id: str
    width: int
    height: int
    summary: str
    lines: list[dict[str, object]]
    outside: list[dict[str, str]]
    traces: list[dict[str, str]]
    gaps: list[dict[str, object]]
    strips: list[dict[str, object]]
    axis: dict[str, float]
    ticks_x: list[dict[str, object]]
    ticks_y: list[dict[str, object]]
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)
    bands: tuple[object, ...] = ()
    notes: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class _Canvas:
    start: int
    end: int
    low: float
    high: float
    width: int
    height: int
    top: float

    def x(self, at: int | Times) -> float | Floats:
        span = self.width - _LEFT - _RIGHT
        return _LEFT + (np.clip(at, self.start, self.end) - self.start) / max(self.end - self.start, 1) * span

    def y(self, value: float | Floats) -> float | Floats:
        span = self.height - self.top - _BOTTOM
        return self.top + (self.high - np.clip(value, self.low, self.high)) / (self.high - self.low) * span

    def points(self, times: Times, values: Floats) -> str:
        pairs = zip(np.round(self.x(times), 1).tolist(), np.round(self.y(values), 1).tolist(), strict=True)
        return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def chart(plot: Plot, *, zone: str) -> Chart:
    """Return the chart; times are shown in the zone (IANA name). No peak is lost: buckets keep both extremes."""
    times, values = _line(plot)
    ticks = nice_ticks(*_span(plot, values))
    top = _TOP + _STRIP * len({strip.kind for strip in plot.strips})
    canvas = _Canvas(plot.start_us, plot.end_us, ticks[0], ticks[-1], plot.width, plot.height, top)
    bottom = plot.height - _BOTTOM
    return Chart(
        id=plot.id,
        width=plot.width,
        height=plot.height,
        summary=plot.summary,
        lines=_lines(plot, canvas, bottom),
        outside=[area for part in plot.outside if (area := _outside(canvas, part, times, values))],
        traces=[{"points": canvas.points(times[run], values[run])} for run in _runs(plot, times)],
        gaps=[
            _gap(canvas, row, bottom)
            for row in plot.hatched
            if row.ended_us > plot.start_us and row.started_us < plot.end_us
        ],
        strips=_strips(plot, canvas),
        axis={"x1": _LEFT, "x2": plot.width - _RIGHT, "y": bottom},
        ticks_x=_time_ticks(canvas, zone),
        ticks_y=[{"y": _one(canvas.y(tick)), "text": _text(tick)} for tick in ticks],
        columns=plot.columns,
        rows=_rows(plot, zone),
    )


def _lines(plot: Plot, canvas: _Canvas, bottom: float) -> list[dict[str, object]]:
    """The limits with their words; two rules that share a limit and its word have one."""
    levels = list(dict.fromkeys(plot.levels))
    ends = {"x1": _LEFT, "x2": plot.width - _RIGHT}
    heights = [_one(canvas.y(level.value)) for level in levels]
    labels = placed_words(
        [(y, row.label) for y, row in zip(heights, levels, strict=True)],
        left=_LEFT + 5,
        right=plot.width - _RIGHT,
        bottom=bottom,
    )
    return [
        {"state": row.state, "label": row.label, **ends, "y": y, "label_x": label.x, "label_y": label.y}
        for row, y, label in zip(levels, heights, labels, strict=True)
    ]


def _strips(plot: Plot, canvas: _Canvas) -> list[dict[str, object]]:
    """Bars at the head, each kind on a line of its own; the word once, where its kind begins."""
    kinds = list(dict.fromkeys(strip.kind for strip in plot.strips))
    bars, labelled = [], set()
    for row in plot.strips:
        if row.ended_us < plot.start_us or row.started_us > plot.end_us:
            continue
        left, right = float(canvas.x(row.started_us)), float(canvas.x(row.ended_us))
        label = "" if row.kind in labelled else row.label
        labelled.add(row.kind)
        y = _STRIP * (1 + kinds.index(row.kind))
        width = round(max(right - left, _LEAST_STRIP), 1)
        bar = {"kind": row.kind, "x": round(left, 1), "y": y, "width": width}
        end = left > plot.width / 2  # its word would not fit behind where it begins
        said_at = {
            "label": label,
            "label_x": round(left + width if end else left, 1),
            "anchor": "end" if end else "start",
        }
        bars.append(bar | said_at)
    return bars


def nice_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round numbers that enclose both, evenly spaced by 1, 2 or 5 times a power of ten."""
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-3):  # nothing that the eye, or a float, could tell apart
        pad = max(abs(low) * 0.1, 1e-6) if low else 1.0
        low, high = low - pad, high + pad
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough))
    step = next(row * power for row in (1, 2, 5, 10) if row * power >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def minutes(seconds: Decimal) -> str:
    """Return seconds as minutes to two decimals; what is less and yet not nothing says so."""
    value = (seconds / 60).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP).normalize()
    return f"{'< 0.01' if seconds and not value else format(value, 'f')}\N{NO-BREAK SPACE}min"


def _line(plot: Plot) -> tuple[Times, Floats]:
    buckets = plot.series.buckets(start=plot.start_us, end=plot.end_us, points=_MOST_POINTS // 2)
    if len(buckets.times) == 0 or int(buckets.count.max()) == 1:
        return buckets.times, buckets.low
    times = np.repeat(buckets.times, 2)
    return times, np.column_stack((buckets.low, buckets.high)).ravel()


def _span(plot: Plot, values: Floats) -> tuple[float, float]:
    seen = [*(level.value for level in plot.levels), *(part.level for part in plot.outside)]
    if len(values):
        seen += [float(values.min()), float(values.max())]
    return (min(seen), max(seen)) if seen else (0.0, 1.0)


def _runs(plot: Plot, times: Times) -> Iterable[slice]:
    """Yield the parts of the line between the hatched times: nothing is drawn across a gap."""
    if len(times) == 0:
        return
    cuts = sorted({int(np.searchsorted(times, row.started_us, side="right")) for row in plot.hatched})
    edges = [0, *(cut for cut in cuts if 0 < cut < len(times)), len(times)]
    for low, high in pairwise(edges):
        yield slice(low, high)


def _outside(canvas: _Canvas, part: Part, times: Times, values: Floats) -> dict[str, str] | None:
    started, ended = max(part.started_us, canvas.start), min(part.ended_us, canvas.end)
    inside = (times >= started) & (times <= ended)
    if ended <= started or not bool(inside.any()):
        return None
    beyond = np.maximum if part.high else np.minimum
    top = beyond(values[inside], part.level)
    level = np.array([part.level])
    along = np.concatenate(([started], times[inside], [ended]))
    return {"state": part.state, "points": canvas.points(along, np.concatenate((level, top, level)))}


def _gap(canvas: _Canvas, hatched: Hatched, bottom: float) -> dict[str, object]:
    left, right = float(canvas.x(hatched.started_us)), float(canvas.x(hatched.ended_us))
    return {
        "x": round(left, 1),
        "y": canvas.top,
        "width": round(max(right - left, 1.0), 1),
        "height": bottom - canvas.top,
        "label": hatched.label if right - left >= _WORD else "",  # the key of the chart says what is hatched
    }


def _time_ticks(canvas: _Canvas, zone: str) -> list[dict[str, object]]:
    seconds = max((canvas.end - canvas.start) // _SECOND, 1)
    most = max((canvas.width - _LEFT - _RIGHT) // 110, 2)
    step = next((row for row in _STEPS_S if seconds / row <= most), _STEPS_S[-1] * ceil(seconds / _STEPS_S[-1] / most))
    pattern = "%H:%M" if step >= 60 else "%H:%M:%S"
    shift = _local(canvas.start, zone).utcoffset() or timedelta(0)
    first = -(-(canvas.start + shift // timedelta(microseconds=1)) // (step * _SECOND)) * step * _SECOND
    first -= shift // timedelta(microseconds=1)
    return [
        {"x": _one(canvas.x(at)), "text": _local(at, zone).strftime(pattern)}
        for at in range(first, canvas.end + 1, step * _SECOND)
    ]


def _rows(plot: Plot, zone: str) -> list[tuple[str, ...]]:
    if not plot.columns:
        return []
    buckets = plot.series.buckets(start=plot.start_us, end=plot.end_us, points=_TABLE_ROWS)
    columns: Sequence[list[float]] = [buckets.low.tolist(), buckets.high.tolist(), buckets.mean.tolist()]
    return [
        (_local(at, zone).strftime("%Y-%m-%d %H:%M:%S"), *(_figure(value) for value in values))
        for at, *values in zip(buckets.times.tolist(), *columns, strict=True)
    ]


def _local(at_us: int, zone: str) -> datetime:
    return moment(at_us).astimezone(ZoneInfo(zone))


def _one(number: float | Floats) -> float:
    return round(float(number), 1)


def _text(number: float) -> str:
    text = f"{number:,.6f}".rstrip("0").rstrip(".").replace(",", "\N{THIN SPACE}")
    return "0" if text in {"", "-0"} else text.replace("-", "−")


def _figure(number: float) -> str:
    return f"{number:.6g}" if abs(number) < 100_000 else f"{number:.0f}"
