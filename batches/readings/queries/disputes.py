"""Frames under whose identity several bodies came: what was decided of each, and the bodies themselves."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from batches.readings.models import ConflictResolution, Frame, FrameConflict, Source
from batches.readings.queries.archived import check_not_away
from batches.readings.rules import frames
from batches.readings.rules.disputes import Decision, Dispute, body_from
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.accounts.models import Person
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Kind, Refusal

# By FrameConflict, each a megabyte at most: a phase is read again while it runs.
_decoded: VersionedCache[int, frames.Frame] = VersionedCache(most=16)


@dataclass(frozen=True, slots=True)
class Disputed:
    """A disputed frame: its place, between which times any body has samples, the dispute, and the body that counts.

    ``body`` is the primary key of the FrameConflict that counts, None where none of them does; ``body_at`` is when it
    was received.
    """

    source: int
    boot_id: str
    sequence: int
    first_at: datetime
    last_at: datetime
    dispute: Dispute
    body: int | None
    body_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One body of a frame: its columns, when it came and who sent it; ``stored``: it is what is stored as readings."""

    sha256: str
    content: frames.Frame
    received_at: datetime
    received_by: Person
    stored: bool


def disputed_frames(
    *, sources: Collection[int] | QuerySet[Source] | None = None, frames: Collection[int] | None = None
) -> dict[int, Disputed]:
    """Return the disputed ones among the frames of sources, or among these frames, by primary key."""
    wanted = Q(frame__source__in=sources) if frames is None else Q(frame__in=frames)
    place = ("source_id", "boot_id", "sequence", "first_at", "last_at", "sha256")
    rows = FrameConflict.objects.filter(wanted).order_by("frame_id", "id")
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows.values_list("frame_id", "id", "sha256", "received_at", *(f"frame__{name}" for name in place)):
        found[row[0]].append(row[1:])
    if not found:
        return {}
    decided: dict[int, list[ConflictResolution]] = defaultdict(list)
    for one in ConflictResolution.objects.filter(wanted).order_by("id"):
        decided[one.frame_id].append(one)
    return {pk: _disputed(others, decided[pk]) for pk, others in found.items()}


def _disputed(others: list[tuple[Any, ...]], decided: list[ConflictResolution]) -> Disputed:
    source, boot_id, sequence, first_at, last_at, stored = others[0][3:]
    dispute = Dispute(
        stored,
        frozenset(sha256 for _pk, sha256, *_rest in others),
        tuple(Decision(frozenset(one.bodies), one.chosen) for one in decided),
    )
    counting = [(pk, at) for pk, sha256, at, *_rest in others if dispute.is_replaced and sha256 == dispute.counts]
    body, body_at = counting[0] if counting else (None, None)
    return Disputed(
        source,
        boot_id,
        sequence,
        min([first_at, *(one.first_at for one in decided)]),
        max([last_at, *(one.last_at for one in decided)]),
        dispute,
        body,
        body_at,
    )


def other_columns(known: Disputed) -> tuple[frames.Column, ...]:
    """Return the columns of the other body that counts for a frame, none where none does.

    :raises Refusal: ``body_altered`` when it is not what was received.
    """
    if known.body is None or known.dispute.counts is None:
        return ()
    conflict, sha256 = known.body, known.dispute.counts
    rows = FrameConflict.objects.select_related("frame__source")
    frame = _decoded.get_or_make(conflict, sha256, lambda: _columns(rows.get(pk=conflict, sha256=sha256)))
    return frame.columns


def _columns(row: FrameConflict) -> frames.Frame:
    frame = row.frame
    try:
        body = body_from(row.body, source=frame.source.code, boot_id=frame.boot_id, sequence=frame.sequence)
    except Refusal:
        raise _altered(row) from None
    if body.sha256() != row.sha256:
        raise _altered(row)
    return body


def _altered(row: FrameConflict) -> Refusal:
    return Refusal(
        "body_altered",
        "The other body of frame {frame} is not what was received: it cannot be read.",
        kind=Kind.CONFLICT,
        frame=str(row.frame),
    )


def bodies_of(frame: Frame) -> list[Body]:
    """Return all bodies of a frame, the stored one first, the others in the order in which they came.

    :raises Refusal: ``body_altered`` when one is not what was received, ``readings_archived``.
    """
    check_not_away({frame.source_id}, frame.first_at, frame.last_at)
    segments = frame.segments.filter(source=frame.source, frame_at=frame.first_at).select_related("tag")
    columns = tuple(
        frames.column_of(row.tag.code, bytes(row.times), bytes(row.values), row.quality and bytes(row.quality))
        for row in segments.order_by("tag__code")
    )
    stored = frames.Frame(frame.source.code, frame.boot_id, frame.sequence, columns)
    others = frame.conflicts.select_related("frame__source", "received_by").order_by("id")
    return [
        Body(frame.sha256, stored, frame.received_at, frame.received_by, stored=True),
        *(Body(row.sha256, _columns(row), row.received_at, row.received_by, stored=False) for row in others),
    ]


def frames_in_dispute(source: Source) -> QuerySet[Frame]:
    """Return the frames of a source under whose identity another body came, settled or not."""
    return source.frames.filter(conflicts__isnull=False).distinct().select_related("source", "received_by")


def resolution_content(row: ConflictResolution) -> dict[str, Any]:
    """Return what the signature of a resolution is bound to."""
    return {
        "frame": str(row.frame),
        "bodies": row.bodies,
        "chosen": row.chosen,
        "from": row.first_at,
        "until": row.last_at,
        "reason": row.reason,
    }


def dispute_content(frame: Frame) -> dict[str, Any]:
    """Return what is known of a dispute before it is settled: its bodies, and what was resolved before."""
    others = frame.conflicts.order_by("id").values_list("sha256", "received_at")
    bodies = [(frame.sha256, frame.received_at), *others]
    return {
        "frame": str(frame),
        "bodies": [{"sha256": sha256, "received_at": at} for sha256, at in bodies],
        "resolutions": [resolution_content(row) for row in frame.resolutions.select_related("frame__source")],
    }


def dispute_digest(frame: Frame) -> str:
    """Return the digest of ``dispute_content``: who settles a dispute names it, so that nothing new is overlooked."""
    return digest(dispute_content(frame))
