"""Reads of evidence and signatures: what happened to a record, who signed it, and the proof of both."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.db.models import F, QuerySet

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import Assignment, Person, Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import merkle, records
from gatekeeper.ledger.models import Checkpoint, Entry, Outbox, Signature
from gatekeeper.ledger.sealing import Tree

type Content = Mapping[str, object] | Callable[[str], Mapping[str, object]]
_DEEPEST = 4  # keys from a record to the one that names its site


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry: its name as people read it, and its values as recorded, None where there was none."""

    field: str
    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of evidence, parsed: who, what, old and new, when (UTC), why. ``index`` is its place once sealed."""

    id: int
    index: int | None
    operation: str
    at: datetime
    actor: str
    name: str
    act: str
    reason: str
    request: str
    database_role: str
    changes: tuple[Change, ...]

    @property
    def sealed(self) -> bool:
        """Whether the entry is in the signed log."""
        return self.index is not None


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A signature as it is shown. ``valid`` is None where the content to compare it with is not known here."""

    id: int
    printed_name: str
    username: str
    role: str
    site: str
    act: str
    meaning: str
    signed_at: datetime
    sha256: str
    valid: bool | None

    @property
    def digest(self) -> str:
        """The SHA-256 of the signed content."""
        return self.sha256


@dataclass(frozen=True, slots=True)
class SealState:
    """The head of the log and what waits for the next one."""

    size: int
    sealed_at: datetime | None
    waiting: int
    lag: timedelta


def evidence_of(model: type[models.Model], pk: object) -> QuerySet[Entry]:
    """Return the raw entries of one row, oldest first, each with its ``place_idx``."""
    table = f"public.{model._meta.db_table}"
    found = Entry.objects.filter(tbl=table, pk_text=str(pk))
    return found.annotate(place_idx=F("place__idx")).order_by("id")


def entries_of(subject: models.Model) -> list[EntryView]:
    """Return the parsed entries of a record, oldest first."""
    model = type(subject)
    return [parse(model, entry) for entry in evidence_of(model, subject.pk)]


def parse(model: type[models.Model], entry: Entry) -> EntryView:
    """Return an entry of the model's table as it is read, from the text that was hashed."""
    body = json.loads(entry.body, parse_float=str, parse_int=str)
    context = body["ctx"]
    old, new = body["old"] or {}, body["new"] or {}
    changed = [name for name in new | old if old.get(name) != new.get(name)]
    return EntryView(
        id=entry.id,
        index=getattr(entry, "place_idx", None),
        operation=body["op"],
        at=datetime.fromisoformat(body["at"]),
        actor=context["actor"],
        name=context.get("name") or context["actor"],
        act=context.get("act", ""),
        reason=context.get("reason", ""),
        request=context.get("request", ""),
        database_role=body["db"],
        changes=tuple(_change(model, name, old.get(name), new.get(name)) for name in _in_order(model, changed)),
    )


def _in_order(model: type[models.Model], columns: list[str]) -> list[str]:
    order = {field.column: place for place, field in enumerate(model._meta.concrete_fields)}
    return sorted(columns, key=lambda column: (order.get(column, len(order)), column))


def _change(model: type[models.Model], column: str, old: object, new: object) -> Change:
    try:
        field = model._meta.get_field(column)
    except FieldDoesNotExist:
        field = next((field for field in model._meta.concrete_fields if field.column == column), None)
    label = str(field.verbose_name) if field is not None else column
    return Change(column, label, _readable(field, old), _readable(field, new))


def _readable(field: Any, value: object) -> str | None:
    if value is None or value == "":
        return None
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.ForeignKey):
        found = field.related_model._base_manager.filter(pk=value).first()
        return str(found) if found else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def signatures_of(subject: models.Model, content: Content | None = None) -> list[SignatureView]:
    """Return the signatures of a record, newest first, each marked valid or void.

    A signature is valid while the digest of the record's current content is the signed one. ``content`` is that
    content, or a function from the act to it; without it the model's ``signed_content(act)`` is asked.
    """
    content = content if content is not None else getattr(subject, "signed_content", None)
    found = Signature.objects.filter(subject_type=subject._meta.label_lower, subject_key=str(subject.pk))
    views = []
    for row in found.select_related("signer", "site").order_by("-id"):
        now = content(row.act) if callable(content) else content
        views.append(
            SignatureView(
                id=row.pk,
                printed_name=row.printed_name,
                username=row.signer.username,
                role=row.role,
                site=row.site.name if row.site else "",
                act=row.act,
                meaning=row.meaning,
                signed_at=row.signed_at,
                sha256=row.sha256,
                valid=None if now is None else digest(now) == row.sha256,
            )
        )
    return views


def roles_text(person: Person, site: Site | None) -> str:
    """Return the names of the roles that the person holds today, at the site if there is one."""
    day = day_at(site)
    held = Assignment.objects.filter(person=person, from_date__lte=day).exclude(until_date__lt=day)
    if site is not None:
        held = held.filter(site=site)
    return ", ".join(sorted(set(held.values_list("role__name", flat=True))))[:200]


def site_of(subject: models.Model) -> Site | None:
    """Return the site that a record belongs to: its own, or that of what it is a part of; None where there is none."""
    reached: list[models.Model] = [subject]
    for _depth in range(_DEEPEST):
        if not reached:
            return None
        for record in reached:
            if isinstance(record, Site):
                return record
            if isinstance(site := getattr(record, "site", None), Site):
                return site
        reached = [parent for record in reached for parent in _parents(record)]
    return None


def _parents(record: models.Model) -> list[models.Model]:
    keys = [field for field in record._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    keys = [key for key in keys if key.related_model not in {Person, Site, Signature, type(record)}]
    return [parent for key in keys if (parent := getattr(record, key.name)) is not None]


def key_of(subject: models.Model) -> str:
    """Return what names a record in an address: its natural key where one field is it, else its number."""
    field = _natural_key_field(type(subject))
    return str(getattr(subject, field) if field else subject.pk)


def record_named(record_type: str, key: str, *, sites: QuerySet[Site] | None = None) -> models.Model:
    """Return the record of this type (``lots.lot``) and key, of these sites or of none.

    :raises Refusal: ``record_not_found``; also where the record belongs to another site.
    """
    missing = Refusal("record_not_found", "There is no such record here: {key}.", kind=Kind.MISSING, key=key)
    model = {model._meta.label_lower: model for model in records.record_models()}.get(record_type.lower())
    if model is None:
        raise missing
    field = _natural_key_field(model)
    found = model._base_manager.filter(**{field: key}).first() if field else None
    if found is None and key.isdecimal() and len(key) < 19:
        found = model._base_manager.filter(pk=key).first()
    if found is None:
        raise missing
    if sites is not None and (site := site_of(found)) is not None and not sites.filter(pk=site.pk).exists():
        raise missing
    return found


def _natural_key_field(model: type[models.Model]) -> str | None:
    if name := getattr(model, "USERNAME_FIELD", None):
        return str(name)
    texts = (models.CharField, models.SlugField)
    return next((f.name for f in model._meta.concrete_fields if f.unique and isinstance(f, texts)), None)


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
    groups = [(type(subject), [subject.pk]), (Signature, list(signatures.values_list("pk", flat=True)))]
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


def dead_letters() -> QuerySet[Outbox]:
    """Return the outbox messages that were given up, newest first."""
    return Outbox.objects.filter(dead_at__isnull=False).order_by("-dead_at")
