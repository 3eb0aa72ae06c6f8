"""Receive the file that an instrument wrote during a phase: kept as it came, its signals recorded as frames."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from batches.models import Phase
from batches.readings.actions.frames import Conflicting, record_frame
from batches.readings.models import InstrumentFile, Source
from batches.readings.queries.files import mappings_in_force, signal_content, taken_of, window_of
from batches.readings.rules.frames import Frame
from batches.readings.rules.recordings import Series, Taken, boot_id, frames_of
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.documents.models import Document
from gatekeeper.instruments import skid_logs
from gatekeeper.instruments.readings import Finding


@dataclass(frozen=True, slots=True)
class ReceiveFile:
    """A file with its kind and the source (by code) that it is of.

    ``mapping`` is the code of an approved mapping, for logs; ``sample`` chooses one of a file of samples.
    """

    name: str
    kind: str
    content: bytes
    source: str
    mapping: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The file, and whether these very bytes were there before: then nothing has changed."""

    file: InstrumentFile
    replayed: bool


@action
def record_instrument_file(*, by: Person, phase: Phase, command: ReceiveFile) -> Received:
    """Keep the bytes of an instrument's file, and record its signals as frames of the source.

    A signal that its reader could not use (a cut curve) is a blocking finding and never a reading. What lies outside
    the phase is recorded and counted as such.

    :raises Refusal: ``not_authorised``, ``unknown_source``, ``source_not_assigned``, ``phase_not_started``,
        ``mapping_unknown``, ``mapping_needed``, ``mapping_not_taken``, ``name_too_long``, ``file_read_otherwise``,
        ``file_outside_phase``, those of ``queries.files.taken_of``, and at the file those of ``record_frame``.
    """
    locked = Phase.objects.select_related("batch_record__site", "batch_record__lot").select_for_update(of=["self"])
    phase = locked.get(pk=phase.pk)
    check_authority(by, "readings.record_files", phase.batch_record.site)
    source, mapping = _source(phase, command.source), _mapping(command)
    refuse_all(list(_name_faults(command)))
    sha256 = hashlib.sha256(command.content).hexdigest()
    known = InstrumentFile.objects.filter(source=source, sha256=sha256, sample=command.sample)
    _check_read_alike(known, command, mapping)
    if before := known.filter(phase=phase).first():
        return Received(before, replayed=True)
    taken = taken_of(
        phase=phase,
        source=source,
        kind=command.kind,
        name=command.name,
        content=command.content,
        mapping=mapping,
        sample=command.sample,
    )
    window = window_of(phase, now())
    _check_inside(taken.series, window)
    boot = boot_id(sha256, command.sample)
    findings = [*taken.findings, *_recorded(by, source, taken, boot)]
    file = InstrumentFile.objects.create(
        phase=phase,
        source=source,
        kind=command.kind,
        name=command.name,
        sha256=sha256,
        content=command.content,
        mapping=mapping,
        sample=command.sample,
        instrument=taken.instrument,
        boot_id=boot,
        signals=[signal_content(series, window) for series in taken.series],
        findings=[asdict(finding) for finding in findings],
        received_at=now(),
        received_by=by,
    )
    return Received(file, replayed=False)


def _source(phase: Phase, code: str) -> Source:
    source = Source.objects.filter(code=code, site=phase.batch_record.site).select_related("equipment", "site").first()
    if source is None:
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=code)
    if phase.started_at is None:
        raise Refusal("phase_not_started", "The phase has not started.", kind=Kind.CONFLICT)
    if not phase.equipment_uses.filter(equipment=source.equipment).exists():
        raise Refusal(
            "source_not_assigned",
            "{source} measures {equipment}, which does not serve this phase.",
            field="source",
            kind=Kind.CONFLICT,
            source=source.code,
            equipment=source.equipment.code,
        )
    return source


def _mapping(command: ReceiveFile) -> Document | None:
    if not command.mapping:
        return None
    if command.kind != skid_logs.KIND:
        raise Refusal("mapping_not_taken", "Only a log is read by a mapping.", field="mapping")
    mapping = mappings_in_force().filter(code=command.mapping).first()
    if mapping is None:
        raise Refusal(
            "mapping_unknown", "There is no approved mapping “{code}”.", field="mapping", code=command.mapping
        )
    return mapping


def _name_faults(command: ReceiveFile) -> Iterator[Refusal]:
    for field, given in (("file", command.name), ("sample", command.sample)):
        column = "name" if field == "file" else field
        longest = InstrumentFile._meta.get_field(column).max_length
        if len(given) > longest or not given.isprintable():
            yield Refusal("name_too_long", "A name has at most {most} characters.", field=field, most=longest)


def _check_read_alike(known: Any, command: ReceiveFile, mapping: Document | None) -> None:
    """Pass when these bytes were never read for this source, or in the very same way."""
    for file in known.defer("content").select_related("mapping"):
        if (file.kind, file.mapping) != (command.kind, mapping):
            raise Refusal(
                "file_read_otherwise",
                "These very bytes were received for {source} already, read by {mapping}.",
                field="file",
                kind=Kind.CONFLICT,
                source=command.source,
                mapping=file.mapping or file.kind,
            )


def _check_inside(series: tuple[Series, ...], window: tuple[int, int]) -> None:
    first, last = window
    if series and not any(((one.times >= first) & (one.times <= last)).any() for one in series):
        raise Refusal(
            "file_outside_phase",
            "No reading of the file lies within the phase: another run, another day, or a clock that is wrong.",
            field="file",
        )


def _recorded(by: Person, source: Source, taken: Taken, boot: str) -> Iterator[Finding]:
    """Record the frames of a file, and yield a finding for each whose identity another body had taken before."""
    for sequence, columns in enumerate(frames_of(taken.series, most=settings.READINGS_MAX_SAMPLES)):
        frame = Frame(source.code, boot, sequence, columns)
        try:
            done = record_frame(by=by, site=source.site, frame=frame, authority_checked=True)
        except Refusal as refusal:
            refuse_all(
                [Refusal(one.code, one.template, field="file", kind=one.kind, **one.params) for one in refusal.all]
            )
            raise
        if isinstance(done, Conflicting):
            message = f"Another body was recorded as {done.frame} before: neither of the two is trusted."
            yield Finding("frame_conflict", message, str(done.frame), blocking=True)
