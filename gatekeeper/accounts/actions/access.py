"""Access events: every log-in, lock and failed attempt is recorded at once. 21 CFR 11.300(d)."""

import logging

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import System, action
from gatekeeper.accounts.models import AccessEvent, Person

security = logging.getLogger("gatekeeper.security")
_REPORTED = (AccessEvent.Kind.LOG_IN_FAILED, AccessEvent.Kind.SIGNING_FAILED, AccessEvent.Kind.LOCKED_OUT)


@action
def record_access(
    *,
    by: Person | System,
    kind: AccessEvent.Kind,
    person: Person | None = None,
    username: str = "",
    ip_address: str = "",
    detail: str = "",
) -> AccessEvent:
    """Record one event about ``person``, by default the one who acts; attempts that failed are also logged."""
    if person is None and isinstance(by, Person):
        person = by
    name = username or (person.username if person else by.username)
    if kind in _REPORTED:
        security.warning("%s: %s from %s", kind, name[:60].encode("unicode_escape").decode(), ip_address or "unknown")
    return AccessEvent.objects.create(
        kind=kind,
        person=person,
        username=name.casefold()[:60],
        ip_address=ip_address or None,
        at=clock.now(),
        detail=detail[:200],
    )
