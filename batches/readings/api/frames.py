"""Readings in."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.http import JsonResponse
from django.http.request import RawPostDataException
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from batches.readings.actions.frames import Conflicting, Outcome, Recorded, Replayed, record_frames
from batches.readings.models import Source
from batches.readings.queries.corrected_samples import quarantined_as_sent
from batches.readings.rules.arrow_frames import (
    MEDIA_TYPE,
    boot_identity,
    decoded_arrow,
    decoded_arrow_frames,
    frame_identity,
)
from batches.readings.rules.frames import Frame, decoded, decoded_frames, unpacked
from batches.readings.serializers import FrameInput, FrameOutput, FramesInput, FramesOutput
from gatekeeper.api import ApiView
from gatekeeper.core.refusal import Kind, Refusal, refuse_all


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

    permission = "readings.record"
    idempotent = False
    parser_classes: ClassVar = [Body, ArrowBody]

    @extend_schema(
        parameters=_IDENTITY,
        request={Body.media_type: FrameInput, MEDIA_TYPE: OpenApiTypes.BINARY},
        responses={201: FrameOutput, 200: FrameOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Record one frame: 201 recorded, 200 replay, 409 another body under its identity, 422 with every fault.

        ``quarantined`` samples have a time too far after the frame was received: kept, and judged by no rule.
        """
        (outcome,), (frame,) = _recorded(self, request, [_frame(request)])
        if isinstance(outcome, Conflicting):
            raise _conflict(outcome, "sequence")
        return JsonResponse(_shown(outcome, frame), status=_status([outcome]))


class SeveralReadings(ApiView):
    """Several frames of one source, as a gateway has them that was cut off; each is safe to send again."""

    permission = "readings.record"
    idempotent = False
    parser_classes: ClassVar = [Body, ArrowBody]

    @extend_schema(
        parameters=_IDENTITY[:2],
        request={Body.media_type: FramesInput, MEDIA_TYPE: OpenApiTypes.BINARY},
        responses={201: FramesOutput, 200: FramesOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Record frames of one source: 201 recorded, 200 all are replays, 422 with every fault and nothing recorded.

        409 names every frame under whose identity another body was recorded; the others are recorded. An Arrow stream
        is of one boot and has a column ``sequence`` beside those of a single frame.
        """
        outcomes, frames = _recorded(self, request, _frames(request))
        refuse_all(
            [
                _conflict(outcome, f"frames.{place}.sequence")
                for place, outcome in enumerate(outcomes)
                if isinstance(outcome, Conflicting)
            ]
        )
        shown = [
            _shown(outcome, frame)
            for outcome, frame in zip(outcomes, frames, strict=True)
            if not isinstance(outcome, Conflicting)
        ]
        return JsonResponse({"frames": shown}, status=_status(outcomes))


def _recorded(view: ApiView, request: Request, frames: list[Frame]) -> tuple[list[Outcome], list[Frame]]:
    if not frames:
        raise Refusal("empty_frame", "The frame holds no readings.", field="frames")
    at = getattr(request._request, "received_at", None)
    site = _site(view, frames[0])
    return record_frames(by=request.user, site=site, frames=frames, authority_checked=True, at=at), frames


def _status(outcomes: list[Outcome]) -> HTTPStatus:
    return HTTPStatus.CREATED if any(isinstance(one, Recorded) for one in outcomes) else HTTPStatus.OK


def _shown(outcome: Recorded | Replayed, frame: Frame) -> dict[str, Any]:
    row = outcome.frame
    return {
        "frame": str(row),
        "status": "recorded" if isinstance(outcome, Recorded) else "replayed",
        "samples": row.samples,
        "quarantined": sum(quarantined_as_sent(one.times, row.received_at) for one in frame.columns),
        "sha256": row.sha256,
    }


def _conflict(outcome: Conflicting, field: str) -> Refusal:
    return Refusal(
        "frame_conflict",
        "Frame {frame} is recorded with another body; this one is kept beside it and flagged.",
        kind=Kind.CONFLICT,
        field=field,
        frame=str(outcome.frame),
    )


def _frame(request: Request) -> Frame:
    body, arrow = _sent(request)
    if not arrow:
        return decoded(body)
    given = request.headers
    source, boot_id, sequence = frame_identity(
        given.get("Gatekeeper-Source"), given.get("Gatekeeper-Boot-Id"), given.get("Gatekeeper-Sequence")
    )
    return decoded_arrow(body, source=source, boot_id=boot_id, sequence=sequence)


def _frames(request: Request) -> list[Frame]:
    body, arrow = _sent(request)
    if not arrow:
        return decoded_frames(body)
    source, boot_id = boot_identity(request.headers.get("Gatekeeper-Source"), request.headers.get("Gatekeeper-Boot-Id"))
    return decoded_arrow_frames(body, source=source, boot_id=boot_id)


def _sent(request: Request) -> tuple[bytes, bool]:
    """Return the unpacked body, and whether it is Arrow."""
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
    return body, (request.content_type or "").lower().startswith(MEDIA_TYPE)


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
