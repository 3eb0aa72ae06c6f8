"""Every request: its id, its person's site, and the lock of a session that was left alone."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from gatekeeper.accounts.actions.access import record_access
from gatekeeper.accounts.actor import request_id, token_limits
from gatekeeper.accounts.models import AccessEvent
from gatekeeper.accounts.requests import site_in
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.doors import is_api, problem_response

LOCKED, SEEN, SITE = "locked", "seen", "site"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SEEN_EVERY = 10  # seconds; a session is not rewritten at each request
_NO_PERSON = "X-Live-Refresh"  # a page that refreshes itself does not keep a session awake


class IdleLock:
    """Locks a session by the server's clock, and sends a locked one to the lock screen and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id known to the evidence and to the answer's header."""
        given = request.headers.get("X-Request-ID", "")
        identity = given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        tokens = (request_id.set(identity), token_limits.set(None))
        request.site = None
        try:
            if request.user.is_authenticated:
                _watch(request)
                request.site = site_in(request, request.session.get(SITE))
            response = self.get_response(request)
        finally:
            request_id.reset(tokens[0])
            token_limits.reset(tokens[1])  # a server's thread serves another machine next
        response["X-Request-ID"] = identity
        return response

    def process_view(
        self, request: HttpRequest, view: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse a door that is closed to a locked session, or to one with an initial password."""
        if not request.user.is_authenticated:
            return None
        door = getattr(view, "view_class", None) or getattr(view, "cls", None)
        if request.session.get(LOCKED) and not getattr(door, "open_while_locked", False):
            refusal = Refusal("session_locked", "The session is locked: unlock it first.", kind=Kind.FORBIDDEN)
            return _send(request, "accounts:lock", refusal, status=401)
        if not request.user.password_changed_at and not getattr(door, "open_with_initial_password", False):
            refusal = Refusal("password_not_changed", "Choose a password of your own first.", kind=Kind.FORBIDDEN)
            return _send(request, "accounts:password", refusal, status=403)
        return None


def _watch(request: HttpRequest) -> None:
    """Lock the session when nobody asked for anything for ``IDLE_LOCK_SECONDS``; keep the time of the last request.

    This is the server's own time, not the record's: the demonstration's clock runs through days in a minute.
    """
    now, session = time.time(), request.session
    seen = session.get(SEEN, now)
    if session.get(LOCKED):
        return
    if now - seen > settings.IDLE_LOCK_SECONDS:
        lock(request, detail="idle")
    elif SEEN not in session or (now - seen >= _SEEN_EVERY and _NO_PERSON not in request.headers):
        session[SEEN] = now


def lock(request: HttpRequest, *, detail: str = "") -> None:
    """Lock the session of the request and record it."""
    request.session[LOCKED] = True
    record_access(
        by=request.user,
        kind=AccessEvent.Kind.LOCKED,
        ip_address=request.META.get("REMOTE_ADDR", ""),
        detail=detail,
    )


def _send(request: HttpRequest, where: str, refusal: Refusal, *, status: int) -> HttpResponse:
    if is_api(request):
        return problem_response(refusal, request.path, status=status)
    back = request.get_full_path() if request.method == "GET" else ""
    target = reverse(where) + (f"?{urlencode({'next': back})}" if back else "")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return redirect(target)
