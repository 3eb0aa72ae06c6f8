"""A stream of samples: what is settled is stored as a few numbers, and only what may still change as samples.

Streaming with this state equals one pass over everything, byte for byte: a stream is settled only at a good sample
at which nothing lasts, nothing waits for a delay and no frozen run is pending, and there one pass could be cut as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from batches.excursions.rules.excursion_rules import INTEGRALS, ExcursionRule, RuleKind, sides_of
from batches.excursions.rules.runs import OPEN, View, spells_above
from batches.excursions.rules.summaries import Summary, cleaned, joined_summaries, judged_view, machine_of, summary_of
from batches.readings.rules.signals import Flags, Signal, Times, joined_signal, micros, signal_of
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True, eq=False)
class StreamState:
    """The state of one rule on one stream from ``start_us`` on.

    ``summary`` covers all up to ``settled_us``, the time of a good sample (None: nothing is settled). ``tail`` are
    the samples from there on as they came, ``context`` the cleaned ones before it that sliding windows look back on.
    No sample up to ``closed_us`` may still come: the one behind the settled one shows that its value did not freeze.
    """

    start_us: int
    settled_us: int | None
    summary: Summary | None
    tail: Signal
    context: Signal
    closed_us: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RunEnds:
    """Samples with which a run of identical values is over, and the good sample that is evidence of each, in µs."""

    times: Times
    evident_from: Times

    def evident_at(self, at: int) -> Times:
        """The times of runs whose end is evident from the samples up to this time."""
        return self.times[self.evident_from <= at]

    def evidence_for(self, at: int) -> int:
        """The time of the sample from which it is evident that the run is over with this one."""
        return int(self.evident_from[np.searchsorted(self.times, at)])


def initial_state(start: int) -> StreamState:
    """The state before the first sample of a step that starts at this time (µs)."""
    return StreamState(start, None, None, signal_of([], []), signal_of([], []))


class Stream:
    """One rule on a stream: its state and new samples, in any order, cleaned together once.

    :raises Refusal: ``reading_too_late`` for a sample before what is settled: evaluate everything again.
    """

    def __init__(self, signal: Signal, rule: ExcursionRule, state: StreamState) -> None:
        _check_in_time(signal, state)
        self._rule, self._state = rule, state
        self._tail = joined_signal([state.tail, signal]) if len(state.tail.times) else signal
        cleaned_signal = cleaned(self._tail, rule)
        self._cleaned = joined_signal([state.context, cleaned_signal]) if len(state.context.times) else cleaned_signal
        self._begin = state.start_us if state.settled_us is None else state.settled_us
        self._views: dict[int, View] = {}

    def _view(self, end: int) -> View:
        if end not in self._views:
            context = self._state.context.times
            since = int(context[0]) if len(context) else None
            self._views[end] = judged_view(self._cleaned, self._rule, start=self._begin, end=end, since=since)
        return self._views[end]

    def whole(self, *, end: int) -> Summary:
        """What it says of the step up to its end (µs).

        :raises Refusal: ``window_ends_before_start``: evaluate everything again.
        """
        return joined_summaries(self._state.summary, summary_of(self._view(end), self._rule))

    def advanced(self, *, lateness_s: Decimal = Decimal(0), settling: Times | None = None) -> StreamState:
        """The state after the samples; the newest ``lateness_s`` stay open for samples that are late.

        With ``settling`` it is settled only at one of these times.
        """
        rule, tail, cleaned_signal, begin = self._rule, self._tail, self._cleaned, self._begin
        if len(tail.times) == 0:
            return self._state
        newest = int(tail.times.max())
        unsettled = replace(self._state, tail=tail)
        if newest <= begin:
            return unsettled
        view = self._view(newest)
        times = view.window.times
        open_to = min(newest - 1, newest - micros(lateness_s))
        ends = run_ends(cleaned_signal, stuck_s=rule.stuck_s, max_gap_s=rule.max_gap_s)
        over = ends.times if rule.stuck_s is None else ends.evident_at(max(open_to, begin))
        places = np.flatnonzero(_quiet(view, rule) & _among(times, over))
        places = places[(times[places] > begin) & (times[places] <= open_to)]
        if settling is not None:
            places = places[_among(times[places], settling)]
        if len(places) == 0:
            return unsettled
        settled = int(times[places[-1]])
        return StreamState(
            self._state.start_us,
            settled,
            self.whole(end=settled),
            selected(tail, tail.times >= settled),
            _context(cleaned_signal, rule, settled),
            settled if rule.stuck_s is None else ends.evidence_for(settled),
        )


def _check_in_time(signal: Signal, state: StreamState) -> None:
    if state.closed_us is None:
        return
    early = signal.times <= state.closed_us
    if not early.any():
        return
    settled = {(at, value) for at, value, good in _rows(state.tail) if good and at <= state.closed_us}
    if any(not good or (at, value) not in settled for at, value, good in _rows(selected(signal, early))):
        raise too_late()


def too_late() -> Refusal:
    """The refusal of a sample before what is settled."""
    return Refusal("reading_too_late", "A sample lies before what is settled.", kind=Kind.CONFLICT)


def _rows(signal: Signal) -> Iterator[tuple[int, float, bool]]:
    return zip(signal.times.tolist(), signal.values.tolist(), signal.good.tolist(), strict=True)


def _quiet(view: View, rule: ExcursionRule) -> Flags:
    """Where no excursion lasts, ends for less than its delays, or may be about to begin."""
    window = view.window
    quiet = np.ones(len(window.times), dtype=np.bool_)
    if rule.kind in INTEGRALS | {RuleKind.COVERAGE}:
        return quiet
    for side in sides_of(rule):
        limits = [limit for _level, limit in side.limits]
        if rule.kind is RuleKind.COUNT:
            limits = [] if side.reference is None else [side.reference]
        for limit in limits:
            machine = machine_of(rule, side, limit)
            if not view.passes(side.sign, machine.level):
                continue
            beyond = view.beyond(side.sign, machine.level)
            quiet[beyond.places] = False
            spells = spells_above(beyond, machine)
            delay = max(machine.t_off, machine.t_merge)
            for started, ended in zip(spells.starts.tolist(), spells.ends.tolist(), strict=True):
                until = OPEN if ended == OPEN else ended + delay
                quiet &= (window.times < started) | (window.times >= until)
    return quiet


def run_ends(cleaned_signal: Signal, *, stuck_s: Decimal | None, max_gap_s: Decimal | None) -> RunEnds:
    """Where runs of identical values of a cleaned signal are over, so that they cannot yet turn out to be frozen."""
    times, values = cleaned_signal.times[cleaned_signal.good], cleaned_signal.values[cleaned_signal.good]
    over = values[1:] != values[:-1] if stuck_s is not None else np.ones(max(len(times) - 1, 0), dtype=np.bool_)
    if max_gap_s is not None:
        over |= np.diff(times) > micros(max_gap_s)
    return RunEnds(times[:-1][over], times[1:][over])


def _among(times: Times, ordered: Times) -> Flags:
    """Which of the times are among those that lie in order."""
    if len(ordered) == 0:
        return np.zeros(len(times), dtype=np.bool_)
    among: Flags = ordered[np.minimum(np.searchsorted(ordered, times), len(ordered) - 1)] == times
    return among


def _context(cleaned_signal: Signal, rule: ExcursionRule, settled: int) -> Signal:
    if rule.window_s is None:
        return signal_of([], [])
    earliest = settled - micros(rule.window_s)
    reaching = cleaned_signal.times[cleaned_signal.good & (cleaned_signal.times <= earliest)]
    begin = int(reaching[-1]) if len(reaching) else earliest
    return selected(cleaned_signal, (cleaned_signal.times >= begin) & (cleaned_signal.times < settled))


def selected(signal: Signal, where: Flags | slice) -> Signal:
    """The samples at these places."""
    void = None if signal.void is None else signal.void[where]
    return Signal(signal.times[where], signal.values[where], signal.good[where], void)
