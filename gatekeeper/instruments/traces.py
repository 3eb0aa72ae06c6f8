"""What every reader of a recording returns: a trace a signal, what happened meanwhile, and what cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.instruments.readings import Finding, Pairs

type Times = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Bytes = npt.NDArray[np.uint8]

GOOD = 192  # OPC quality, as frames of readings carry it
BAD = 0


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The samples of one signal in the file's order: times in µs since 1970 (UTC), values in ``unit``, OPC quality.

    A sample without a value is NaN and of bad quality. ``unit`` is a code of the closed table of units, or empty where
    the file's unit (``reported_unit``) is not in it. ``lines`` says where in ``place`` each sample stands.
    """

    name: str
    unit: str
    reported_unit: str
    times: Times
    values: Floats
    quality: Bytes
    place: str
    lines: Times

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.times)

    def locator(self, index: int) -> str:
        """Return where a sample stands in the file: ``column PI101, line 12``."""
        return f"{self.place} {self.lines[index]}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the instrument noted at a time (µs since 1970, UTC): a fraction, an injection, a log entry."""

    kind: str
    type: str
    subtype: str
    at: int
    volume: str
    text: str
    locator: str


@dataclass(frozen=True, slots=True, eq=False)
class TraceFile:
    """Everything read from one recording; ``sha256`` is the hexadecimal digest of the bytes as they came.

    A signal that is cut or inconsistent is in ``findings``, with its name as the parameter, and not in ``traces``.
    """

    kind: str
    sha256: str
    instrument: str
    traces: tuple[Trace, ...]
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    attributes: Pairs

    def trace(self, name: str) -> Trace:
        """Return the trace of this name.

        :raises Refusal: ``trace_not_usable`` with the reason where it was left out, ``trace_unknown``.
        """
        for trace in self.traces:
            if trace.name == name:
                return trace
        for finding in self.findings:
            if finding.blocking and finding.parameter == name:
                raise Refusal(
                    "trace_not_usable",
                    "“{name}” cannot be used: {reason}",
                    field="trace",
                    kind=Kind.CONFLICT,
                    name=name,
                    reason=finding.message,
                )
        raise Refusal("trace_unknown", "The file holds no “{name}”.", field="trace", kind=Kind.MISSING, name=name)


def quality_of(values: Floats, good: Sequence[bool] | npt.NDArray[np.bool_] | None = None) -> Bytes:
    """Return the OPC quality of values: good where there is a finite number and ``good``, where given, says so."""
    usable = np.isfinite(values)
    if good is not None:
        usable &= np.asarray(good, dtype=np.bool_)
    return np.where(usable, GOOD, BAD).astype(np.uint8)
