"""Yields of a batch step by step, and the plasmid that a transfection needs. domain.md F-4, F-5, K-5, K-15."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from gatekeeper.core.limits import Limits, Verdict, judge, worst
from gatekeeper.core.quantity import EXACT, Quantity, unit

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Measure:
    """How much was there after a phase: volume and concentration as measured, by which method; None: not measured."""

    phase: str
    title: str
    volume: Quantity | None
    concentration: Quantity | None
    analyte: str
    method: str
    method_version: str
    step_limits: Limits | None = None
    overall_limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class StepYield:
    """One row of the table of yields: total in ``analyte``, per cents None where they are not computable.

    ``why_not`` says why a per cent is missing, empty when it is there or when this is the first row.
    """

    phase: str
    title: str
    analyte: str
    total: Decimal | None
    step_percent: Decimal | None
    overall_percent: Decimal | None
    verdict: Verdict
    why_not: str = ""


def total(measure: Measure) -> Decimal | None:
    """Return volume × concentration in the analyte's unit, None when either is missing."""
    if measure.volume is None or measure.concentration is None:
        return None
    volume = measure.volume.converted("mL")
    return EXACT.multiply(volume, measure.concentration.converted(f"{measure.analyte}/mL"))


def percent(out: Decimal, of: Decimal) -> Decimal:
    """Return ``out`` in per cent of ``of``, which must not be zero."""
    return EXACT.divide(EXACT.multiply(out, _HUNDRED), of)


def why_not_computable(out: Measure, of: Measure) -> str:
    """Return why one measure cannot be divided by the other, empty when it can. F-5."""
    if total(out) is None or not total(of):
        return "a measured value is missing"
    if out.analyte != of.analyte:
        return f"{out.analyte} and {of.analyte} do not compare"
    if (out.method, out.method_version) != (of.method, of.method_version):
        return f"{out.method} {out.method_version} and {of.method} {of.method_version} do not compare"
    return ""


def steps(measures: Iterable[Measure]) -> tuple[StepYield, ...]:
    """Return a row for each measure in order: step = out / in, overall = last / first. K-5."""
    rows: list[StepYield] = []
    first: Measure | None = None
    previous: Measure | None = None
    for measure in measures:
        rows.append(_row(measure, previous, first))
        first, previous = first or measure, measure
    return tuple(rows)


def _row(measure: Measure, previous: Measure | None, first: Measure | None) -> StepYield:
    if previous is None or first is None:
        amount = total(measure)
        verdict = Verdict.UNKNOWN if amount is None else Verdict.INSIDE
        return StepYield(measure.phase, measure.title, measure.analyte, amount, None, None, verdict)
    step, why = _percent_of(measure, previous)
    overall, why_overall = _percent_of(measure, first)
    return StepYield(
        phase=measure.phase,
        title=measure.title,
        analyte=measure.analyte,
        total=total(measure),
        step_percent=step,
        overall_percent=overall,
        verdict=worst((_judged(step, measure.step_limits), _judged(overall, measure.overall_limits))),
        why_not=why or why_overall,
    )


def _percent_of(out: Measure, of: Measure) -> tuple[Decimal | None, str]:
    why = why_not_computable(out, of)
    if why:
        return None, why
    return percent(total(out) or Decimal(0), total(of) or Decimal(1)), ""


def _judged(value: Decimal | None, limits: Limits | None) -> Verdict:
    if limits is None:
        return Verdict.INSIDE
    return judge(value, limits)


def plasmid_need(
    *, viable_cells: Quantity, volume: Quantity, ug_per_million_cells: Decimal, parts: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Return the mass of each plasmid in milligrams: cells × dose of DNA, split in the ratio of ``parts``. K-15."""
    millions = EXACT.multiply(viable_cells.converted("10*6{cells}/mL"), volume.converted("mL"))
    micrograms = EXACT.multiply(millions, ug_per_million_cells)
    milligrams = EXACT.divide(micrograms, unit("mg").factor)
    whole = sum(parts.values())
    return {name: EXACT.divide(EXACT.multiply(milligrams, part), whole) for name, part in parts.items()}
