"""The audit trail of any record, for people."""

from typing import Any

from gatekeeper.ledger import queries
from gatekeeper.web import Page


class AuditTrail(Page):
    """Who changed what, from what to what, when and why; what is sealed; which signatures still hold."""

    permission = "ledger.view"
    template_name = "ledger/record_audit_trail.html"

    def context(self) -> dict[str, Any]:
        """Return the record, its entries newest first and its signatures.

        :raises Refusal: ``record_not_found``.
        """
        subject = queries.record_named(self.kwargs["record_type"], self.kwargs["key"], sites=self.sites)
        site = queries.site_of(subject)
        return {
            "subject": subject,
            "kind": subject._meta.verbose_name,
            "site": site,
            "zone": site.timezone if site else "UTC",
            "entries": queries.entries_of(subject)[::-1],
            "signatures": queries.signatures_of(subject),
            "checkpoint": queries.newest_checkpoint(),
        }
