"""Pages of what an arriving plasmid lot must meet: every version, one version with its lines, import and approval."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gatekeeper.core.canonical import digest
from gatekeeper.core.panels import panel
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm
from plasmids import queries
from plasmids.actions.incoming import approve_specification, import_specification
from plasmids.models import IncomingSpecification

STATES = {"draft": "unknown", "approved": "inside", "retired": "plain"}


class SpecificationList(Page):
    """Every version of every specification for arriving plasmids."""

    permission = "plasmids.view"
    template_name = "plasmids/specification_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of versions, and which of them arriving lots are judged by."""
        shown = Paginator(queries.specifications(), 50).get_page(self.request.GET.get("page"))
        for row in shown:
            row.state = STATES[row.status]
        return {"specifications": shown, "in_force": queries.specification_in_force()}


class SpecificationDetail(Page):
    """One version: what it asks, line by line, and who wrote and approved it."""

    permission = "plasmids.view"
    template_name = "plasmids/specification_detail.html"

    @cached_property
    def specification(self) -> IncomingSpecification:
        """The version of the address."""
        return get_object_or_404(queries.specifications(), code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the version with its lines and signatures."""
        row = self.specification
        return {
            "specification": row,
            "state": STATES[row.status],
            "lines": panel(row.content).attributes,
            "signatures": signatures_of(row, queries.specification_content(row)),
            "own": row.authored_by_id == self.request.user.pk,
        }


class ImportSpecification(ImportView):
    """Import a draft from a TOML file."""

    permission = "release.author_specification"
    heading = _("Import a specification for arriving plasmids")
    text = _("What a supplier's certificate must say. Another person approves it before lots are judged by it.")
    back = (_("Specifications for arriving plasmids"), "plasmids:specification_list")

    def perform(self, form: Any) -> str:
        """Import the draft."""
        toml = form.cleaned_data["file"].read()
        row = import_specification(by=self.request.user, site=self.sites[0], toml=toml)
        return reverse("plasmids:specification_detail", args=[row.code, row.version])


class ApproveSpecification(SpecificationDetail, ActionView):
    """Approve a draft, from a page that shows what is signed."""

    permission = "release.approve_specification"
    template_name = "plasmids/specification_approve.html"
    form_class = SigningForm

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        items = [(line.title, line.asked) for line in panel(self.specification.content).attributes]
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
        return reverse("plasmids:specification_detail", args=[row.code, row.version])
