"""A stream of samples: what is settled is kept as a few numbers, and only what may still change as samples.

Streaming with carried state equals one pass over everything, byte for byte: a stream is settled only at a good sample
at which nothing lasts, nothing waits for a delay and no frozen run is pending, and there one pass could be cut as well.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from batches.monitoring.rules.excursion_rules import INTEGRALS, ExcursionRule, RuleKind, sides_of
from batches.monitoring.rules.parts import (
    Part,
    cleaned,
    judged_window,
    machine_of,
    part_of,
    put_together,
)
from batches.monitoring.rules.runs import OPEN, spells_above
from batches.monitoring.rules.signals import Flags, Signal, joined_signal, micros, signal_of
from batches.monitoring.rules.windows import Window
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The state of one rule on one stream from ``start_us`` on.

    ``done`` says everything up to ``settled_us``, the time of a good sample (None: nothing is settled). ``tail`` are
    the samples from there on as they came, ``context`` the cleaned ones before it that sliding windows look back on.
    """

    start_us: int
    settled_us: int | None
    done: Part | None
    tail: Signal
    context: Signal


def begun(start: int) -> Carried:
    """The state before the first sample of a step that starts at this time (µs)."""
    return Carried(start, None, None, signal_of([], []), signal_of([], []))


def carried_on(signal: Signal, rule: ExcursionRule, carried: Carried, *, keep_s: Decimal = Decimal(0)) -> Carried:
    """The state after these samples, in any order; the newest ``keep_s`` stay open for samples that are late.

    :raises Refusal: ``reading_too_late`` for a sample before what is settled: evaluate everything again.
    """
    tail, known = _with(signal, rule, carried)
    if len(tail.times) == 0:
        return carried
    begin = carried.start_us if carried.settled_us is None else carried.settled_us
    newest = int(tail.times.max())
    here = Carried(carried.start_us, carried.settled_us, carried.done, tail, carried.context)
    if newest <= begin:
        return here
    window = judged_window(known, rule, start=begin, end=newest, since=_since(carried))
    open_to = min(newest - 1, newest - micros(keep_s))
    places = np.flatnonzero(_quiet(window, rule) & _unfrozen(window, known, rule))
    places = places[(window.times[places] > begin) & (window.times[places] <= open_to)]
    if len(places) == 0:
        return here
    settled = int(window.times[places[-1]])
    part = part_of(judged_window(known, rule, start=begin, end=settled, since=_since(carried)), rule)
    return Carried(
        carried.start_us,
        settled,
        put_together(carried.done, part),
        _chosen(tail, tail.times >= settled),
        _context(known, rule, settled),
    )


def whole(signal: Signal, rule: ExcursionRule, carried: Carried, *, end: int) -> Part:
    """What the carried state and these samples say together of the step up to its end (µs).

    :raises Refusal: ``reading_too_late``, ``window_ends_before_start``: evaluate everything again.
    """
    _tail, known = _with(signal, rule, carried)
    begin = carried.start_us if carried.settled_us is None else carried.settled_us
    part = part_of(judged_window(known, rule, start=begin, end=end, since=_since(carried)), rule)
    return put_together(carried.done, part)


def _with(signal: Signal, rule: ExcursionRule, carried: Carried) -> tuple[Signal, Signal]:
    """The tail with the new samples as they came, and cleaned with its context before it."""
    _check_in_time(signal, carried)
    tail = joined_signal([carried.tail, signal]) if len(carried.tail.times) else signal
    known = cleaned(tail, rule)
    return tail, joined_signal([carried.context, known]) if len(carried.context.times) else known


def _check_in_time(signal: Signal, carried: Carried) -> None:
    if carried.settled_us is None:
        return
    settled = carried.tail.values[carried.tail.times == carried.settled_us][:1]
    same = (signal.times == carried.settled_us) & (signal.values == settled) & signal.good
    if bool(((signal.times <= carried.settled_us) & ~same).any()):
        raise Refusal("reading_too_late", "A sample lies before what is settled.", kind=Kind.CONFLICT)


def _since(carried: Carried) -> int | None:
    return int(carried.context.times[0]) if len(carried.context.times) else None


def _quiet(window: Window, rule: ExcursionRule) -> Flags:
    """Where no excursion lasts, ends for less than its delays, or may be about to begin."""
    quiet = np.ones(len(window.times), dtype=np.bool_)
    if rule.kind in INTEGRALS | {RuleKind.COVERAGE}:
        return quiet
    for side in sides_of(rule):
        limits = [limit for _level, limit in side.limits]
        if rule.kind is RuleKind.COUNT:
            limits = [] if side.reference is None else [side.reference]
        values = window.values * side.sign
        for limit in limits:
            machine = machine_of(rule, side, limit)
            quiet &= values <= machine.level
            spells = spells_above(window, values, machine, rule.signal_type)
            delay = max(machine.t_off, machine.t_merge)
            for started, ended in zip(spells.starts.tolist(), spells.ends.tolist(), strict=True):
                until = OPEN if ended == OPEN else ended + delay
                quiet &= (window.times < started) | (window.times >= until)
    return quiet


def _unfrozen(window: Window, known: Signal, rule: ExcursionRule) -> Flags:
    """Where the run of identical values is over, so that it cannot yet turn out to be frozen."""
    times, values = known.times[known.good], known.values[known.good]
    over = np.zeros(len(times), dtype=np.bool_)
    over[:-1] = values[1:] != values[:-1] if rule.stuck_s is not None else True
    if rule.max_gap_s is not None:
        over[:-1] |= np.diff(times) > micros(rule.max_gap_s)
    return np.isin(window.times, times[over])


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
