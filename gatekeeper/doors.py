"""What the two doors share: one table from kind of refusal to status, one translation, one problem document."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext

from gatekeeper.core.refusal import Kind, Refusal

STATUS: dict[Kind, int] = {
    Kind.INVALID: 422,
    Kind.CONFLICT: 409,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.LOCKED: 423,
    Kind.PENDING: 503,
}
PROBLEM_TYPE = "application/problem+json"
API = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Return whether the request came through the REST door."""
    return request.path.startswith(API)


def sentence(refusal: Refusal) -> str:
    """Return the refusal's sentence in the reader's language: the template is translated, then filled."""
    return gettext(refusal.template).format(**refusal.params)


def pointer(field: str | None) -> str:
    """Return the JSON pointer (a URI fragment) of a field such as ``tags.pH``; ``#`` is the whole document."""
    if not field:
        return "#"
    return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in field.split("."))


def problem(
    *, code: str, detail: str, status: int, instance: str, errors: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return a problem document (RFC 9457) with our ``code`` and ``errors``."""
    return {
        "type": f"urn:gatekeeper:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "errors": errors or [],
    }


def problem_of(refusal: Refusal, instance: str, *, status: int | None = None) -> dict[str, Any]:
    """Return the problem document of a refusal; its errors name every fault, at its field."""
    return problem(
        code=refusal.code,
        detail=sentence(refusal),
        status=status or STATUS[refusal.kind],
        instance=instance,
        errors=[_error(fault) for fault in refusal.all],
    )


def _error(fault: Refusal) -> dict[str, Any]:
    """Return one fault of a problem document; with its line and column where it is one of a file."""
    place: dict[str, Any] = {name: fault.params[name] for name in ("line", "column") if name in fault.params}
    return {"pointer": pointer(fault.field), "code": fault.code, "detail": sentence(fault), **place}


def problem_response(refusal: Refusal, instance: str, *, status: int | None = None) -> JsonResponse:
    """Return the answer to a request that never reached a view of the REST door."""
    document = problem_of(refusal, instance, status=status)
    return JsonResponse(document, status=document["status"], content_type=PROBLEM_TYPE)
