"""Readings of one tag over any time: which of them are trusted, what a chart shows of them, and all of them as sent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from django.db import connection

from batches.readings.models import Tag
from batches.readings.queries.archived import check_not_away
from batches.readings.queries.disputes import disputed_frames
from batches.readings.rules.envelopes import (
    MINUTE,
    Envelope,
    Minutes,
    Range,
    envelope_from,
    envelope_of,
    in_order,
    is_coarse,
    merged,
    minutes_of,
)
from batches.readings.rules.frames import GOOD, signal_from
from batches.readings.rules.parameters import sent_signal
from batches.readings.rules.signals import Signal
from gatekeeper.core.times import micros, moment

_DAY = 86_400_000_000  # a segment that is longer has its own index: segment_months_v1.sql
_FOUND = """
    wanted(tag, low, high) AS (SELECT * FROM unnest(%(tags)s::bigint[], %(lows)s::bigint[], %(highs)s::bigint[])),
    found AS (
      SELECT g.source_id, g.frame_id, g.tag_id, g.frame_at FROM wanted JOIN readings_segment g
        ON g.tag_id = tag AND g.first_us BETWEEN low - %(day)s AND high AND g.last_us >= low
      UNION
      SELECT g.source_id, g.frame_id, g.tag_id, g.frame_at FROM wanted JOIN readings_segment g
        ON g.tag_id = tag AND g.last_us - g.first_us > 86400000000 AND g.last_us >= low AND g.first_us <= high)
"""
_COLUMNS = f"""WITH {_FOUND}
    SELECT g.tag_id, g.frame_id, g.count, g.times, g.values, g.quality,
           EXISTS (SELECT FROM readings_frameconflict c WHERE c.frame_id = g.frame_id)
    FROM found JOIN readings_segment g USING (source_id, frame_id, tag_id, frame_at)
    ORDER BY g.first_us, g.frame_id"""  # noqa: S608 -- of constants
_SIZES = f"""WITH {_FOUND}
    SELECT g.first_us, sum(g.count) FROM found JOIN readings_segment g USING (source_id, frame_id, tag_id, frame_at)
    GROUP BY g.first_us ORDER BY g.first_us"""  # noqa: S608 -- of constants
_STORED = """SELECT minute, count, first_us, low, high, total FROM readings_envelope
    WHERE source_id = %s AND tag_id = %s AND minute BETWEEN %s AND %s AND count > 0 ORDER BY minute"""
# Frames that nobody has judged or drawn yet, or in vain: what is stored does not know them.
_PENDING = """SELECT f.first_at, f.last_at FROM jobs_job o
    CROSS JOIN LATERAL jsonb_array_elements_text(o.payload -> 'frames') AS named (id)
    JOIN readings_frame f ON f.id = named.id::bigint
    WHERE o.kind IN ('readings_recorded', 'readings_judged') AND o.done_at IS NULL
      AND o.batch_key = (SELECT code FROM readings_source WHERE id = %s)"""


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Samples of one tag as they were sent, in order of time; ``following`` is where to go on (µs), None at the end."""

    tag: str
    signal: Signal
    quality: np.ndarray
    following: int | None


def trusted(tags: Sequence[Tag], ranges: Mapping[int, Sequence[Range]]) -> dict[int, Signal]:
    """Return the signal of each tag in the unit of its parameter, in order, with all samples in these ranges (µs).

    There are samples outside of them as well. A frame under whose identity another body came is not trusted, unless it
    was decided that the stored body counts.
    """
    parts = _columns(ranges)
    found = {}
    for tag in tags:
        times, values, quality = (b"".join(column) for column in parts[tag.pk])
        signal = signal_from(times, values, quality)
        found[tag.pk] = sent_signal(signal, unit=tag.unit, code=tag.parameter, low=tag.range_low, high=tag.range_high)
    return found


def tag_envelope(tag: Tag, *, start: int, end: int, points: int) -> Envelope:
    """Return what ``envelope_of`` says of the trusted samples of a tag, from stored minutes where they are enough.

    :raises Refusal: ``readings_archived``.
    """
    found = _envelope(tag, start, end, points)
    check_not_away([tag.source_id], moment(start), moment(end))
    return found


def _envelope(tag: Tag, start: int, end: int, points: int) -> Envelope:
    everything = {tag.pk: [(start, end)]}
    if is_coarse(start, end, points):
        minutes = _minutes(tag, start, end)
        if int(minutes.count.sum()) > points:
            return envelope_from(minutes, start=start, end=end, points=points)
    return envelope_of(trusted([tag], everything)[tag.pk], start=start, end=end, points=points)


