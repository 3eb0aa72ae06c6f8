"""Frames under whose identity several bodies came, and the signed resolutions of which one counts."""

from typing import Any

import numpy as np
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.readings.actions.disputes import settle_dispute
from batches.readings.api.dispute_shapes import DisputeOutput, OneDisputeOutput, ResolutionOutput, SettleDisputeInput
from batches.readings.models import ConflictResolution, Frame, Source
from batches.readings.queries.disputes import bodies_of, dispute_digest, disputed_frames, frames_in_dispute
from batches.readings.rules.disputes import Cell, Difference, differences
from gatekeeper.api import ApiView
from gatekeeper.core.times import moment

_MOST_DIFFERENCES = 1000


class Disputes(ApiView):
    """The disputed frames of a source."""

    permission = "readings.view"

    @extend_schema(responses=DisputeOutput(many=True))
    def get(self, request: Request, code: str) -> Response:
        """List the disputed frames, settled or not, newest first."""
        source = get_object_or_404(Source, code=code, site__in=self.sites)
        return self.listed(frames_in_dispute(source), _dispute)


class OneDispute(ApiView):
    """A disputed frame."""

    permission = "readings.view"

    @extend_schema(responses=OneDisputeOutput)
    def get(self, request: Request, code: str, frame: int) -> Response:
        """Return the bodies of the frame and where they differ, at most the first thousand times."""
        row = _frame(self, code, frame)
        count, rows = differences([body.content for body in bodies_of(row)], most=_MOST_DIFFERENCES)
        return Response(_dispute(row) | {"differing": count, "differences": [_difference(one) for one in rows]})


class Resolutions(ApiView):
    """Signed resolutions of a dispute."""

    permission = "readings.correct"
    signs = True

    @extend_schema(request=SettleDisputeInput, responses={201: ResolutionOutput})
    def post(self, request: Request, code: str, frame: int) -> Response:
        """Settle which body counts, with a signature: the phases concerned are judged anew, every body stays."""
        given: Any = self.parsed(SettleDisputeInput)
        settled = settle_dispute(
            by=request.user,
            credentials=given.credentials(request),
            frame=_frame(self, code, frame),
            command=given.command(),
        )
        return Response(_resolution(settled), status=201)


def _frame(view: ApiView, code: str, frame: int) -> Frame:
    source = get_object_or_404(Source, code=code, site__in=view.sites)
    return get_object_or_404(frames_in_dispute(source), pk=frame)


def _dispute(frame: Frame) -> dict[str, Any]:
    others = frame.conflicts.select_related("received_by").defer("body").order_by("id")
    resolutions = frame.resolutions.select_related("frame__source", "resolved_by").order_by("id")
    return {
        "id": frame.pk,
        "frame": str(frame),
        "boot_id": frame.boot_id,
        "sequence": frame.sequence,
        "counts": disputed_frames(frames={frame.pk})[frame.pk].dispute.counts,
        "dispute_sha256": dispute_digest(frame),
        "bodies": [
            {
                "sha256": body.sha256,
                "stored": body is frame,
                "received_at": body.received_at,
                "received_by": body.received_by.username,
            }
            for body in (frame, *others)
        ],
        "resolutions": [_resolution(row) for row in resolutions],
    }


def _resolution(row: ConflictResolution) -> dict[str, Any]:
    return {
        "frame": str(row.frame),
        "bodies": row.bodies,
        "chosen": row.chosen,
        "reason": row.reason,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by.username,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "tag": one.tag,
        "at": moment(one.at_us),
        "samples": [_sample(cell) for cell in one.cells],
    }


def _sample(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {"value": None if np.isnan(cell.value) else repr(cell.value), "quality": cell.quality}
