"""Move the readings of cold months to Parquet files and back; frames, evaluations and evidence stay where they are.

What is written is a file under another name first, then renamed; what is recorded is recorded after it. A process that
is killed leaves files that the next run writes again, or a record whose month the next run empties.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import batched
from pathlib import Path
from typing import BinaryIO

import numpy as np
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction

from batches.readings.models import ArchivedMonth, ArchiveMove, Frame, FrameConflict
from batches.readings.queries import archives
from batches.readings.queries.archived import has_readings
from batches.readings.queries.assignments import phases_between
from batches.readings.rules.archives import (
    FORMAT,
    LogPosition,
    Manifest,
    Month,
    check_cold,
    drop_faults,
    listed,
    month_from,
    name_of,
    parts_here,
)
from batches.readings.rules.frame_sums import with_frames
from batches.readings.rules.parquet_frames import ArchivedFrame, write_frames
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.jobs.actions import jobs
from gatekeeper.ledger import sealing
from gatekeeper.ledger.queries.proofs import newest_checkpoint
from gatekeeper.ledger.routing import OWNER

_LOCK = 0x61726368  # one of these runs at a time
_PATIENCE = 1.0  # seconds
_MANY = 1000
_COPY = (
    "COPY readings_segment "
    "(source_id, frame_id, tag_id, frame_at, first_us, last_us, count, times, values, quality) "
    "FROM STDIN (FORMAT BINARY)"
)
_COPIED = ["int8", "int8", "int8", "timestamptz", "int8", "int8", "int4", "bytea", "bytea", "bytea"]


def archive_month(*, by: Person, month: str, folder: Path) -> list[ArchivedMonth]:
    """Write what the database holds of a month and no file does yet, a file a source, and return the parts recorded.

    Running it again writes nothing; what came late is a further part.

    :raises Refusal: ``month_malformed``, ``month_not_cold``, ``month_without_readings``, ``not_authorised``,
        ``archive_busy``, ``archive_file_missing``, ``archive_altered``, ``frame_not_whole``.
    """
    wanted = _cold(by, month)
    with _alone():
        return [part for held in _present(wanted) if (part := _archived(by, held, folder)) is not None]


def drop_month(*, by: Person, month: str, folder: Path) -> int:
    """Take the readings of a month out of the database, whole files of which lie in the folder; return the segments.

    Each file is read back first and compared with the evidence, frame by frame. The drop is recorded and sealed before
    the owner of the tables empties the partition: who serves people cannot. Running it again ends what was begun.

    :raises Refusal: ``month_malformed``, ``month_not_cold``, ``month_without_readings``, ``not_authorised``,
        ``archive_busy``, ``month_not_archived``, ``archive_file_missing``, ``archive_altered``,
        ``phase_without_disposition``, ``readings_not_judged``, ``seal_pending``, ``month_not_emptied``.
    """
    wanted = _cold(by, month)
    with _alone():
        held = [one for one in _present(wanted) if one.frames]
        parts = [part for one in held for part in _files_of(one, folder)]
        if not parts:
            return 0
        if (recorded := _record_dropped(by=by, month=wanted, held=held, parts=parts)) is not None:
            sealing.wait_for_seal(recorded)
        return _emptied(wanted, parts)


def restore_month(*, by: Person, month: str, folder: Path) -> list[ArchivedMonth]:
    """Bring the readings of a dropped month back from its files, to the byte, and return the parts that came back.

    Its phases are judged anew: nothing changes but what came in while the month was away.

    :raises Refusal: ``month_malformed``, ``month_without_readings``, ``not_authorised``, ``archive_busy``,
        ``archive_file_missing``, ``archive_altered``.
    """
    wanted = _authorised(by, month)
    with _alone():
        away = [
            (part, archives.check_part(part, folder))
            for source in archives.sources_of(wanted)
            for part in archives.parts_of(source, wanted)
            if part.moved == ArchiveMove.Kind.DROPPED
        ]
        for part, manifest in away:
            _restore(by=by, part=part, manifest=manifest, folder=folder)
        return [part for part, _manifest in away]


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only archive command at work; one that was killed lets go when the database notices."""
    patience = time.monotonic() + _PATIENCE
    with connection.cursor() as cursor:
        while not cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()[0]:
            if time.monotonic() > patience:
                raise Refusal("archive_busy", "Another archive command is at work.", kind=Kind.CONFLICT)
            time.sleep(0.05)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _authorised(by: Person, month: str) -> Month:
    wanted = month_from(month)
    sources = archives.sources_of(wanted)
    if not sources:
        raise Refusal("month_without_readings", "There are no readings in {month}.", field="month", month=wanted)
    for site in {source.site for source in sources}:
        check_authority(by, "readings.archive", site)
    return wanted


