"""Who signed a record, and whether it is still what they signed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from gatekeeper.accounts.models import Assignment, Person, Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.canonical import digest
from gatekeeper.ledger.models import Signature

type Content = Mapping[str, object] | Callable[[str], Mapping[str, object] | None]


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
