"""Readings are no records: each frame, which is one, vouches for them by its digest, and here it is compared."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from batches.monitoring.models import Frame
from batches.monitoring.rules.frames import digest
from gatekeeper.ledger.verification import Finding

_BATCH = 64  # segments of one fetch: one may be a megabyte
_QUERY = """
    SELECT f.id, s.code, f.boot_id, f.sequence, f.sha256,
           t.code, g.count, g.times, g.values, g.quality, g.first_us, g.last_us
    FROM monitoring_frame f JOIN monitoring_source s ON s.id = f.source_id
    LEFT JOIN monitoring_segment g ON g.source_id = f.source_id AND g.frame_id = f.id AND g.frame_at = f.first_at
    LEFT JOIN monitoring_tag t ON t.id = g.tag_id
    ORDER BY f.id"""


def altered_readings(connection: Any) -> Iterator[Finding]:
    """Yield a finding for each frame whose stored readings are not those of its digest."""
    with connection.chunked_cursor() as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_QUERY)
        for (pk, source, boot_id, sequence, sha256), rows in groupby(iter(cursor.fetchone, None), lambda row: row[:5]):
            segments = [row[5:] for row in rows if row[5] is not None]
            packed = [
                (tag, count, (bytes(times), bytes(values), None if quality is None else bytes(quality)))
                for tag, count, times, values, quality, _first, _last in segments
            ]
            where_they_lie = all(_lies_between(bytes(row[2]), row[5], row[6]) for row in segments)
            if not where_they_lie or digest(source, boot_id, sequence, packed) != sha256:
                name = f"{source}/{boot_id}/{sequence}"
                message = f"The readings of frame {name} are not those that were recorded."
                yield Finding("readings_altered", message, f"public.{Frame._meta.db_table}", str(pk))


def _lies_between(times: bytes, first: int, last: int) -> bool:
    """Return whether the bounds that readings are looked up by are those of the times."""
    if not times or len(times) % 8:
        return False
    at = np.frombuffer(times, dtype="<i8")
    return (int(at.min()), int(at.max())) == (first, last)
