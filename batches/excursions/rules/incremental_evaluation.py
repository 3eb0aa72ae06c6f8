"""All rules of a running phase, carried from frame to frame: new samples and the state give what one pass would give.

Raw samples are kept per parameter of a source as far back as any rule may still need them, because inputs of a derived
signal need not be sampled, nor arrive, together. What was let go is sealed in a digest and in what each rule has
settled. A sample that touches what is settled is refused: then everything is evaluated again from storage, and no
answer is ever an approximate one.

A rule settles at a good sample at which nothing lasts or waits, no run of equal values is pending, and so much time has
passed that late samples are no longer expected. Until there is one, its samples are kept whole: during an excursion,
while a value stands still that may be frozen, and while one input of a derived signal goes on without another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, reduce
from types import MappingProxyType

import numpy as np

from batches.excursions.rules.derivations import Derived
from batches.excursions.rules.excursion_rules import ExcursionRule
from batches.excursions.rules.excursions import concluded, evaluate
from batches.excursions.rules.judging import needed_parameters
from batches.excursions.rules.sample_digests import BLOCK, NOTHING, Sealed, sealed_with
from batches.excursions.rules.streaming_state import Carried, RunEnds, Stream, begun, run_ends
from batches.excursions.rules.verdicts import Judged, PhaseReadings, Sent, Verdict, judged_by, newest_us, verdict_of
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import Flags, Signal, clean, each_time_once, joined_signal, micros, signal_of
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Inlet:
    """The samples of one parameter: those before ``cut_us`` were let go (None: none were), the rest is the tail."""

    cut_us: int | None
    sealed: Sealed
    tail: Signal


@dataclass(frozen=True, slots=True, eq=False)
class SourceState:
    """What is carried of one source: its inlets by parameter; by rule what is settled, without its tail.

    ``empty_to`` is for a rule whose derived signal has no sample yet: up to where (µs) none can come any more.
    """

    inlets: Mapping[str, Inlet] = field(default_factory=lambda: MappingProxyType({}))
    carried: Mapping[str, Carried] = field(default_factory=lambda: MappingProxyType({}))
    empty_to: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    newest_us: int | None = None


type Watching = Mapping[str, SourceState]
_FRESH = SourceState()
_NO_SAMPLES = signal_of([], [])


def newest_of(watching: Watching, sent: Iterable[Sent]) -> int | None:
    """Return the newest event time of the state and of new samples together, None when there was never a sample."""
    known = [state.newest_us for state in watching.values() if state.newest_us is not None]
    fresh = newest_us(signal for one in sent for signal in one.signals.values())
    return max([*known, *([] if fresh is None else [fresh])], default=None)


def watched(
    readings: PhaseReadings, rules: Iterable[ExcursionRule], watching: Watching, *, keep_s: Decimal = Decimal(0)
) -> tuple[Watching, tuple[Verdict, ...]]:
    """Return the state after these new samples and what ``verdicts`` says of all samples so far.

    The readings name every source and parameter, hold new samples alone, and end with the newest sample of all
    (``newest_of``); the newest ``keep_s`` stay open for late ones. A verdict's signal holds what is still open only.

    :raises Refusal: ``reading_too_late``: a sample touches what is settled, evaluate everything again.
    """
    known = {sent.source: _known(sent, watching.get(sent.source, _FRESH)) for sent in readings.sent}
    whole_tail = replace(readings, sent=tuple(replace(sent, signals=known[sent.source]) for sent in readings.sent))
    sealed = {
        source: {name: inlet.sealed for name, inlet in state.inlets.items()} for source, state in watching.items()
    }
    lines: dict[str, list[_Line]] = {source: [] for source in known}
    found = []
    for one in judged_by(whole_tail, rules, sealed=sealed):
        if one.problem:
            silent = evaluate(one.signal, one.rule, start=readings.start_us, end=readings.end_us, complete=False)
            found.append(verdict_of(one, one.signal, silent))
            continue
        line = _Line(one, watching.get(one.source, _FRESH), known[one.source], readings)
        line.check_in_time(readings)
        found.append(line.verdict())
        lines[one.source].append(line)
    fresh = {
        sent.source: _settled(sent, known[sent.source], lines[sent.source], watching, keep_s) for sent in readings.sent
    }
    return fresh, tuple(found)


def _known(sent: Sent, state: SourceState) -> dict[str, Signal]:
    """The tail of each parameter with its new samples, in order of time, each time once."""
    known = {}
    for name, signal in sent.signals.items():
        inlet = state.inlets.get(name)
        if inlet is None:
            known[name] = each_time_once(signal)
            continue
        if inlet.cut_us is not None and bool((signal.times < inlet.cut_us).any()):
            raise _too_late()
        known[name] = each_time_once(joined_signal([inlet.tail, signal])) if len(signal.times) else inlet.tail
    return known


class _Line:
    """One rule on one source at work: what it has settled, and the open samples."""

    def __init__(
        self, judged: Judged, state: SourceState, known: Mapping[str, Signal], readings: PhaseReadings
    ) -> None:
        self.judged, self.rule = judged, judged.rule
        self.names = needed_parameters(judged.rule)
        self._inputs = {name: known[name] for name in self.names}
        self._before = state
        carried = state.carried.get(judged.rule.code, begun(readings.start_us))
        begin = carried.settled_us
        tail = judged.signal if begin is None else _chosen(judged.signal, judged.signal.times >= begin)
        self._carried = replace(carried, tail=tail)
        self._stream = Stream(_NO_SAMPLES, self.rule, self._carried)
        self._end = readings.end_us

    @property
    def _closed_to(self) -> int | None:
        if self._carried.settled_us is not None:
            return self._carried.closed_us
        return self._before.empty_to.get(self.rule.code)

    def check_in_time(self, readings: PhaseReadings) -> None:
        """Pass when the new samples leave everything as it was up to what is settled."""
        closed = self._closed_to
        if closed is None:
            return
        sent = next(one for one in readings.sent if one.source == self.judged.source)
        for name in self.names:
            fresh = sent.signals[name].times
            if len(fresh) == 0 or int(fresh.min()) > closed:
                continue
            inlet = self._before.inlets.get(name)
            before = _NO_SAMPLES if inlet is None else inlet.tail
            if not _same(_upto(before, closed), _upto(self._inputs[name], closed)):
                raise _too_late()

    def verdict(self) -> Verdict:
        """What the rule says of all samples so far."""
        part = self._stream.whole(end=self._end)
        return verdict_of(self.judged, self.judged.signal, concluded(part, self.rule, complete=False))

    def settled(self, keep_s: Decimal) -> Carried:
        """The rule's state after these samples, without its tail."""
        ends, settling = self._run_ends, None
        if ends is not None and len(self._carried.tail.times):
            shown = int(self._carried.tail.times[-1]) - micros(keep_s)
            settling = reduce(np.intersect1d, [one.shown_to(shown) for one in ends.values()])
        after = self._stream.carried_on(keep_s=keep_s, settling=settling)
        settled, closed = after.settled_us, after.closed_us
        if ends is not None and settled is not None and closed is not None and settled != self._carried.settled_us:
            closed = max(closed, *(one.shows(settled) for one in ends.values()))
        return replace(after, tail=_NO_SAMPLES, closed_us=closed)

    def empty_to(self, keep_s: Decimal) -> int | None:
        """Up to where a derived signal without any sample can have none any more."""
        if self.rule.derived is Derived.NONE or self._carried.settled_us is not None:
            return None
        before = self._before.empty_to.get(self.rule.code)
        if len(self._carried.tail.times):
            return before
        newest = newest_us(self._inputs.values())
        closed = None if newest is None else newest - 1 - micros(keep_s)
        return max((one for one in (before, closed) if one is not None), default=None)

    def needs(self, carried: Carried, empty_to: int | None) -> Mapping[str, int | None]:
        """From which time on each input is still needed (µs), None for all that is there."""
        if carried.settled_us is not None:
            return dict.fromkeys(self.names, carried.settled_us)
        if empty_to is None:
            return dict.fromkeys(self.names)
        ends = self._run_ends
        if ends is None:
            return dict.fromkeys(self.names, empty_to)
        # A run of equal values that began before may still turn out to be frozen.
        last = {name: one.shown_to(empty_to) for name, one in ends.items()}
        return {name: int(times[-1]) if len(times) else None for name, times in last.items()}

    @cached_property
    def _run_ends(self) -> dict[str, RunEnds] | None:
        """When a run of equal values of each input is over; None where that does not matter."""
        rule = self.rule
        if rule.derived is Derived.NONE or rule.stuck_s is None or rule.signal_type is not SignalType.LINEAR:
            return None
        return {
            name: run_ends(clean(signal), stuck_s=rule.stuck_s, max_gap_s=rule.max_gap_s)
            for name, signal in self._inputs.items()
        }


