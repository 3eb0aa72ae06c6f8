"""Import, approve and retire versions of controlled documents: one writes, another approves."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority, check_authority_anywhere, day_at
from gatekeeper.accounts.rules.authority import check_different_people
from gatekeeper.core.canonical import digest
from gatekeeper.core.documents import DocumentKind
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.documents import queries
from gatekeeper.documents.models import Document
from gatekeeper.documents.rules import reading, statuses
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.records import check_fits
from gatekeeper.ledger.signing import signed_action


@action
def import_document(
    *, by: Person, kind: DocumentKind, source: bytes, reason: str = "", media_type: str = reading.TOML
) -> Document:
    """Record a draft from the bytes of a file; a later version of what is there says why there is one.

    :raises Refusal: ``not_authorised``; those of ``rules.reading.read`` and of the kind's check of other records;
        ``already_registered``, ``scope_changed``, ``reason_missing``, ``text_too_long``.
    """
    check_authority_anywhere(by, kind.author)
    file = reading.read(kind, source, media_type)
    heading = file.heading
    try:
        kind.check(file.content)
        _check_new(kind, file)
    except Refusal as refusal:
        refuse_all(reading.placed(source, media_type, refusal))
    before = Document.objects.filter(Q(code=heading.code) | Q(scope=file.scope), kind=kind.code)
    draft = Document(
        kind=kind.code,
        code=heading.code,
        version=heading.version,
        title=heading.title,
        scope=file.scope,
        content=file.content,
        sha256=digest(file.content),
        source=source.decode(),
        media_type=media_type,
        reason=checked_reason(reason) if before.exists() else reason.strip(),
        authored_at=now(),
        authored_by=by,
    )
    check_fits(draft)
    draft.save()
    return draft


@signed_action
def approve_document(
    *,
    by: Person,
    proof: Proof,
    site: Site,
    document: Document,
    effective_date: date | None = None,
    shown_digest: str = "",
) -> Document:
    """Approve a draft with a signature: it is in force from now, or from a later day as that begins at the site.

    The version before it is in force until then. ``shown_digest`` is the digest of what the approver was shown.

    :raises Refusal: ``not_authorised``, ``author_approves``, ``transition_not_allowed``, ``version_not_newer``,
        ``date_in_the_past``, ``effective_too_early``, ``shown_content_changed`` and those of the kind.
    """
    locked, others = _locked(document)
    kind = queries.kind_of(locked)
    row = transition(statuses.DOCUMENT, source=locked.status, verb="approve")
    check_authority(by, kind.approve, site)
    check_different_people(
        locked.authored_by.username, by.username, code="author_approves", sentence="The author cannot approve."
    )
    _check_newest(locked, others)
    kind.check_approval(locked)
    current = digest(queries.approval_content(locked))
    if shown_digest and shown_digest != current:
        raise Refusal(
            "shown_content_changed",
            "The record changed since it was shown to you: look at it again.",
            kind=Kind.CONFLICT,
        )
    at = now()
    before = queries.predecessor(locked)
    starts = _start(effective_date, site, at)
    _check_after(starts, others, site)
    if before is not None:
        before.effective_until = starts
        before.save(update_fields=["effective_until"])
    locked.status, locked.approved_at, locked.approved_by = row.target, at, by
    locked.effective_from, locked.supersedes = starts, before
    locked.save(update_fields=["status", "approved_at", "approved_by", "effective_from", "supersedes"])
    _sign(by, proof, locked, row.verb, row.meaning)
    return locked


@signed_action
def retire_document(*, by: Person, proof: Proof, site: Site, document: Document, reason: str) -> Document:
    """Retire the newest version of its scope with a signature: from now on no version is in force.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``document_superseded``, ``reason_missing``.
    """
    locked, _others = _locked(document)
    kind = queries.kind_of(locked)
    row = transition(statuses.DOCUMENT, source=locked.status, verb="retire")
    check_authority(by, kind.approve, site)
    if locked.effective_until is not None:
        raise Refusal(
            "document_superseded",
            "A later version supersedes {document}.",
            kind=Kind.CONFLICT,
            document=str(locked),
        )
    at = now()
    locked.status, locked.retired_at, locked.retired_by, locked.retired_reason = (
        row.target,
        at,
        by,
        checked_reason(reason),
    )
    locked.effective_until = max(at, locked.effective_from or at)
    check_fits(locked)
    locked.save(update_fields=["status", "retired_at", "retired_by", "retired_reason", "effective_until"])
    _sign(by, proof, locked, row.verb, row.meaning)
    return locked


def _locked(document: Document) -> tuple[Document, list[Document]]:
    """Return the version, and the others of its code and scope: locked in one order, so approvals wait in line."""
    same = Q(code=document.code) | Q(scope=document.scope)
    rows = list(Document.objects.select_for_update().filter(same, kind=document.kind).order_by("pk"))
    return next(row for row in rows if row.pk == document.pk), [row for row in rows if row.pk != document.pk]


def _sign(by: Person, proof: Proof, document: Document, verb: str, meaning: str) -> None:
    act = f"{document.kind}.{verb}"
    content = queries.signed_content(document, act)
    sign(by=by, proof=proof, act=act, meaning=meaning, subject=document, content=content)


def _check_new(kind: DocumentKind, file: reading.Reading) -> None:
    heading = file.heading
    with connection.cursor() as cursor:  # of two imports of one version at once the second finds the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind.code}:{heading.code}"])
    same = Document.objects.filter(kind=kind.code, code=heading.code)
    if same.filter(version=heading.version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field=kind.path("version"),
            kind=Kind.CONFLICT,
            name=f"{heading.code} {heading.version}",
        )
    if other := same.exclude(scope=file.scope).first():
        raise Refusal(
            "scope_changed",
            "“{code}” governs {scope}: what governs something else has a code of its own.",
            field=kind.path("code"),
            kind=Kind.CONFLICT,
            code=heading.code,
            scope=other.scope,
        )


def _check_newest(document: Document, others: list[Document]) -> None:
    approved = [row for row in others if row.code == document.code and row.approved_at is not None]
    if any(row.version > document.version for row in approved):
        raise Refusal(
            "version_not_newer",
            "A version of {code} as new as this one is approved.",
            kind=Kind.CONFLICT,
            code=document.code,
        )


def _start(day: date | None, site: Site, at: datetime) -> datetime:
    today = day_at(site, at)
    if day is None or day == today:
        return at
    if day < today:
        raise Refusal("date_in_the_past", "The day has passed.", field="effective_date")
    return datetime.combine(day, time.min, ZoneInfo(site.timezone))


def _check_after(starts: datetime, others: list[Document], site: Site) -> None:
    for row in others:
        ends = max(filter(None, (row.effective_from, row.effective_until)), default=None)
        if ends is not None and starts < ends:
            raise Refusal(
                "effective_too_early",
                "The dates of {document} reach {day}: this version can follow it from then on.",
                field="effective_date",
                kind=Kind.CONFLICT,
                document=str(row),
                day=f"{ends.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d}",
            )
