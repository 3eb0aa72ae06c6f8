"""What a look of the detection worker goes by, kept in the process by the versions of the rows that decide it.

Rules, equipment, tags, corrections and disputes change a few times a day, and frames come every second. PostgreSQL
gives a row another xmin, at another ctid, whenever it is written: one statement tells whether any row has changed or
come, and only then are the records themselves read again. A version is read before what it stands for: what changes
in between is of a newer version than is noted, and is read the next time.

What is kept here is shared: nobody changes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from batches.excursions.models import Evaluation, Watch
from batches.excursions.queries import evaluation_inputs as facts
from batches.excursions.queries.evaluation_inputs import Ground, ground_of
from batches.excursions.queries.states import newest_evaluations
from batches.models import Phase
from batches.readings.models import Frame, Source
from batches.readings.queries.assignments import span_of
from batches.readings.queries.corrected_samples import Reading, reading_of
from gatekeeper.accounts.statements import planned
from gatekeeper.core.canonical import digest

_STATE = 1  # version of rules.kept and rules.watching
_MOST = 100  # phases, and sources, that are kept at once: a detector has a few


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """Frames of one source that are to be judged, and how the samples of the source are read."""

    source: Source
    reading: Reading
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A phase at a time (``at``): what it is judged under, with the digest of that, and what was kept of it.

    ``watches`` are by source (primary key), ``recorded`` are the newest evaluations by rule. ``inputs_sha256`` is of
    everything that these were computed from.
    """

    ground: Ground
    under: str
    inputs_sha256: str
    watches: dict[int, Watch]
    recorded: Mapping[str, Evaluation]
    at: datetime

    @property
    def is_running(self) -> bool:
        """Whether the phase has begun and not ended."""
        return self.ground.start_us is not None and self.ground.end_us is None


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    version: str
    ground: Ground
    under: str


def _rows(kind: str, *aliases: str) -> str:
    """Return the versions of all rows of a kind, as SQL: none that changes, comes or goes leaves it as it was."""
    row = ", ".join(f"{alias}.id, {alias}.xmin, {alias}.ctid" for alias in aliases)
    order = ", ".join(f"{alias}.id" for alias in aliases)
    return f"(SELECT coalesce(string_agg(concat_ws('.', {row}), ' ' ORDER BY {order}), '') FROM {kind})"  # noqa: S608 -- of names


def _version(*parts: str) -> str:
    return f"encode(sha256(convert_to(concat_ws('|', {', '.join(parts)}), 'UTF8')), 'hex')"


def _read(sources: str) -> tuple[str, ...]:
    """How samples of sources are read: the rows that ``reading_of`` reads."""
    return (
        _rows(f"readings_source s WHERE s.id IN ({sources})", "s"),
        _rows(f"readings_clockcorrection c WHERE c.source_id IN ({sources})", "c"),
        *(
            _rows(f"{table} d JOIN readings_frame f ON f.id = d.frame_id WHERE f.source_id IN ({sources})", "d", "f")
            for table in ("readings_frameconflict", "readings_conflictresolution")
        ),
    )


_SERVED = "batches_equipmentuse u JOIN readings_source s ON s.equipment_id = u.equipment_id"
# What a phase p is judged under: the rows that ``ground_of`` reads.
_JUDGED = (
    *(f"concat_ws('.', {alias}.id, {alias}.xmin, {alias}.ctid)" for alias in ("p", "r", "t")),
    _rows("documents_document o WHERE o.kind = 'rule_set'", "o"),
    _rows("batches_equipmentuse u JOIN batches_equipment e ON e.id = u.equipment_id WHERE u.phase_id = p.id", *"ue"),
    _rows(f"{_SERVED} JOIN readings_tag g ON g.source_id = s.id WHERE u.phase_id = p.id", *"gsu"),
    *_read(f"SELECT s.id FROM {_SERVED} WHERE u.phase_id = p.id"),  # noqa: S608 -- of constants
)
_SENT = f"""SELECT f.id, f.source_id, f.boot_id, f.sequence, f.first_at, f.last_at,
      {_version(*_read("SELECT source_id FROM readings_frame WHERE id = (%(frames)s::bigint[])[1]"))}
    FROM readings_frame f WHERE f.id = ANY(%(frames)s::bigint[]) ORDER BY f.id"""  # noqa: S608 -- of constants
_HELD = """held AS (
      SELECT n.phase_id FROM excursions_progress n WHERE n.phase_id IN (SELECT id FROM due)
      ORDER BY n.phase_id FOR UPDATE)
    SELECT due.id, held.phase_id IS NOT NULL FROM due LEFT JOIN held ON held.phase_id = due.id ORDER BY due.id"""
_HOLD = f"WITH due AS (SELECT unnest(%(phases)s::bigint[]) AS id), {_HELD}"
_DUE = f"""WITH due AS (
      SELECT DISTINCT p.id FROM batches_phase p JOIN batches_equipmentuse u ON u.phase_id = p.id
      WHERE u.equipment_id = %(equipment)s::bigint AND p.started_at <= %(until)s::timestamptz
        AND (p.performed_at IS NULL OR p.performed_at >= %(since)s::timestamptz)), {_HELD}"""  # noqa: S608 -- of constants
