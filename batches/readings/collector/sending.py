"""Hands one frame to the service and says what became of it: taken, refused, or to be sent again."""

import http.client
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, override
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from batches.readings.collector.configuration import TOKEN_VARIABLE, Service
from batches.readings.collector.spool import WorkList

_TIMEOUT = 15.0  # s
_LONGEST_ANSWER = 1 << 20
_LONGEST_REASON = 500
# The service has read the frame and will not have it: a conflict of identity, faults of its content.
_REFUSED = frozenset({http.HTTPStatus.CONFLICT, http.HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Taken:
    """The service has recorded the frame, now or before: it named the frame's digest."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will not record this frame as it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """The service did not take the frame and may yet; ``after_s`` is how long it asks to be left alone."""

    reason: str
    after_s: float = 0.0


class TokenUnusableError(Exception):
    """There is no token to send; the sentence says where it was looked for and never what was found."""


def read_token(service: Service, environment: Mapping[str, str] | None = None) -> str:
    """Return the service token: from its file, or from the environment where the configuration names none.

    :raises TokenUnusableError: when there is none, or the file can be read by everybody.
    """
    if service.token_file is None:
        place = f"the environment variable {TOKEN_VARIABLE}"
        text = (os.environ if environment is None else environment).get(TOKEN_VARIABLE, "")
    else:
        place, text = f"the file {service.token_file}", _secret_of(service.token_file)
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise TokenUnusableError(f"There is no token in {place}.")
    return token


def _secret_of(file: Path) -> str:
    try:
        if file.stat().st_mode & stat.S_IROTH:
            raise TokenUnusableError(f"Everybody can read {file}: take that right away (chmod o-r).")
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as fault:
        raise TokenUnusableError(f"The file {file} cannot be read: {fault.strerror}.") from None


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer like any other: the token goes to nobody but the service."""

    @override
    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Message, newurl: str) -> None:
        return None


_opener = build_opener(_NoRedirect)


def send(service: Service, frame: WorkList) -> Taken | Refused | Away:
    """POST the frame to ``/api/v1/readings/``; the token is read anew each time, so that it can be replaced."""
    try:
        token = read_token(service)
    except TokenUnusableError as fault:
        return Away(str(fault))
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Accept": "application/json, application/problem+json",
    }
    request = Request(f"{service.url}/api/v1/readings/", data=frame.body, method="POST", headers=headers)  # noqa: S310 -- the configuration allows http and https only
    try:
        with _opener.open(request, timeout=_TIMEOUT) as response:
            return judged(response.status, response.read(_LONGEST_ANSWER), {}, frame)
    except HTTPError as answer:
        with answer:
            try:
                body = answer.read(_LONGEST_ANSWER)
            except (OSError, http.client.HTTPException):
                body = b""
            return judged(answer.code, body, dict(answer.headers.items()), frame)
    except (OSError, http.client.HTTPException) as fault:
        return Away(f"{type(fault).__name__}: {fault}")


def judged(status: int, body: bytes, headers: Mapping[str, str], frame: WorkList) -> Taken | Refused | Away:
    """Return what an answer means for the frame.

    A frame counts as taken only when a 200 or 201 names its digest: whatever stands between may answer 200 as well.
    Only 409 and 422 with a problem's code refuse it; everything else may pass.
    """
    document = _document(body)
    if status in {http.HTTPStatus.OK, http.HTTPStatus.CREATED}:
        if document.get("sha256") == frame.sha256:
            return Taken()
        return Away(f"{status}, but the answer does not name this frame: is this the service?")
    if status in _REFUSED and document.get("code"):
        faults = [f"{one.get('pointer')}: {one.get('detail')}" for one in document.get("errors") or []]
        return Refused(" | ".join([f"{document['code']}: {document.get('detail')}", *faults])[:_LONGEST_REASON])
    return Away(f"{status} {document.get('code', '')}".strip(), _seconds(headers.get("Retry-After", "")))


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _seconds(text: str) -> float:
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 0.0
