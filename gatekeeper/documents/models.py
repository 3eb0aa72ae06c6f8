"""Versions of controlled documents: what master batch records, rules and the like are written, approved and kept as."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.history import History
from gatekeeper.accounts.models import Person
from gatekeeper.core.documents import LONGEST_CODE, LONGEST_SCOPE, LONGEST_TITLE
from gatekeeper.documents.rules import statuses


class Document(models.Model):
    """One version. ``content`` is what is judged by (the kind says what it holds), ``sha256`` its canonical digest.

    ``source`` is the file as it came. ``scope`` is what the document governs: from ``effective_from`` until
    ``effective_until`` this version is in force for it, and no other (sql/guards_v1.sql excludes it).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    kind = models.CharField(max_length=40)
    code = models.CharField(max_length=LONGEST_CODE)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=LONGEST_TITLE)
    scope = models.CharField(max_length=LONGEST_SCOPE)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    source = models.TextField()
    media_type = models.CharField(max_length=40)  # of the source
    reason = models.CharField(max_length=400, blank=True)  # why there is a new version
    authored_at = models.DateTimeField()
    authored_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    effective_from = models.DateTimeField(null=True, blank=True)
    effective_until = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    retired_reason = models.CharField(max_length=400, blank=True)
    history = History(excluded_fields=["content", "source"])  # which no write ever changes

    status_transitions = {"status": statuses.DOCUMENT}
    status_initial = {"status": ("draft",)}

    class Meta:
        ordering = ["kind", "code", "-version"]
        constraints = [
            models.UniqueConstraint("kind", "code", "version", name="document_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="document_version_counts_from_one"),
            models.CheckConstraint(
                condition=Q(status="draft", approved_at__isnull=True, approved_by__isnull=True)
                | (~Q(status="draft") & Q(approved_at__isnull=False, approved_by__isnull=False)),
                name="document_approved_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("authored_by")),
                name="document_author_is_not_approver",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, effective_from__isnull=True, effective_until__isnull=True)
                | (
                    Q(approved_at__isnull=False, effective_from__gte=F("approved_at"))
                    & (Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")))
                ),
                name="document_effective_once_approved",
            ),
            models.CheckConstraint(
                condition=(~Q(status="retired") & Q(retired_at__isnull=True, retired_by__isnull=True))
                | (
                    Q(status="retired", retired_at__isnull=False, retired_by__isnull=False)
                    & Q(effective_until__isnull=False)
                    & ~Q(retired_reason="")
                ),
                name="document_retired_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

    def get_absolute_url(self) -> str:
        """Return the address of the version's page."""
        return reverse(f"documents:{self.kind}_detail", args=[self.code, self.version])

    def state(self, at: datetime) -> statuses.State:
        """Return what the version is at a time."""
        return statuses.state_of(
            self.status, effective_from=self.effective_from, effective_until=self.effective_until, at=at
        )