def raw(tag: Tag, *, start: int, end: int, limit: int) -> Raw:
    """Return the samples of a tag as recorded, in its own unit, up to about ``limit`` of them from start (µs) on.

    No sample before ``following`` is missing; samples of one time are never parted.

    :raises Refusal: ``readings_archived``.
    """
    following = _cut(tag, start, end, limit)
    last = end if following is None else following - 1
    times, values, quality = (
        b"".join(column) for column in _columns({tag.pk: [(start, last)]}, disputed=False)[tag.pk]
    )
    check_not_away([tag.source_id], moment(start), moment(end))
    signal, given = signal_from(times, values, quality), np.frombuffer(quality, dtype=np.uint8)
    order = np.argsort(signal.times, kind="stable")
    order = order[(signal.times[order] >= start) & (signal.times[order] <= last)]
    ordered = Signal(signal.times[order], signal.values[order], signal.good[order])
    return Raw(tag.code, ordered, given[order], following)


def _cut(tag: Tag, start: int, end: int, limit: int) -> int | None:
    """Return the first time at which more than ``limit`` samples lie in segments that have begun, None if they fit."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, _named({tag.pk: [(start, end)]}))
        begun = cursor.fetchall()
    total = 0
    for (_first, count), (following, more) in pairwise(begun):
        total += int(count)
        if total + int(more) > limit and following > start:
            return int(following)
    return None


def _minutes(tag: Tag, start: int, end: int) -> Minutes:
    """Return the minutes of the trusted samples: stored where whole and up to date, else from the samples."""
    low, high = -(-start // MINUTE), (end + 1) // MINUTE - 1  # the whole minutes
    anew = [(start, min(low * MINUTE - 1, end)), (max((high + 1) * MINUTE, start), end)]
    for first, last in _pending(tag):
        anew.append((max(first // MINUTE * MINUTE, start), min((last // MINUTE + 1) * MINUTE - 1, end)))
    ranges = merged(anew)
    stored = _stored(tag, low, high)
    outside = np.ones(len(stored.minute), dtype=np.bool_)
    for first, last in ranges:
        outside &= (stored.minute < first // MINUTE) | (stored.minute > last // MINUTE)
    signal = trusted([tag], {tag.pk: ranges})[tag.pk]
    return in_order([stored.kept(outside), minutes_of(signal, ranges)])


def _stored(tag: Tag, low: int, high: int) -> Minutes:
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [tag.source_id, tag.pk, low, high])
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * 6
    minute, count, times = (np.array(column, dtype=np.int64) for column in columns[:3])
    least, most, total = (np.array(column, dtype=np.float64) for column in columns[3:])
    return Minutes(minute, count, times, least, most, total)


def _pending(tag: Tag) -> list[Range]:
    with connection.cursor() as cursor:
        cursor.execute(_PENDING, [tag.source_id])
        return merged((micros(first), micros(last)) for first, last in cursor.fetchall())


def _columns(
    ranges: Mapping[int, Sequence[Range]], *, disputed: bool = True
) -> Mapping[int, tuple[list[bytes], list[bytes], list[bytes]]]:
    """Return times, values and quality of each tag, a part a segment; ``disputed`` ones are not good."""
    parts: dict[int, tuple[list[bytes], list[bytes], list[bytes]]] = defaultdict(lambda: ([], [], []))
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, _named(ranges))
        rows = cursor.fetchall()
    contested = _untrusted({row[1] for row in rows if row[-1]}) if disputed else set()
    for tag, frame, count, times, values, given, _other in rows:
        own = parts[tag]
        own[0].append(times)
        own[1].append(values)
        # Which of several bodies is true is not known, or it is another one: domain.md 2.2, 9.
        quality = bytes(count) if frame in contested else given
        own[2].append(bytes([GOOD]) * count if quality is None else quality)
    return parts


def _untrusted(frames: set[int]) -> set[int]:
    """Return those of these disputed frames whose stored body does not count."""
    known = disputed_frames(frames=frames) if frames else {}
    return {pk for pk, one in known.items() if one.dispute.counts != one.dispute.stored}


def _named(ranges: Mapping[int, Iterable[Range]]) -> dict[str, object]:
    rows = [(tag, low, high) for tag, wanted in ranges.items() for low, high in wanted]
    tags, lows, highs = ([row[place] for row in rows] for place in range(3))
    return {"tags": tags, "lows": lows, "highs": highs, "day": _DAY}
