"""A seeded process simulator: skids that send plausible readings, with faults planted on request.

Everything here is a SIMULATION for demonstrations and tests; no number is measured. The same arguments give the same
frames. ``simulate_phase`` gives frames in the shape of ``POST /api/v1/readings/``; ``outcome`` derives the quality
control values of the lot from what happened in them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from batches.excursions.rules.geometry import HollowFibre
from batches.readings.rules.signals import SECOND
from gatekeeper.demo.process_faults import Fault, FaultKind, faults_of, lasting, pulse
from gatekeeper.demo.process_frames import TAGS, Frame, Tag, frames_of, signals_of
from gatekeeper.demo.process_outcome import Outcome, outcome
from gatekeeper.demo.process_physics import (
    COLUMNS,
    OSMOTIC_PER_MM,
    RAMP_S,
    UF_DF,
    Floats,
    Noise,
    at_temperature,
    column_course,
    conductivity,
    fibre_pressure_drop,
    flow_for_shear,
    uf_df_course,
)

__all__ = [
    "MODULE_13",
    "MODULE_100",
    "PHASE_CODES",
    "SOURCES",
    "TAGS",
    "Fault",
    "FaultKind",
    "Frame",
    "Outcome",
    "Tag",
    "outcome",
    "signals_of",
    "simulate_phase",
]

MODULE_100 = HollowFibre(100, Decimal("1.0"), Decimal("0.60"))  # X1: 1.5 L/min is 2 546 1/s
MODULE_13 = HollowFibre(13, Decimal("1.0"), Decimal("0.30"))  # X2: 1 L/min is 13 059 1/s
SURGE_SHEAR = 4 / 60_000 / (13 * np.pi * 0.0005**3)  # X2, 1/s


PHASE_CODES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("LV", "aex"): "L8",
        ("LV", "uf_df"): "L10",
        ("LV", "hold"): "L11",
        ("AAV", "affinity"): "A8",
        ("AAV", "aex"): "A9",
        ("AAV", "uf_df"): "A10",
    }
)
SOURCES: Mapping[str, str] = MappingProxyType(
    {"uf_df": "TFF01", "aex": "AKTA01", "affinity": "AKTA01", "hold": "COLD01"}
)


def simulate_phase(
    kind: str,
    start: datetime,
    seed: int,
    faults: Sequence[Fault] = (),
    *,
    vector: str = "LV",
    geometry: HollowFibre = MODULE_100,
    flow_l_min: float = 1.0,
    frame_s: int = 30,
) -> list[Frame]:
    """The frames of one phase (uf_df, aex, affinity or hold) at 1 Hz in the order of their arrival.

    ``start`` carries its time zone. Geometry and flow matter to uf_df only: ``MODULE_13`` at 1 L/min is X2.

    :raises ValueError: a phase that this vector does not have, or a start without a time zone.
    """
    if (vector, kind) not in PHASE_CODES:
        raise ValueError(f"{vector} has no simulated phase {kind}")
    if start.tzinfo is None:
        raise ValueError("the start of a phase needs a time zone")
    noise = Noise(seed, vector, kind)
    if kind == "uf_df":
        columns = _uf_df(vector, noise, faults, geometry, flow_l_min)
    elif kind == "hold":
        columns = {"temperature": _temperature(5.0, 3601, 0.0, noise, faults)}
    else:
        columns = _column(vector, kind, noise, faults)
    # Whole microseconds by integers: a float of seconds would lose the last digit.
    origin = int(start.timestamp()) * SECOND + start.microsecond
    source = SOURCES[kind]
    boot = str(uuid5(NAMESPACE_URL, f"simulation/{source}/{kind}/{vector}/{origin}/{seed}"))
    return frames_of((source, boot, origin), columns, faults, frame_s=frame_s)


def _temperature(level: float, count: int, heating: float, noise: Noise, faults: Sequence[Fault]) -> Floats:
    seconds = np.arange(count, dtype=np.float64)
    course = level + heating * (1 - np.exp(-seconds / 1800)) + noise.coloured("temperature", count, 0.05, memory=0.95)
    for fault in faults_of(faults, FaultKind.WARM):
        reached = 33.0 if fault.size is None else fault.size
        course = course + (reached - level) * pulse(fault, count, 120)
    return course


def _drift(count: int, faults: Sequence[Fault]) -> Floats:
    course = np.zeros(count)
    for fault in faults_of(faults, FaultKind.PH_DRIFT):
        course += (-1.6 if fault.size is None else fault.size) * pulse(fault, count, 60)
    return course


def _uf_df(
    vector: str, noise: Noise, faults: Sequence[Fault], geometry: HollowFibre, flow_l_min: float
) -> dict[str, Floats]:
    recipe = UF_DF[vector]
    salt_fault = bool(faults_of(faults, FaultKind.SALT))
    course = uf_df_course(
        recipe,
        geometry,
        feed_salt=(salt_fault and recipe.wrong_feed_salt) or recipe.feed_salt,
        buffer_salt=(salt_fault and recipe.wrong_buffer_salt) or recipe.buffer_salt,
    )
    count = len(course["volume"])
    flow = _pump(flow_l_min, count, noise, faults, geometry)
    drop = fibre_pressure_drop(flow, geometry)
    # The retentate valve is set once, for the planned flow; a surge therefore raises the feed pressure.
    planned = float(fibre_pressure_drop(np.array([flow_l_min]), geometry)[0])
    retentate = recipe.tmp + recipe.permeate - planned / 2 + noise.coloured("retentate", count, 0.004)
    temperature = _temperature(recipe.temperature, count, 0.8, noise, faults)
    salt = np.maximum(course["salt"] + noise.coloured("salt", count, 0.4), 0.0)
    return {
        "flow": flow,
        "permeate_flow": np.maximum(course["permeate_flow"] * (1 + noise.coloured("permeate_flow", count, 0.01)), 0),
        "feed_pressure": retentate + drop + noise.coloured("feed", count, 0.004),
        "retentate_pressure": retentate,
        "permeate_pressure": recipe.permeate + noise.coloured("permeate", count, 0.002),
        "ph": course["ph"] + _drift(count, faults) + noise.coloured("ph", count, 0.01),
        "conductivity": at_temperature(conductivity(salt), temperature),
        "temperature": temperature,
        "osmolality": OSMOTIC_PER_MM * course["salt"] + course["osmolytes"] + noise.coloured("osmometer", count, 1.5),
        "volume": np.maximum(course["volume"] * (1 + noise.coloured("volume", count, 0.002)), 0.0),
    }


def _pump(flow_l_min: float, count: int, noise: Noise, faults: Sequence[Fault], geometry: HollowFibre) -> Floats:
    seconds = np.arange(count, dtype=np.float64)
    pulsation = 0.005 * np.sin(2 * np.pi * seconds / 7.3) + noise.coloured("pump", count, 0.004)
    # Down again before the last samples: a pump that ran on would send what is finished through itself for nothing.
    ramps = np.clip(np.minimum(seconds, count - 1 - seconds) / RAMP_S, 0.0, 1.0)
    flow = flow_l_min * ramps * (1 + pulsation)
    for fault in faults_of(faults, FaultKind.SHEAR):
        peak = flow_for_shear(SURGE_SHEAR if fault.size is None else fault.size, geometry)
        surge = pulse(fault, count, 5)
        # The pump stands at its stop: pulsation can only take flow away, and at mid-surge it takes none.
        stopped = peak * (1 - np.abs(pulsation))
        stopped[min(fault.at_s + lasting(fault) // 2, count - 1)] = peak
        flow = np.where(surge > 0, flow + (stopped - flow) * surge, flow)
    return flow


def _column(vector: str, kind: str, noise: Noise, faults: Sequence[Fault]) -> dict[str, Floats]:
    recipe = COLUMNS[(vector, kind)]
    acid = recipe.elution_ph is not None
    delaying = faults_of(faults, FaultKind.PH_DRIFT if acid else FaultKind.SALT)
    late_s = sum(lasting(fault) if fault.duration_s or not acid else 600 for fault in delaying)
    course = column_course(recipe, late_s=late_s)
    count = len(course["salt"])
    temperature = _temperature(recipe.temperature, count, 0.3, noise, faults)
    drift = np.zeros(count) if acid else _drift(count, faults)
    salt = np.maximum(course["salt"] + noise.coloured("salt", count, 0.4), 0.0)
    return {
        "flow": recipe.flow * (1 + noise.coloured("pump", count, 0.004)),
        "pressure": 1.2 + 0.3 * course["uv"] / 900 + noise.coloured("pressure", count, 0.01),
        "ph": course["ph"] + drift + noise.coloured("ph", count, 0.01),
        "conductivity": at_temperature(conductivity(salt), temperature),
        "temperature": temperature,
        "absorbance": course["uv"] + noise.coloured("uv", count, 0.5),
    }
