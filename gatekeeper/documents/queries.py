"""Reads of controlled documents: which version is in force at a time, and what an approval of one is bound to."""

from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents.models import Document
from gatekeeper.documents.rules.differences import Difference, differences


@cache
def document_kinds() -> tuple[DocumentKind, ...]:
    """Return every kind of controlled document that the apps declare (``settings.DOCUMENT_KINDS``)."""
    return tuple(import_string(path) for path in settings.DOCUMENT_KINDS)


def kind_of(document: Document) -> DocumentKind:
    """Return the kind of a document."""
    return next(kind for kind in document_kinds() if kind.code == document.kind)


def documents_of(kind: DocumentKind) -> QuerySet[Document]:
    """Return every version of every document of a kind, with the people that its lists name."""
    people = ("authored_by", "approved_by", "retired_by", "supersedes")
    return Document.objects.filter(kind=kind.code).select_related(*people)


def effective(kind: str, at: datetime) -> QuerySet[Document]:
    """Return the documents of a kind that are in force at a time, by their code."""
    ends = Q(effective_until__isnull=True) | Q(effective_until__gt=at)
    return Document.objects.filter(ends, kind=kind, effective_from__lte=at).order_by("code")


def in_force(kind: str, scope: str, at: datetime) -> Document | None:
    """Return the version that is in force for a scope at a time, None where there is none.

    Whoever judges asks this: the database lets no two versions be in force at once.
    """
    return effective(kind, at).filter(scope=scope).first()


def predecessor(document: Document) -> Document | None:
    """Return the version that this one superseded, of a draft the one that it would supersede; None for the first."""
    if document.status != Document.Status.DRAFT:
        return document.supersedes
    rows = Document.objects.filter(kind=document.kind, scope=document.scope, effective_from__isnull=False)
    return rows.filter(effective_until__isnull=True).first()


def differences_of(document: Document) -> tuple[Difference, ...]:
    """Return what differs from the version before, value by value; nothing for a first version."""
    before = predecessor(document)
    return differences(before.content, document.content) if before else ()


def approval_content(document: Document) -> dict[str, Any]:
    """Return what an approver is shown: the version, what it supersedes, and what its kind adds."""
    before = predecessor(document)
    return {
        "kind": document.kind,
        "code": document.code,
        "version": document.version,
        "title": document.title,
        "scope": document.scope,
        "reason": document.reason,
        "content": document.content,
        "supersedes": {"version": str(before), "sha256": before.sha256} if before else None,
        "differences": differences_of(document),
        **kind_of(document).signed(document),
    }


def signed_content(document: Document, act: str) -> dict[str, Any]:
    """Return what the signature of an act is bound to."""
    if act.endswith(".retire"):
        named = {"kind": document.kind, "code": document.code, "version": document.version, "sha256": document.sha256}
        return named | {"reason": document.retired_reason}
    later = document.effective_from if document.effective_from != document.approved_at else None
    return approval_content(document) | {"effective_from": later or "approval"}
