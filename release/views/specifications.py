"""Specifications: every version, one version with its lines, and its signed approval."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.core.canonical import digest
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm
from release import queries
from release.actions.specifications import approve_specification, import_specification
from release.models import Specification
from release.rules import specification as rules
from release.rules.dossier import LineFacts
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
            "lines": [_line(line) for line in rules.lines(row.content)],
            "signatures": signatures_of(row, queries.specification_content(row)),
            "own": row.authored_by_id == self.request.user.pk,
        }


class ImportSpecification(ImportView):
    """Import a draft from a TOML file."""

    permission = "release.author_specification"
    heading = _("Import a specification")
    text = _("What a product must meet for a market. Its material is defined and its market imported before it.")
    back = (_("Specifications"), "release:specification_list")

    def perform(self, form: Any) -> str:
        """Import the draft."""
        toml = form.cleaned_data["file"].read()
        row = import_specification(by=self.request.user, site=self.sites[0], toml=toml)
        return reverse("release:specification_detail", args=[row.code, row.version])


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


def _line(line: LineFacts) -> dict[str, str]:
    """Return a line as components/criteria.html shows it."""
    fixed = {"n": line.replicates, "cv": line.max_cv, "average": line.average}
    return {
        "title": line.title,
        "method": line.method,
        "sample": line.sample,
        "asked": raised(line.asked),
        "basis": line.basis,
        "note": gettext("%(n)s replicates, %%CV ≤ %(cv)s, %(average)s") % fixed if line.replicates else "",
    }
