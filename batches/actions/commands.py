"""What the doors hand to the actions: types parsed, decimals as the text that was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class IssueBatchRecord:
    """Issue a batch record from an approved master: its number, the number of the lot it makes, the site's code."""

    number: str
    master: str
    version: int
    lot: str
    site: str


@dataclass(frozen=True, slots=True)
class StartPhase:
    """Start a phase with this equipment, by code."""

    equipment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UseLot:
    """Use so much of a lot, by number."""

    lot: str
    quantity: str
    unit: str


@dataclass(frozen=True, slots=True)
class EnterResult:
    """A value as reported; an empty unit means that of the control."""

    control: str
    reported: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RegisterEquipment:
    """Equipment and its geometry, decimals as text (fibre count, inner diameter in mm, length …)."""

    code: str
    name: str
    kind: str
    site: str
    geometry: Mapping[str, object] = field(default_factory=dict)
    calibration_due_date: date | None = None


@dataclass(frozen=True, slots=True)
class OpenDeviation:
    """A deviation to open. ``origin_key`` names what it is opened for: it is opened once for the same.

    A person gives title and description, the machine a code of rules.deviations with its parameters as text.
    """

    origin: str
    severity: str
    title: str = ""
    description: str = ""
    origin_key: str = ""
    title_code: str = ""
    title_params: Mapping[str, str] = field(default_factory=dict)
