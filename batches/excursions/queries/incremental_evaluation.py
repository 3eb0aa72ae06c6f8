"""A running phase judged on what is new: the state that was kept with the frames that are not in it yet.

The state is an economy of the detection worker alone. Pages, the record of a phase that has ended and the gate read
every sample again (queries.facts), so they check it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from batches.excursions.models import Watch
from batches.excursions.queries.evaluation_context import Look
from batches.excursions.queries.evaluation_inputs import (
    Ground,
    Part,
    PhaseFacts,
    check_here,
    facts_of,
    frames_as_read,
    inputs_of,
    part_of,
    signals_of,
)
from batches.excursions.rules.incremental_evaluation import SourceState, newest_of, watched
from batches.excursions.rules.state_codec import packed, unpacked
from batches.excursions.rules.verdicts import Verdict
from batches.readings.models import Frame, Segment
from batches.readings.queries.corrected_samples import ROW, Row
from batches.readings.rules.frame_sums import together, with_frames
from gatekeeper.accounts.statements import planned
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import moment

_NAMED = 64  # newest frames that are named one by one: more than are ever being recorded at once
# Frames that are in no state, each with its watched segments as a Row; one without any has a row of its own. They are
# few, which no statistics tell: OFFSET 0 has each looked for by its key, whatever the tables are taken for.
_NEWS = """SELECT g.tag_id, f.sha256, f.id, g.times, g.values, g.quality, f.source_id, f.boot_id, f.sequence,
      f.received_at
    FROM unnest(%(sources)s::bigint[], %(low)s::bigint[]) AS kept(source_id, low_frame)
    CROSS JOIN LATERAL (SELECT * FROM readings_frame one
      WHERE one.source_id = kept.source_id AND one.id > kept.low_frame OFFSET 0) f
    LEFT JOIN LATERAL (SELECT * FROM readings_segment one
      WHERE one.source_id = f.source_id AND one.frame_id = f.id AND one.frame_at = f.first_at
        AND one.tag_id = ANY(%(tags)s::bigint[]) AND one.last_us >= %(since_us)s::bigint OFFSET 0) g ON true
    WHERE f.id <> ALL(%(taken)s::bigint[]) AND f.last_at >= %(since)s::timestamptz
    ORDER BY g.first_us, f.id, g.tag_id"""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What the rules say of a running phase, and the states to keep: all that was read is in them."""

    facts: PhaseFacts
    found: tuple[Verdict, ...]
    watches: tuple[Watch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """What a phase is judged under, its sources: code by primary key."""

    ground: Ground
    sources: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class _News:
    """Frames of one source that are not in its state: their ids, and the rows of their segments."""

    frames: Collection[int]
    rows: list[Row]


def watch(look: Look, *, frames: Sequence[Frame] = ()) -> Watched | None:
    """Return what the rules say of a running phase; None when nothing has changed since the kept states.

    ``frames`` are those that must be in the answer. The caller holds the phase's Progress, and with it the states.

    :raises Refusal: ``readings_archived``.
    """
    # The ground is of before the frames are read: a dispute that commits in between is found the next time.
    ground, under = look.ground, look.under
    sources = {tag.source_id: tag.source.code for tag in ground.tags}
    basis = _Basis(ground, sources)
    known = {pk: look.watches[pk] for pk in sources if pk in look.watches and look.watches[pk].judged_under == under}
    if known.keys() == sources.keys() and not any(_is_missing(one, known, ground) for one in frames):
        news = _news(ground, known)
        if known and not any(one.frames for one in news.values()):
            return None
        try:
            return _watched(basis, known, news)
        except Refusal as refusal:
            if refusal.code != "reading_too_late":
                raise
    fresh = {pk: Watch(phase=ground.phase, source_id=pk, judged_under=under) for pk in sources}
    news = {pk: _everything(ground, pk) for pk in sources}
    check_here(ground)
    return _watched(basis, fresh, news)


def _is_missing(frame: Frame, known: Mapping[int, Watch], ground: Ground) -> bool:
    """Return whether a frame may have committed so late that the state has passed it by."""
    row = known.get(frame.source_id)
    if row is None or frame.pk > row.low_frame:
        return False
    return _frames_of(ground, frame.source_id).filter(pk__lte=row.low_frame).count() != row.low_count


def _frames_of(ground: Ground, source: int) -> QuerySet[Frame]:
    return Frame.objects.filter(source=source, last_at__gte=moment(ground.since_us))


def _named(row: Watch) -> list[int]:
    named: list[int] = np.frombuffer(row.frames, dtype="<i8").tolist()
    return named


def _news(ground: Ground, known: Mapping[int, Watch]) -> dict[int, _News]:
    """Return what is in no state yet; a state knows every dispute that it was judged under, and what counts instead."""
    asked = {
        "sources": list(known),
        "low": [row.low_frame for row in known.values()],
        "taken": [frame for row in known.values() for frame in _named(row)],
        "tags": [tag.pk for tag in ground.tags],
        "since": moment(ground.since_us),
        "since_us": ground.since_us,
    }
    frames: dict[int, set[int]] = {pk: set() for pk in known}
    rows: dict[int, list[Row]] = {pk: [] for pk in known}
    for row in planned(_NEWS, asked) if known else ():
        _tag, _sha256, frame, times, _values, _quality, source, *_place = row
        frames[source].add(frame)
        if times is not None:
            rows[source].append(row)
    return {pk: _News(found, ground.reading.rows_that_count(rows[pk])) for pk, found in frames.items()}


def _everything(ground: Ground, source: int) -> _News:
    new = dict(_frames_of(ground, source).order_by("pk").values_list("pk", "first_at"))
    tags = [tag for tag in ground.tags if tag.source_id == source]
    others = list(ground.reading.other_rows(tags, since=ground.since_us))
    if not new:
        return _News(new, others)
    months = (min(new.values()), max(new.values()))
    segments = Segment.objects.filter(source=source, frame_at__range=months, tag__in=tags, last_us__gte=ground.since_us)
    found = segments.order_by("first_us", "frame", "tag").values_list(*ROW)
    return _News(new, [*ground.reading.rows_that_count(row for row in found if row[2] in new), *others])


def _watched(basis: _Basis, rows: Mapping[int, Watch], news: Mapping[int, _News]) -> Watched:
    """Judge the news of all sources on their states, and put them into the rows that are to be saved."""
    states = {basis.sources[pk]: unpacked(bytes(row.state)) if row.state else SourceState() for pk, row in rows.items()}
    parts = {pk: [part_of(basis.ground, row) for row in one.rows] for pk, one in news.items()}
    sent = signals_of(basis.ground.tags, (part for found in parts.values() for part in found))
    for pk, one in news.items():
        _take(rows[pk], one, parts[pk])
    inputs = inputs_of(basis.ground, together(bytes(row.frame_sum) for row in rows.values()))
    facts = facts_of(basis.ground, sent, inputs, newest=newest_of(states, ()))
    if facts.readings is None:
        return Watched(facts, (), ())
    keep = Decimal(settings.DETECTION_LATENESS_SECONDS)
    states, found = watched(facts.readings, facts.rules, states, keep_s=keep)
    changed = [pk for pk, row in rows.items() if news[pk].frames or not row.state]
    for pk in changed:
        rows[pk].state = packed(states[basis.sources[pk]])
    return Watched(facts, found, tuple(rows[pk] for pk in changed))


def _take(row: Watch, news: _News, parts: list[Part]) -> None:
    """Count the news among the frames of the row."""
    ids = sorted([*_named(row), *news.frames])
    passed, named = ids[:-_NAMED], ids[-_NAMED:]
    if passed:
        row.low_frame, row.low_count = passed[-1], row.low_count + len(passed)
    row.frames = np.array(named, dtype="<i8").tobytes()
    row.frame_sum = with_frames(bytes(row.frame_sum), frames_as_read(parts))
