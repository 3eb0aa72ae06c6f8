"""Record what skids send: a frame whole or not at all, once, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from batches.monitoring import models
from batches.monitoring.rules.frames import Bounds, Frame, check_frame, check_identity
from gatekeeper.accounts.acting import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.history import insert_once
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Refusal
from gatekeeper.ledger.actions import outbox

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SOURCE = "SELECT id, code, site_id FROM monitoring_source WHERE code = %s AND site_id = %s"
COPY_SEGMENTS = (
    "COPY monitoring_segment "
    "(source_id, frame_id, tag_id, frame_at, first_us, last_us, count, times, values, quality) "
    "FROM STDIN (FORMAT BINARY)"
)
SEGMENT_TYPES = ["int8", "int8", "int8", "timestamptz", "int8", "int8", "int4", "bytea", "bytea", "bytea"]
# Tags are written once, and a primary key never names another source: an entry can be incomplete, never wrong.
_tags: dict[tuple[str, int], dict[str, int]] = {}
_months: set[tuple[str, int, int]] = set()  # whose partition is there: a committed one stays


@dataclass(frozen=True, slots=True)
class Recorded:
    """The frame is new and recorded."""

    frame: models.Frame


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same frame was recorded before; nothing has changed."""

    frame: models.Frame


@dataclass(frozen=True, slots=True)
class Conflicting:
    """Another body came under the identity of a recorded frame; it is kept beside it and flagged."""

    frame: models.Frame
    conflict: models.FrameConflict


@action
def record_frame(
    *, by: Person, site: Site, frame: Frame, authority_checked: bool = False
) -> Recorded | Replayed | Conflicting:
    """Record a frame of a source of this site, with the outbox message that has it judged.

    Samples of a clock that is ahead are recorded like all others; who reads them leaves them out (queries.reading_of).
    A conflict is an answer and no refusal, because keeping it must commit. An action whose own authority covers its
    readings (a file of an instrument) says ``authority_checked``.

    :raises Refusal: ``not_authorised``, ``unknown_source``, and those of ``check_identity`` and ``check_frame``.
    """
    if not authority_checked:
        check_authority(by, "monitoring.record_readings", site)
    check_identity(frame)
    # Without the layers of a query set: it is asked for every frame.
    source = next(iter(models.Source.objects.raw(_SOURCE, [frame.source, site.pk])), None)
    if source is None:
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=frame.source)
    at = now()
    tags = _tags_of(source, {column.tag for column in frame.columns})
    check_frame(frame, known=tags, bounds=_bounds(at))
    sha256 = frame.sha256()
    row = models.Frame(
        source=source,
        boot_id=frame.boot_id,
        sequence=frame.sequence,
        sha256=sha256,
        samples=frame.samples,
        first_at=_time(frame.first_us),
        last_at=_time(frame.last_us),
        received_at=at,
        received_by=by,
    )
    _make_month(row.first_at)
    if not insert_once(row):
        return _again(by, source, frame, sha256)
    _copy_segments(row, frame, tags)
    outbox.post("readings_recorded", {"frames": [row.pk]}, share=source.code, posted_at=at)
    return Recorded(row)


def _again(by: Person, source: models.Source, frame: Frame, sha256: str) -> Replayed | Conflicting:
    known = models.Frame.objects.get(source=source, boot_id=frame.boot_id, sequence=frame.sequence)
    known.source = source
    if known.sha256 == sha256:
        return Replayed(known)
    conflict = known.conflicts.filter(sha256=sha256).first()
    if conflict is None:
        conflict = models.FrameConflict.objects.create(
            frame=known, sha256=sha256, body=frame.text, received_at=now(), received_by=by
        )
        # What was judged on it is judged again without it.
        outbox.post("readings_recorded", {"frames": [known.pk]}, share=frame.source)
    return Conflicting(known, conflict)


def _bounds(at: datetime) -> Bounds:
    latest = at + timedelta(seconds=settings.READINGS_FUTURE_REFUSED_SECONDS)
    return Bounds(samples=settings.READINGS_MAX_SAMPLES, latest_us=(latest - _EPOCH) // timedelta(microseconds=1))


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _tags_of(source: models.Source, wanted: set[str]) -> Mapping[str, int]:
    key = (connection.settings_dict["NAME"], source.pk)
    found = _tags.get(key, {})
    if not wanted <= found.keys():
        found = _tags[key] = dict(source.tags.values_list("code", "pk"))
    return found


def _make_month(at: datetime) -> None:
    month = (connection.settings_dict["NAME"], at.year, at.month)
    if month in _months:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT monitoring_segment_month_v2(%s)", [at])
    transaction.on_commit(lambda: _months.add(month))


def _copy_segments(row: models.Frame, frame: Frame, tags: Mapping[str, int]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_SEGMENTS) as copy:
        copy.set_types(SEGMENT_TYPES)
        for column in frame.columns:
            times, values, quality = column.packed()
            copy.write_row(
                (
                    row.source_id,
                    row.pk,
                    tags[column.tag],
                    row.first_at,
                    int(column.times.min()),
                    int(column.times.max()),
                    len(column),
                    times,
                    values,
                    quality,
                )
            )
