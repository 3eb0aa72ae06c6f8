"""Signatures, idempotency keys, and read-only views of the evidence tables."""

from django.db import models
from django.db.models import Q

from gatekeeper.accounts.models import Person, Site


class Signature(models.Model):
    """A person's signature under the content that was shown, bound by its digest. 21 CFR 11.50, 11.70.

    ``content`` is the canonical JSON that was signed, ``sha256`` its digest; the subject is named by its type
    (``lots.lot``) and primary key. A trigger refuses a machine, another's name and a digest that does not fit.
    """

    append_only = True
    signer = models.ForeignKey(Person, models.PROTECT, related_name="signatures")
    printed_name = models.CharField(max_length=120)
    role = models.CharField(max_length=200, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    act = models.CharField(max_length=60)
    meaning = models.CharField(max_length=80)
    signed_at = models.DateTimeField()
    subject_type = models.CharField(max_length=60)
    subject_key = models.CharField(max_length=60)
    content = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-signed_at", "-id"]
        indexes = [models.Index(fields=["subject_type", "subject_key", "-id"])]
        constraints = [
            models.CheckConstraint(
                condition=~Q(printed_name="") & ~Q(meaning="") & ~Q(act=""), name="signature_names_its_meaning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name} · {self.meaning} · {self.signed_at:%Y-%m-%d %H:%M}"


class IdempotencyKey(models.Model):
    """The answer that a request was given, kept in its transaction, so that a repeat gets the same bytes."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    request_sha256 = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=120)
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint("person", "path", "key", name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One line of evidence, written by a trigger only; ``body`` is the exact text whose hash is the leaf."""

    id = models.BigIntegerField(primary_key=True)
    xid = models.TextField()
    tbl = models.TextField()
    pk_text = models.TextField(db_column="pk")
    leaf = models.BinaryField()
    body = models.TextField()

    class Meta:
        managed = False  # migration 0002 creates it; the application can only read
        db_table = '"ledger"."entry"'
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.tbl} {self.pk_text} · {self.id}"


class Leaf(models.Model):
    """The place ``idx`` of an entry in the sealed log."""

    idx = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="place")

    class Meta:
        managed = False
        db_table = '"ledger"."leaf"'
        ordering = ["idx"]

    def __str__(self) -> str:
        return str(self.idx)


class Checkpoint(models.Model):
    """A signed head of the log: ``size`` leaves have the Merkle root ``root``."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    horizon = models.TextField()
    sysid = models.BigIntegerField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"ledger"."checkpoint"'
        ordering = ["-size"]

    def __str__(self) -> str:
        return str(self.size)
