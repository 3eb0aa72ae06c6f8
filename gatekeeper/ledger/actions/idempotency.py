"""A repeated request gets the answer of the first: the key and the answer are in the transaction of the effect."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import connection

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import Person
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger.models import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent, byte for byte."""

    status_code: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def replay(*, by: Person, path: str, key: str, request: bytes) -> Answer | None:
    """Return the answer that this request was given before, None for a new one; call it first in the transaction.

    ``request`` is the body as received. Until the transaction ends, the same key of the same person is refused.

    :raises Refusal: ``idempotency_key_reused`` with another body, ``request_in_progress`` while the first still runs.
    """
    if len(key) > IdempotencyKey._meta.get_field("key").max_length:
        raise Refusal("idempotency_key_too_long", "An Idempotency-Key has at most 120 characters.")
    _take("pg_try_advisory_xact_lock", _lock_of(by, path, key))
    known = IdempotencyKey.objects.filter(person=by, path=path, key=key).first()
    if known is None:
        return None
    if known.request_sha256 != hashlib.sha256(request).hexdigest():
        raise Refusal("idempotency_key_reused", "This Idempotency-Key was used for another request.")
    return Answer(known.status_code, known.content_type, bytes(known.body), known.headers)


def remember(*, by: Person, path: str, key: str, request: bytes, answer: Answer) -> None:
    """Keep the answer under its key, in the transaction of the effect."""
    IdempotencyKey.objects.create(
        person=by,
        path=path,
        key=key,
        request_sha256=hashlib.sha256(request).hexdigest(),
        status_code=answer.status_code,
        content_type=answer.content_type,
        body=answer.body,
        headers=dict(answer.headers),
        created_at=clock.now(),
    )


@contextlib.contextmanager
def held(*, by: Person, path: str, key: str) -> Iterator[None]:
    """Within the block, which may hold several transactions, the same key of the same person is refused elsewhere.

    The lock is the connection's: it is gone when its process is.

    :raises Refusal: ``request_in_progress``.
    """
    lock = _lock_of(by, path, key)
    _take("pg_try_advisory_lock", lock)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [lock])


def _lock_of(by: Person, path: str, key: str) -> str:
    return f"idempotency:{by.pk}:{path}:{key}"


def _take(function: str, lock: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [lock])
        (free,) = cursor.fetchone()
    if not free:
        raise Refusal("request_in_progress", "The same request is being answered; try again.", kind=Kind.CONFLICT)