_LOOKS = f"""WITH judged AS MATERIALIZED (
      SELECT p.id, {_version(*_JUDGED)} AS version, concat_ws('.', n.id, n.xmin, n.ctid) AS progress, n.inputs_sha256
      FROM batches_phase p JOIN batches_batchrecord r ON r.id = p.batch_record_id
      JOIN accounts_site t ON t.id = r.site_id JOIN excursions_progress n ON n.phase_id = p.id
      WHERE p.id = ANY(%(phases)s::bigint[]))
    SELECT clock_timestamp(), judged.*, w.id, w.phase_id, w.source_id, w.judged_under, w.low_frame, w.low_count,
      w.frames, w.frame_sum, w.state
    FROM judged LEFT JOIN excursions_watch w ON w.phase_id = judged.id
    ORDER BY judged.id, w.source_id"""  # noqa: S608 -- of constants
_FRAME = ("id", "source_id", "boot_id", "sequence", "first_at", "last_at")
_WATCH = ("id", "phase_id", "source_id", "judged_under", "low_frame", "low_count", "frames", "frame_sum", "state")
_readings: dict[tuple[str, int], tuple[str, Source, Reading]] = {}
_grounds: dict[tuple[str, int], _Ground] = {}
_evaluations: dict[tuple[str, int], tuple[str, Mapping[str, Evaluation]]] = {}


def news_of(frames: Sequence[int]) -> News:
    """Return frames of one source, by their primary keys, with how they are read."""
    rows = planned(_SENT, {"frames": list(frames)})
    found = tuple(Frame.from_db(connection.alias, _FRAME, row[:-1]) for row in rows)
    version = f"{rows[0][-1]} {settings.READINGS_FUTURE_TOLERANCE_SECONDS}"
    key = _key(found[0].source_id)
    known = _readings.get(key)
    if known is None or known[0] != version:
        source = Source.objects.select_related("site").get(pk=found[0].source_id)
        known = _keep(_readings, key, (version, source, reading_of({source.pk})))
    return News(known[1], known[2], found)


def phases_due(news: News) -> dict[int, bool]:
    """Hold the Progress of each phase that ``phases_of`` finds, in order; return whether there was one, by phase."""
    since, until = span_of(news.frames, news.reading)
    due = {"equipment": news.source.equipment_id, "since": since, "until": until}
    return dict(planned(_DUE, due))


def phases_held(phases: Sequence[int]) -> dict[int, bool]:
    """Hold the Progress of these phases, in order; return whether there was one, by phase."""
    return dict(planned(_HOLD, {"phases": sorted(phases)}))


def looks_at(phases: Sequence[int]) -> list[Look]:
    """Return how each of these phases is judged now, in their order; the caller holds their Progress."""
    found: dict[int, Look] = {}
    for at, phase, version, progress, inputs_sha256, *watch in planned(_LOOKS, {"phases": list(phases)}):
        if phase not in found:
            known = _ground(phase, version)
            recorded = _recorded(known.ground.phase, progress)
            found[phase] = Look(known.ground, known.under, inputs_sha256, {}, recorded, at)
        row = Watch.from_db(connection.alias, _WATCH, watch)
        if row.pk is not None:
            found[phase].watches[row.source_id] = row
    return list(found.values())


def remember(phase: Phase, progress: str, recorded: Mapping[str, Evaluation]) -> None:
    """Keep the newest evaluations of a phase for as long as its Progress is of this version.

    Whoever writes an evaluation writes the Progress that he holds.
    """
    _keep(_evaluations, _key(phase.pk), (progress, recorded))


def _ground(phase: int, rows: str) -> _Ground:
    # What else decides it: the code that is running, and its settings.
    version = f"{rows} {facts.EVALUATION} {settings.READINGS_FUTURE_TOLERANCE_SECONDS}"
    known = _grounds.get(_key(phase))
    if known is not None and known.version == version:
        return known
    ground = ground_of(Phase.objects.select_related("batch_record__site").get(pk=phase))
    under = digest({**ground.content, "kept_as": _STATE, "tag_ids": sorted(tag.pk for tag in ground.tags)})
    return _keep(_grounds, _key(phase), _Ground(version, ground, under))


def _recorded(phase: Phase, progress: str) -> Mapping[str, Evaluation]:
    known = _evaluations.get(_key(phase.pk))
    if known is not None and known[0] == progress:
        return known[1]
    return _keep(_evaluations, _key(phase.pk), (progress, newest_evaluations(phase)))[1]


def _key(pk: int) -> tuple[str, int]:
    return str(connection.settings_dict["NAME"]), pk


def _keep[T](kept: dict[tuple[str, int], T], key: tuple[str, int], one: T) -> T:
    if len(kept) >= _MOST and key not in kept:
        kept.clear()
    kept[key] = one
    return one
