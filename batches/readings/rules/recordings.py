"""What an instrument's file gives a source: its signals as columns of frames, and what was not taken, by name."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from batches.readings.rules.frames import Bytes, Column, Floats, Times
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.instruments.at_line import AtLine, Point
from gatekeeper.instruments.readings import Finding
from gatekeeper.instruments.traces import GOOD, Trace, TraceFile

_BOOT_DIGITS = 32


@dataclass(frozen=True, slots=True)
class KnownTag:
    """A tag of the source that the file is of."""

    code: str
    parameter: str
    unit: str


@dataclass(frozen=True, slots=True)
class Belonging:
    """What a sample beside the line must name to be of this phase; ``sample`` where a person has chosen one."""

    batches: Collection[str]
    vessel: str
    sample: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The samples of one tag in the file's order; ``place`` and ``text`` of a sample by its index."""

    tag: KnownTag
    name: str
    times: Times
    values: Floats
    quality: Bytes
    place: Callable[[int], str]
    text: Callable[[int], str]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.times)

    def column(self) -> Column:
        """Return the samples as a column of a frame."""
        values = np.where(np.isfinite(self.values), self.values, np.nan)  # one spelling of "no value"
        good = bool((self.quality >= GOOD).all())
        return Column(self.tag.code, self.times, values, None if good else self.quality)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What is taken of a file, and its findings with everything that is not."""

    instrument: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]


def boot_id(sha256: str, sample: str) -> str:
    """Return the identity under which the signals of these bytes are frames: the same bytes are the same frames."""
    return f"file-{digest({'file': sha256, 'sample': sample})[:_BOOT_DIGITS]}"


def taken_from_traces(file: TraceFile, tags: Sequence[KnownTag]) -> Taken:
    """Return the traces that a tag of the source has the name of.

    A trace without a tag becomes a finding ``signal_without_tag``; one that its reader could not use is a blocking
    finding of the file already and never a reading.

    :raises Refusal: ``file_without_signals``; ``unknown_unit`` and ``unit_of_file_differs``, one for each trace.
    """
    known = {tag.code: tag for tag in tags}
    named = {trace.name for trace in file.traces} | {one.parameter for one in file.findings if one.blocking}
    if named.isdisjoint(known):
        raise _without_signals()
    wanted = [(known[trace.name], trace) for trace in file.traces if trace.name in known]
    refuse_all([fault for tag, trace in wanted for fault in _unit_faults(tag, trace)])
    without = [
        Finding(
            "signal_without_tag",
            f"{trace.name}: the source has no tag of this name, the signal was not taken.",
            trace.place,
            blocking=False,
            parameter=trace.name,
        )
        for trace in file.traces
        if trace.name not in known
    ]
    series = tuple(
        Series(
            tag=tag,
            name=trace.name,
            times=trace.times,
            values=trace.values,
            quality=trace.quality,
            place=trace.locator,
            text=_text_of(trace.values),
        )
        for tag, trace in wanted
        if len(trace)
    )
    return Taken(file.instrument, series, (*file.findings, *without))


def taken_at_line(
    instrument: str, findings: Sequence[Finding], found: AtLine, tags: Sequence[KnownTag], belonging: Belonging
) -> Taken:
    """Return the points of the samples that belong to the phase, a series for each tag that measures them.

    A sample belongs when it is the chosen one or names the batch, or names no batch and is of the vessel; one that
    names another batch never does. Each other one becomes a finding ``sample_not_of_this_phase``.

    :raises Refusal: ``file_without_signals``, ``no_sample_of_this_phase``, ``unit_of_file_differs``.
    """
    known = {tag.parameter: tag for tag in tags}
    if not any(point.tag in known for point in found.points):
        raise _without_signals()
    points = [point for point in found.points if _belongs(point, belonging)]
    if not points:
        raise Refusal(
            "no_sample_of_this_phase",
            "No sample of the file names this batch or its vessel, or is the one that was chosen.",
            field="sample",
        )
    others = dict.fromkeys((point.sample, point.locator.partition(",")[0]) for point in found.points)
    own = {(point.sample, point.locator.partition(",")[0]) for point in points}
    series, faults, without = [], [], []
    for parameter in dict.fromkeys(point.tag for point in points):
        mine = [point for point in points if point.tag == parameter]
        tag = known.get(parameter)
        if tag is None:
            message = f"{parameter}: the source has no tag that measures it, its points were not taken."
            without.append(Finding("signal_without_tag", message, "file", blocking=False, parameter=parameter))
        elif mine[0].unit != tag.unit:
            faults.append(_differs(parameter, mine[0].unit, tag))
        else:
            series.append(_series_of(tag, mine))
    refuse_all(faults)
    elsewhere = [
        Finding(
            "sample_not_of_this_phase",
            f"Sample {sample}: it names neither this batch nor its vessel, and was not taken.",
            row,
            blocking=False,
            sample=sample,
        )
        for sample, row in others
        if (sample, row) not in own
    ]
    return Taken(instrument, tuple(series), (*findings, *without, *elsewhere))


def frames_of(series: Sequence[Series], *, most: int) -> Iterator[tuple[Column, ...]]:
    """Yield the columns of each frame, at most so many samples in one, in an order that the file alone decides."""
    frame: list[Column] = []
    room = most
    for one in sorted(series, key=lambda given: given.tag.code):
        column, start = one.column(), 0
        while start < len(column):
            part = slice(start, start + room)
            quality = None if column.quality is None else column.quality[part]
            frame.append(Column(column.tag, column.times[part], column.values[part], quality))
            taken = len(frame[-1])
            start, room = start + taken, room - taken
            if not room:
                yield tuple(frame)
                frame, room = [], most
    if frame:
        yield tuple(frame)


def _unit_faults(tag: KnownTag, trace: Trace) -> Iterator[Refusal]:
    if not trace.unit:
        yield Refusal(
            "unknown_unit", "The unit “{unit}” is not in the table of units.", field="file", unit=trace.reported_unit
        )
    elif trace.unit != tag.unit:
        yield _differs(trace.name, trace.unit, tag)


def _differs(name: str, unit: str, tag: KnownTag) -> Refusal:
    return Refusal(
        "unit_of_file_differs",
        "{name} is in {unit} in the file; the tag {tag} of the source is in {expected}.",
        field="file",
        name=name,
        unit=unit,
        tag=tag.code,
        expected=tag.unit,
    )


def _without_signals() -> Refusal:
    return Refusal("file_without_signals", "No signal of the file has a tag of the source.", field="file")


def _belongs(point: Point, belonging: Belonging) -> bool:
    context = dict(point.context)
    batch = context.get("batch", "")
    if batch and batch not in belonging.batches:
        return False
    if belonging.sample:
        return point.sample == belonging.sample
    return bool(batch) or context.get("vessel") == belonging.vessel


def _text_of(values: Floats) -> Callable[[int], str]:
    def text(index: int) -> str:
        value = values[index]
        if not np.isfinite(value):
            return ""
        single = np.float32(value)  # what was written in single precision is not shown with digits that it never had
        return str(single) if single == value else repr(float(value))

    return text


def _series_of(tag: KnownTag, points: Sequence[Point]) -> Series:
    return Series(
        tag=tag,
        name=points[0].tag,
        times=np.array([round(point.at.timestamp() * 1_000_000) for point in points], dtype=np.int64),
        values=np.array([float(point.value) for point in points], dtype=np.float64),
        quality=np.full(len(points), GOOD, dtype=np.uint8),
        place=lambda index: points[index].locator,
        text=lambda index: points[index].text,
    )
