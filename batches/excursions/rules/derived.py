"""Derived signals of a skid: wall shear, pump passes, doses, transmembrane pressure, compensated conductivity.

Equations E-1 to E-14 of the domain reference. SI units inside; each function names the units at its edge.
Sample columns are ``float64``; a value that a formula cannot give is NaN, never a guess.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import log, pi

import numpy as np
import numpy.typing as npt

from batches.excursions.rules.geometry import Channel, HollowFibre, Module
from gatekeeper.core.refusal import Refusal

type Floats = npt.NDArray[np.float64]

LAMINAR_REYNOLDS = 2100  # physics of pipe flow (E-1), not a product limit
LITRE_PER_MINUTE = 1 / 60_000  # m³/s
# Ten significant digits lie far below any sensor's resolution and make sums of decimals meet a limit exactly.
DERIVED_DECIMALS = 9
TEMPERATURE_COEFFICIENT = 0.02  # per °C, the convention for salt solutions (E-12); a rule may name its own


@dataclass(frozen=True, slots=True)
class FibreFlow:
    """Flow in one fibre: velocity m/s, Reynolds number, wall shear 1/s and stress Pa, or why there is no shear."""

    velocity: float
    reynolds: float
    shear: float | None
    stress: float | None
    reason: str | None


def fibre_flow(flow_l_min: float, geometry: HollowFibre) -> FibreFlow:
    """Velocity, Reynolds number, wall shear and stress for a flow in L/min through one module (E-1)."""
    velocity = flow_l_min * LITRE_PER_MINUTE / (geometry.n_fibres * pi * geometry.radius_m**2)
    reynolds = _reynolds(velocity, geometry)
    if abs(reynolds) >= LAMINAR_REYNOLDS:
        return FibreFlow(velocity, reynolds, None, None, "flow_not_laminar")
    shear = 4 * velocity / geometry.radius_m
    return FibreFlow(velocity, reynolds, shear, shear * float(geometry.viscosity_mpa_s) / 1000, None)


def _reynolds(velocity: float, geometry: HollowFibre) -> float:
    viscosity = float(geometry.viscosity_mpa_s) / 1000
    return float(geometry.density_kg_m3) * velocity * 2 * geometry.radius_m / viscosity


def wall_shear(flow_l_min: Floats, geometry: Module) -> Floats:
    """Wall shear in 1/s for each flow in L/min; NaN where the flow is not laminar (E-1, E-2).

    :raises Refusal: shear_formula_not_valid for a screened cassette.
    """
    if isinstance(geometry, Channel):
        return _channel_shear(flow_l_min, geometry)
    velocity = flow_l_min * LITRE_PER_MINUTE / (geometry.n_fibres * pi * geometry.radius_m**2)
    per_velocity = _reynolds(1.0, geometry)
    laminar = np.abs(velocity * per_velocity) < LAMINAR_REYNOLDS
    shear = np.where(laminar, 4 * velocity / geometry.radius_m, np.nan)
    return np.round(shear, DERIVED_DECIMALS)


def _channel_shear(flow_l_min: Floats, geometry: Channel) -> Floats:
    width, height = float(geometry.width_m), float(geometry.height_mm) / 1000
    per_flow = channel_shear(1.0, width_m=width, height_m=height, screened=geometry.screened)
    # Re of a wide channel is formed with its hydraulic diameter 2h: ρ·v·2h/µ with v = Q/(wh).
    viscosity = float(geometry.viscosity_mpa_s) / 1000
    per_reynolds = float(geometry.density_kg_m3) * 2 * LITRE_PER_MINUTE / (width * viscosity)
    laminar = np.abs(flow_l_min * per_reynolds) < LAMINAR_REYNOLDS
    return np.round(np.where(laminar, flow_l_min * per_flow, np.nan), DERIVED_DECIMALS)


def wall_stress(flow_l_min: Floats, geometry: Module) -> Floats:
    """Wall shear stress in Pa for each flow in L/min: viscosity times wall shear (E-1).

    :raises Refusal: shear_formula_not_valid for a screened cassette.
    """
    return np.round(wall_shear(flow_l_min, geometry) * float(geometry.viscosity_mpa_s) / 1000, DERIVED_DECIMALS)


def particle_shear(flow_l_min: Floats, volume_l: Floats, geometry: Module) -> Floats:
    """Wall shear in 1/s times the share of the liquid that is in the fibres; NaN without volume (E-6).

    :raises Refusal: particle_dose_needs_fibres for a channel: only the volume inside fibres is known.
    """
    if not isinstance(geometry, HollowFibre):
        raise Refusal(
            "particle_dose_needs_fibres", "The dose of a particle is known for hollow fibres only.", field="geometry"
        )
    share = geometry.lumen_ml / 1000 / np.where(volume_l > 0, volume_l, np.nan)
    return np.round(wall_shear(flow_l_min, geometry) * share, DERIVED_DECIMALS)


def pass_rate(flow_l_min: Floats, volume_l: Floats) -> Floats:
    """Passes of the whole volume through the pump a second; NaN without volume (E-4)."""
    return np.asarray(flow_l_min / 60 / np.where(volume_l > 0, volume_l, np.nan), dtype=np.float64)


def channel_shear(flow_l_min: float, *, width_m: float, height_m: float, screened: bool) -> float:
    """Wall shear in 1/s of an open rectangular channel: 6Q/(wh²) (E-2).

    :raises Refusal: shear_formula_not_valid for a screened cassette.
    """
    if screened:
        raise Refusal(
            "shear_formula_not_valid",
            "Wall shear has no formula in a screened cassette: use the vendor's feed flux and pressure drop.",
            field="screened",
        )
    return 6 * flow_l_min * LITRE_PER_MINUTE / (width_m * height_m**2)


def pump_passes(flow_l_min: float, minutes: float, *, start_l: float, end_l: float) -> float:
    """Mean number of passes through the pump while the volume falls linearly from start to end in L (E-4)."""
    if start_l == end_l:
        return flow_l_min * minutes / start_l
    return flow_l_min * minutes * log(start_l / end_l) / (start_l - end_l)


def dose(seconds: Floats, values: Floats) -> float:
    """Time integral of the values by the trapezoid rule, in units of the values times seconds (E-5)."""
    return float(np.sum((values[1:] + values[:-1]) / 2 * np.diff(seconds)))


def excess_intervals(widths: Floats, left: Floats, right: Floats, limit: float) -> tuple[Floats, Floats]:
    """Time above the limit and excess dose over it for each interval, with linear crossings (E-5, E-8)."""
    first, second = left - limit, right - limit
    high = np.maximum(np.maximum(first, second), 0.0)
    low = np.minimum(first, second)
    spread = np.where(low < 0, high - low, 1.0)
    share = np.where(low < 0, high / spread, np.where(high > 0, 1.0, 0.0))
    mean = np.where(low < 0, high / 2, (high + np.maximum(low, 0.0)) / 2)
    return widths * share, widths * share * mean


def excess_dose(seconds: Floats, values: Floats, limit: float) -> float:
    """Time integral of what exceeds the limit, in units of the values times seconds (E-5)."""
    return float(np.sum(excess_intervals(np.diff(seconds), values[:-1], values[1:], limit)[1]))


def time_above(seconds: Floats, values: Floats, limit: float) -> float:
    """Seconds in which the linearly interpolated values exceed the limit (E-8)."""
    return float(np.sum(excess_intervals(np.diff(seconds), values[:-1], values[1:], limit)[0]))


def particle_dose(shear_dose: float, geometry: HollowFibre, *, system_ml: float) -> float:
    """Average dose of a particle that is in the fibres only part of the time (E-6)."""
    return shear_dose * geometry.lumen_ml / system_ml


def transmembrane_pressure(feed: Floats, retentate: Floats, permeate: Floats) -> Floats:
    """Transmembrane pressure in the unit of its inputs: (feed + retentate)/2 - permeate (E-7)."""
    return np.round((feed + retentate) / 2 - permeate, DERIVED_DECIMALS)


def pressure_drop(feed: Floats, retentate: Floats) -> Floats:
    """Pressure drop along the module in the unit of its inputs (E-7)."""
    return np.round(feed - retentate, DERIVED_DECIMALS)


def flux(permeate_l_h: float, geometry: Module) -> float:
    """Permeate flux in L/m²/h (E-7)."""
    return permeate_l_h / geometry.area_m2


def fluxes(permeate_l_min: Floats, geometry: Module) -> Floats:
    """Permeate flux in L/m²/h for each permeate flow in L/min (E-7)."""
    return np.round(permeate_l_min * 60 / geometry.area_m2, DERIVED_DECIMALS)


def conductivity_at_25(
    conductivity: Floats, temperature_cel: Floats, *, alpha: float = TEMPERATURE_COEFFICIENT
) -> Floats:
    """Conductivity compensated to 25 °C; alpha is the relative change per °C (E-12)."""
    factor = 1 + alpha * (temperature_cel - 25)
    safe = np.where(factor > 0, factor, np.nan)
    return np.round(conductivity / safe, DERIVED_DECIMALS)


def salt(conductivity_25: Floats, points: Sequence[tuple[Decimal, Decimal]]) -> Floats:
    """Concentration of NaCl in mol/L by linear interpolation in reference points; NaN outside of them.

    Each point is a conductivity at 25 °C in mS/cm and its concentration.
    """
    conductivities, concentrations = (np.array(column, dtype=np.float64) for column in zip(*points, strict=True))
    return np.round(
        np.interp(conductivity_25, conductivities, concentrations, left=np.nan, right=np.nan), DERIVED_DECIMALS
    )


def osmolality_estimate(solutes: Iterable[tuple[float, int, float]]) -> float:
    """Osmolality in mOsm/kg from osmotic coefficient, number of ions and mmol/L of each solute (E-13).

    A check only: the measured value is the record.
    """
    return sum(coefficient * ions * millimolar for coefficient, ions, millimolar in solutes)


def slope(times: Floats, values: Floats) -> float:
    """Least-squares slope of the values over the times (E-14).

    :raises Refusal: slope_needs_three_points.
    """
    if len(times) < 3 or np.ptp(times) == 0:
        raise Refusal("slope_needs_three_points", "A rate of change needs three points at different times.")
    centred = times - times.mean()
    return float(np.sum(centred * (values - values.mean())) / np.sum(centred**2))


def diafiltration_residual(diavolumes: float, *, sieving: float = 1.0) -> float:
    """Share of a solute left after diafiltration at constant volume: exp(-N·S) (K-11)."""
    return float(np.exp(-diavolumes * sieving))


def concentration_yield(factor: float, *, rejection: float) -> float:
    """Share of the product retained when the volume is reduced by the factor: CF^(R-1) (K-12)."""
    return float(factor ** (rejection - 1))
