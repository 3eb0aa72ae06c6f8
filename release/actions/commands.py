"""Commands of the actions of release: types parsed, decimals as the text that was typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from release.models import InstrumentFile


@dataclass(frozen=True, slots=True)
class RecordResult:
    """A test result as the laboratory reported it; ``measured_at`` is aware."""

    lot: str
    test: str
    method: str
    sample: str
    reported: str
    unit: str
    measured_at: datetime
    analyst: str
    replicates: Sequence[str] = ()
    instrument_file: InstrumentFile | None = None
    locator: str = ""


@dataclass(frozen=True, slots=True)
class ReceiveFile:
    """An instrument's file as it came, for a lot."""

    kind: str
    name: str
    content: bytes
    lot: str


@dataclass(frozen=True, slots=True)
class FileResult:
    """Which reading of a file is the result of which test.

    For a titre by ddPCR: ``target`` and volumes (µL) and dilution of the reaction as text, and ``measured_at``, which
    such files lack. Otherwise the reading is used as it is.
    """

    test: str
    method: str
    sample: str
    parameter: str
    unit: str = ""
    target: str = ""
    reaction_volume_ul: str = ""
    template_volume_ul: str = ""
    dilution_factor: str = ""
    measured_at: datetime | None = None
