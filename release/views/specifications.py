"""Specifications: every version, one version with its lines, and its signed approval."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import reverse

from gatekeeper.core.canonical import digest
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, Page, SigningForm
from release import queries
from release.actions.specifications import approve_specification
from release.models import Specification
from release.rules import specification as rules
from release.rules.printing import raised

STATES = {"draft": "unknown", "approved": "inside", "retired": "plain"}


class SpecificationList(Page):
    """Every version of every specification."""

    permission = "release.view"
    template_name = "release/specification_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of versions."""
        shown = Paginator(queries.specifications(), 50).get_page(self.request.GET.get("page"))
        for row in shown:
            row.state = STATES[row.status]
        return {"specifications": shown}


class SpecificationDetail(Page):
    """One version: what it asks, line by line, and who wrote and approved it."""

    permission = "release.view"
    template_name = "release/specification_detail.html"

    @cached_property
    def specification(self) -> Specification:
        """The version of the address."""
        return get_object_or_404(queries.specifications(), code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the version with its lines and signatures."""
        row = self.specification
        return {
            "specification": row,
            "state": STATES[row.status],
            "lines": [{"asked": line, "asked_for": raised(line.asked)} for line in rules.lines(row.content)],
            "signatures": signatures_of(row, queries.specification_content(row)),
            "own": row.authored_by_id == self.request.user.pk,
        }


class ApproveSpecification(SpecificationDetail, ActionView):
    """Approve a draft, from a page that shows what is signed."""

    permission = "release.approve_specification"
    template_name = "release/specification_approve.html"
    form_class = SigningForm

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        items = [(line.title, raised(line.asked)) for line in rules.lines(self.specification.content)]
        sha256 = digest(queries.specification_content(self.specification))
        return {**super().context(), "items": items, "digest": sha256}

    def perform(self, form: Any) -> str:
        """Approve the draft."""
        row = approve_specification(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=self.sites[0],
            specification=self.specification,
        )
        return reverse("release:specification_detail", args=[row.code, row.version])
