"""Pages of master batch records: the list, one version with its definition, import and approval."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.actions.masters import approve_master, import_master
from batches.models import MasterBatchRecord
from batches.queries.records import master_content, masters
from batches.rules import recipe as recipes
from batches.scales import summary_of
from batches.views.words import MASTER_STATES, pair
from gatekeeper.core.canonical import digest
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm


class MasterList(Page):
    """Every version of every master batch record."""

    permission = "batches.view"
    template_name = "batches/master_list.html"

    def context(self) -> dict[str, Any]:
        """Return the versions."""
        rows = list(masters())
        for row in rows:
            row.state = MASTER_STATES[row.status]
        return {"masters": rows}


class MasterDetail(Page):
    """One version: its definition as a table, its signatures."""

    permission = "batches.view"
    template_name = "batches/master_detail.html"

    @cached_property
    def master(self) -> MasterBatchRecord:
        """The version of the address."""
        return get_object_or_404(masters(), code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the version as it is shown."""
        master = self.master
        recipe = recipes.parse(master.content)
        approved = [pair(_("Approved by"), master.approved_by.full_name)] if master.approved_by else []
        return {
            "master": master,
            "state": MASTER_STATES[master.status],
            "recipe": recipe,
            "phases": [
                {"recipe": phase, "controls": [(control, summary_of(control)) for control in phase.controls]}
                for phase in recipe.phases
            ],
            "pairs": [
                pair(_("Makes"), f"{master.material.name} ({master.material.code})"),
                pair(_("Excursion rules"), recipe.rule_set or "–"),
                pair(_("Shelf life"), _("%(days)s days") % {"days": recipe.shelf_life_d}),
                pair(_("Written by"), master.authored_by.full_name),
                *approved,
                pair(_("Digest"), master.sha256),
            ],
            "signatures": signatures_of(master, content=master_content(master)),
            "other_author": master.authored_by_id != self.request.user.pk,
        }


class ImportMaster(ImportView):
    """Import a draft from a TOML file."""

    permission = "batches.author"
    text = gettext_lazy("The recipe of a process. A file that is refused leaves nothing behind.")
    back = (gettext_lazy("Master batch records"), "batches:master_list")

    def perform(self, form: Any) -> str:
        """Import."""
        master = import_master(by=self.request.user, toml=form.cleaned_data["file"].read())
        return reverse("batches:master_detail", args=[master.code, master.version])


class Approve(ActionView):
    """Approve a draft with a signature, from a page that shows what is approved."""

    permission = "batches.approve"
    template_name = "batches/master_approve.html"
    form_class = SigningForm

    master = MasterDetail.master

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        recipe = recipes.parse(self.master.content)
        items = [(_("Title"), self.master.title), (_("Written by"), self.master.authored_by.full_name)]
        items += [
            (f"{phase.code} {phase.title}", "; ".join(f"{row.title}: {summary_of(row)}" for row in phase.controls))
            for phase in recipe.phases
        ]
        return {
            "master": self.master,
            "items": items,
            "meaning": _("Approved for use"),
            "digest": digest(master_content(self.master)),
        }

    def perform(self, form: Any) -> str:
        """Approve."""
        master = approve_master(by=self.request.user, credentials=form.credentials(self.request), master=self.master)
        return reverse("batches:master_detail", args=[master.code, master.version])
