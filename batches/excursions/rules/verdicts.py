"""What every rule says of a phase: from the signals that its sources sent to one verdict a rule.

Pure, so that the same readings and the same rule versions give the same bytes wherever it runs (domain.md 2.2, 12).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from batches.excursions.rules.derivations import Derived, origin_content
from batches.excursions.rules.excursions import (
    Evaluation,
    ExcursionRule,
    State,
    evaluate_all,
    evaluation_content,
    rule_content,
    worst_state,
)
from batches.excursions.rules.geometry import Module, geometry_content, module_of
from batches.excursions.rules.judging import as_declared, check_declared, in_unit_of, judged_signal, needed_parameters
from batches.excursions.rules.potency import residual
from batches.excursions.rules.sample_digests import Sealed
from batches.excursions.rules.sliding import Aggregation
from batches.excursions.rules.summaries import cleaned, judged_view
from batches.readings.rules.parameters import SignalType
from batches.readings.rules.signals import Signal, signal_of
from gatekeeper.core.refusal import Refusal

_NONE: Mapping[str, Mapping[str, Sealed]] = MappingProxyType({})
_UNDECLARED: Mapping[str, SignalType] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """The signals of one source by parameter, each in the parameter's unit and within its sensor's range.

    ``types`` are the signal types that its tags declare, by parameter.
    """

    source: str
    signals: Mapping[str, Signal]
    types: Mapping[str, SignalType] = _UNDECLARED


@dataclass(frozen=True, slots=True, eq=False)
class PhaseReadings:
    """A phase from ``start_us`` to ``end_us``; ``complete`` when it has ended. ``modules`` are geometries in use."""

    phase: str
    start_us: int
    end_us: int
    complete: bool
    sent: tuple[Sent, ...]
    modules: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One rule's evaluation. ``name`` is the rule's code, with its source where several sources measure the same.

    ``signal`` is what was judged. ``problem`` is the code of why there was none, empty when there was one; ``origin``
    is where a derived signal came from (``derivations.origin_content``), None for a measured one.
    """

    name: str
    rule: ExcursionRule
    source: str
    signal: Signal
    evaluation: Evaluation
    geometry: Module | None
    problem: str
    origin: Mapping[str, object] | None = None

    @property
    def content(self) -> dict[str, object]:
        """What is recorded of it: the evaluation with its rule, source, geometry and origin."""
        return {
            **evaluation_content(self.evaluation),
            "rule": rule_content(self.rule),
            "source": self.source,
            "geometry": geometry_content(self.geometry),
            "origin": self.origin,
            "residual": self.residual,
            "problem": self.problem,
        }

    @property
    def conclusion(self) -> tuple[object, ...]:
        """The part of its content that people act on, as ``conclusion_in`` finds it in what is recorded."""
        evaluation = self.evaluation
        spells = tuple(
            (excursion.key, excursion.level.value, excursion.ended_us) for excursion in evaluation.excursions
        )
        return evaluation.state.value, self.problem, spells

    @property
    def residual(self) -> str | None:
        """The share of potency that the exposure leaves (E-9) as text, None when the rule does not judge potency."""
        if self.rule.derived is not Derived.POTENCY_LOSS:
            return None
        return f"{residual(float(self.evaluation.dose)):.6f}"

    @property
    def keys(self) -> Mapping[str, int]:
        """The key of each excursion, unique within the phase, with its place in the evaluation."""
        at = f"@{self.source}" if self.name != self.rule.code else ""
        return {f"{row.key}{at}": place for place, row in enumerate(self.evaluation.excursions)}


def verdicts(readings: PhaseReadings, rules: Iterable[ExcursionRule]) -> tuple[Verdict, ...]:
    """Return the verdict of each rule that applies to this phase, in the order of the rules.

    A rule that names the phase and finds no signal says UNKNOWN: missing data is not good data.
    """
    return _evaluated(readings, rule_signals(readings, rules))


def judged_parameters(rules: Iterable[ExcursionRule], phase: str) -> frozenset[str]:
    """Return the measured parameters that the rules of this phase need."""
    applicable = (rule for rule in rules if not rule.phases or phase in rule.phases)
    return frozenset(name for rule in applicable for name in needed_parameters(rule))


