"""Service tokens as an authentication of the REST door: ``Authorization: Bearer gk_...``."""

import secrets
from copy import copy
from datetime import datetime

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.tokens import hashed
from gatekeeper.accounts.actor import token_limits
from gatekeeper.accounts.models import Person, ServiceToken
from gatekeeper.accounts.queries import authority_from, token_status
from gatekeeper.accounts.requests import keep_authority
from gatekeeper.accounts.rules.authority import Limits


class ServiceTokenAuthentication(BaseAuthentication):
    """Recognises a machine by its token; from then on the token's site and scopes limit what the machine may do."""

    def authenticate(self, request: Request) -> tuple[Person, ServiceToken] | None:
        """Return the machine and its token, None when the request carries none.

        :raises AuthenticationFailed: ``token_invalid`` for every token that is not good, whatever the reason.
        """
        kind, _, plain = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        result = token_status(plain)
        if result is None:
            raise _invalid()
        status, read_at = result
        with clock.as_read(read_at):
            now = clock.now()
        if not _is_good(status.token, plain, now):
            raise _invalid()
        token = copy(status.token)
        token.person, token.site = copy(token.person), copy(token.site)
        token_limits.set(Limits(token.person_id, token.site_id, frozenset(token.scopes)))
        request._request.site, request._request.received_at = token.site, now
        keep_authority(request, token.person, authority_from(token.person, status.assignments, at=now))
        return token.person, token

    def authenticate_header(self, _request: Request) -> str:
        """Return what a 401 answer asks for."""
        return 'Bearer realm="gatekeeper"'


def _invalid() -> AuthenticationFailed:
    return AuthenticationFailed("The token is unknown, expired or revoked.", code="token_invalid")


def _is_good(token: ServiceToken, plain: str, now: datetime) -> bool:
    if not secrets.compare_digest(token.sha256, hashed(plain)):
        return False
    return token.person.is_active and token.revoked_at is None and now < token.expires_at
