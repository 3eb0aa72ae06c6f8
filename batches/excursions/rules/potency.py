"""What time and temperature leave of a vector: half-lives as data, what remains, mean kinetic temperature.

Equations E-9 to E-11 of the domain reference. Temperatures in °C, times in h where nothing else is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from math import log, log10

import numpy as np
import numpy.typing as npt

from gatekeeper.core.refusal import Refusal

type Floats = npt.NDArray[np.float64]

GAS_CONSTANT = 8.314462618  # J/mol/K (CODATA)
KELVIN = 273.15
SECONDS_PER_HOUR = 3600
MKT_ACTIVATION_ENERGY = 83_144.0  # J/mol: the convention of USP <1079>, not a property of a product


class Matter(StrEnum):
    """In which state the vector is: a half-life in one says nothing about the other."""

    LIQUID = "liquid"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class HalfLife:
    """One row of a half-life table: from and to in °C (equal for a single point), half-life in h, state, source."""

    low_cel: Decimal
    high_cel: Decimal
    hours: Decimal
    matter: Matter = Matter.LIQUID
    basis: str = ""


def half_life_faults(rows: Sequence[HalfLife]) -> list[Refusal]:
    """Every reason why these rows are no table: ``half_life_not_positive``, ``half_lives_overlap``."""
    faults = [
        Refusal("half_life_not_positive", "A half-life must be more than zero.", field="half_lives")
        for row in rows
        if row.hours <= 0
    ]
    ordered = sorted(rows, key=lambda row: row.low_cel)
    if any(row.low_cel > row.high_cel or row.low_cel <= -Decimal(str(KELVIN)) for row in rows) or any(
        before.high_cel >= after.low_cel for before, after in pairwise(ordered)
    ):
        faults.append(
            Refusal(
                "half_lives_overlap",
                "The temperatures of the half-lives must rise from row to row without an overlap.",
                field="half_lives",
            )
        )
    return faults


def half_lives_at(celsius: Floats, rows: Sequence[HalfLife]) -> Floats:
    """The half-life in h at each temperature; NaN where the table does not reach.

    Inside a row it is the row's; between two neighbouring rows of one state ln k is linear in 1/T (E-10). It is never
    extrapolated, nor taken across a change of state.
    """
    half_lives = np.full(len(celsius), np.nan)
    ordered = sorted(rows, key=lambda row: row.low_cel)
    for before, after in pairwise(ordered):
        if before.matter is after.matter:
            between = (celsius > float(before.high_cel)) & (celsius < float(after.low_cel))
            half_lives[between] = _arrhenius(celsius[between], before, after)
    for row in ordered:
        half_lives[(celsius >= float(row.low_cel)) & (celsius <= float(row.high_cel))] = float(row.hours)
    return half_lives


def _arrhenius(celsius: Floats, before: HalfLife, after: HalfLife) -> Floats:
    colder, warmer = 1 / (float(before.high_cel) + KELVIN), 1 / (float(after.low_cel) + KELVIN)
    share = (colder - 1 / (celsius + KELVIN)) / (colder - warmer)
    # ln k falls and ln t½ rises by the same amount: t½ = ln 2 / k.
    first, second = log(before.hours), log(after.hours)
    return np.asarray(np.exp(first + share * (second - first)), dtype=np.float64)


def activation_energy(before: HalfLife, after: HalfLife) -> float:
    """The activation energy in J/mol that two single points of a half-life table imply (E-10)."""
    colder, warmer = 1 / (float(before.high_cel) + KELVIN), 1 / (float(after.low_cel) + KELVIN)
    return GAS_CONSTANT * log(before.hours / after.hours) / (colder - warmer)


def loss_rates(celsius: Floats, rows: Sequence[HalfLife]) -> Floats:
    """The loss of potency in log10 a second at each temperature: log10(2)/t½; NaN where no half-life is known (E-9)."""
    return np.asarray(log10(2) / (half_lives_at(celsius, rows) * SECONDS_PER_HOUR), dtype=np.float64)


def log10_loss(exposures: Iterable[tuple[float, float]]) -> float:
    """The loss in log10 over exposures, each hours and half-life in h (E-9)."""
    return log10(2) * sum(hours / half_life for hours, half_life in exposures)


def residual(loss: float) -> float:
    """The share that remains after a loss in log10 (E-9)."""
    return float(10**-loss)


def mean_kinetic_temperature(
    celsius: Floats, *, matter: Matter, excuses_excursion: bool, activation_energy: float = MKT_ACTIVATION_ENERGY
) -> float:
    """The mean kinetic temperature in °C of temperatures at equal intervals, the energy in J/mol (E-11).

    :raises Refusal: ``mkt_of_frozen``, ``mkt_excuses_excursion``: what it must not be used for; ``no_samples``.
    """
    if matter is Matter.FROZEN:
        raise Refusal("mkt_of_frozen", "A mean kinetic temperature says nothing of a frozen product.", field="matter")
    if excuses_excursion:
        raise Refusal(
            "mkt_excuses_excursion",
            "A mean kinetic temperature must not excuse an excursion of a lot.",
            field="excuses_excursion",
        )
    if len(celsius) == 0:
        raise Refusal("no_samples", "There is no temperature to take a mean of.", field="celsius")
    per_kelvin = activation_energy / GAS_CONSTANT
    mean = float(np.mean(np.exp(-per_kelvin / (celsius + KELVIN))))
    return per_kelvin / -log(mean) - KELVIN


def half_life_content(rows: Iterable[HalfLife]) -> list[Mapping[str, str]]:
    """The rows as text, as a rule set holds them."""
    return [
        {
            "low_cel": format(row.low_cel, "f"),
            "high_cel": format(row.high_cel, "f"),
            "hours": format(row.hours, "f"),
            "matter": row.matter.value,
            "basis": row.basis,
        }
        for row in rows
    ]
