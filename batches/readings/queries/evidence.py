"""Readings are no records: each frame, which is one, vouches for them by its digest, and here it is compared."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from batches.readings.models import ArchivedMonth, Frame
from batches.readings.queries.archived import archived, away_between
from batches.readings.rules.frame_sums import together, with_frames
from batches.readings.rules.frames import digest
from gatekeeper.ledger.verification import Finding

_BATCH = 64  # segments of one fetch: one may be a megabyte
_QUERY = """
    SELECT f.id, s.code, f.boot_id, f.sequence, f.sha256, f.source_id, date_trunc('month', f.first_at, 'UTC')::date,
           t.code, g.count, g.times, g.values, g.quality, g.first_us, g.last_us
    FROM readings_frame f JOIN readings_source s ON s.id = f.source_id
    LEFT JOIN readings_segment g ON g.source_id = f.source_id AND g.frame_id = f.id AND g.frame_at = f.first_at
    LEFT JOIN readings_tag t ON t.id = g.tag_id
    ORDER BY f.id"""
_DROPPED = """
    SELECT a.source_id, a.month_date, a.id, a.frame_sum FROM readings_archivedmonth a
    WHERE 'dropped' = (SELECT m.kind FROM readings_archivemove m WHERE m.archive_id = a.id ORDER BY m.id DESC LIMIT 1)
    ORDER BY a.source_id, a.month_date, a.part"""

type Month = tuple[int, Any]  # of which source


def altered_readings(connection: Any) -> Iterator[Finding]:
    """Yield a finding for each frame whose stored readings are not those of its digest.

    Frames without readings must be those of a month that was archived and dropped, and all of them: their digests add
    up to what its record holds. What the files hold is for verify_archive to say.
    """
    dropped = _dropped(connection)
    away: dict[Month, bytes] = {}
    with connection.chunked_cursor() as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_QUERY)
        for key, rows in groupby(iter(cursor.fetchone, None), lambda row: row[:7]):
            pk, source, boot_id, sequence, sha256, *month = key
            segments = [row[7:] for row in rows if row[7] is not None]
            if not segments and tuple(month) in dropped:
                away[tuple(month)] = with_frames(away.get(tuple(month), b""), [sha256])
                continue
            packed = [
                (tag, count, (bytes(times), bytes(values), None if quality is None else bytes(quality)))
                for tag, count, times, values, quality, _first, _last in segments
            ]
            where_they_lie = all(_lies_between(bytes(row[2]), row[5], row[6]) for row in segments)
            if not where_they_lie or digest(source, boot_id, sequence, packed) != sha256:
                name = f"{source}/{boot_id}/{sequence}"
                message = f"The readings of frame {name} are not those that were recorded."
                yield Finding("readings_altered", message, f"public.{Frame._meta.db_table}", str(pk))
    yield from _not_as_dropped(dropped, away)


def _dropped(connection: Any) -> dict[Month, list[tuple[int, str]]]:
    """Return the parts (key, sum of frames) that have left the database, by source and month."""
    found: dict[Month, list[tuple[int, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DROPPED)
        for source, month, pk, frame_sum in cursor.fetchall():
            found[source, month].append((pk, frame_sum))
    return found


def _not_as_dropped(dropped: dict[Month, list[tuple[int, str]]], away: dict[Month, bytes]) -> Iterator[Finding]:
    for month, total in away.items():
        if together(bytes.fromhex(frame_sum) for _pk, frame_sum in dropped[month]) != total:
            message = "The frames without readings in this month are not those that were archived and dropped."
            yield Finding(
                "readings_altered", message, f"public.{ArchivedMonth._meta.db_table}", str(dropped[month][-1][0])
            )


def _lies_between(times: bytes, first: int, last: int) -> bool:
    """Return whether the bounds that readings are looked up by are those of the times."""
    if not times or len(times) % 8:
        return False
    at = np.frombuffer(times, dtype="<i8")
    return (int(at.min()), int(at.max())) == (first, last)


def verify_frame(frame: Frame) -> bool:
    """Return whether the stored segments of a frame still have the digest that its evidence holds.

    :raises Refusal: ``readings_archived``.
    """
    packed = [
        (row.tag.code, row.count, (bytes(row.times), bytes(row.values), row.quality and bytes(row.quality)))
        for row in frame.segments.filter(source=frame.source, frame_at=frame.first_at).select_related("tag")
    ]
    if not packed and frame in away_between({frame.source_id}, frame.first_at, frame.last_at):
        raise archived(frame)
    return digest(frame.source.code, frame.boot_id, frame.sequence, packed) == frame.sha256
