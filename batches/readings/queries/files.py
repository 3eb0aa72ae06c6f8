"""Reads of files that instruments wrote: what they say, read again from the kept bytes wherever it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import QuerySet

from batches.models import Phase
from batches.readings.models import InstrumentFile, Source
from batches.readings.rules.recordings import Belonging, KnownTag, Series, Taken, taken_at_line, taken_from_traces
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import micros, moment
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import effective
from gatekeeper.instruments import nova_flex2, skid_logs, unicorn
from gatekeeper.instruments.at_line import points_of
from gatekeeper.instruments.log_mappings import mapping_of
from gatekeeper.instruments.registry import parse, parse_traces
from gatekeeper.instruments.traces import GOOD

LOG_MAPPING = "log_mapping"  # kind of document
# Kind of file -> in words; names of instruments are not translated.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        unicorn.KIND: "Cytiva ÄKTA UNICORN (zip)",
        skid_logs.KIND: "CSV",
        nova_flex2.KIND: "Nova BioProfile FLEX2 (CSV)",
    }
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One sample of a file: when, as written, where it stands, and whether it lies within its phase."""

    at: datetime
    text: str
    unit: str
    locator: str
    good: bool
    inside: bool


def files_of(phase: Phase) -> QuerySet[InstrumentFile]:
    """Return the files of a phase without their bytes, newest first."""
    return phase.recorded_files.defer("content").select_related("source", "mapping", "received_by")


def mappings_in_force() -> QuerySet[Document]:
    """Return the mappings that a log may be read by now."""
    return effective(LOG_MAPPING, now())


def taken_of(
    *, phase: Phase, source: Source, kind: str, name: str, content: bytes, mapping: Document | None, sample: str
) -> Taken:
    """Return what bytes of this kind give this source in this phase.

    :raises Refusal: ``unknown_instrument_kind``, ``mapping_needed``, and those of the readers and of rules.recordings.
    """
    tags = [KnownTag(tag.code, tag.parameter, tag.unit) for tag in source.tags.all()]
    if kind == skid_logs.KIND:
        if mapping is None:
            raise Refusal("mapping_needed", "A log is read by an approved mapping: name it.", field="mapping")
        return taken_from_traces(skid_logs.read_log(name, content, mapping_of(mapping.content)), tags)
    if kind == nova_flex2.KIND:
        record = phase.batch_record
        parsed = parse(kind, name, content, timezone=ZoneInfo(record.site.timezone))
        belonging = Belonging({record.number, record.lot.number}, source.equipment.code, sample)
        return taken_at_line(parsed.instrument, parsed.findings, points_of(parsed), tags, belonging)
    return taken_from_traces(parse_traces(kind, name, content), tags)


def window_of(phase: Phase, at: datetime) -> tuple[int, int]:
    """Return from when until when (µs since 1970) the sources of a started phase are assigned to it."""
    return micros(phase.started_at), micros(phase.performed_at or at)


def rows_of(file: InstrumentFile, tag: str, *, start: int, count: int, at: datetime) -> list[FileRow]:
    """Return samples of one tag from this index on, in the file's order; ``at`` is now, where the phase still runs."""
    taken = taken_of(
        phase=file.phase,
        source=file.source,
        kind=file.kind,
        name=file.name,
        content=bytes(file.content),
        mapping=file.mapping,
        sample=file.sample,
    )
    first, last = window_of(file.phase, at)
    series = next((one for one in taken.series if one.tag.code == tag), None)
    if series is None:
        return []
    indexes = range(start, min(start + count, len(series)))
    return [_row(series, index, first, last) for index in indexes]


def signal_content(series: Series, window: tuple[int, int]) -> dict[str, Any]:
    """Return what a record says of a series: its extent, and how much of it lies before and after the phase."""
    first, last = window
    return {
        "tag": series.tag.code,
        "name": series.name,
        "parameter": series.tag.parameter,
        "unit": series.tag.unit,
        "samples": len(series),
        "bad": int(np.count_nonzero(series.quality < GOOD)),
        "before": int(np.count_nonzero(series.times < first)),
        "after": int(np.count_nonzero(series.times > last)),
        "first_at": moment(int(series.times.min())).isoformat(),
        "last_at": moment(int(series.times.max())).isoformat(),
    }


def _row(series: Series, index: int, first: int, last: int) -> FileRow:
    at = int(series.times[index])
    return FileRow(
        at=moment(at),
        text=series.text(index),
        unit=series.tag.unit,
        locator=series.place(index),
        good=bool(series.quality[index] >= GOOD),
        inside=first <= at <= last,
    )
