"""Readings in."""

from typing import Any, ClassVar

from django.conf import settings
from django.http import JsonResponse
from django.http.request import RawPostDataException
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from batches.monitoring.actions.readings import Conflicting, Recorded, record_frame
from batches.monitoring.models import Source
from batches.monitoring.queries.reading_of import quarantined_as_sent
from batches.monitoring.rules.arrow_frames import MEDIA_TYPE, decoded_arrow, frame_identity
from batches.monitoring.rules.frames import Frame, decoded, unpacked
from batches.monitoring.serializers import FrameInput, FrameShown
from gatekeeper.api import ApiView
from gatekeeper.core.refusal import Kind, Refusal


class Body(BaseParser):
    """Gives the body as it came: a frame is decoded in one pass, straight into columns."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> bytes:
        """Return the bytes."""
        return stream.read()


class ArrowBody(Body):
    """Gives an Arrow IPC stream as it came."""

    media_type = MEDIA_TYPE


_IDENTITY = [
    OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=f"Of an Arrow stream: the frame's {what}.")
    for name, kind, what in (
        ("Gatekeeper-Source", str, "source"),
        ("Gatekeeper-Boot-Id", str, "boot id"),
        ("Gatekeeper-Sequence", int, "sequence"),
    )
]


class Readings(ApiView):
    """Frames of readings. A frame's own identity makes it safe to send again; an Idempotency-Key is not needed."""

    permission = "monitoring.record_readings"
    idempotent = False
    parser_classes: ClassVar = [Body, ArrowBody]

    @extend_schema(
        parameters=_IDENTITY,
        request={Body.media_type: FrameInput, MEDIA_TYPE: OpenApiTypes.BINARY},
        responses={201: FrameShown, 200: FrameShown},
    )
    def post(self, request: Request) -> JsonResponse:
        """Record one frame: 201 recorded, 200 replay, 409 another body under its identity, 422 with every fault.

        ``quarantined`` samples have a time too far after the frame was received: kept, and judged by no rule.
        """
        frame = _frame(request)
        at = getattr(request._request, "received_at", None)
        outcome = record_frame(by=request.user, site=_site(self, frame), frame=frame, authority_checked=True, at=at)
        if isinstance(outcome, Conflicting):
            raise Refusal(
                "frame_conflict",
                "Frame {frame} is recorded with another body; this one is kept beside it and flagged.",
                kind=Kind.CONFLICT,
                field="sequence",
                frame=str(outcome.frame),
            )
        recorded = isinstance(outcome, Recorded)
        answer = {
            "frame": str(outcome.frame),
            "status": "recorded" if recorded else "replayed",
            "samples": outcome.frame.samples,
            "quarantined": sum(quarantined_as_sent(one.times, outcome.frame.received_at) for one in frame.columns),
            "sha256": outcome.frame.sha256,
        }
        return JsonResponse(answer, status=201 if recorded else 200)


def _frame(request: Request) -> Frame:
    body = _body(request)
    match request.headers.get("Content-Encoding", "identity").strip().lower():
        case "gzip":
            body = unpacked(body, limit=settings.READINGS_MAX_BYTES)
        case "" | "identity":
            if len(body) > settings.READINGS_MAX_BYTES:
                raise _too_large()
        case other:
            raise UnsupportedMediaType(other)
    # It was negotiated when the body was read: one of two.
    if not (request.content_type or "").lower().startswith(MEDIA_TYPE):
        return decoded(body)
    given = request.headers
    source, boot_id, sequence = frame_identity(
        given.get("Gatekeeper-Source"), given.get("Gatekeeper-Boot-Id"), given.get("Gatekeeper-Sequence")
    )
    return decoded_arrow(body, source=source, boot_id=boot_id, sequence=sequence)


def _body(request: Request) -> bytes:
    # The size is known before the bytes are read.
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.READINGS_MAX_BYTES:
        raise _too_large()
    try:
        body = request.data  # negotiates: 415 for a media type that is not read here
    except RawPostDataException:
        raise _too_large() from None
    if not isinstance(body, bytes):
        raise Refusal("frame_not_readable", "The body is empty.")
    return body


def _too_large() -> Refusal:
    return Refusal("body_too_large", "The body is larger than {limit} bytes.", limit=settings.READINGS_MAX_BYTES)


def _site(view: ApiView, frame: Frame) -> Any:
    """Return the site of the token; of a person with several sites, that of the source."""
    if len(view.sites) == 1:
        return view.sites[0]
    source = Source.objects.select_related("site").filter(code=frame.source, site__in=view.sites).first()
    if source is None:
        raise Refusal("unknown_source", "There is no source “{code}” here.", field="source", code=frame.source)
    return source.site
