"""What is drawn of a phase that runs: one plot for each signal that its rules judge, and where it is unknown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from batches.excursions.rules.derivations import Constants, Derived
from batches.excursions.rules.excursion_rules import ExcursionRule, RuleKind
from batches.excursions.rules.geometry import Module
from batches.excursions.rules.judging import as_declared, constants_of, in_unit_of, judged_signal, needed_parameters
from batches.excursions.rules.summaries import cleaned
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import NOT_VOID, Signal, micros, signal_of
from gatekeeper.core.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Plot:
    """One judged signal of one source in one unit, with the rules that judge it by the names they are recorded under.

    ``max_gap_s`` is the shortest of its rules: a longer silence is drawn as unknown. None: no rule has one.
    """

    source: str
    parameter: str
    unit: str
    rules: tuple[tuple[str, ExcursionRule], ...]

    @property
    def max_gap_s(self) -> Decimal | None:
        """The longest silence that no rule of the plot takes for a gap."""
        return min((rule.max_gap_s for _name, rule in self.rules if rule.max_gap_s is not None), default=None)

    @property
    def stepped(self) -> bool:
        """Whether the last value is carried forward."""
        return self.rules[0][1].signal_type is not SignalType.LINEAR


_UNDECLARED: Mapping[str, Mapping[str, SignalType]] = MappingProxyType({})


def plots_of(
    rules: Iterable[ExcursionRule],
    phase: str,
    sources: Mapping[str, Iterable[str]],
    *,
    types: Mapping[str, Mapping[str, SignalType]] = _UNDECLARED,
) -> tuple[Plot, ...]:
    """Return the plots of a phase; ``sources`` are the parameters that each source can send.

    ``types`` are the signal types that the tags of each source declare, by parameter.
    Rules are named as ``verdicts`` names them: by their source where several sources can be judged.
    """
    groups: dict[tuple[str, str, str, Derived, Constants], list[tuple[str, ExcursionRule]]] = {}
    for rule in sorted(rules, key=lambda row: row.kind is RuleKind.RATE):  # a rate joins the plot of its signal
        if rule.phases and phase not in rule.phases:
            continue
        needed = needed_parameters(rule)
        able = [source for source, sent in sorted(sources.items()) if set(needed) <= set(sent)]
        for source in able:
            name = rule.code if len(able) == 1 else f"{rule.code}@{source}"
            group = (source, rule.parameter, rule.unit, rule.derived, constants_of(rule))
            if rule.kind is RuleKind.RATE:
                group = next((other for other in groups if other[:2] == group[:2]), group)
            groups.setdefault(group, []).append((name, as_declared(rule, types.get(source, {}))))
    return tuple(Plot(source, code, unit, tuple(rules)) for (source, code, unit, *_), rules in groups.items())


def plotted(plot: Plot, signals: Mapping[str, Signal], geometry: Module | None) -> Signal:
    """Return the signal of a plot from what was measured, in order, with what may not be judged marked as not good.

    Nothing of it can be drawn when it cannot be computed: then it is empty.
    """
    rule = plot.rules[0][1]
    try:
        signal = judged_signal(rule, signals, geometry)
        return cleaned(signal if rule.kind is RuleKind.RATE else in_unit_of(rule, signal), rule)
    except Refusal:
        return signal_of([], [])


def silences(signal: Signal, *, max_gap_s: Decimal | None, start: int) -> list[tuple[int, int]]:
    """Return the times from ``start`` to the last good sample in which nothing is known, in µs.

    Longer than the gap that the rules allow, or with two values for one time in between, however short.
    """
    good = np.flatnonzero(signal.good & (signal.times >= start))
    times = signal.times[good]
    if len(times) == 0:
        return []
    edges = np.concatenate(([start], times))
    longest = np.iinfo(np.int64).max if max_gap_s is None else micros(max_gap_s)
    void = np.concatenate(([0], np.cumsum(signal.marks != NOT_VOID)))
    spoiled = void[good] - void[np.concatenate(([0], good[:-1]))] > 0
    places = np.flatnonzero((np.diff(edges) > longest) | spoiled)
    return [(int(edges[place]), int(edges[place + 1])) for place in places]
