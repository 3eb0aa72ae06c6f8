"""Skids and their signals, frames of readings as columns, instrument files, corrections, archives."""

from batches.readings.models.archives import ArchivedMonth, ArchiveMove
from batches.readings.models.corrections import ClockCorrection, ConflictResolution
from batches.readings.models.files import InstrumentFile
from batches.readings.models.frames import Envelope, Frame, FrameConflict, Segment
from batches.readings.models.sources import SensorFitting, Source, Tag

__all__ = [
    "ArchiveMove", "ArchivedMonth", "ClockCorrection", "ConflictResolution", "Envelope", "Frame", "FrameConflict",
    "InstrumentFile", "Segment", "SensorFitting", "Source", "Tag",
]  # fmt: skip
