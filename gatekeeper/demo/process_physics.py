"""Simulated physics of UF/DF, chromatography and a cold hold: what the instruments would see, second by second.

A simulation for demonstrations and tests. The recipes are plausible defaults of the domain reference (1.2, 1.3, 2.3),
not data of a product. Equations: E-1 and Hagen-Poiseuille (pressures), K-11 (diafiltration), E-12 (conductivity),
E-13 (osmolality).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, pi
from types import MappingProxyType
from zlib import crc32

import numpy as np
import numpy.typing as npt

from batches.excursions.rules.derived import LITRE_PER_MINUTE
from batches.excursions.rules.geometry import HollowFibre

type Floats = npt.NDArray[np.float64]

PASCAL_PER_BAR = 100_000
OSMOTIC_PER_MM = 0.93 * 2  # E-13: NaCl, φ·ν
SAMPLE_EVERY_S = 600  # at-line osmometer
RAMP_S = 60  # the pump comes up before the permeate is opened, and down once it is closed


@dataclass(frozen=True, slots=True)
class UfDf:
    """A UF/DF recipe: volumes in L, flux in L/m²/h, pressures in bar, salt in mM, other osmolytes in mosm/kg.

    It is done when the buffer is exchanged, and given up after ``longest_s``.
    """

    longest_s: int = 4500
    feed_l: float = 5.0
    final_l: float = 0.5
    diavolumes: float = 6.0
    flux: float = 60.0
    tmp: float = 0.30
    permeate: float = 0.05
    feed_salt: float = 160.0
    wrong_feed_salt: float | None = 640.0
    buffer_salt: float = 75.0
    wrong_buffer_salt: float | None = None
    feed_osmolytes: float = 35.0
    buffer_osmolytes: float = 185.0
    feed_ph: float = 7.4
    buffer_ph: float = 7.3
    temperature: float = 20.0


@dataclass(frozen=True, slots=True)
class Column:
    """A chromatography recipe: flow in L/min, salt in mM; elution by salt or by acid; times in s."""

    flow: float = 0.5
    load_salt: float = 150.0
    elution_salt: float = 650.0
    final_salt: float = 160.0
    ph: float = 7.4
    elution_ph: float | None = None
    load_at: int = 300
    wash_at: int = 1500
    elute_at: int = 2100
    gradient_s: int = 480
    hold_s: int = 180
    tail_s: int = 840
    temperature: float = 20.0


UF_DF: Mapping[str, UfDf] = MappingProxyType(
    {
        "LV": UfDf(),
        "AAV": UfDf(
            feed_l=1.2,
            final_l=0.2,
            diavolumes=8.0,
            flux=25.0,
            tmp=0.35,
            feed_salt=180.0,
            wrong_feed_salt=None,
            buffer_salt=160.0,
            wrong_buffer_salt=20.0,
            buffer_osmolytes=35.0,
            feed_ph=7.6,
            buffer_ph=7.4,
        ),
    }
)
COLUMNS: Mapping[tuple[str, str], Column] = MappingProxyType(
    {
        ("LV", "aex"): Column(),
        ("AAV", "aex"): Column(load_salt=15.0, elution_salt=200.0, final_salt=120.0, ph=9.0),
        ("AAV", "affinity"): Column(elution_salt=150.0, final_salt=150.0, elution_ph=3.0, gradient_s=20, hold_s=300),
    }
)


class Noise:
    """Seeded noise, one stream for each tag, so that a fault changes only the tags that it touches."""

    def __init__(self, *seed: object) -> None:
        self.seed = [crc32(str(part).encode()) for part in seed]

    def coloured(self, tag: str, count: int, spread: float, *, memory: float = 0.8) -> Floats:
        """First-order autoregressive noise with the given standard deviation."""
        shocks = np.random.default_rng([*self.seed, crc32(tag.encode())]).normal(
            0.0, spread * (1 - memory**2) ** 0.5, count
        )
        level, out = 0.0, np.empty(count)
        for k, shock in enumerate(shocks.tolist()):
            level = memory * level + shock
            out[k] = level
        return out


def conductivity(salt_mm: Floats) -> Floats:
    """Conductivity at 25 °C in mS/cm of sodium chloride in mM: 500 mM is 45, 1 M is 85 (domain 2.3)."""
    return 0.095 * salt_mm - 1e-5 * salt_mm**2


def at_temperature(conductivity_25: Floats, temperature: Floats) -> Floats:
    """What an uncompensated probe reads: the inverse of E-12 with 2 % per °C."""
    return conductivity_25 * (1 + 0.02 * (temperature - 25))


def flow_for_shear(shear: float, geometry: HollowFibre) -> float:
    """The flow in L/min through the module that gives this wall shear in 1/s (E-1 solved for Q)."""
    return shear * geometry.n_fibres * pi * geometry.radius_m**3 / 4 / LITRE_PER_MINUTE


def fibre_pressure_drop(flow_l_min: Floats, geometry: HollowFibre) -> Floats:
    """Pressure drop along the fibres in bar: Hagen-Poiseuille."""
    per_fibre = flow_l_min * LITRE_PER_MINUTE / geometry.n_fibres
    viscosity = float(geometry.viscosity_mpa_s) / 1000
    diameter = 2 * geometry.radius_m
    return 128 * viscosity * float(geometry.length_m) * per_fibre / (pi * diameter**4) / PASCAL_PER_BAR


def uf_df_course(recipe: UfDf, geometry: HollowFibre, *, feed_salt: float, buffer_salt: float) -> dict[str, Floats]:
    """Retentate volume (L), permeate flow (L/min), salt (mM), osmolytes and pH of concentration and diafiltration.

    One value a second, from the start of the pump until it stands still again.
    """
    volume, diavolumes, closed_at = recipe.feed_l, 0.0, recipe.longest_s - RAMP_S
    columns: dict[str, list[float]] = {name: [] for name in ("volume", "permeate_flow", "salt", "osmolytes", "ph")}
    for second in range(recipe.longest_s + 1):
        concentrating = volume > recipe.final_l
        if not concentrating and diavolumes >= recipe.diavolumes:
            closed_at = min(closed_at, second)
        running = RAMP_S <= second < closed_at
        # Flux falls as the product concentrates at the membrane (film model: linear in ln CF).
        flux = recipe.flux * (1 - 0.10 * log(recipe.feed_l / volume)) if running else 0.0
        removed = flux * geometry.area_m2 / 3600
        left = exp(-diavolumes)  # K-11
        columns["volume"].append(volume)
        columns["permeate_flow"].append(removed * 60)
        columns["salt"].append(buffer_salt + (feed_salt - buffer_salt) * left)
        columns["osmolytes"].append(recipe.buffer_osmolytes + (recipe.feed_osmolytes - recipe.buffer_osmolytes) * left)
        columns["ph"].append(recipe.buffer_ph + (recipe.feed_ph - recipe.buffer_ph) * left)
        if second >= closed_at + RAMP_S:
            break
        if concentrating:
            volume -= min(removed, volume - recipe.final_l)
        else:
            diavolumes += removed / volume
    return {name: np.array(column) for name, column in columns.items()}


def column_course(recipe: Column, *, late_s: int = 0) -> dict[str, Floats]:
    """Salt (mM), pH, UV (mAU) at the column's outlet, and the eluate's dilution or neutralisation.

    ``late_s`` is how many seconds later than planned the eluate is diluted or neutralised.
    """
    full_at = recipe.elute_at + recipe.gradient_s
    changed_at = full_at + recipe.hold_s + late_s
    seconds = np.arange(changed_at + recipe.tail_s + 1, dtype=np.float64)
    rise = np.clip((seconds - recipe.elute_at) / recipe.gradient_s, 0.0, 1.0)
    fall = np.where(seconds > changed_at, np.exp(-np.maximum(seconds - changed_at, 0.0) / 15), 1.0)
    eluted = recipe.load_salt + (recipe.elution_salt - recipe.load_salt) * rise
    salt = np.where(seconds > changed_at, recipe.final_salt + (eluted - recipe.final_salt) * fall, eluted)
    low = recipe.ph if recipe.elution_ph is None else recipe.elution_ph
    ph = recipe.ph + (low - recipe.ph) * rise * fall
    loading = (seconds >= recipe.load_at) & (seconds < recipe.wash_at)
    peak = 900 * np.exp(-(((seconds - recipe.elute_at - 0.6 * recipe.gradient_s - 60) / 60) ** 2))
    return {"salt": salt, "ph": ph, "uv": np.where(loading, 80.0, 5.0) + peak}
