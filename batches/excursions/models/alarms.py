"""Who has acknowledged an excursion."""

from django.db import models

from batches.excursions.models.evaluations import Excursion
from gatekeeper.accounts.models import Person


class Acknowledgement(models.Model):
    """One person has acknowledged one excursion. It resolves nothing: the deviation does."""

    append_only = True
    excursion = models.ForeignKey(Excursion, models.PROTECT, related_name="acknowledgements")
    comment = models.CharField(max_length=400, blank=True)
    acknowledged_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["excursion", "acknowledged_at", "id"]
        constraints = [
            models.UniqueConstraint("excursion", "acknowledged_by", name="acknowledged_once_by_each"),
        ]

    def __str__(self) -> str:
        return f"{self.excursion} · {self.acknowledged_by}"
