"""A running phase judged on what is new: the stored streaming states with the frames that are not in them yet.

The states are an economy of the detection worker alone. Pages, the record of a phase that has ended and the gate read
every sample again (queries.evaluation_inputs), so they check them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from batches.excursions.models import StreamingState
from batches.excursions.queries.evaluation_context import EvaluationContext
from batches.excursions.queries.evaluation_inputs import (
    EvaluationConditions,
    EvaluationInputs,
    SegmentSamples,
    frame_digests,
    inputs_from,
)
from batches.excursions.rules.incremental_evaluation import SourceState, evaluate_new_samples, newest_of
from batches.excursions.rules.state_codec import packed, unpacked
from batches.excursions.rules.verdicts import Verdict
from batches.readings.models import Frame, Segment
from batches.readings.queries.corrected_samples import ROW, Row
from batches.readings.rules.frame_sums import together, with_frames
from gatekeeper.accounts.statements import planned
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.times import moment

_NAMED = 64  # newest frames that are named one by one: more than are ever being recorded at once
# Frames that are in no state, each with its judged segments as a Row; one without any has a row of its own. They are
# few, which no statistics tell: OFFSET 0 has each searched by its key, whatever the tables are taken for.
_NEW_FRAMES = """SELECT g.tag_id, f.sha256, f.id, g.times, g.values, g.quality, f.source_id, f.boot_id, f.sequence,
      f.received_at
    FROM unnest(%(sources)s::bigint[], %(low)s::bigint[]) AS state(source_id, low_frame)
    CROSS JOIN LATERAL (SELECT * FROM readings_frame frame
      WHERE frame.source_id = state.source_id AND frame.id > state.low_frame OFFSET 0) f
    LEFT JOIN LATERAL (SELECT * FROM readings_segment segment
      WHERE segment.source_id = f.source_id AND segment.frame_id = f.id AND segment.frame_at = f.first_at
        AND segment.tag_id = ANY(%(tags)s::bigint[]) AND segment.last_us >= %(since_us)s::bigint OFFSET 0) g ON true
    WHERE f.id <> ALL(%(counted)s::bigint[]) AND f.last_at >= %(since)s::timestamptz
    ORDER BY g.first_us, f.id, g.tag_id"""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the rules say of a phase, what it was computed from, and the streaming states to be saved with it."""

    inputs: EvaluationInputs
    verdicts: tuple[Verdict, ...]
    states: tuple[StreamingState, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _SourceFrames:
    """Frames of one source that are not in its state: their ids, and the rows of their segments."""

    frames: Collection[int]
    rows: list[Row]


def judgement_of_new_frames(context: EvaluationContext, *, frames: Sequence[Frame] = ()) -> Judgement | None:
    """Return what the rules say of a running phase; None when nothing has changed since the stored states.

    ``frames`` are those that must be in the answer. The caller has locked the phase's Progress, and with it the states.

    :raises Refusal: ``readings_archived``.
    """
    # The conditions are of before the frames are read: a dispute that commits in between is found the next time.
    conditions, sha256 = context.conditions, context.conditions_sha256
    sources = list(dict.fromkeys(tag.source_id for tag in conditions.tags))
    stored = (context.states.get(source) for source in sources)
    states = {state.source_id: state for state in stored if state is not None and state.judged_under == sha256}
    if len(states) == len(sources) and not any(_is_missing(frame, states, conditions) for frame in frames):
        new = _new_frames(conditions, states)
        if states and not any(source.frames for source in new.values()):
            return None
        try:
            return _judged(conditions, states, new)
        except Refusal as refusal:
            if refusal.code != "reading_too_late":
                raise
    empty = {pk: StreamingState(phase=conditions.phase, source_id=pk, judged_under=sha256) for pk in sources}
    everything = {pk: _all_frames(conditions, pk) for pk in sources}
    conditions.check_not_archived()
    return _judged(conditions, empty, everything)


def _judged(
    conditions: EvaluationConditions, rows: Mapping[int, StreamingState], new: Mapping[int, _SourceFrames]
) -> Judgement:
    """Judge the new frames of all sources on their states, and update the rows that are to be saved."""
    codes = {tag.source_id: tag.source.code for tag in conditions.tags}
    states: Mapping[str, SourceState] = {
        codes[pk]: unpacked(bytes(row.state)) if row.state else SourceState() for pk, row in rows.items()
    }
    samples = {pk: conditions.samples(source.rows) for pk, source in new.items()}
    for pk, source in new.items():
        _count(rows[pk], source.frames, samples[pk])
    inputs = inputs_from(
        conditions,
        [segment for segments in samples.values() for segment in segments],
        frame_sum=together(bytes(row.frame_sum) for row in rows.values()),
        newest_known_us=newest_of(states),
    )
    if inputs.readings is None:
        return Judgement(inputs, ())
    lateness = Decimal(settings.DETECTION_LATENESS_SECONDS)
    states, verdicts = evaluate_new_samples(inputs.readings, conditions.rules, states, lateness_s=lateness)
    changed = [pk for pk, row in rows.items() if new[pk].frames or not row.state]
    for pk in changed:
        rows[pk].state = packed(states[codes[pk]])
    return Judgement(inputs, verdicts, tuple(rows[pk] for pk in changed))


def _is_missing(frame: Frame, states: Mapping[int, StreamingState], conditions: EvaluationConditions) -> bool:
    """Return whether a frame may have committed so late that the state has passed it by."""
    state = states.get(frame.source_id)
    if state is None or frame.pk > state.low_frame:
        return False
    return _frames_of(conditions, frame.source_id).filter(pk__lte=state.low_frame).count() != state.low_count


def _frames_of(conditions: EvaluationConditions, source: int) -> QuerySet[Frame]:
    return Frame.objects.filter(source=source, last_at__gte=moment(conditions.since_us))


def _new_frames(conditions: EvaluationConditions, states: Mapping[int, StreamingState]) -> dict[int, _SourceFrames]:
    """Return what is in no state yet; a state covers every dispute of its conditions, and what counts instead."""
    parameters = {
        "sources": list(states),
        "low": [state.low_frame for state in states.values()],
        "counted": [frame for state in states.values() for frame in _named_frames(state)],
        "tags": [tag.pk for tag in conditions.tags],
        "since": moment(conditions.since_us),
        "since_us": conditions.since_us,
    }
    frames: dict[int, set[int]] = {pk: set() for pk in states}
    rows: dict[int, list[Row]] = {pk: [] for pk in states}
    for row in planned(_NEW_FRAMES, parameters) if states else ():
        _tag, _sha256, frame, times, _values, _quality, source, *_place = row
        frames[source].add(frame)
        if times is not None:
            rows[source].append(row)
    return {pk: _SourceFrames(frames[pk], conditions.corrections.rows_that_count(rows[pk])) for pk in states}


def _all_frames(conditions: EvaluationConditions, source: int) -> _SourceFrames:
    since, corrections = conditions.since_us, conditions.corrections
    frames = dict(_frames_of(conditions, source).order_by("pk").values_list("pk", "first_at"))
    tags = [tag for tag in conditions.tags if tag.source_id == source]
    others = list(corrections.other_rows(tags, since=since))
    if not frames:
        return _SourceFrames(frames, others)
    months = (min(frames.values()), max(frames.values()))
    segments = Segment.objects.filter(source=source, frame_at__range=months, tag__in=tags, last_us__gte=since)
    rows = segments.order_by("first_us", "frame", "tag").values_list(*ROW)
    return _SourceFrames(frames, [*corrections.rows_that_count(row for row in rows if row[2] in frames), *others])


def _count(state: StreamingState, frames: Collection[int], samples: list[SegmentSamples]) -> None:
    """Count new frames among those of the state."""
    ids = sorted([*_named_frames(state), *frames])
    passed, named = ids[:-_NAMED], ids[-_NAMED:]
    if passed:
        state.low_frame, state.low_count = passed[-1], state.low_count + len(passed)
    state.frames = np.array(named, dtype="<i8").tobytes()
    state.frame_sum = with_frames(bytes(state.frame_sum), frame_digests(samples))


def _named_frames(state: StreamingState) -> list[int]:
    frames: list[int] = np.frombuffer(state.frames, dtype="<i8").tolist()
    return frames
