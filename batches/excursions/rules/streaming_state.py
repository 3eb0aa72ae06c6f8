"""A stream of samples: what is settled is kept as a few numbers, and only what may still change as samples.

Streaming with carried state equals one pass over everything, byte for byte: a stream is settled only at a good sample
at which nothing lasts, nothing waits for a delay and no frozen run is pending, and there one pass could be cut as well.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from batches.excursions.rules.excursion_rules import INTEGRALS, ExcursionRule, RuleKind, sides_of
from batches.excursions.rules.runs import OPEN, View, spells_above
from batches.excursions.rules.summaries import Part, cleaned, judged_view, machine_of, part_of, put_together
from batches.readings.rules.signals import Flags, Floats, Signal, Times, joined_signal, micros, signal_of
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The state of one rule on one stream from ``start_us`` on.

    ``done`` says everything up to ``settled_us``, the time of a good sample (None: nothing is settled). ``tail`` are
    the samples from there on as they came, ``context`` the cleaned ones before it that sliding windows look back on.
    No sample up to ``closed_us`` may still come: the one behind the settled one shows that its value did not freeze.
    """

    start_us: int
    settled_us: int | None
    done: Part | None
    tail: Signal
    context: Signal
    closed_us: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RunEnds:
    """Samples with which a run of identical values is over, and the good sample behind each that shows it, in µs."""

    times: Times
    shown_by: Times

    def shown_to(self, at: int) -> Times:
        """The times that a sample up to there has shown."""
        return self.times[self.shown_by <= at]

    def shows(self, at: int) -> int:
        """The time of the sample that shows the run to be over with this one."""
        return int(self.shown_by[np.searchsorted(self.times, at)])


def begun(start: int) -> Carried:
    """The state before the first sample of a step that starts at this time (µs)."""
    return Carried(start, None, None, signal_of([], []), signal_of([], []))


class Stream:
    """One rule on a stream: what is carried of it and new samples, in any order, cleaned together once.

    :raises Refusal: ``reading_too_late`` for a sample before what is settled: evaluate everything again.
    """

    def __init__(self, signal: Signal, rule: ExcursionRule, carried: Carried) -> None:
        _check_in_time(signal, carried)
        self._rule, self._carried = rule, carried
        self._tail = joined_signal([carried.tail, signal]) if len(carried.tail.times) else signal
        known = cleaned(self._tail, rule)
        self._known = joined_signal([carried.context, known]) if len(carried.context.times) else known
        self._begin = carried.start_us if carried.settled_us is None else carried.settled_us
        self._views: dict[int, View] = {}

    def _view(self, end: int) -> View:
        if end not in self._views:
            context = self._carried.context.times
            since = int(context[0]) if len(context) else None
            self._views[end] = judged_view(self._known, self._rule, start=self._begin, end=end, since=since)
        return self._views[end]

    def whole(self, *, end: int) -> Part:
        """What it says of the step up to its end (µs).

        :raises Refusal: ``window_ends_before_start``: evaluate everything again.
        """
        return put_together(self._carried.done, part_of(self._view(end), self._rule))

    def carried_on(self, *, keep_s: Decimal = Decimal(0), settling: Times | None = None) -> Carried:
        """The state after the samples; the newest ``keep_s`` stay open for samples that are late.

        With ``settling`` it is settled only at one of these times.
        """
        rule, tail, known, begin = self._rule, self._tail, self._known, self._begin
        if len(tail.times) == 0:
            return self._carried
        newest = int(tail.times.max())
        here = replace(self._carried, tail=tail)
        if newest <= begin:
            return here
        view = self._view(newest)
        times = view.window.times
        open_to = min(newest - 1, newest - micros(keep_s))
        ends = run_ends(known, stuck_s=rule.stuck_s, max_gap_s=rule.max_gap_s)
        over = ends.times if rule.stuck_s is None else ends.shown_to(max(open_to, begin))
        places = np.flatnonzero(_quiet(view, rule) & _among(times, over))
        places = places[(times[places] > begin) & (times[places] <= open_to)]
        if settling is not None:
            places = places[_among(times[places], settling)]
        if len(places) == 0:
            return here
        settled = int(times[places[-1]])
        return Carried(
            self._carried.start_us,
            settled,
            self.whole(end=settled),
            _chosen(tail, tail.times >= settled),
            _context(known, rule, settled),
            settled if rule.stuck_s is None else ends.shows(settled),
        )


def _check_in_time(signal: Signal, carried: Carried) -> None:
    if carried.closed_us is None:
        return
    early = signal.times <= carried.closed_us
    if not early.any():
        return
    known = {
        (at, value)
        for at, value, good in zip(*(column.tolist() for column in _columns(carried.tail)), strict=True)
        if good and at <= carried.closed_us
    }
    fresh = zip(*(column.tolist() for column in _columns(_chosen(signal, early))), strict=True)
    if any(not good or (at, value) not in known for at, value, good in fresh):
        raise Refusal("reading_too_late", "A sample lies before what is settled.", kind=Kind.CONFLICT)


def _columns(signal: Signal) -> tuple[Times, Floats, Flags]:
    return signal.times, signal.values, signal.good


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


def run_ends(known: Signal, *, stuck_s: Decimal | None, max_gap_s: Decimal | None) -> RunEnds:
    """Where runs of identical values of a cleaned signal are over, so that they cannot yet turn out to be frozen."""
    times, values = known.times[known.good], known.values[known.good]
    over = values[1:] != values[:-1] if stuck_s is not None else np.ones(max(len(times) - 1, 0), dtype=np.bool_)
    if max_gap_s is not None:
        over |= np.diff(times) > micros(max_gap_s)
    return RunEnds(times[:-1][over], times[1:][over])


def _among(times: Times, ordered: Times) -> Flags:
    """Which of the times are among those that lie in order."""
    if len(ordered) == 0:
        return np.zeros(len(times), dtype=np.bool_)
    found: Flags = ordered[np.minimum(np.searchsorted(ordered, times), len(ordered) - 1)] == times
    return found


def _context(known: Signal, rule: ExcursionRule, settled: int) -> Signal:
    if rule.window_s is None:
        return signal_of([], [])
    earliest = settled - micros(rule.window_s)
    reaching = known.times[known.good & (known.times <= earliest)]
    begin = int(reaching[-1]) if len(reaching) else earliest
    return _chosen(known, (known.times >= begin) & (known.times < settled))


def _chosen(signal: Signal, where: Flags) -> Signal:
    void = None if signal.void is None else signal.void[where]
    return Signal(signal.times[where], signal.values[where], signal.good[where], void)