def _cold(by: Person, month: str) -> Month:
    wanted = _authorised(by, month)
    check_cold(wanted, at=now(), after_days=settings.READINGS_ARCHIVE_AFTER_DAYS)
    return wanted


def _present(month: Month) -> Iterator[archives.Present]:
    return (archives.present(source, month) for source in archives.sources_of(month))


def _archived(by: Person, held: archives.Present, folder: Path) -> ArchivedMonth | None:
    """Write and record the frames that are in no part yet, None when there is none."""
    parts = list(archives.parts_of(held.source, held.month))
    known = [part for part in parts if part.moved != ArchiveMove.Kind.DROPPED]
    if archives.away_sum(known) == held.total:
        return None
    filed = {row[2] for part in parts for row in archives.manifest_of(part, folder).frames}
    new = [one for one in held.frames if one.sha256 not in filed]
    if not new:
        return None
    number = max((part.part for part in parts), default=0) + 1
    name = name_of(held.source.code, held.source.pk, held.month, number)
    manifest = _write(held, new, folder / str(held.month), name, number)
    row = ArchivedMonth(
        source=held.source,
        month_date=held.month.first,
        part=number,
        name=name,
        place=str(folder),
        manifest_sha256=hashlib.sha256(manifest.content).hexdigest(),
        frames=len(new),
        segments=manifest.segments,
        samples=manifest.samples,
        frame_sum=with_frames(b"", (one.sha256 for one in new)).hex(),
        first_at=min(one.first_at for one in new),
        last_at=max(one.last_at for one in new),
    )
    archives.check_part(row, folder)  # what cannot be read back is not archived
    return _record(by=by, row=row)


def _write(held: archives.Present, frames: Sequence[Frame], folder: Path, name: str, part: int) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    code = held.source.code
    written: list[tuple[str, int, str, int]] = []
    segments = 0

    def whole() -> Iterator[ArchivedFrame]:
        nonlocal segments
        for one in archives.stored_frames(frames):
            if not one.is_whole(code):
                raise Refusal(
                    "frame_not_whole",
                    "The readings of frame {frame} are not those that were recorded: see verify_ledger.",
                    kind=Kind.CONFLICT,
                    frame=f"{code}/{one.boot_id}/{one.sequence}",
                )
            written.extend(listed([one]))
            segments += len(one.columns)
            yield one

    path = _put(folder / f"{name}{archives.PARQUET}", lambda file: write_frames(file, code, whole()))
    head = newest_checkpoint()
    sha256, size = archives.digest_of(path)
    manifest = Manifest(
        format=FORMAT,
        source=code,
        month=str(held.month),
        part=part,
        ledger=LogPosition(settings.LEDGER_ORIGIN, head.size if head else 0, bytes(head.root).hex() if head else ""),
        file=path.name,
        file_sha256=sha256,
        file_bytes=size,
        segments=segments,
        samples=sum(samples for *_frame, samples in written),
        frames=tuple(written),
    )
    _put(folder / f"{name}{archives.MANIFEST}", lambda file: file.write(manifest.content))
    return manifest


