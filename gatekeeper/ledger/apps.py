"""The app of evidence, signatures and idempotency."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Ledger(AppConfig):
    """Evidence of every write, signatures bound to content, requests answered once."""

    name = "gatekeeper.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register the checks, and the attachment of triggers and grants after each migration by the owner."""
        from gatekeeper.ledger import checks  # noqa: F401, PLC0415 -- models are complete only now
        from gatekeeper.ledger.attach import after_migrate  # noqa: PLC0415 -- models are complete only now

        # The one home of signals: a table without its trigger must not exist, whichever app's migration made it.
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="ledger.attach")
