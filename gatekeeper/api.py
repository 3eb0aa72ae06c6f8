"""The REST door: declared permissions, problem documents, replays, preconditions. Contract: docs/reference."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.models import ServiceToken, Site
from gatekeeper.accounts.permissions import declared
from gatekeeper.accounts.requests import sites_in
from gatekeeper.accounts.rules.permissions import PUBLIC, SIGNED_IN
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.doors import PROBLEM_TYPE, pointer, problem_of
from gatekeeper.doors import problem as problem_document
from gatekeeper.ledger.actions.idempotency import Answer, held, remember, replay
from gatekeeper.pagination import ByCursor

__all__ = ["PUBLIC", "SIGNED_IN", "ApiView", "Signs", "check_match", "etag_of", "problem"]

_KEPT_HEADERS = ("ETag", "Location")
_LONGEST_PATH = 200
_SHOWN_ONCE = Refusal(
    "answer_shown_once",
    "The answer to this request was shown once and is kept nowhere: revoke what it made and ask again.",
    kind=Kind.CONFLICT,
)


class KeyMissing(exceptions.APIException):
    """A machine posted without an Idempotency-Key: it could not repeat the request safely."""

    status_code = 400
    default_code = "idempotency_key_missing"
    default_detail = "Send an Idempotency-Key, so that the request can be repeated safely."


class MatchMissing(exceptions.APIException):
    """A change of a record without If-Match."""

    status_code = 428
    default_code = "if_match_missing"
    default_detail = "Send If-Match with the ETag of the record as you read it."


class MatchStale(exceptions.APIException):
    """The record changed since it was read."""

    status_code = 412
    default_code = "changed_meanwhile"
    default_detail = "The record changed since you read it: read it again."


class Signs(serializers.Serializer):
    """Both components of a signature; the input of every endpoint that signs extends it."""

    username = serializers.CharField(max_length=60, write_only=True)
    password = serializers.CharField(max_length=200, write_only=True, trim_whitespace=False)

    def credentials(self, request: Request) -> Credentials:
        """Return the validated components with the address they came from."""
        data = self.validated_data
        return Credentials(data["username"], data["password"], request.META.get("REMOTE_ADDR", ""))


class ApiView(APIView):
    """One resource of the REST door.

    ``permission`` (or ``permissions`` by method) is what its callers need; ``self.sites`` are where they hold it.
    ``signs`` marks endpoints whose unsafe methods sign: a token may not call these. Every POST is idempotent by its
    key, unless ``idempotent`` is False (a resource with an identity of its own, such as a frame of readings).
    ``secret_fields`` of a signing body never identify the request; where ``shown_once``, the answer of a success holds
    a secret and is kept nowhere: its repeat is refused.
    """

    permission: ClassVar[str] = ""
    permissions: ClassVar[Mapping[str, str]] = {}
    signs: ClassVar[bool] = False
    idempotent: ClassVar[bool] = True
    secret_fields: ClassVar[tuple[str, ...]] = ("password",)
    shown_once: ClassVar[bool] = False
    post: Callable[..., Any]  # of the endpoints that have one

    @cached_property
    def sites(self) -> list[Site]:
        """The sites where the caller holds what this method needs; a token's own site only."""
        required = declared(self, self.request.method)
        return sites_in(self.request, None if required in {PUBLIC, SIGNED_IN} else required)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Keep the bytes of a POST before anything parses them: the key of idempotency is about the bytes.

        :raises Refusal: ``request_too_large``.
        """
        if request.method == "POST" and self.idempotent:
            try:
                _ = request.body
            except RequestDataTooBig:
                limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
                raise Refusal("request_too_large", "The request is larger than {limit} bytes.", limit=limit) from None
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check the declared permission, and put the handler of a POST behind its key."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and self.idempotent and hasattr(self, "post"):
            self.post = partial(self._once, self.post)

    def parsed(self, serializer_class: type[serializers.Serializer], **options: Any) -> Any:
        """Return the input serializer with valid data.

        :raises ValidationError: every fault of the types, as a 422 problem.
        """
        serializer = serializer_class(data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        return serializer

    def listed(
        self,
        records: QuerySet[Any],
        shown: Callable[[Any], Any] | type[serializers.BaseSerializer],
        ordering: str = "-pk",
    ) -> Response:
        """Return one page of the records, each shown by a serializer class or a function."""
        paginator = ByCursor()
        paginator.ordering = ordering
        rows = paginator.paginate_queryset(records, self.request, view=self)
        if isinstance(shown, type):
            return paginator.get_paginated_response(shown(rows, many=True).data)
        return paginator.get_paginated_response([shown(row) for row in rows])

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Mark every answer as not to be kept by anybody between: it is about people and their products."""
        response = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def _once(
        self, handler: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer a POST once by its key: answer and effect are one transaction.

        Signing is the exception: a refused signing must stay on record and the answer waits for the seal, so its
        effect commits first and its answer is kept after. Were the answer lost between, the status table refuses
        the repeat.
        """
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            if isinstance(request.auth, ServiceToken):
                raise KeyMissing
            return handler(request, *args, **kwargs)
        hidden = self.secret_fields if self.signs else ()
        known = {"by": request.user, "path": _path(request), "key": key, "request": _body(request, hidden)}
        respond = partial(self._rendered, handler, request, *args, **kwargs)
        if self.signs:
            with held(by=request.user, path=known["path"], key=key):
                return self._signed_once(request, known, respond)
        with transaction.atomic():
            if before := replay(**known):
                return _replayed(before)
            response = respond()
            if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                remember(**known, answer=self._kept(request, response))
            return response

    def _kept(self, request: Request, response: HttpResponse) -> Answer:
        """Return the answer that a repeat gets: the same, or the refusal to show a secret again."""
        if not self.shown_once or response.status_code >= HTTPStatus.BAD_REQUEST:
            return _answer(response)
        document = problem_of(_SHOWN_ONCE, request.path)
        return Answer(document["status"], PROBLEM_TYPE, json.dumps(document).encode())

    def _signed_once(
        self, request: Request, known: dict[str, Any], respond: Callable[[], HttpResponse]
    ) -> HttpResponse:
        with transaction.atomic():
            before = replay(**known)
        if before:
            return _replayed(before)
        response = respond()
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            with transaction.atomic():
                remember(**known, answer=self._kept(request, response))
        return response

    def _rendered(
        self, handler: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        response = self.finalize_response(request, handler(request, *args, **kwargs), *args, **kwargs)
        return response.render() if isinstance(response, Response) else response


def _path(request: Request) -> str:
    path = request.get_full_path()
    if len(path) <= _LONGEST_PATH:
        return path
    return f"{path[: _LONGEST_PATH - 65]}:{hashlib.sha256(path.encode()).hexdigest()}"


def _body(request: Request, hidden: tuple[str, ...]) -> bytes:
    """Return what identifies the request: its bytes; of a signing never anything a password could be guessed from."""
    if not hidden or not isinstance(request.data, Mapping):  # what is no object is refused and never kept
        return request.body
    return json.dumps({**request.data, **dict.fromkeys(hidden, "")}, sort_keys=True, default=str).encode()


def _answer(response: HttpResponse) -> Answer:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    return Answer(response.status_code, response["Content-Type"], response.content, headers)


def _replayed(answer: Answer) -> HttpResponse:
    headers = {**answer.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(answer.body, status=answer.status_code, content_type=answer.content_type, headers=headers)


def etag_of(*version: object) -> str:
    """Return the ETag of a record from what changes with it, such as its key and its newest history row."""
    return f'"{hashlib.sha256(":".join(map(str, version)).encode()).hexdigest()[:32]}"'


def check_match(request: Request, etag: str) -> None:
    """Pass when the caller changes the record as it is now; call it after the record is locked.

    :raises MatchMissing: without If-Match, 428.
    :raises MatchStale: when the record changed, 412.
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise MatchMissing
    if given.strip() != "*" and etag not in {one.strip() for one in given.split(",")}:
        raise MatchStale


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Exception handler: every refusal and every fault of a request becomes a problem document (RFC 9457)."""
    request = context["request"]
    if isinstance(exc, Refusal):
        document, headers = problem_of(exc, request.path), {}
    else:
        api_exception = _as_api_exception(exc)
        if api_exception is None:
            return None
        document, headers = _document(api_exception, request.path), _headers(api_exception)
    set_rollback()
    return Response(document, status=document["status"], headers=headers, content_type=PROBLEM_TYPE)


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, Http404):
        return exceptions.NotFound("There is nothing here, or nothing that you may see.")
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    return exc if isinstance(exc, exceptions.APIException) else None


def _document(exc: exceptions.APIException, path: str) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_errors(exc.detail, ""))
        return problem_document(
            code="input_invalid", detail="The input has faults.", status=422, instance=path, errors=errors
        )
    detail = exc.detail if isinstance(exc.detail, str) else str(exc)
    return problem_document(
        code=getattr(detail, "code", exc.default_code), detail=str(detail), status=exc.status_code, instance=path
    )


def _errors(detail: Any, field: str) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        found = []
        for name, inner in detail.items():
            own = field if name == "non_field_errors" else f"{field}.{name}".lstrip(".")
            found += _errors(inner, own)
        return found
    if isinstance(detail, list):
        found = []
        for index, inner in enumerate(detail):
            found += _errors(inner, f"{field}.{index}".lstrip(".") if isinstance(inner, dict | list) else field)
        return found
    return [{"pointer": pointer(field), "code": getattr(detail, "code", "invalid"), "detail": str(detail)}]


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
