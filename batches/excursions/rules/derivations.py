"""The closed table of derived signals: which equation makes them, of which measured signals, with which data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from batches.excursions.rules.derived import (
    TEMPERATURE_COEFFICIENT,
    conductivity_at_25,
    fluxes,
    particle_shear,
    pass_rate,
    pressure_drop,
    salt,
    transmembrane_pressure,
    wall_shear,
    wall_stress,
)
from batches.excursions.rules.geometry import Channel, Module
from batches.excursions.rules.potency import HalfLife, loss_rates
from batches.excursions.rules.sample_digests import NOTHING, Sealed, samples_content
from batches.readings.rules.signals import NOT_VALID, Floats, Signal, each_time_once
from gatekeeper.core.refusal import Refusal


class Derived(StrEnum):
    """How the judged signal comes from the measured ones."""

    NONE = "none"
    WALL_SHEAR = "wall_shear"
    WALL_STRESS = "wall_stress"
    PARTICLE_SHEAR = "particle_shear"
    PUMP_PASSES = "pass_rate"
    TMP = "tmp"
    PRESSURE_DROP = "pressure_drop"
    FLUX = "flux"
    COND25 = "cond25"
    SALT = "salt"
    POTENCY_LOSS = "potency_loss"


@dataclass(frozen=True, slots=True)
class Constants:
    """What a formula needs beside samples: the module, change of conductivity per °C (None: 0.02), reference tables."""

    module: Module | None = None
    temperature_coefficient: Decimal | None = None
    half_lives: tuple[HalfLife, ...] = ()
    salt_points: tuple[tuple[Decimal, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """One row: the parameter it gives, its equation and formula for people, its inputs in their parameters' units."""

    parameter: str
    equation: str
    formula: str
    inputs: tuple[str, ...]
    compute: Callable[[Sequence[Floats], Constants], Floats]
    geometry: bool = False


def _module(constants: Constants) -> Module:
    if constants.module is None:
        raise Refusal("geometry_required", "Wall shear needs the geometry of the module.", field="geometry")
    return constants.module


def _compensated(values: Sequence[Floats], constants: Constants) -> Floats:
    coefficient = constants.temperature_coefficient
    return conductivity_at_25(*values, alpha=TEMPERATURE_COEFFICIENT if coefficient is None else float(coefficient))


_PLAIN = Constants()
_SHEAR = "γ = 4Q/(nπr³), Re < 2100"
DERIVATIONS: Mapping[Derived, Derivation] = MappingProxyType(
    {
        Derived.WALL_SHEAR: Derivation(
            "wall_shear", "E-1", _SHEAR, ("flow",), lambda v, c: wall_shear(v[0], _module(c)), geometry=True
        ),
        Derived.WALL_STRESS: Derivation(
            "wall_stress",
            "E-1",
            f"τ = µγ, {_SHEAR}",
            ("flow",),
            lambda v, c: wall_stress(v[0], _module(c)),
            geometry=True,
        ),
        Derived.PARTICLE_SHEAR: Derivation(
            "particle_shear",
            "E-6",
            f"γ·V_lumen/V, {_SHEAR}",
            ("flow", "volume"),
            lambda v, c: particle_shear(v[0], v[1], _module(c)),
            geometry=True,
        ),
        Derived.PUMP_PASSES: Derivation(
            "pass_rate", "E-4", "Q/V", ("flow", "volume"), lambda v, _: pass_rate(v[0], v[1])
        ),
        Derived.TMP: Derivation(
            "tmp",
            "E-7",
            "(P_feed + P_retentate)/2 - P_permeate",
            ("feed_pressure", "retentate_pressure", "permeate_pressure"),
            lambda v, _: transmembrane_pressure(*v),
        ),
        Derived.PRESSURE_DROP: Derivation(
            "pressure_drop",
            "E-7",
            "P_feed - P_retentate",
            ("feed_pressure", "retentate_pressure"),
            lambda v, _: pressure_drop(*v),
        ),
        Derived.FLUX: Derivation(
            "flux", "E-7", "J = Q_permeate/A", ("permeate_flow",), lambda v, c: fluxes(v[0], _module(c)), geometry=True
        ),
        Derived.COND25: Derivation(
            "conductivity_25", "E-12", "κ/(1 + α(T - 25))", ("conductivity", "temperature"), _compensated
        ),
        Derived.SALT: Derivation(
            "salt",
            "E-12",
            "c(κ/(1 + α(T - 25))), linear between reference points",
            ("conductivity", "temperature"),
            lambda v, c: salt(_compensated(v, c), c.salt_points),
        ),
        Derived.POTENCY_LOSS: Derivation(
            "potency_loss",
            "E-9, E-10",
            "log10(2)/t½(T), ln k linear in 1/T between reference temperatures",
            ("temperature",),
            lambda v, c: loss_rates(v[0], c.half_lives),
        ),
    }
)


def derive(
    derived: Derived, inputs: Mapping[str, Signal], module: Module | None = None, *, constants: Constants = _PLAIN
) -> Signal:
    """The derived signal at the times that all its inputs share; the inputs are named as in ``DERIVATIONS``.

    Inputs should have been cleaned, so that a frozen or conflicting input makes the result unknown.

    :raises Refusal: derived_input_missing, geometry_required, and those of the formula.
    """
    row = DERIVATIONS[derived]
    missing = [name for name in row.inputs if name not in inputs]
    if missing:
        raise Refusal("derived_input_missing", "The signal {name} is missing.", field="inputs", name=missing[0])
    columns = [each_time_once(inputs[name]) for name in row.inputs]
    times = columns[0].times
    for column in columns[1:]:
        times = np.intersect1d(times, column.times, assume_unique=True)
    places = [np.searchsorted(column.times, times) for column in columns]
    values = [column.values[place] for column, place in zip(columns, places, strict=True)]
    good = np.logical_and.reduce([column.good[place] for column, place in zip(columns, places, strict=True)])
    marks = np.maximum.reduce([column.marks[place] for column, place in zip(columns, places, strict=True)])
    result = row.compute(values, constants if module is None else replace(constants, module=module))
    defined = good & np.logical_and.reduce([np.isfinite(value) for value in values])
    # A surge beyond laminar flow must not be bridged like a short drop-out (E-1).
    marks = np.where(defined & np.isnan(result), NOT_VALID, marks).astype(np.int8)
    return Signal(times, result, good & np.isfinite(result), marks)


def origin_content(
    derived: Derived,
    inputs: Mapping[str, Signal],
    module: Module | None,
    *,
    sealed: Mapping[str, Sealed] = MappingProxyType({}),
) -> dict[str, object] | None:
    """Return where a derived signal came from: equation, formula, and each input's samples with their digest.

    The digest is that of the samples in order of time, each once, so that their arrival cannot show in it. ``sealed``
    are the older samples of an input of which the signal holds only the newest.
    """
    if derived is Derived.NONE:
        return None
    row = DERIVATIONS[derived]
    channel = isinstance(module, Channel) and row.equation == "E-1"
    return {
        "equation": "E-2" if channel else row.equation,
        "formula": row.formula.replace(_SHEAR, "γ = 6Q/(wh²), Re < 2100") if channel else row.formula,
        "inputs": {
            name: samples_content(each_time_once(inputs[name]), sealed.get(name, NOTHING))
            for name in row.inputs
            if name in inputs
        },
    }
