"""The context of an evaluation run, cached in the process by the versions of the rows that decide it.

Rules, equipment, tags, corrections and disputes change a few times a day, and frames come every second. PostgreSQL
gives a row another xmin, at another ctid, whenever it is written: one statement tells whether any row has changed or
come, and only then are the records themselves read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection

from batches.excursions.models import Evaluation, StreamingState
from batches.excursions.queries import evaluation_inputs
from batches.excursions.queries.evaluation_inputs import EvaluationConditions, conditions_of
from batches.excursions.queries.states import newest_evaluations
from batches.models import Phase
from batches.readings.models import Frame, Source
from batches.readings.queries.assignments import span_of
from batches.readings.queries.corrected_samples import Reading, reading_of
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.accounts.statements import planned
from gatekeeper.core.canonical import digest

_STATE_VERSION = 1  # of rules.incremental_evaluation and rules.state_codec
_MOST = 100  # phases, and sources, that are cached at once: a detector has a few


@dataclass(frozen=True, slots=True, eq=False)
class NewFrames:
    """Frames of one source that are to be judged, and the corrections of the source."""

    source: Source
    corrections: Reading
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationContext:
    """A phase at a time (``at``): the conditions, with their digest, and what is stored of it.

    ``states`` are by source (primary key), ``recorded`` are the newest evaluations by rule. ``inputs_sha256`` is of
    everything that these were computed from.
    """

    conditions: EvaluationConditions
    conditions_sha256: str
    inputs_sha256: str
    states: dict[int, StreamingState]
    recorded: Mapping[str, Evaluation]
    at: datetime

    @property
    def is_running(self) -> bool:
        """Whether the phase has begun and not ended."""
        return self.conditions.start_us is not None and self.conditions.end_us is None


def _rows(table: str, *aliases: str) -> str:
    """Return the versions of all rows of a table or join, as SQL: a row that changes, comes or goes changes it."""
    row = ", ".join(f"{alias}.id, {alias}.xmin, {alias}.ctid" for alias in aliases)
    order = ", ".join(f"{alias}.id" for alias in aliases)
    return f"(SELECT coalesce(string_agg(concat_ws('.', {row}), ' ' ORDER BY {order}), '') FROM {table})"  # noqa: S608 -- of names


def _version(*parts: str) -> str:
    return f"encode(sha256(convert_to(concat_ws('|', {', '.join(parts)}), 'UTF8')), 'hex')"


def _correction_rows(sources: str) -> tuple[str, ...]:
    """The rows that ``reading_of`` reads of these sources."""
    return (
        _rows(f"readings_source s WHERE s.id IN ({sources})", "s"),
        _rows(f"readings_clockcorrection c WHERE c.source_id IN ({sources})", "c"),
        *(
            _rows(f"{table} d JOIN readings_frame f ON f.id = d.frame_id WHERE f.source_id IN ({sources})", "d", "f")
            for table in ("readings_frameconflict", "readings_conflictresolution")
        ),
    )


_SOURCES_USED = "batches_equipmentuse u JOIN readings_source s ON s.equipment_id = u.equipment_id"
# What a phase p is judged under: the rows that ``conditions_of`` reads.
_CONDITION_ROWS = (
    *(f"concat_ws('.', {alias}.id, {alias}.xmin, {alias}.ctid)" for alias in ("p", "r", "t")),
    _rows("documents_document o WHERE o.kind = 'rule_set'", "o"),
    _rows("batches_equipmentuse u JOIN batches_equipment e ON e.id = u.equipment_id WHERE u.phase_id = p.id", *"ue"),
    _rows(f"{_SOURCES_USED} JOIN readings_tag g ON g.source_id = s.id WHERE u.phase_id = p.id", *"gsu"),
    *_correction_rows(f"SELECT s.id FROM {_SOURCES_USED} WHERE u.phase_id = p.id"),  # noqa: S608 -- of constants
)
_FRAMES = f"""SELECT f.id, f.source_id, f.boot_id, f.sequence, f.first_at, f.last_at,
      {_version(*_correction_rows("SELECT source_id FROM readings_frame WHERE id = (%(frames)s::bigint[])[1]"))}
    FROM readings_frame f WHERE f.id = ANY(%(frames)s::bigint[]) ORDER BY f.id"""  # noqa: S608 -- of constants
_LOCKED = """locked AS (
      SELECT n.phase_id FROM excursions_progress n WHERE n.phase_id IN (SELECT id FROM due)
      ORDER BY n.phase_id FOR UPDATE)
    SELECT due.id, locked.phase_id IS NOT NULL FROM due LEFT JOIN locked ON locked.phase_id = due.id ORDER BY due.id"""
_LOCK = f"WITH due AS (SELECT unnest(%(phases)s::bigint[]) AS id), {_LOCKED}"
_LOCK_DUE = f"""WITH due AS (
      SELECT DISTINCT p.id FROM batches_phase p JOIN batches_equipmentuse u ON u.phase_id = p.id
      WHERE u.equipment_id = %(equipment)s::bigint AND p.started_at <= %(until)s::timestamptz
        AND (p.performed_at IS NULL OR p.performed_at >= %(since)s::timestamptz)), {_LOCKED}"""  # noqa: S608 -- of constants
_CONTEXTS = f"""WITH judged AS MATERIALIZED (
      SELECT p.id, {_version(*_CONDITION_ROWS)} AS version, concat_ws('.', n.id, n.xmin, n.ctid) AS progress,
        n.inputs_sha256
      FROM batches_phase p JOIN batches_batchrecord r ON r.id = p.batch_record_id
      JOIN accounts_site t ON t.id = r.site_id JOIN excursions_progress n ON n.phase_id = p.id
      WHERE p.id = ANY(%(phases)s::bigint[]))
    SELECT clock_timestamp(), judged.*, w.id, w.phase_id, w.source_id, w.judged_under, w.low_frame, w.low_count,
      w.frames, w.frame_sum, w.state
    FROM judged LEFT JOIN excursions_streamingstate w ON w.phase_id = judged.id
    ORDER BY judged.id, w.source_id"""  # noqa: S608 -- of constants
_FRAME = ("id", "source_id", "boot_id", "sequence", "first_at", "last_at")
_STATE = ("id", "phase_id", "source_id", "judged_under", "low_frame", "low_count", "frames", "frame_sum", "state")
_corrections = VersionedCache[int, tuple[Source, Reading]](most=_MOST)
_conditions = VersionedCache[int, tuple[EvaluationConditions, str]](most=_MOST)
_evaluations = VersionedCache[int, Mapping[str, Evaluation]](most=_MOST)


def new_frames(frames: Sequence[int]) -> NewFrames:
    """Return frames of one source, by their primary keys, with the corrections of the source."""
    rows = planned(_FRAMES, {"frames": list(frames)})
    source_id, rows_version = rows[0][1], rows[0][-1]

    def read() -> tuple[Source, Reading]:
        return Source.objects.select_related("site").get(pk=source_id), reading_of({source_id})

    source, corrections = _corrections.get_or_make(source_id, _with_settings(rows_version), read)
    return NewFrames(source, corrections, tuple(Frame.from_db(connection.alias, _FRAME, row[:-1]) for row in rows))


def lock_due_phases(new: NewFrames) -> dict[int, bool]:
    """Lock the Progress of each phase that ``phases_of`` finds, in order; return whether there was one, by phase."""
    since, until = span_of(new.frames, new.corrections)
    return dict(planned(_LOCK_DUE, {"equipment": new.source.equipment_id, "since": since, "until": until}))


def lock_phases(phases: Sequence[int]) -> dict[int, bool]:
    """Lock the Progress of these phases, in order; return whether there was one, by phase."""
    return dict(planned(_LOCK, {"phases": sorted(phases)}))


def contexts_of(phases: Sequence[int]) -> list[EvaluationContext]:
    """Return how each of these phases is judged now, in their order; the caller has locked their Progress."""
    contexts: dict[int, EvaluationContext] = {}
    for at, phase, version, progress, inputs_sha256, *state in planned(_CONTEXTS, {"phases": list(phases)}):
        if phase not in contexts:
            conditions, sha256 = _conditions_of(phase, version)
            recorded = _evaluations.get_or_make(phase, progress, partial(newest_evaluations, conditions.phase))
            contexts[phase] = EvaluationContext(conditions, sha256, inputs_sha256, {}, recorded, at)
        row = StreamingState.from_db(connection.alias, _STATE, state)
        if row.pk is not None:
            contexts[phase].states[row.source_id] = row
    return list(contexts.values())


def cache_evaluations(phase: Phase, progress: str, recorded: Mapping[str, Evaluation]) -> None:
    """Cache the newest evaluations of a phase for as long as its Progress is of this version.

    Whoever writes an evaluation writes the Progress that he has locked.
    """
    _evaluations.put(phase.pk, recorded, progress)


def _conditions_of(phase: int, rows_version: str) -> tuple[EvaluationConditions, str]:
    def read() -> tuple[EvaluationConditions, str]:
        conditions = conditions_of(Phase.objects.select_related("batch_record__site").get(pk=phase))
        tags = sorted(tag.pk for tag in conditions.tags)
        return conditions, digest({**conditions.content, "state_version": _STATE_VERSION, "tag_ids": tags})

    return _conditions.get_or_make(phase, _with_settings(rows_version), read)


def _with_settings(rows_version: str) -> str:
    """Return the version of what rows, the code that is running and its settings decide."""
    return f"{rows_version} {evaluation_inputs.EVALUATION_VERSION} {settings.READINGS_FUTURE_TOLERANCE_SECONDS}"