def _settled(
    sent: Sent, known: Mapping[str, Signal], lines: Sequence[_Line], watching: Watching, keep_s: Decimal
) -> SourceState:
    before = watching.get(sent.source, _FRESH)
    carried = {line.rule.code: line.settled(keep_s) for line in lines}
    empty = {line.rule.code: line.empty_to(keep_s) for line in lines}
    needs = [line.needs(carried[line.rule.code], empty[line.rule.code]) for line in lines]
    sealing = {name for line in lines if line.rule.derived is not Derived.NONE for name in line.names}
    inlets = {}
    for name, signal in known.items():
        inlet = replace(before.inlets.get(name, Inlet(None, NOTHING, _NO_SAMPLES)), tail=signal)
        wanted = [need[name] for need in needs if name in need]
        if wanted:  # what no rule can judge is not kept
            first = None if None in wanted else min(one for one in wanted if one is not None)
            inlets[name] = inlet if first is None else _let_go(inlet, first, sealing=name in sealing)
    empty_to = {code: at for code, at in empty.items() if at is not None}
    return SourceState(inlets, carried, empty_to, newest_of({sent.source: before}, [sent]))


def _let_go(inlet: Inlet, first: int, *, sealing: bool) -> Inlet:
    tail = inlet.tail
    count = int(np.searchsorted(tail.times, first))
    count -= count % BLOCK if sealing else 0
    if count == 0:
        return inlet
    gone, here = (_chosen(tail, where) for where in (slice(0, count), slice(count, None)))
    sealed = sealed_with(inlet.sealed, gone) if sealing else inlet.sealed
    return Inlet(int(gone.times[-1]) + 1, sealed, here)


def _chosen(signal: Signal, where: Flags | slice) -> Signal:
    void = None if signal.void is None else signal.void[where]
    return Signal(signal.times[where], signal.values[where], signal.good[where], void)


def _upto(signal: Signal, closed: int) -> Signal:
    return _chosen(signal, slice(0, int(np.searchsorted(signal.times, closed, side="right"))))


def _same(one: Signal, other: Signal) -> bool:
    return (
        np.array_equal(one.times, other.times)
        and np.array_equal(one.values, other.values, equal_nan=True)
        and np.array_equal(one.good, other.good)
        and np.array_equal(one.marks, other.marks)
    )


def _too_late() -> Refusal:
    return Refusal("reading_too_late", "A sample lies before what is settled.", kind=Kind.CONFLICT)
