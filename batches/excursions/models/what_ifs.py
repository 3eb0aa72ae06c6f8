"""What the rules of a draft would have said of phases that are over: labelled what-if, beside every real judgement."""

from django.db import models

from batches.models import Phase
from gatekeeper.accounts.models import Person
from gatekeeper.documents.models import Document


class WhatIf(models.Model):
    """A replay of a draft over all phases that earlier versions of its code had judged when it was started.

    ``sha256`` is the digest of the draft, ``phases`` are the primary keys of what is replayed. It is finished when
    each of them has its row; nothing that releases a lot reads it.
    """

    append_only = True
    rule_set = models.ForeignKey(Document, models.PROTECT, related_name="what_ifs")
    sha256 = models.CharField(max_length=64)
    phases = models.JSONField()
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["rule_set", "id"]

    def __str__(self) -> str:
        return f"{self.rule_set} · what-if {self.pk}"


class WhatIfPhase(models.Model):
    """What a replay says of one phase (``content``: rules.what_if.comparison_content)."""

    append_only = True
    what_if = models.ForeignKey(WhatIf, models.PROTECT, related_name="rows")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    flips = models.BooleanField()
    content = models.JSONField()
    replayed_at = models.DateTimeField()
    replayed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["what_if", "id"]
        constraints = [models.UniqueConstraint("what_if", "phase", name="what_if_phase_once")]

    def __str__(self) -> str:
        return f"{self.what_if} · {self.phase}"
