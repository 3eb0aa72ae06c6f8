"""Faults that the simulator plants, and how they run over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from gatekeeper.demo.process_physics import Floats


class FaultKind(StrEnum):
    """What may go wrong in the process (first four) or on the way of its readings."""

    SHEAR = "shear"
    SALT = "salt"
    PH_DRIFT = "ph_drift"
    WARM = "warm"
    DROPOUT = "dropout"
    DUPLICATE = "duplicate"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: when it begins and how long it lasts (s after the phase's start), how large, on which tag.

    Size is the peak shear (1/s), the change of pH, or the temperature reached (°C). For a salt fault of
    chromatography (and a pH fault of affinity) the duration is how late the eluate is diluted (neutralised).
    """

    kind: FaultKind
    at_s: int = 900
    duration_s: int | None = None
    size: float | None = None
    tag: str | None = None


_DEFAULT_S: Mapping[FaultKind, int] = MappingProxyType(
    {
        FaultKind.SHEAR: 120,
        FaultKind.SALT: 1200,
        FaultKind.PH_DRIFT: 240,
        FaultKind.WARM: 600,
        FaultKind.DROPOUT: 600,
        FaultKind.DUPLICATE: 600,
        FaultKind.LATE: 300,
    }
)


def faults_of(faults: Sequence[Fault], kind: FaultKind) -> list[Fault]:
    """The faults of one kind."""
    return [fault for fault in faults if fault.kind is kind]


def lasting(fault: Fault) -> int:
    """How long the fault lasts, in s."""
    return _DEFAULT_S[fault.kind] if fault.duration_s is None else fault.duration_s


def pulse(fault: Fault, count: int, ramp_s: int) -> Floats:
    """A trapezoid from 0 to 1 and back within the fault's time."""
    seconds = np.arange(count, dtype=np.float64) - fault.at_s
    ramp = min(ramp_s, lasting(fault) / 2)
    return np.clip(np.minimum(seconds, lasting(fault) - seconds) / ramp, 0.0, 1.0)
