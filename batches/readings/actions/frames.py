"""Record what skids send: a frame whole or not at all, once, and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from batches.readings import models
from batches.readings.rules.frames import Bounds, Frame, check_frames, check_identities
from gatekeeper.accounts.actor import action, action_at_once, actor_context
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.accounts.statements import planned
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import micros, moment
from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.kinds import job_kind
from gatekeeper.jobs.wake_ups import notify_on_commit

# Of one source, whole: frames, segments and job, or nothing. What was there before is not in
# the answer. The first part names the actor before any row is written; the rows come in order, so that two who send
# the same frames wait for each other in order too.
_RECORD = f"""
  WITH actor AS MATERIALIZED (SELECT set_config('app.ctx', %(context)s, true)),
  given AS (
    SELECT source.id AS source_id, one.* FROM actor, readings_source source,
      unnest(%(boots)b::text[], %(sequences)b::bigint[], %(digests)b::text[], %(samples)b::integer[],
             %(firsts)b::timestamptz[], %(lasts)b::timestamptz[])
        AS one (boot_id, sequence, sha256, samples, first_at, last_at)
    WHERE source.id = %(source)s::bigint AND source.code = %(code)s::text AND source.site_id = %(site)s::bigint
    ORDER BY one.boot_id, one.sequence),
  made AS (
    INSERT INTO readings_frame
      (source_id, boot_id, sequence, sha256, samples, first_at, last_at, received_at, received_by_id)
    SELECT given.*, %(at)s::timestamptz, %(by)s::bigint FROM given ON CONFLICT DO NOTHING RETURNING *),
  stored AS (
    INSERT INTO readings_segment
      (source_id, frame_id, frame_at, tag_id, first_us, last_us, count, times, values, quality)
    SELECT made.source_id, made.id, made.first_at, part.tag_id, part.first_us, part.last_us, part.count, part.times,
      part.values, part.quality
    FROM made JOIN unnest(%(part_boots)b::text[], %(part_sequences)b::bigint[], %(part_tags)b::bigint[],
        %(part_firsts)b::bigint[], %(part_lasts)b::bigint[], %(part_counts)b::integer[], %(part_times)b::bytea[],
        %(part_values)b::bytea[], %(part_qualities)b::bytea[])
      AS part (boot_id, sequence, tag_id, first_us, last_us, count, times, values, quality) USING (boot_id, sequence)),
  asked AS (
    {jobs.INSERT_JOB} SELECT %(queue)s::text, %(kind)s::text, %(code)s::text,
      jsonb_build_object('frames', jsonb_agg(made.id ORDER BY made.id)), %(at)s::timestamptz, %(at)s::timestamptz, 0, ''
    FROM made HAVING count(*) > 0 RETURNING id)
  SELECT made.boot_id, made.sequence, made.id, (SELECT id FROM asked) FROM made"""  # noqa: S608 -- of constants
# Sources that have readings and tags are written once, and a primary key never names another one: an entry can be
# incomplete, never wrong. A source that was named anew before its first reading is found out by the statement.
_sources: VersionedCache[tuple[int, str], models.Source] = VersionedCache(most=10_000)  # by site and code
_tags: VersionedCache[int, dict[str, int]] = VersionedCache(most=10_000)  # by source
_months: VersionedCache[tuple[int, int], bool] = VersionedCache(most=10_000)  # whose partition is committed: it stays


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


type Outcome = Recorded | Replayed | Conflicting


def record_frame(
    *, by: Person, site: Site, frame: Frame, authority_checked: bool = False, at: datetime | None = None
) -> Outcome:
    """Record a frame of a source of this site, with the job that has it judged.

    Samples of a clock that is ahead are recorded like all others; who reads them leaves them out (queries.reading_of).
    A conflict is an answer and no refusal, because keeping it must commit. An action whose own authority covers its
    readings (a file of an instrument) says ``authority_checked``. ``at`` is when it was received, now if not given.

    :raises Refusal: ``not_authorised``, ``unknown_source``, and those of ``check_identities`` and ``check_frames``.
    """
    (outcome,) = record_frames(by=by, site=site, frames=[frame], authority_checked=authority_checked, at=at)
    return outcome


def record_frames(
    *, by: Person, site: Site, frames: Sequence[Frame], authority_checked: bool = False, at: datetime | None = None
) -> list[Outcome]:
    """Record frames of one source as ``record_frame`` does each, all or none, and return what became of each.

    :raises Refusal: as ``record_frame``; every fault of every frame at once.
    """
    if not authority_checked:
        check_authority(by, "readings.record", site)
    check_identities(frames)
    at = at or now()
    source = _source_of(site, frames[0].source)
    tags = _tags_of(source, {column.tag for frame in frames for column in frame.columns})
    check_frames(frames, known=tags, bounds=_bounds(at))
    rows = [_row(source, frame, at, by) for frame in frames]
    for month in {(row.first_at.year, row.first_at.month): row.first_at for row in rows}.values():
        _make_month(month)
    _record_new(by=by, rows=rows, parts=_Parts(frames, tags))
    return [
        _again(by=by, source=source, frame=frame, sha256=row.sha256) if row.pk is None else Recorded(row)
        for row, frame in zip(rows, frames, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The columns of frames, and the primary keys of their tags."""

    frames: Sequence[Frame]
    tags: Mapping[str, int]

    def values(self) -> dict[str, list[Any]]:
        """Return a list for each column of the segments."""
        found = [(frame, column, column.packed) for frame in self.frames for column in frame.columns]
        return {
            "part_boots": [frame.boot_id for frame, *_ in found],
            "part_sequences": [frame.sequence for frame, *_ in found],
            "part_tags": [self.tags[column.tag] for _, column, _ in found],
            "part_firsts": [column.first_us for _, column, _ in found],
            "part_lasts": [column.last_us for _, column, _ in found],
            "part_counts": [len(column) for _, column, _ in found],
            "part_times": [times for *_, (times, _values, _quality) in found],
            "part_values": [values for *_, (_times, values, _quality) in found],
            "part_qualities": [quality for *_, (_times, _values, quality) in found],
        }


