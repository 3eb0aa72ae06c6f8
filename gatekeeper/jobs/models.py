"""Jobs: what must happen after a commit."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


class Job(models.Model):
    """Work that a committed action has asked for. Redis only wakes workers; what is not done is found here."""

    queue = models.CharField(max_length=20)
    kind = models.CharField(max_length=60)
    # Jobs of one key run in order, those of a batched kind in one call: such as the frames of a source.
    batch_key = models.CharField(max_length=60, blank=True, default="", db_default="")
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    enqueued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    held_until = models.DateTimeField(null=True, blank=True)  # a worker has it, or it waits after a failure
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)  # given up; stays visible

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(done_at__isnull=True, dead_at__isnull=True),
                name="job_open",
            ),
            # What is not done for a key, given up or not: what was computed before does not know it.
            models.Index(fields=["kind", "batch_key"], condition=Q(done_at__isnull=True), name="job_undone"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(done_at__isnull=True) | Q(dead_at__isnull=True), name="job_one_end"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.id}"
