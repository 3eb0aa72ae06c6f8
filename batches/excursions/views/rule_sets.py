"""Pages of sets of excursion rules."""

from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.excursions.actions.rule_sets import approve_rule_set, import_rule_set
from batches.excursions.actions.what_ifs import start_replay
from batches.excursions.models import RuleSet
from batches.excursions.presentation.formatting import place_in_file, rule_rows
from batches.excursions.presentation.replays import replay_summary, what_if_rows
from batches.excursions.queries.evaluation_inputs import rules_in
from batches.excursions.queries.sampling import tags_at, too_seldom_for
from batches.excursions.queries.what_ifs import approval_content, later_phases, past_phases, replay_of, rows_of
from batches.excursions.rules import statuses
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.transitions import transition
from gatekeeper.doors import STATUS, sentence
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm


class RuleSetList(Page):
    """Every version of every set of excursion rules."""

    permission = "readings.view"
    template_name = "excursions/rule_set_list.html"

    def context(self) -> dict[str, Any]:
        """Return the versions, newest first within a code."""
        rows = RuleSet.objects.select_related("authored_by", "approved_by")
        return {"rule_sets": [{"row": row, "mark": _RULE_SET_MARKS[row.status]} for row in rows]}


class ImportRuleSet(ImportView):
    """Import a draft of a set of rules from a TOML file: every fault is named with its rule and its field."""

    permission = "readings.configure"
    text = gettext_lazy("The excursion rules of a process. A file that is refused leaves nothing behind.")
    back = (gettext_lazy("Excursion rules"), "excursions:rule_set_list")

    def perform(self, form: Any) -> str:
        """Import."""
        draft = import_rule_set(by=self.request.user, site=self.sites[0], toml=form.cleaned_data["file"].read())
        return reverse("excursions:rule_set_detail", args=[draft.code, draft.version])

    def refused(self, form: Any, refusal: Refusal) -> HttpResponse:
        """Return the page with each fault at the file, and where in the file it is."""
        for one in refusal.all:
            fault = ValidationError(f"{place_in_file(one.field)}{sentence(one)}", code=one.code)
            form.add_error("file", fault)
        return self.show(form=form, refusal=refusal, status=STATUS[refusal.kind])


class RuleSetDetail(ActionView):
    """One version of a set of rules; who may approve signs here, below everything that is signed."""

    permission = "readings.view"
    template_name = "excursions/rule_set_detail.html"
    form_class = SigningForm

    @cached_property
    def rule_set(self) -> RuleSet:
        """The version of the address."""
        rows = RuleSet.objects.select_related("authored_by", "approved_by")
        return get_object_or_404(rows, code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the rules as a table, and what an approver would sign."""
        row, content = self.rule_set, approval_content(self.rule_set)
        what_if = self.what_if()
        approves = row.status == RuleSet.Status.DRAFT and sites_in(self.request, "batches.approve")
        return {
            "rule_set": row,
            "mark": _RULE_SET_MARKS[row.status],
            "rules": rule_rows(rules_in(row)),
            "rule_columns": (_("Rule"), _("Signal"), _("Kind"), _("Alert"), _("Action"), _("Delays"), _("Phases")),
            "too_seldom": too_seldom_for([row], tags_at(self.sites)),
            "signatures": signatures_of(row, content),
            "what_if": what_if,
            "may_replay": row.status == RuleSet.Status.DRAFT and bool(sites_in(self.request, "readings.configure")),
            "approves": bool(approves) and row.authored_by_id != self.request.user.pk,
            "digest": digest(content),
            "meaning": transition(statuses.RULE_SET, source="draft", verb="approve").meaning,
            "items": [
                (_("Rule set"), str(row)),
                (_("Rules"), len(row.content["rules"])),
                (_("Author"), row.authored_by),
                *([(_("What-if"), replay_summary(what_if))] if what_if else []),
            ],
        }

    def what_if(self) -> dict[str, Any] | None:
        """Return what a replay over the past batches found; None for a version that was approved without one."""
        row, replay = self.rule_set, replay_of(self.rule_set)
        draft = row.status == RuleSet.Status.DRAFT
        if replay is None:
            return {"replay": None, "past": past_phases(row.code).count()} if draft else None
        found = what_if_rows(rows_of(replay.what_if, sites=self.sites))
        elsewhere = replay.done - len(found["flipping"]) - len(found["same"])
        later = later_phases(replay, row.code) if draft else 0
        running = draft and not replay.finished
        return {"replay": replay, "later": later, "elsewhere": elsewhere, "running": running, **found}

    def perform(self, form: Any) -> HttpResponse | str:
        """Approve the version."""
        sites = sites_in(self.request, "batches.approve") or self.sites
        approve_rule_set(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=sites[0],
            rule_set=self.rule_set,
        )
        return reverse("excursions:rule_set_detail", args=[self.rule_set.code, self.rule_set.version])


class StartReplay(RuleSetDetail):
    """The button that replays a draft over the past batches; what comes of it is shown with the rules."""

    permission = "readings.configure"
    form_class = Form

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return to the rules: a replay is read there."""
        return redirect("excursions:rule_set_detail", **kwargs)

    def context(self) -> dict[str, Any]:
        """Return the rules without what an approver would sign: this form signs nothing."""
        return {**super().context(), "approves": False}

    def perform(self, form: Any) -> HttpResponse | str:
        """Start the replay."""
        start_replay(by=self.request.user, site=self.sites[0], rule_set=self.rule_set)
        address = reverse("excursions:rule_set_detail", args=[self.rule_set.code, self.rule_set.version])
        return f"{address}#what-would-change"


_RULE_SET_MARKS = {"draft": "plain", "approved": "inside", "retired": "unknown"}