def _put(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Write a file under another name, see it on the disk, and give it its name: it is there whole or not at all."""
    begun = path.with_name(f"{path.name}{archives.WRITING}")
    with begun.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    begun.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path


@action
def _record(*, by: Person, row: ArchivedMonth) -> ArchivedMonth:
    row.archived_at, row.archived_by = now(), by
    row.save(force_insert=True)
    return row


def _files_of(held: archives.Present, folder: Path) -> list[ArchivedMonth]:
    """Return the parts that hold exactly what is present, each of them read back and compared."""
    parts = list(archives.parts_of(held.source, held.month))
    manifests = {part.pk: archives.manifest_of(part, folder) for part in parts}
    here = parts_here(
        held.digests, [(pk, frozenset(row[2] for row in manifest.frames)) for pk, manifest in manifests.items()]
    )
    if here is None:
        raise Refusal(
            "month_not_archived",
            "Not all readings of {source} in {month} are in files: archive the month first.",
            kind=Kind.CONFLICT,
            field="month",
            source=held.source.code,
            month=held.month,
        )
    found = [part for part in parts if part.pk in here]
    for part in found:
        archives.check_part(part, folder)
    return found


@action
def _record_dropped(
    *, by: Person, month: Month, held: Sequence[archives.Present], parts: Sequence[ArchivedMonth]
) -> str | None:
    """Record each part as dropped that is not, and return the number of the transaction, None when all are."""
    waiting = {str(phase): phase for one in held for phase in archives.undisposed(one.source, one.frames)}
    refuse_all(drop_faults(month, waiting=waiting, unjudged=archives.unjudged(month)))
    leaving = [part for part in parts if part.moved != ArchiveMove.Kind.DROPPED]
    for part in leaving:
        ArchiveMove.objects.create(archive=part, kind=ArchiveMove.Kind.DROPPED, moved_at=now(), moved_by=by)
    return sealing.current_transaction() if leaving else None


def _emptied(month: Month, parts: Sequence[ArchivedMonth]) -> int:
    try:
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            cursor.execute(
                "SELECT readings_segment_month_emptied_v1(%s, %s::bigint[])",
                [month.start, [part.pk for part in parts]],
            )
            return int(cursor.fetchone()[0])
    except DatabaseError as fault:
        raise Refusal(
            "month_not_emptied",
            "The drop of {month} is recorded and not done; run it again. {fault}",
            kind=Kind.CONFLICT,
            month=month,
            fault=str(fault).partition("\n")[0],
        ) from fault


@action
def _restore(*, by: Person, part: ArchivedMonth, manifest: Manifest, folder: Path) -> None:
    _copy_back(part, manifest, folder)
    ArchiveMove.objects.create(archive=part, kind=ArchiveMove.Kind.RESTORED, moved_at=now(), moved_by=by)
    source = part.source
    # A corrected clock, or a value that is carried into a phase, brings readings to phases beside their time.
    near = timedelta(seconds=settings.READINGS_OFFSET_MAX_SECONDS)
    for phase in phases_between(source, part.first_at - near, part.last_at + near).filter(performed_at__isnull=False):
        jobs.enqueue("phase_ended", {"phase": phase.pk}, batch_key=source.code)
    # What came meanwhile was judged by nobody, and no minute that it shares with these frames was made anew.
    touching = Frame.objects.filter(source=source, first_at__lte=part.last_at, last_at__gte=part.first_at)
    disputed = FrameConflict.objects.filter(received_at__gte=part.archived_at).values("frame")
    late = touching.filter(received_at__gte=part.archived_at) | touching.filter(pk__in=disputed)
    if frames := list(late.order_by("pk").values_list("pk", flat=True)):
        jobs.enqueue("readings_recorded", {"frames": frames}, batch_key=source.code)


def _copy_back(part: ArchivedMonth, manifest: Manifest, folder: Path) -> None:
    source = part.source
    tags = dict(source.tags.values_list("code", "pk"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT readings_segment_month_v1(%s)", [part.first_at])
    for batch in batched(archives.archived_frames(part, manifest, folder), _MANY):
        # Those that have their readings are of a drop that was recorded and went no further.
        rows = Frame.objects.filter(
            ~has_readings(),
            source=source,
            boot_id__in={one.boot_id for one in batch},
            sequence__in={one.sequence for one in batch},
        )
        places = {
            (boot, number): (pk, first)
            for boot, number, pk, first in rows.values_list("boot_id", "sequence", "pk", "first_at")
        }
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_COPIED)
            for one in batch:
                if (one.boot_id, one.sequence) not in places:
                    continue
                pk, first = places[one.boot_id, one.sequence]
                for tag, count, (times, values, quality) in one.columns:
                    at = np.frombuffer(times, dtype="<i8")
                    ends = int(at.min()), int(at.max())
                    copy.write_row((source.pk, pk, tags[tag], first, *ends, count, times, values, quality))
