"""Which months of readings lie in files, which of them have left the database, and whether the files are whole."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from batches.models import Phase
from batches.readings.models import ArchivedMonth, Frame, Segment, Source
from batches.readings.queries.archived import has_readings, with_moves
from batches.readings.rules.archives import DISPOSED, Manifest, Month, listed, manifest_from
from batches.readings.rules.frame_sums import together, with_frames
from batches.readings.rules.parquet_frames import ArchivedFrame, FileAlteredError, frames_in
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.times import micros
from gatekeeper.ledger.queries.evidence import evidence_of

_BATCH = 64  # frames whose segments are read at once
_MANY = 1000  # frames that are looked up at once
PARQUET, MANIFEST, WRITING = ".parquet", ".json", ".writing"


@dataclass(frozen=True, slots=True)
class Present:
    """The frames of one source and month whose readings are in the database, in order of their first time."""

    source: Source
    month: Month
    frames: tuple[Frame, ...]

    @property
    def digests(self) -> set[str]:
        """The digests of the frames."""
        return {one.sha256 for one in self.frames}

    @property
    def total(self) -> bytes:
        """Their sum (rules.frame_sums)."""
        return with_frames(b"", (one.sha256 for one in self.frames))


def sources_of(month: Month) -> list[Source]:
    """Return the sources that have frames in a month, by code."""
    sent = Frame.objects.filter(first_at__gte=month.start, first_at__lt=month.end)
    return list(Source.objects.filter(pk__in=sent.values("source")).select_related("site").order_by("code"))


def present(source: Source, month: Month) -> Present:
    """Return what the database holds of a source and month."""
    frames = Frame.objects.filter(has_readings(), source=source, first_at__gte=month.start, first_at__lt=month.end)
    return Present(source, month, tuple(frames.order_by("first_at", "pk")))


def stored_frames(frames: Sequence[Frame]) -> Iterator[ArchivedFrame]:
    """Yield frames of one source with their columns as they are stored; no transaction is held meanwhile."""
    for batch in batched(frames, _BATCH):
        rows = Segment.objects.filter(
            source=batch[0].source_id,
            frame__in=[one.pk for one in batch],
            frame_at__gte=min(one.first_at for one in batch),
            frame_at__lte=max(one.first_at for one in batch),
        )
        columns = rows.order_by("frame_id").values_list("frame_id", "tag__code", "count", "times", "values", "quality")
        stored = {
            pk: tuple(
                sorted(
                    (tag, count, (bytes(times), bytes(values), None if quality is None else bytes(quality)))
                    for _pk, tag, count, times, values, quality in own
                )
            )
            for pk, own in groupby(columns, key=lambda row: row[0])
        }
        for one in batch:
            yield ArchivedFrame(one.boot_id, one.sequence, one.sha256, stored.get(one.pk, ()))


def parts_of(source: Source, month: Month) -> QuerySet[ArchivedMonth]:
    """Return the parts of a source and month, each with ``moved``: dropped, restored, or None."""
    return with_moves(ArchivedMonth.objects.filter(source=source, month_date=month.first)).order_by("part")


def all_parts() -> QuerySet[ArchivedMonth]:
    """Return every part that was ever archived, with ``moved``."""
    return with_moves(ArchivedMonth.objects.select_related("source")).order_by("month_date", "source__code", "part")


def check_part(part: ArchivedMonth, folder: Path) -> Manifest:
    """Return the manifest of a part whose file is, to the sample, what the records vouch for.

    The file is read whole: the digest of every frame is computed from its rows, and compared with the frame's record.

    :raises Refusal: ``archive_file_missing``, ``archive_altered``.
    """
    manifest = manifest_of(part, folder)
    path = path_of(part, folder, PARQUET)
    try:
        if digest_of(path) != (manifest.file_sha256, manifest.file_bytes):
            raise altered(path, "its bytes are not those of its manifest")
        found = listed(archived_frames(part, manifest, folder))
    except FileNotFoundError:
        raise missing(path) from None
    except FileAlteredError as fault:
        raise altered(path, fault) from fault
    if found != manifest.frames:
        raise altered(path, "its frames are not those of its manifest")
    if with_frames(b"", (sha256 for *_frame, sha256, _samples in manifest.frames)).hex() != part.frame_sum:
        raise altered(path, "its frames are not those that were recorded as archived")
    known = recorded(part.source, manifest)
    if any(known.get((boot, sequence)) != sha256 for boot, sequence, sha256, _samples in manifest.frames):
        raise altered(path, "a frame is not the one that the source has sent")
    return manifest


def manifest_of(part: ArchivedMonth, folder: Path) -> Manifest:
    """Return the manifest of a part, which is the one that was recorded; its file is not looked at.

    :raises Refusal: ``archive_file_missing``, ``archive_altered``.
    """
    path = path_of(part, folder, MANIFEST)
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != part.manifest_sha256:
            raise altered(path, "its bytes are not those that were recorded")
        return manifest_from(content)
    except FileNotFoundError:
        raise missing(path) from None
    except FileAlteredError as fault:
        raise altered(path, fault) from fault


def archived_frames(part: ArchivedMonth, manifest: Manifest, folder: Path) -> Iterator[ArchivedFrame]:
    """Yield the frames of a part that was checked."""
    with path_of(part, folder, PARQUET).open("rb") as file:
        yield from _whole(frames_in(file, manifest.source), manifest.source)


def digest_of(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file and its size in bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def path_of(part: ArchivedMonth, folder: Path, ending: str) -> Path:
    """Return where the file (``.parquet``) or the manifest (``.json``) of a part lies in a folder."""
    return folder / f"{part.month_date:%Y-%m}" / f"{part.name}{ending}"


def recorded(source: Source, manifest: Manifest) -> dict[tuple[str, int], str]:
    """Return the digest that the record of each frame of a manifest holds, by boot id and sequence."""
    found: dict[tuple[str, int], str] = {}
    for batch in batched(manifest.frames, _MANY):
        rows = Frame.objects.filter(
            source=source, boot_id__in={row[0] for row in batch}, sequence__in={row[1] for row in batch}
        )
        found |= {(boot, number): sha256 for boot, number, sha256 in rows.values_list("boot_id", "sequence", "sha256")}
    return found


def undisposed(source: Source, frames: Sequence[Frame]) -> list[Phase]:
    """Return the phases that these frames may belong to and whose lot nobody has released or rejected."""
    first = micros(min(one.first_at for one in frames))
    last = micros(max(one.last_at for one in frames))
    phases = Phase.objects.filter(equipment_uses__equipment__sources=source, started_at__isnull=False)
    waiting = phases.exclude(batch_record__lot__status__in=DISPOSED).select_related("batch_record").distinct()
    found = []
    for phase in waiting.order_by("pk"):
        spans = (import_string(path)(phase) for path in settings.PHASE_READINGS_NEEDED)
        if any(since <= last and (until is None or until >= first) for since, until in spans):
            found.append(phase)
    return found


def unjudged(month: Month) -> int:
    """Return how many frames of a month the workers have not judged or drawn yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM jobs_job o
               CROSS JOIN LATERAL jsonb_array_elements_text(o.payload -> 'frames') AS named (id)
               JOIN readings_frame f ON f.id = named.id::bigint
               WHERE o.kind IN ('readings_recorded', 'readings_judged') AND o.done_at IS NULL AND o.dead_at IS NULL
                 AND f.first_at >= %s AND f.first_at < %s""",
            [month.start, month.end],
        )
        return int(cursor.fetchone()[0])


def away_sum(parts: Iterable[ArchivedMonth]) -> bytes:
    """Return the sum of the frames of these parts."""
    return together(bytes.fromhex(part.frame_sum) for part in parts)


def missing(path: Path) -> Refusal:
    """Return what is said of a file that is not there."""
    return Refusal("archive_file_missing", "{path} is not there.", kind=Kind.CONFLICT, path=path)


def altered(path: Path, fault: object) -> Refusal:
    """Return what is said of a file that is not what was archived."""
    return Refusal("archive_altered", "{path} was altered: {fault}.", kind=Kind.CONFLICT, path=path, fault=fault)


def _whole(frames: Iterable[ArchivedFrame], source: str) -> Iterator[ArchivedFrame]:
    for frame in frames:
        if not frame.is_whole(source):
            raise FileAlteredError(
                f"the readings of frame {frame.boot_id}/{frame.sequence} are not those of its digest"
            )
        yield frame


def archive_findings(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each part that was ever archived with what is wrong with it, empty when it is whole; then strange files.

    What a part must be is taken from the evidence log, not from its row: verify_ledger compares the two, and the log
    with its checkpoints.
    """
    names: set[Path] = set()
    for part in all_parts():
        names |= {path_of(part, folder, ending) for ending in (PARQUET, MANIFEST)}
        yield str(part), _fault_of(part, folder)
    for path in sorted(folder.rglob("*")):
        if path.suffix in {PARQUET, MANIFEST, WRITING} and path not in names:
            yield str(path.relative_to(folder)), "no record names this file"


def _fault_of(part: ArchivedMonth, folder: Path) -> str:
    vouched = [json.loads(entry.body)["new"]["manifest_sha256"] for entry in evidence_of(ArchivedMonth, part.pk)]
    if vouched != [part.manifest_sha256]:
        return "its record is not the one in the evidence log"
    try:
        check_part(part, folder)
    except Refusal as refusal:
        return refusal.message
    return ""