@action_at_once
def _record_new(*, by: Person, rows: Sequence[models.Frame], parts: _Parts) -> None:
    """Record those of the frames that were not there, and give these their primary keys."""
    source, at = rows[0].source, rows[0].received_at
    kind = job_kind("readings_recorded")
    values = {
        "context": actor_context(),
        "source": source.pk,
        "code": source.code,
        "site": source.site_id,
        "boots": [row.boot_id for row in rows],
        "sequences": [row.sequence for row in rows],
        "digests": [row.sha256 for row in rows],
        "samples": [row.samples for row in rows],
        "firsts": [row.first_at for row in rows],
        "lasts": [row.last_at for row in rows],
        "at": at,
        "by": by.pk,
        "kind": kind.name,
        "queue": kind.queue_for(source.code),
    }
    made = planned(_RECORD, {**values, **parts.values()})
    keys = {(boot, sequence): pk for boot, sequence, pk, _asked in made}
    for row in rows:
        row.pk = keys.get((row.boot_id, row.sequence))
    if made:
        notify_on_commit(made[0][-1], kind, source.code)


@action
def _again(*, by: Person, source: models.Source, frame: Frame, sha256: str) -> Replayed | Conflicting:
    """Return what is recorded of a frame whose identity is taken; keep another body beside it."""
    known = models.Frame.objects.filter(source=source, boot_id=frame.boot_id, sequence=frame.sequence).first()
    if known is None:
        _sources.discard((source.site_id, source.code))
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=frame.source)
    known.source = source
    if known.sha256 == sha256:
        return Replayed(known)
    conflict = known.conflicts.filter(sha256=sha256).first()
    if conflict is None:
        conflict = models.FrameConflict.objects.create(
            frame=known, sha256=sha256, body=frame.text, received_at=now(), received_by=by
        )
        # What was judged on it is judged again without it.
        jobs.enqueue("readings_recorded", {"frames": [known.pk]}, batch_key=frame.source)
    return Conflicting(known, conflict)


def _row(source: models.Source, frame: Frame, at: datetime, by: Person) -> models.Frame:
    return models.Frame(
        source=source,
        boot_id=frame.boot_id,
        sequence=frame.sequence,
        sha256=frame.sha256(),
        samples=frame.samples,
        first_at=moment(frame.first_us),
        last_at=moment(frame.last_us),
        received_at=at,
        received_by=by,
    )


def _source_of(site: Site, code: str) -> models.Source:
    source = _sources.get((site.pk, code))
    if source is not None:
        return source
    source = models.Source.objects.filter(code=code, site=site).first()
    if source is None:
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=code)
    # Inside a transaction it may be gone when this ends.
    return source if connection.in_atomic_block else _sources.put((site.pk, code), source)


def _bounds(at: datetime) -> Bounds:
    latest = at + timedelta(seconds=settings.READINGS_FUTURE_REFUSED_SECONDS)
    return Bounds(settings.READINGS_MAX_SAMPLES, settings.READINGS_MAX_FRAMES, micros(latest))


def _tags_of(source: models.Source, codes: set[str]) -> Mapping[str, int]:
    tags = _tags.get(source.pk) or {}
    return tags if codes <= tags.keys() else _tags.put(source.pk, dict(source.tags.values_list("code", "pk")))


def _make_month(at: datetime) -> None:
    month = (at.year, at.month)
    if _months.get(month):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT readings_segment_month_v1(%s)", [at])
    transaction.on_commit(lambda: _months.put(month, value=True))
