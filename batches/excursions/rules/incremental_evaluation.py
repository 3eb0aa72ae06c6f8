"""All rules of a running phase, frame by frame: new samples and the state give what one pass would give.

Raw samples are stored per parameter of a source as far back as any rule may still need them, because inputs of a
derived signal need not be sampled, nor arrive, together. What was dropped is sealed in a digest and in what each rule
has settled. A sample that touches what is settled is refused: then everything is evaluated again from storage, and no
answer is ever an approximate one.

A rule settles at a good sample at which nothing lasts or waits, no run of equal values is pending, and so much time has
passed that late samples are no longer expected. Until there is one, its samples are stored whole: during an excursion,
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
from batches.excursions.rules.streaming_state import (
    RunEnds,
    Stream,
    StreamState,
    initial_state,
    run_ends,
    selected,
    too_late,
)
from batches.excursions.rules.verdicts import (
    PhaseReadings,
    RuleSignal,
    Sent,
    Verdict,
    newest_us,
    rule_signals,
    verdict_of,
)
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import Signal, clean, each_time_once, joined_signal, micros, signal_of


@dataclass(frozen=True, slots=True, eq=False)
class InputState:
    """The samples of one parameter: those before ``cut_us`` were dropped (None: none were), the rest is the tail."""

    cut_us: int | None
    sealed: Sealed
    tail: Signal


@dataclass(frozen=True, slots=True, eq=False)
class SourceState:
    """The state of one source: its inputs by parameter; by rule what is settled, without its tail.

    ``empty_to`` is for a rule whose derived signal has no sample yet: up to where (µs) none can come any more.
    """

    inputs: Mapping[str, InputState] = field(default_factory=lambda: MappingProxyType({}))
    streams: Mapping[str, StreamState] = field(default_factory=lambda: MappingProxyType({}))
    empty_to: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    newest_us: int | None = None


type SourceStates = Mapping[str, SourceState]
_NO_SAMPLES = signal_of([], [])
_NO_INPUT = InputState(None, NOTHING, _NO_SAMPLES)
_NO_STATE = SourceState()


def newest_of(states: SourceStates, sent: Iterable[Sent] = ()) -> int | None:
    """Return the newest event time of the states and of new samples together, None when there was never a sample."""
    times = [state.newest_us for state in states.values()]
    times.append(newest_us(signal for source in sent for signal in source.signals.values()))
    return max((at for at in times if at is not None), default=None)


def evaluate_new_samples(
    readings: PhaseReadings, rules: Iterable[ExcursionRule], states: SourceStates, *, lateness_s: Decimal = Decimal(0)
) -> tuple[SourceStates, tuple[Verdict, ...]]:
    """Return the states after these new samples and what ``verdicts`` says of all samples so far.

    The readings name every source and parameter, hold new samples alone, and end with the newest sample of all
    (``newest_of``); the newest ``lateness_s`` stay open for late ones. A verdict's signal holds what is still open.

    :raises Refusal: ``reading_too_late``: a sample touches what is settled, evaluate everything again.
    """
    open_samples = {sent.source: _open_samples(sent, states.get(sent.source, _NO_STATE)) for sent in readings.sent}
    unsettled = replace(
        readings, sent=tuple(replace(sent, signals=open_samples[sent.source]) for sent in readings.sent)
    )
    sealed = {
        source: {name: input_state.sealed for name, input_state in state.inputs.items()}
        for source, state in states.items()
    }
    streams: dict[str, list[_RuleStream]] = {source: [] for source in open_samples}
    verdicts = []
    for judged in rule_signals(unsettled, rules, sealed=sealed):
        if judged.problem:
            silent = evaluate(judged.signal, judged.rule, start=readings.start_us, end=readings.end_us, complete=False)
            verdicts.append(verdict_of(judged, judged.signal, silent))
            continue
        before = states.get(judged.source, _NO_STATE)
        stream = _RuleStream(judged, before, open_samples[judged.source], readings)
        stream.check_in_time(readings)
        verdicts.append(stream.verdict())
        streams[judged.source].append(stream)
    after = {
        sent.source: _settled(
            sent, open_samples[sent.source], streams[sent.source], states.get(sent.source, _NO_STATE), lateness_s
        )
        for sent in readings.sent
    }
    return after, tuple(verdicts)


def _open_samples(sent: Sent, state: SourceState) -> dict[str, Signal]:
    """The tail of each parameter with its new samples, in order of time, each time once."""
    signals = {}
    for name, signal in sent.signals.items():
        before = state.inputs.get(name, _NO_INPUT)
        if before.cut_us is not None and bool((signal.times < before.cut_us).any()):
            raise too_late()
        if len(signal.times) == 0 and name in state.inputs:
            signals[name] = before.tail
        else:
            signals[name] = each_time_once(joined_signal([before.tail, signal]) if name in state.inputs else signal)
    return signals


class _RuleStream:
    """One rule on one source: what it has settled, and the open samples."""

    def __init__(
        self, judged: RuleSignal, before: SourceState, open_samples: Mapping[str, Signal], readings: PhaseReadings
    ) -> None:
        self.judged, self.rule = judged, judged.rule
        self.names = needed_parameters(judged.rule)
        self._inputs = {name: open_samples[name] for name in self.names}
        self._before = before
        state = before.streams.get(judged.rule.code, initial_state(readings.start_us))
        begin = state.settled_us
        tail = judged.signal if begin is None else selected(judged.signal, judged.signal.times >= begin)
        self._state = replace(state, tail=tail)
        self._stream = Stream(_NO_SAMPLES, self.rule, self._state)
        self._end = readings.end_us

    def check_in_time(self, readings: PhaseReadings) -> None:
        """Pass when the new samples leave everything as it was up to what is settled."""
        settled = self._state.settled_us is not None
        closed = self._state.closed_us if settled else self._before.empty_to.get(self.rule.code)
        if closed is None:
            return
        sent = next(sent for sent in readings.sent if sent.source == self.judged.source)
        for name in self.names:
            times = sent.signals[name].times
            if len(times) == 0 or int(times.min()) > closed:
                continue
            before = self._before.inputs.get(name, _NO_INPUT).tail
            if not _are_equal(_up_to(before, closed), _up_to(self._inputs[name], closed)):
                raise too_late()

    def verdict(self) -> Verdict:
        """What the rule says of all samples so far."""
        summary = self._stream.whole(end=self._end)
        return verdict_of(self.judged, self.judged.signal, concluded(summary, self.rule, complete=False))

    def settled(self, lateness_s: Decimal) -> StreamState:
        """The rule's state after these samples, without its tail."""
        ends, settling = self._run_ends, None
        if ends is not None and len(self._state.tail.times):
            expected = int(self._state.tail.times[-1]) - micros(lateness_s)
            settling = reduce(np.intersect1d, [run.evident_at(expected) for run in ends.values()])
        after = self._stream.advanced(lateness_s=lateness_s, settling=settling)
        settled, closed = after.settled_us, after.closed_us
        if ends is not None and settled is not None and closed is not None and settled != self._state.settled_us:
            closed = max(closed, *(run.evidence_for(settled) for run in ends.values()))
        return replace(after, tail=_NO_SAMPLES, closed_us=closed)

    def empty_to(self, lateness_s: Decimal) -> int | None:
        """Up to where a derived signal without any sample can have none any more."""
        if self.rule.derived is Derived.NONE or self._state.settled_us is not None:
            return None
        before = self._before.empty_to.get(self.rule.code)
        if len(self._state.tail.times):
            return before
        newest = newest_us(self._inputs.values())
        closed = None if newest is None else newest - 1 - micros(lateness_s)
        return max((at for at in (before, closed) if at is not None), default=None)

    def needs(self, state: StreamState, empty_to: int | None) -> Mapping[str, int | None]:
        """From which time on each input is still needed (µs), None for all that is there."""
        if state.settled_us is not None:
            return dict.fromkeys(self.names, state.settled_us)
        if empty_to is None:
            return dict.fromkeys(self.names)
        ends = self._run_ends
        if ends is None:
            return dict.fromkeys(self.names, empty_to)
        # A run of equal values that began before may still turn out to be frozen.
        last = {name: run.evident_at(empty_to) for name, run in ends.items()}
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
    sent: Sent,
    open_samples: Mapping[str, Signal],
    streams: Sequence[_RuleStream],
    before: SourceState,
    lateness_s: Decimal,
) -> SourceState:
    """The state of a source after its new samples; what no rule needs any more is dropped."""
    states = {stream.rule.code: stream.settled(lateness_s) for stream in streams}
    empty = {stream.rule.code: stream.empty_to(lateness_s) for stream in streams}
    needs = [stream.needs(states[stream.rule.code], empty[stream.rule.code]) for stream in streams]
    sealing = {name for stream in streams if stream.rule.derived is not Derived.NONE for name in stream.names}
    inputs = {}
    for name, signal in open_samples.items():
        input_state = replace(before.inputs.get(name, _NO_INPUT), tail=signal)
        needed_from = [need[name] for need in needs if name in need]
        if needed_from:  # an input that no rule can judge is not stored
            first = None if None in needed_from else min(at for at in needed_from if at is not None)
            step = BLOCK if name in sealing else 1
            inputs[name] = input_state if first is None else _cut(input_state, first, step)
    empty_to = {code: at for code, at in empty.items() if at is not None}
    return SourceState(inputs, states, empty_to, newest_of({sent.source: before}, [sent]))


def _cut(state: InputState, first: int, step: int) -> InputState:
    """Drop samples before ``first`` (µs) in steps; whole blocks are sealed in the digest of the origin."""
    tail = state.tail
    count = int(np.searchsorted(tail.times, first))
    count -= count % step
    if count == 0:
        return state
    dropped, rest = (selected(tail, where) for where in (slice(0, count), slice(count, None)))
    sealed = sealed_with(state.sealed, dropped) if step == BLOCK else state.sealed
    return InputState(int(dropped.times[-1]) + 1, sealed, rest)


def _up_to(signal: Signal, closed: int) -> Signal:
    return selected(signal, slice(0, int(np.searchsorted(signal.times, closed, side="right"))))


def _are_equal(left: Signal, right: Signal) -> bool:
    return (
        np.array_equal(left.times, right.times)
        and np.array_equal(left.values, right.values, equal_nan=True)
        and np.array_equal(left.good, right.good)
        and np.array_equal(left.marks, right.marks)
    )
