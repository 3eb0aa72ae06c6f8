"""Skid readings as columns, the rules that judge them, and the excursions that were found."""

from batches.monitoring.models.alarms import Acknowledgement
from batches.monitoring.models.archives import ArchivedMonth, ArchiveMove
from batches.monitoring.models.corrections import ClockCorrection, ConflictResolution
from batches.monitoring.models.files import InstrumentFile, LogMapping
from batches.monitoring.models.judgements import Evaluation, Excursion, Progress, RuleSet, Watch
from batches.monitoring.models.readings import Envelope, Frame, FrameConflict, Segment
from batches.monitoring.models.sources import SensorFitting, Source, Tag
from batches.monitoring.models.what_ifs import WhatIf, WhatIfPhase

__all__ = [
    "Acknowledgement", "ArchiveMove", "ArchivedMonth", "ClockCorrection", "ConflictResolution", "Envelope",
    "Evaluation", "Excursion", "Frame", "FrameConflict", "InstrumentFile", "LogMapping", "Progress", "RuleSet",
    "Segment", "SensorFitting", "Source", "Tag", "Watch", "WhatIf", "WhatIfPhase",
]  # fmt: skip
