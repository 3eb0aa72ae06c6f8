"""Signals to look at: envelopes of one parameter, or of everything that a phase measures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batches.models import BatchRecord, Phase
from batches.monitoring.queries.facts import PhaseFacts, micros, moment, phase_facts
from batches.monitoring.rules.envelopes import envelope_of
from batches.monitoring.rules.parameters import Parameter, parameter
from batches.monitoring.rules.signals import Signal
from batches.monitoring.rules.verdicts import Verdict, verdicts


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
    series = [
        _series(phase, trace, start, end, points)
        for phase, facts in _measured(record)
        for trace in traces_of(facts)
        if trace.parameter == wanted
    ]
    return {"batch_record": record.number, "parameter": wanted.code, "unit": wanted.unit, "series": series}


def _parameter(code: str) -> Parameter:
    return parameter(code)


def _measured(record: BatchRecord) -> Iterator[tuple[Phase, PhaseFacts]]:
    phases = record.phases.filter(started_at__isnull=False, equipment_uses__equipment__sources__isnull=False)
    for phase in phases.distinct().select_related("batch_record"):
        yield phase, phase_facts(phase, every_signal=True)


def _series(phase: Phase, trace: Trace, start: datetime | None, end: datetime | None, points: int) -> dict[str, Any]:
    assert phase.started_at is not None
    begins = micros(phase.started_at if start is None else max(start, phase.started_at))
    times = trace.signal.times
    last = int(times.max()) if len(times) else begins
    ends = min(last if phase.performed_at is None else micros(phase.performed_at), last if end is None else micros(end))
    found = envelope_of(trace.signal, start=begins, end=ends, points=points)
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
        "source": trace.source,
        "buckets": [
            {"at": moment(at), "min": repr(low), "max": repr(high), "mean": repr(mean), "samples": count}
            for at, low, high, mean, count in rows
        ],
    }
