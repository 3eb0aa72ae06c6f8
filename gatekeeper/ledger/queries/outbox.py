"""What the outbox could not do."""

from django.db.models import QuerySet

from gatekeeper.ledger.models import Outbox


def dead_letters() -> QuerySet[Outbox]:
    """Return the outbox messages that were given up, newest first."""
    return Outbox.objects.filter(dead_at__isnull=False).order_by("-dead_at")
