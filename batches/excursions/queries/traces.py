"""Signals for charts: envelopes of one parameter, or of everything that a phase measures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from batches.excursions.queries.evaluation_inputs import EvaluationInputs, Scope, inputs_of
from batches.excursions.rules.verdicts import Verdict, newest_us
from batches.models import BatchRecord, Phase
from batches.readings.models import Frame, Source, Tag
from batches.readings.queries.assignments import tags_of
from batches.readings.queries.corrected_samples import is_as_sent
from batches.readings.queries.segments import Raw, raw, tag_envelope
from batches.readings.rules.envelopes import Envelope, envelope_of
from batches.readings.rules.parameters import Parameter, measured
from batches.readings.rules.parameters import parameter as parameter_of
from batches.readings.rules.signals import Signal
from gatekeeper.core.times import micros, moment

_LATEST_US = 4_102_444_800_000_000  # the year 2100


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One signal of a phase in the unit of its parameter, with the verdicts of the rules that judge it."""

    source: str
    parameter: Parameter
    signal: Signal
    verdicts: tuple[Verdict, ...]


def traces_of(inputs: EvaluationInputs) -> list[Trace]:
    """Return the measured signals of a phase and after them the derived ones."""
    if inputs.readings is None:
        return []
    all_verdicts = inputs.verdicts()

    def by(code: str, source: str) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in all_verdicts if verdict.rule.parameter == code and verdict.source == source)

    traces = [
        Trace(sent.source, parameter_of(code), signal, by(code, sent.source))
        for sent in inputs.readings.sent
        for code, signal in sent.signals.items()
    ]
    derived: dict[tuple[str, str], Verdict] = {}
    for verdict in all_verdicts:
        if parameter_of(verdict.rule.parameter).derived:
            derived.setdefault((verdict.rule.parameter, verdict.source), verdict)
    traces += [
        Trace(source, parameter_of(code), verdict.signal, by(code, source))
        for (code, source), verdict in derived.items()
    ]
    return traces


def envelope(
    record: BatchRecord, *, parameter: str, start: datetime | None, end: datetime | None, points: int
) -> dict[str, Any]:
    """Return the readings of one parameter in each phase of a record: at most ``points`` buckets a series.

    :raises Refusal: ``unknown_parameter``.
    """
    requested = parameter_of(parameter)
    series = []
    for phase in phases_with_sources(record):
        # Stored minutes are those of the times sent: where a clock was corrected or is ahead, a rule's signal is shown.
        sources = Source.objects.filter(tags__in=tags_of(phase, [requested.code]))
        of_phase = _measured if not requested.derived and is_as_sent(sources) else _judged
        series += [
            _series(phase, source, buckets) for source, buckets in of_phase(phase, requested, start, end, points)
        ]
    return {"batch_record": record.number, "parameter": requested.code, "unit": requested.unit, "series": series}


def raw_readings(
    record: BatchRecord, *, parameter: str, start: datetime | None, end: datetime | None, limit: int
) -> tuple[list[Raw], datetime | None]:
    """Return the samples of one measured parameter as recorded, and where to go on when the limit cut them short.

    :raises Refusal: ``unknown_parameter``, ``parameter_is_derived``.
    """
    requested = measured(parameter)
    pages: list[Raw] = []
    following: int | None = None
    for phase in phases_with_sources(record):
        for tag in _tags(phase, requested):
            begins, ends = _span(phase, start, end, None)
            if following is not None:
                ends = min(ends, following - 1)
            page = raw(tag, start=begins, end=ends, limit=limit)
            pages.append(page)
            limit = max(limit - len(page.signal.times), 1)
            following = page.following if page.following is not None else following
    if following is None:
        return pages, None
    return [_before(page, following) for page in pages], moment(following)


def phases_with_sources(record: BatchRecord) -> QuerySet[Phase]:
    """Return the started phases of a record whose equipment sends readings, in their order."""
    phases = record.phases.filter(started_at__isnull=False, equipment_uses__equipment__sources__isnull=False)
    return phases.distinct().select_related("batch_record")


def _before(row: Raw, following: int) -> Raw:
    earlier = row.signal.times < following
    signal = Signal(row.signal.times[earlier], row.signal.values[earlier], row.signal.good[earlier])
    return Raw(row.tag, signal, row.quality[earlier], following)


def _tags(phase: Phase, requested: Parameter) -> list[Tag]:
    """Return the tag of each source that measures it; of several of one source the last by name, as rules do."""
    by_source = {tag.source.code: tag for tag in tags_of(phase, [requested.code]).order_by("source__code", "code")}
    return list(by_source.values())


def _measured(
    phase: Phase, requested: Parameter, start: datetime | None, end: datetime | None, points: int
) -> Iterator[tuple[str, Envelope]]:
    for tag in _tags(phase, requested):
        newest = Frame.objects.filter(source=tag.source).aggregate(newest=Max("last_at"))["newest"]
        begins, ends = _span(phase, start, end, newest)
        yield tag.source.code, tag_envelope(tag, start=begins, end=ends, points=points)


def _judged(
    phase: Phase, requested: Parameter, start: datetime | None, end: datetime | None, points: int
) -> Iterator[tuple[str, Envelope]]:
    for trace in traces_of(inputs_of(phase, scope=Scope.ALL)):
        if trace.parameter == requested:
            newest = newest_us([trace.signal])
            begins, ends = _span(phase, start, end, None if newest is None else moment(newest))
            yield trace.source, envelope_of(trace.signal, start=begins, end=ends, points=points)


def _span(phase: Phase, start: datetime | None, end: datetime | None, newest: datetime | None) -> tuple[int, int]:
    """Return the part of a phase that was asked for (µs): it ends with the phase, or with the newest reading."""
    assert phase.started_at is not None
    begins = phase.started_at if start is None else max(start, phase.started_at)
    ends = [at for at in (phase.performed_at, end, newest) if at is not None]
    return micros(begins), max(micros(min(ends)) if ends else _LATEST_US, micros(begins) - 1)


def _series(phase: Phase, source: str, buckets: Envelope) -> dict[str, Any]:
    rows = zip(
        buckets.times.tolist(),
        buckets.low.tolist(),
        buckets.high.tolist(),
        buckets.mean.tolist(),
        buckets.count.tolist(),
        strict=True,
    )
    return {
        "phase": phase.code,
        "source": source,
        "buckets": [
            {"at": moment(at), "min": repr(low), "max": repr(high), "mean": repr(mean), "samples": count}
            for at, low, high, mean, count in rows
        ],
    }
