"""Whether the service can serve: for a load balancer or an orchestrator."""

from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from gatekeeper.accounts.rules.permissions import PUBLIC


class Health(View):
    """``/healthz``: 200 while the database answers. Redis only wakes the workers: without it the service is slower."""

    permission = PUBLIC
    open_while_locked = True
    open_with_initial_password = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return what answers and what does not."""
        state = {"database": _database(), "redis": _redis()}
        return JsonResponse(state, status=200 if state["database"] == "ok" else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "unreachable"
    return "ok"


def _redis() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"
