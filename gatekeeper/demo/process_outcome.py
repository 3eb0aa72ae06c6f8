"""What a simulated lot is worth after its process: quality control values that follow from the readings.

A SIMULATION, labelled as such in ``Outcome.note``. The model is deliberately simple and documented here: the share of
vector that stays infectious is ``exp(-k·D) · 2^(-s/t_s) · 2^(-w/t_w) · 2^(-a/t_a)`` with D the wall-shear dose above
the sensitivity limit in millions, s the time above 45 mS/cm, w the time above 8 °C, a the time outside pH 6.5-8.0. No
published shear response of a lentiviral vector was found; the constants are chosen, not measured. The physical titre
does not see any of these, which is why the ratio of physical to infectious titre worsens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp
from types import MappingProxyType

import numpy as np

from batches.excursions.rules import derived
from batches.excursions.rules.derivations import Derived, derive
from batches.excursions.rules.geometry import HollowFibre
from batches.readings.rules.signals import SECOND, Signal, clean
from gatekeeper.demo.process_frames import Frame, signals_of


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How one vector suffers: loss per million of shear dose above a limit (1/s), half-lives in s."""

    shear_limit: float
    per_million: float
    salt_half_life_s: float
    warm_half_life_s: float
    ph_half_life_s: float
    ph_window: tuple[float, float]
    recovery: float


SENSITIVITY: Mapping[str, Sensitivity] = MappingProxyType(
    {
        "LV": Sensitivity(4000, 0.35, 2400, 36 * 3600, 1200, (6.5, 8.0), 0.80),
        "AAV": Sensitivity(6000, 0.05, 1e9, 240 * 3600, 3600, (2.5, 9.5), 0.90),
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The simulated result of purification: titres per mL, recovery of infectious vector in %, final pool values."""

    infectious_titre: Decimal
    physical_titre: Decimal
    recovery_percent: Decimal
    surviving: Decimal
    ph: Decimal | None
    osmolality: Decimal | None
    volume_l: Decimal | None
    note: str = "Simulation: derived from simulated readings, not measured."


def outcome(
    phases: Sequence[Sequence[Frame]],
    *,
    seed: int,
    geometry: HollowFibre,
    vector: str = "LV",
    feed_infectious: Decimal = Decimal("3.0E7"),
    feed_physical: Decimal = Decimal("1.2E10"),
) -> Outcome:
    """The simulated quality control values of a lot, from the frames of each of its phases in order.

    Feed titres are per mL before the first phase. The final pH, osmolality and volume are those of the last phase
    that measured them.
    """
    model = SENSITIVITY[vector]
    rng = np.random.default_rng(seed)
    surviving, concentration = 1.0, 1.0
    last: dict[str, Decimal] = {}
    for frames in phases:
        signals = {name: _good(signal) for name, signal in signals_of(frames).items()}
        surviving *= _surviving(signals, geometry, model)
        if "volume" in signals:
            volumes = signals["volume"].values
            concentration *= float(np.mean(volumes[:30]) / np.mean(volumes[-30:]))
        for name in ("ph", "osmolality", "volume"):
            if name in signals and len(signals[name].values):
                last[name] = Decimal(f"{float(np.mean(signals[name].values[-30:])):.3f}")
        if "osmolality" in signals:
            last["osmolality"] = Decimal(round(float(signals["osmolality"].values[-1])))
    recovery = model.recovery * float(np.exp(rng.normal(0.0, 0.03)))
    return Outcome(
        infectious_titre=_significant(float(feed_infectious) * concentration * recovery * surviving),
        physical_titre=_significant(float(feed_physical) * concentration * recovery * float(rng.normal(1.05, 0.02))),
        recovery_percent=Decimal(f"{100 * recovery * surviving:.1f}"),
        surviving=Decimal(f"{surviving:.4f}"),
        ph=None if "ph" not in last else last["ph"].quantize(Decimal("0.01")),
        osmolality=last.get("osmolality"),
        volume_l=last.get("volume"),
    )


def _good(signal: Signal) -> Signal:
    tidy = clean(signal)
    return Signal(tidy.times[tidy.good], tidy.values[tidy.good], tidy.good[tidy.good])


def _surviving(signals: Mapping[str, Signal], geometry: HollowFibre, model: Sensitivity) -> float:
    share = 1.0
    if "permeate_flow" in signals and "flow" in signals:
        shear = _good(derive(Derived.WALL_SHEAR, {"flow": signals["flow"]}, geometry))
        share *= exp(-model.per_million * derived.excess_dose(_seconds(shear), shear.values, model.shear_limit) / 1e6)
    if "conductivity" in signals and "temperature" in signals:
        share *= 2 ** (-_above(derive(Derived.COND25, signals), 45.0) / model.salt_half_life_s)
    if "temperature" in signals:
        share *= 2 ** (-_above(signals["temperature"], 8.0) / model.warm_half_life_s)
    if "ph" in signals:
        low, high = model.ph_window
        mirrored = Signal(signals["ph"].times, -signals["ph"].values, signals["ph"].good)
        share *= 2 ** (-(_above(signals["ph"], high) + _above(mirrored, -low)) / model.ph_half_life_s)
    return share


def _seconds(signal: Signal) -> derived.Floats:
    return (signal.times - signal.times[:1]) / SECOND


def _above(signal: Signal, limit: float) -> float:
    return derived.time_above(_seconds(signal), signal.values, limit)


def _significant(number: float) -> Decimal:
    return Decimal(f"{number:.2E}")
