"""What every rule says of a phase: from the signals that its sources sent to one verdict a rule.

Pure, so that the same readings and the same rule versions give the same bytes wherever it runs (domain.md 2.2, 12).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from batches.monitoring.rules.derived import HollowFibre, geometry_from
from batches.monitoring.rules.excursions import (
    Evaluation,
    ExcursionRule,
    evaluate,
    evaluation_content,
    rule_content,
)
from batches.monitoring.rules.judging import judged_signal, needed_parameters
from batches.monitoring.rules.parameters import factor, parameter
from batches.monitoring.rules.signals import Signal, clean, signal_of
from gatekeeper.core.refusal import Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """The signals of one source by parameter, each in the parameter's unit and within its sensor's range."""

    source: str
    signals: Mapping[str, Signal]


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

    ``problem`` is the code of why there was no signal to judge, empty when there was one.
    """

    name: str
    rule: ExcursionRule
    source: str
    signal: Signal
    evaluation: Evaluation
    geometry: HollowFibre | None
    problem: str

    @property
    def content(self) -> dict[str, object]:
        """What is recorded of it: the evaluation with its rule, source and geometry."""
        return {
            **evaluation_content(self.evaluation),
            "rule": rule_content(self.rule),
            "source": self.source,
            "geometry": geometry_content(self.geometry),
            "problem": self.problem,
        }

    @property
    def keys(self) -> Mapping[str, int]:
        """The key of each excursion, unique within the phase, with its place in the evaluation."""
        at = f"@{self.source}" if self.name != self.rule.code else ""
        return {f"{one.key}{at}": place for place, one in enumerate(self.evaluation.excursions)}


def verdicts(readings: PhaseReadings, rules: Iterable[ExcursionRule]) -> tuple[Verdict, ...]:
    """Return the verdict of each rule that watches this phase, in the order of the rules.

    A rule that names the phase and finds no signal says UNKNOWN: missing data is not good data.
    """
    found: list[Verdict] = []
    for rule in rules:
        if rule.phases and readings.phase not in rule.phases:
            continue
        needed = needed_parameters(rule)
        able = [sent for sent in readings.sent if all(name in sent.signals for name in needed)]
        if not able and rule.phases:
            found.append(_verdict(readings, rule, None, rule.code))
        alone = len(able) == 1
        found += [_verdict(readings, rule, sent, rule.code if alone else f"{rule.code}@{sent.source}") for sent in able]
    return tuple(found)


def watched_parameters(rules: Iterable[ExcursionRule], phase: str) -> frozenset[str]:
    """Return the measured parameters that the rules of this phase need."""
    watching = (rule for rule in rules if not rule.phases or phase in rule.phases)
    return frozenset(name for rule in watching for name in needed_parameters(rule))


def said(content: Mapping[str, object]) -> tuple[object, ...]:
    """Return the part of an evaluation's content that people act on: state and excursions, not how far it has come."""
    excursions = content["excursions"]
    assert isinstance(excursions, list)
    spells = tuple((one["key"], one["level"], one["ended_us"]) for one in excursions)
    return content["state"], content["problem"], spells


def sent_signal(signal: Signal, *, unit: str, code: str, low: Decimal | None, high: Decimal | None) -> Signal:
    """Return a tag's signal in the unit of its parameter, with what its sensor cannot measure marked as not good."""
    ranged = clean(signal, sensor_low=low, sensor_high=high)
    scale = factor(unit, parameter(code).unit)
    return ranged if scale == 1 else Signal(ranged.times, ranged.values * scale, ranged.good, ranged.marks)


def module_of(modules: Iterable[Mapping[str, object]]) -> HollowFibre:
    """Return the geometry of the one hollow-fibre module in use.

    :raises Refusal: ``geometry_missing``, ``geometry_ambiguous``, ``geometry_not_positive``.
    """
    fibres = [module for module in modules if "n_fibres" in module]
    if not fibres:
        raise Refusal("geometry_missing", "No hollow-fibre module is in use in this phase.", field="geometry")
    if len(fibres) > 1:
        raise Refusal("geometry_ambiguous", "More than one hollow-fibre module is in use.", field="geometry")
    return geometry_from(fibres[0])


def geometry_content(geometry: HollowFibre | None) -> dict[str, object] | None:
    """Return a geometry as text and whole numbers."""
    if geometry is None:
        return None
    return {
        "n_fibres": geometry.n_fibres,
        "diameter_mm": str(geometry.diameter_mm),
        "length_m": str(geometry.length_m),
        "density_kg_m3": str(geometry.density_kg_m3),
        "viscosity_mpa_s": str(geometry.viscosity_mpa_s),
    }


def _verdict(readings: PhaseReadings, rule: ExcursionRule, sent: Sent | None, name: str) -> Verdict:
    geometry, problem, signal = None, "signal_missing", signal_of([], [])
    if sent:
        try:
            geometry = module_of(readings.modules) if rule.requires_geometry else None
            signal = _scaled(judged_signal(rule, sent.signals, geometry), rule)
            problem = ""
        except Refusal as refusal:
            problem = refusal.code
    evaluation = evaluate(signal, rule, start=readings.start_us, end=readings.end_us, complete=readings.complete)
    return Verdict(name, rule, sent.source if sent else "", signal, evaluation, geometry, problem)


def _scaled(signal: Signal, rule: ExcursionRule) -> Signal:
    scale = factor(parameter(rule.parameter).unit, rule.unit)
    return signal if scale == 1 else Signal(signal.times, signal.values * scale, signal.good, signal.marks)


def newest_us(signals: Iterable[Signal]) -> int | None:
    """Return the newest event time of the signals, None when there is no sample."""
    return max((int(np.max(signal.times)) for signal in signals if len(signal.times)), default=None)
