"""Signals to look at: envelopes of one parameter, or of everything that a phase measures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from batches.excursions.queries.evaluation_inputs import PhaseFacts, phase_facts
from batches.excursions.rules.verdicts import Verdict, newest_us, verdicts
from batches.models import BatchRecord, Phase
from batches.readings.models import Frame, Source, Tag
from batches.readings.queries.assignments import tags_of
from batches.readings.queries.corrected_samples import is_as_sent
from batches.readings.queries.segments import Raw, raw, tag_envelope
from batches.readings.rules.envelopes import Envelope, envelope_of
from batches.readings.rules.parameters import Parameter, measured, parameter
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


def traces_of(facts: PhaseFacts) -> list[Trace]:
    """Return the measured signals of a phase and after them the derived ones."""
    if facts.readings is None:
        return []
    judged = verdicts(facts.readings, facts.rules)

    def by(code: str, source: str) -> tuple[Verdict, ...]:
        return tuple(one for one in judged if one.rule.parameter == code and one.source == source)

    found = [
        Trace(sent.source, parameter(code), signal, by(code, sent.source))
        for sent in facts.readings.sent
        for code, signal in sent.signals.items()
    ]
    derived: dict[tuple[str, str], Verdict] = {}
    for one in judged:
        if parameter(one.rule.parameter).derived:
            derived.setdefault((one.rule.parameter, one.source), one)
    found += [Trace(source, parameter(code), one.signal, by(code, source)) for (code, source), one in derived.items()]
    return found


def envelope(
    record: BatchRecord, *, parameter: str, start: datetime | None, end: datetime | None, points: int
) -> dict[str, Any]:
    """Return the readings of one parameter in each phase of a record: at most ``points`` buckets a series.

    :raises Refusal: ``unknown_parameter``.
    """
    wanted = _parameter(parameter)
    series = []
    for phase in phases_with_sources(record):
        # Stored minutes are those of the times sent: where a clock was corrected or is ahead, a rule's signal is shown.
        sources = Source.objects.filter(tags__in=tags_of(phase, [wanted.code]))
        of_phase = _measured if not wanted.derived and is_as_sent(sources) else _judged
        series += [_series(phase, source, found) for source, found in of_phase(phase, wanted, start, end, points)]
    return {"batch_record": record.number, "parameter": wanted.code, "unit": wanted.unit, "series": series}


def raw_readings(
    record: BatchRecord, *, parameter: str, start: datetime | None, end: datetime | None, limit: int
) -> tuple[list[Raw], datetime | None]:
    """Return the samples of one measured parameter as recorded, and where to go on when the limit cut them short.

    :raises Refusal: ``unknown_parameter``, ``parameter_is_derived``.
    """
    wanted = measured(parameter)
    found: list[Raw] = []
    following: int | None = None
    for phase in phases_with_sources(record):
        for tag in _tags(phase, wanted):
            begins, ends = _span(phase, start, end, None)
            if following is not None:
                ends = min(ends, following - 1)
            one = raw(tag, start=begins, end=ends, limit=limit)
            found.append(one)
            limit = max(limit - len(one.signal.times), 1)
            following = one.following if one.following is not None else following
    if following is None:
        return found, None
    return [_before(one, following) for one in found], moment(following)


def phases_with_sources(record: BatchRecord) -> QuerySet[Phase]:
    """Return the started phases of a record whose equipment sends readings, in their order."""
    phases = record.phases.filter(started_at__isnull=False, equipment_uses__equipment__sources__isnull=False)
    return phases.distinct().select_related("batch_record")


def _before(one: Raw, following: int) -> Raw:
    kept = one.signal.times < following
    signal = Signal(one.signal.times[kept], one.signal.values[kept], one.signal.good[kept])
    return Raw(one.tag, signal, one.quality[kept], following)


def _parameter(code: str) -> Parameter:
    return parameter(code)


def _tags(phase: Phase, wanted: Parameter) -> list[Tag]:
    """Return the tag of each source that measures it; of several of one source the last by name, as rules do."""
    by_source = {tag.source.code: tag for tag in tags_of(phase, [wanted.code]).order_by("source__code", "code")}
    return list(by_source.values())


def _measured(
    phase: Phase, wanted: Parameter, start: datetime | None, end: datetime | None, points: int
) -> Iterator[tuple[str, Envelope]]:
    for tag in _tags(phase, wanted):
        newest = Frame.objects.filter(source=tag.source).aggregate(newest=Max("last_at"))["newest"]
        begins, ends = _span(phase, start, end, newest)
        yield tag.source.code, tag_envelope(tag, start=begins, end=ends, points=points)


def _judged(
    phase: Phase, wanted: Parameter, start: datetime | None, end: datetime | None, points: int
) -> Iterator[tuple[str, Envelope]]:
    for trace in traces_of(phase_facts(phase, every_signal=True)):
        if trace.parameter == wanted:
            newest = newest_us([trace.signal])
            begins, ends = _span(phase, start, end, None if newest is None else moment(newest))
            yield trace.source, envelope_of(trace.signal, start=begins, end=ends, points=points)


def _span(phase: Phase, start: datetime | None, end: datetime | None, newest: datetime | None) -> tuple[int, int]:
    """Return the part of a phase that was asked for (µs): it ends with the phase, or with the newest reading."""
    assert phase.started_at is not None
    begins = phase.started_at if start is None else max(start, phase.started_at)
    ends = [at for at in (phase.performed_at, end, newest) if at is not None]
    return micros(begins), max(micros(min(ends)) if ends else _LATEST_US, micros(begins) - 1)


def _series(phase: Phase, source: str, found: Envelope) -> dict[str, Any]:
    rows = zip(
        found.times.tolist(),
        found.low.tolist(),
        found.high.tolist(),
        found.mean.tolist(),
        found.count.tolist(),
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
