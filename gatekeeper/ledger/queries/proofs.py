"""The head of the log and the proofs that lead to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from gatekeeper.accounts import clock
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import merkle
from gatekeeper.ledger.models import Checkpoint, Signature
from gatekeeper.ledger.queries.evidence import evidence_of
from gatekeeper.ledger.queries.subjects import key_of
from gatekeeper.ledger.sealing import Tree


@dataclass(frozen=True, slots=True)
class SealState:
    """The head of the log and what waits for the next one."""

    size: int
    sealed_at: datetime | None
    waiting: int
    lag: timedelta


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest signed head of the log, None before the first."""
    return Checkpoint.objects.order_by("-size").first()


def inclusion_proof(index: int, size: int) -> list[str]:
    """Return the path from a leaf to the root at ``size``, as hexadecimal hashes.

    :raises ValueError: when the tree of that size has no such leaf.
    """
    with connection.cursor() as cursor:
        return [step.hex() for step in merkle.inclusion_path(Tree(cursor), index, size)]


def consistency_proof(earlier: int, later: int) -> list[str]:
    """Return the path that proves that the log of ``later`` leaves begins with that of ``earlier``."""
    with connection.cursor() as cursor:
        return [step.hex() for step in merkle.consistency_path(Tree(cursor), earlier, later)]


def export(subject: models.Model) -> dict[str, Any]:
    """Return the sealed evidence of a record with its proofs, checked offline by checkpoint.verify_bundle.

    ``{"record", "checkpoint", "entries": [{"index", "body", "path"}]}``: the record's entries, then those of its
    signatures; what is not sealed yet is not in it.

    :raises Refusal: ``not_sealed_yet`` before the first checkpoint.
    """
    head = newest_checkpoint()
    if head is None:
        raise Refusal("not_sealed_yet", "No evidence is sealed yet.", kind=Kind.PENDING)
    signatures = Signature.objects.filter(subject_type=subject._meta.label_lower, subject_key=str(subject.pk))
    groups: list[tuple[type[models.Model], list[Any]]] = [
        (type(subject), [subject.pk]),
        (Signature, list(signatures.values_list("pk", flat=True))),
    ]
    return {
        "record": {"type": subject._meta.label_lower, "key": key_of(subject)},
        "checkpoint": head.note,
        "entries": [entry for model, keys in groups for key in keys for entry in _proven(model, key, head.size)],
    }


def _proven(model: type[models.Model], key: object, size: int) -> list[dict[str, Any]]:
    sealed = evidence_of(model, key).filter(place__idx__lt=size)
    with connection.cursor() as cursor:
        tree = Tree(cursor)
        return [
            {
                "index": entry.place_idx,
                "body": entry.body,
                "path": [step.hex() for step in merkle.inclusion_path(tree, entry.place_idx, size)],
            }
            for entry in sealed
        ]


def seal_state() -> SealState:
    """Return the size and time of the newest checkpoint, how many entries wait and how old the oldest of them is."""
    head = newest_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), min((e.body::jsonb ->> 'at')::timestamptz) FROM ledger.entry e
               WHERE NOT EXISTS (SELECT FROM ledger.leaf l WHERE l.entry_id = e.id)"""
        )
        waiting, oldest = cursor.fetchone()
    lag = clock.database() - oldest if oldest else timedelta()
    return SealState(head.size if head else 0, head.at if head else None, waiting, lag)
