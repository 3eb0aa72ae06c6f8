"""Keep what a chart shows of readings right: the minutes that a frame touches are made anew from all segments."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from django.db import connection

from batches.readings.models import Frame, Segment, Tag
from batches.readings.queries.archived import away_between
from batches.readings.queries.segments import trusted
from batches.readings.rules.envelopes import MINUTE, Range, minutes_of, touched, without
from batches.readings.rules.signals import Signal
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.times import micros

_LOCK = 0x656E  # the first half of a lock on one source
_KEEP = """
    INSERT INTO readings_envelope AS known (source_id, tag_id, minute, count, first_us, low, high, total)
    SELECT %s, * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[])
    ON CONFLICT (source_id, tag_id, minute) DO UPDATE SET count = excluded.count, first_us = excluded.first_us,
      low = excluded.low, high = excluded.high, total = excluded.total
    WHERE (known.count, known.first_us, known.low, known.high, known.total)
      IS DISTINCT FROM (excluded.count, excluded.first_us, excluded.low, excluded.high, excluded.total)"""


@action
def keep_envelopes(*, by: Person, frames: Sequence[Frame]) -> int:
    """Make the envelopes of the minutes in which frames of one source have samples anew; return how many these are.

    Nothing is added to what was there, so that late, repeated, unordered and disputed frames all leave the truth.
    A minute some of whose readings are archived stays as it is until they are back and frames are looked at again.

    :raises Refusal: ``not_authorised``.
    """
    source = frames[0].source
    check_authority(by, "batches.open_deviation", source.site)
    with connection.cursor() as cursor:
        # Whoever comes second sees the segments of both: the lock is taken before they are read.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, source.pk % 2**31])
    months = [frame.first_at for frame in frames]
    segments = Segment.objects.filter(source=source, frame__in=frames, frame_at__in=months).select_related("tag")
    times: dict[Tag, list[np.ndarray]] = defaultdict(list)
    for segment in segments:
        times[segment.tag].append(np.frombuffer(segment.times, dtype="<i8"))
    own = {tag: touched(np.concatenate(parts)) for tag, parts in times.items()}
    signals = trusted(list(own), {tag.pk: ranges for tag, ranges in own.items()})
    # Asked after the samples were read: a drop is recorded before it is done.
    away = [(micros(one.first_at), micros(one.last_at)) for one in _away(frames)]
    own = {tag: left for tag, ranges in own.items() if (left := without(ranges, away))}
    columns: list[list[float]] = [[] for _ in range(7)]
    for tag, ranges in own.items():
        for column, more in zip(columns, _rows(tag.pk, signals[tag.pk], ranges), strict=True):
            column.extend(more)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [source.pk, *columns])
    return len(columns[0])


def _away(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Return the frames that share a minute with these and whose readings are archived."""
    minute = timedelta(minutes=1)
    first, last = min(one.first_at for one in frames), max(one.last_at for one in frames)
    return away_between([frames[0].source_id], first - minute, last + minute)


def _rows(tag: int, signal: Signal, ranges: list[Range]) -> list[list[float]]:
    """Return the columns of all minutes in these ranges; one without a trusted sample has a count of 0."""
    made = minutes_of(signal, ranges)
    minute = np.concatenate([np.arange(low // MINUTE, high // MINUTE + 1) for low, high in ranges])
    places = np.searchsorted(minute, made.minute)
    columns: list[list[float]] = [[tag] * len(minute), minute.tolist()]
    for column in (made.count, made.times, made.low, made.high, made.total):
        whole = np.zeros(len(minute), dtype=column.dtype)
        whole[places] = column
        columns.append(whole.tolist())
    return columns