def conclusion_in(content: Mapping[str, object]) -> tuple[object, ...]:
    """Return the part of an evaluation's content that people act on: state and excursions, not how far it has come."""
    excursions = content["excursions"]
    assert isinstance(excursions, list)
    spells = tuple((excursion["key"], excursion["level"], excursion["ended_us"]) for excursion in excursions)
    return content["state"], content["problem"], spells


@dataclass(frozen=True, slots=True, eq=False)
class RuleSignal:
    """A rule with the signal that it judges, before it is evaluated."""

    name: str
    rule: ExcursionRule
    source: str
    signal: Signal
    geometry: Module | None
    problem: str
    origin: Mapping[str, object] | None


def rule_signals(
    readings: PhaseReadings, rules: Iterable[ExcursionRule], *, sealed: Mapping[str, Mapping[str, Sealed]] = _NONE
) -> list[RuleSignal]:
    """Return what each rule that applies to this phase judges, in the order of the rules.

    ``sealed`` are, by source and parameter, the older samples of signals of which the readings hold only the newest.
    """
    signals: list[RuleSignal] = []
    for rule in rules:
        if rule.phases and readings.phase not in rule.phases:
            continue
        needed = needed_parameters(rule)
        able = [sent for sent in readings.sent if all(name in sent.signals for name in needed)]
        if not able and rule.phases:
            signals.append(RuleSignal(rule.code, rule, "", signal_of([], []), None, "signal_missing", None))
        for sent in able:
            name = rule.code if len(able) == 1 else f"{rule.code}@{sent.source}"
            signals.append(_judged(readings, rule, sent, name, sealed.get(sent.source, {})))
    return signals


def _judged(
    readings: PhaseReadings, rule: ExcursionRule, sent: Sent, name: str, sealed: Mapping[str, Sealed]
) -> RuleSignal:
    geometry, problem, signal, origin = None, "", signal_of([], []), None
    declared = as_declared(rule, sent.types)
    try:
        check_declared(rule, declared)
        geometry = module_of(readings.modules) if rule.requires_geometry else None
        signal = in_unit_of(declared, judged_signal(declared, sent.signals, geometry))
        origin = origin_content(rule.derived, sent.signals, geometry, sealed=sealed)
    except Refusal as refusal:
        problem = refusal.code
    return RuleSignal(name, declared, sent.source, signal, geometry, problem, origin)


def _evaluated(readings: PhaseReadings, rule_signals: Iterable[RuleSignal]) -> tuple[Verdict, ...]:
    ordered = list(rule_signals)
    groups: dict[int, list[RuleSignal]] = {}
    for judged in ordered:
        # Rules of one measured signal share the work of cleaning it.
        groups.setdefault(id(judged.signal), []).append(judged)
    evaluations: dict[int, Evaluation] = {}
    span = {"start": readings.start_us, "end": readings.end_us}
    for group in groups.values():
        rules = [judged.rule for judged in group]
        results = evaluate_all(group[0].signal, rules, **span, complete=readings.complete)
        evaluations |= {id(judged): result for judged, result in zip(group, results, strict=True)}
    return tuple(verdict_of(judged, _limited_signal(judged, **span), evaluations[id(judged)]) for judged in ordered)


def verdict_of(judged: RuleSignal, signal: Signal, evaluation: Evaluation) -> Verdict:
    """Return the verdict of a rule on the signal that it shows; what could not be judged is UNKNOWN at least."""
    if judged.problem:  # a rule of events sees no gap in a signal that does not exist
        evaluation = replace(evaluation, state=worst_state((evaluation.state, State.UNKNOWN)))
    return Verdict(
        judged.name, judged.rule, judged.source, signal, evaluation, judged.geometry, judged.problem, judged.origin
    )


def _limited_signal(judged: RuleSignal, *, start: int, end: int) -> Signal:
    """The signal as the rule's limits see it: over a window of time where the rule judges one."""
    if judged.rule.aggregation is Aggregation.NONE:
        return judged.signal
    window = judged_view(cleaned(judged.signal, judged.rule), judged.rule, start=start, end=end).window
    return Signal(window.times, window.values, np.ones(len(window.times), dtype=np.bool_))


def newest_us(signals: Iterable[Signal]) -> int | None:
    """Return the newest event time of the signals, None when there is no sample."""
    return max((int(np.max(signal.times)) for signal in signals if len(signal.times)), default=None)
