"""Readings as a skid sends them: tags, frames, and faults on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from batches.readings.rules.signals import GOOD_QUALITY, SECOND, Signal, joined_signal, signal_of
from gatekeeper.demo.process_faults import Fault, FaultKind, faults_of, lasting
from gatekeeper.demo.process_physics import SAMPLE_EVERY_S, Floats


@dataclass(frozen=True, slots=True)
class Tag:
    """One instrument of a skid (ISA-5.1 code): the parameter it measures, in which unit, and its signal type."""

    parameter: str
    unit: str
    signal_type: str = "linear"

    @property
    def sampling_s(self) -> int:
        """The seconds between two samples: once a second, and at the line by samples."""
        return SAMPLE_EVERY_S if self.signal_type == "hold" else 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of readings, as it is sent."""

    source: str
    boot_id: str
    sequence: int
    tags: Mapping[str, Mapping[str, list[Any]]]

    def body(self) -> dict[str, object]:
        """The JSON body of ``POST /api/v1/readings/``."""
        tags = {code: dict(columns) for code, columns in self.tags.items()}
        return {"source": self.source, "boot_id": self.boot_id, "sequence": self.sequence, "tags": tags}


TAGS: Mapping[str, Mapping[str, Tag]] = MappingProxyType(
    {
        "TFF01": {
            "FI101": Tag("flow", "L/min"),
            "FI102": Tag("permeate_flow", "L/min"),
            "PI101": Tag("feed_pressure", "bar"),
            "PI102": Tag("retentate_pressure", "bar"),
            "PI103": Tag("permeate_pressure", "bar"),
            "AI101": Tag("ph", "[pH]"),
            "CI101": Tag("conductivity", "mS/cm"),
            "TI101": Tag("temperature", "Cel"),
            "OI101": Tag("osmolality", "mosm/kg", "hold"),
            "WI101": Tag("volume", "L"),
        },
        "AKTA01": {
            "FI201": Tag("flow", "L/min"),
            "PI201": Tag("pressure", "bar"),
            "AI201": Tag("ph", "[pH]"),
            "CI201": Tag("conductivity", "mS/cm"),
            "TI201": Tag("temperature", "Cel"),
            "UV201": Tag("absorbance", "mAU"),
        },
        "COLD01": {"TI301": Tag("temperature", "Cel")},
    }
)
_DECIMALS: Mapping[str, int] = MappingProxyType({"flow": 6, "permeate_flow": 6, "volume": 5, "absorbance": 2})


def frames_of(
    head: tuple[str, str, int], columns: Mapping[str, Floats], faults: Sequence[Fault], *, frame_s: int
) -> list[Frame]:
    """The frames in the order of their arrival; ``head`` is source, boot id and the first event time in µs."""
    source, boot, origin = head
    count = len(next(iter(columns.values())))
    series = {code: _series(code, tag, columns[tag.parameter], origin, faults) for code, tag in TAGS[source].items()}
    frames = []
    for number, begin in enumerate(range(0, count, frame_s), start=1):
        tags = {}
        for code, rows in series.items():
            present = [row for row in rows[begin : begin + frame_s] if row is not None]
            if present:
                tags[code] = _columns(present)
        if tags:
            frames.append(Frame(source, boot, number, tags))
    return _sent(frames, origin, faults)


def signals_of(frames: Sequence[Frame]) -> dict[str, Signal]:
    """The signals of one phase by parameter, made from its frames in any order."""
    signals: dict[str, list[Signal]] = {}
    for frame in frames:
        for code, columns in frame.tags.items():
            parameter = TAGS[frame.source][code].parameter
            signals.setdefault(parameter, []).append(signal_of(columns["times"], columns["values"], columns["quality"]))
    return {parameter: joined_signal(several) for parameter, several in signals.items()}


def _columns(rows: Sequence[tuple[int, float, int]]) -> dict[str, list[Any]]:
    return {
        "times": [row[0] for row in rows],
        "values": [row[1] for row in rows],
        "quality": [row[2] for row in rows],
    }


def _series(
    code: str, tag: Tag, values: Floats, origin: int, faults: Sequence[Fault]
) -> list[tuple[int, float, int] | None]:
    """One entry a second: time, value and quality, or nothing where nothing is sent."""
    rounded = np.round(values, _DECIMALS.get(tag.parameter, 4)).tolist()
    lost = [fault for fault in faults_of(faults, FaultKind.DROPOUT) if _hits(fault, code, tag)]
    rows: list[tuple[int, float, int] | None] = []
    for second, value in enumerate(rounded):
        if tag.signal_type == "hold" and second % SAMPLE_EVERY_S and second != len(rounded) - 1:
            rows.append(None)
            continue
        quality: int | None = GOOD_QUALITY
        for fault in lost:
            since = second - fault.at_s
            if 0 <= since < lasting(fault):
                # A failing probe first says that it is bad, then says nothing.
                quality = 0 if since < lasting(fault) // 2 else None
        rows.append(None if quality is None else (origin + second * SECOND, value, quality))
    return rows


def _hits(fault: Fault, code: str, tag: Tag) -> bool:
    return code == fault.tag if fault.tag else tag.parameter == "ph"


def _sent(frames: list[Frame], origin: int, faults: Sequence[Fault]) -> list[Frame]:
    """The frames as they arrive: some twice, some late and in the wrong order."""
    for fault in faults_of(faults, FaultKind.DUPLICATE):
        frames = [copy for frame in frames for copy in ((frame, frame) if _within(frame, origin, fault) else (frame,))]
    for fault in faults_of(faults, FaultKind.LATE):
        late = [frame for frame in frames if _within(frame, origin, fault)]
        frames = [frame for frame in frames if not _within(frame, origin, fault)]
        # They arrive newest first, after three later frames have overtaken them.
        place = next((k for k, frame in enumerate(frames) if _begun(frame) > origin + fault.at_s * SECOND), len(frames))
        frames[place + 3 : place + 3] = late[::-1]
    return frames


def _begun(frame: Frame) -> int:
    return min((int(columns["times"][0]) for columns in frame.tags.values()), default=0)


def _within(frame: Frame, origin: int, fault: Fault) -> bool:
    since = _begun(frame) - origin
    return fault.at_s * SECOND <= since < (fault.at_s + lasting(fault)) * SECOND
