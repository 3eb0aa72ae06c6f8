"""Service tokens: the credential of a machine, shown once, kept as a hash, bound to a site and a set of permissions."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Person, ServiceToken, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.accounts.rules.authority import check_machine_may
from gatekeeper.accounts.rules.permissions import check_known
from gatekeeper.core.refusal import Kind, Refusal


@action
def issue_token(*, by: Person, person: Person, site: Site, scopes: frozenset[str], expires_at: datetime) -> str:
    """Issue a token for a machine at a site and return its text, ``gk_<prefix>_<secret>``, for the only time.

    :raises Refusal: ``not_authorised``, ``not_a_machine``, ``person_disabled``, ``scopes_missing``,
        ``permission_unknown``, ``machine_cannot_hold``, ``expired_already``, ``expiry_too_far``.
    """
    check_authority(by, "accounts.manage", site)
    if person.kind != Person.Kind.MACHINE:
        raise Refusal("not_a_machine", "{name} is a person: people log in.", name=person.full_name)
    if not person.is_active:
        raise Refusal(
            "person_disabled", "The account of {name} is disabled.", kind=Kind.CONFLICT, name=person.full_name
        )
    scopes = frozenset(scopes)
    if not scopes:
        raise Refusal("scopes_missing", "Say what the token may be used for.", field="scopes")
    check_known(scopes, field="scopes")
    check_machine_may(scopes, field="scopes")
    if expires_at <= clock.now():
        raise Refusal("expired_already", "The expiry is in the past.", field="expires_at")
    if expires_at > clock.now() + timedelta(days=settings.SERVICE_TOKEN_DAYS):
        raise Refusal(
            "expiry_too_far",
            "A token is good for at most {days} days.",
            field="expires_at",
            days=settings.SERVICE_TOKEN_DAYS,
        )
    prefix = secrets.token_hex(4)
    plain = f"gk_{prefix}_{secrets.token_urlsafe(32)}"
    ServiceToken.objects.create(
        person=person,
        site=site,
        prefix=prefix,
        sha256=hashed(plain),
        scopes=sorted(scopes),
        expires_at=expires_at,
        issued_by=by,
        issued_at=clock.now(),
    )
    return plain


@action
def revoke_token(*, by: Person, prefix: str, reason: str) -> ServiceToken:
    """Revoke a token from now on.

    :raises Refusal: ``token_unknown``, ``not_authorised``, ``reason_missing``, ``token_revoked``.
    """
    token = ServiceToken.objects.select_for_update(of=["self"]).filter(prefix=prefix).first()
    if token is None:
        raise Refusal("token_unknown", "There is no token “{prefix}”.", kind=Kind.MISSING, prefix=prefix)
    check_authority(by, "accounts.manage", token.site)
    if not reason.strip():
        raise Refusal("reason_missing", "Say why.", field="reason")
    if token.revoked_at:
        raise Refusal("token_revoked", "The token was revoked before.", kind=Kind.CONFLICT)
    token.revoked_at, token.revoked_by = clock.now(), by
    token.save()
    return token


def hashed(plain: str) -> str:
    """Return what is kept of a token: its SHA-256; 256 random bits need no slow hash."""
    return hashlib.sha256(plain.encode()).hexdigest()
