"""Pages of batch records: the list, one record, issue, completion and review."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.actions import records
from batches.forms import ContentSigningForm, IssueForm, ReasonForm
from batches.models import BatchRecord
from batches.queries.records import (
    PhaseView,
    RecordView,
    batch_records,
    changed_values,
    listed_records,
    record_view,
    review_content,
)
from batches.views.steps import entry_words
from batches.views.words import PHASE_STATES, RECORD_STATES, deviation_state, pair
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.canonical import digest
from gatekeeper.lists import ListPage
from gatekeeper.web import ActionView


class RecordList(ListPage):
    """Batch records of the person's sites, newest first."""

    permission = "batches.view"
    template_name = "batches/record_list.html"
    name = "records"

    def filters(self) -> dict[str, Any]:
        """Return the statuses."""
        return {"status": (_("Status"), BatchRecord.Status.choices)}

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the records."""
        return listed_records(self.sites, word=word, **chosen)

    def prepare(self, row: BatchRecord) -> None:
        """Add the state of its mark."""
        row.state = RECORD_STATES[row.status]


class RecordPage(ActionView):
    """Base of the pages of one batch record."""

    permission = "batches.view"

    @cached_property
    def record(self) -> BatchRecord:
        """The batch record of the address, at a site where the person holds the page's permission."""
        return get_object_or_404(batch_records(), number=self.kwargs["number"], site__in=self.sites)

    @cached_property
    def view(self) -> RecordView:
        """Everything about the record."""
        return record_view(self.record, now())

    def there(self) -> str:
        """Return the address of the record."""
        return reverse("batches:detail", args=[self.record])


class RecordDetail(RecordPage):
    """One batch record: what stands in the way, its phases, yields, changed values, signatures."""

    template_name = "batches/record_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the record with its phases, yields, deviations and signatures."""
        view, record = self.view, self.record
        may = permissions_of(self.request.user, record.site)
        return {
            "record": record,
            "state": RECORD_STATES[record.status],
            "pairs": _pairs(record, view),
            "steps": [_phase_step(record, row, performs="batches.perform" in may) for row in view.phases],
            "phases": [_phase_section(row) for row in view.phases if row.phase.state != "pending"],
            "findings": _findings(record, view),
            "yields": view.yields,
            "changed": changed_values(record),
            "deviations": [_deviation_finding(row) for row in view.deviations],
            "signatures": view.signatures,
            "all_done": all(row.phase.state == "verified" for row in view.phases),
            "may": may,
        }


class Issue(ActionView):
    """Issue a batch record as a frozen copy of an approved master, with a signature."""

    permission = "batches.issue"
    template_name = "batches/record_issue.html"
    form_class = IssueForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may issue."""
        return {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Issue."""
        record = records.issue(by=self.request.user, credentials=form.credentials(self.request), command=form.command())
        return reverse("batches:detail", args=[record])


class Complete(RecordPage):
    """Say that production is complete."""

    permission = "batches.perform"
    template_name = "batches/record_complete.html"

    def context(self) -> dict[str, Any]:
        """Return what is not verified yet."""
        return {"record": self.record, "view": self.view}

    def perform(self, form: Any) -> str:
        """Complete."""
        records.complete(by=self.request.user, batch_record=self.record)
        return self.there()


class Review(RecordPage):
    """Sign the review of the production record, from a page that shows it."""

    permission = "batches.review"
    template_name = "batches/record_review.html"
    form_class = ContentSigningForm

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        view = self.view
        items = [(f"{row.phase.code} {row.phase.title}", row.phase.get_state_display()) for row in view.phases]
        items += [(row.number, f"{row.title_text} · {row.get_status_display()}") for row in view.deviations]
        items.append((_("Values changed after first entry"), len(view.changed)))
        return {
            "record": self.record,
            "items": items,
            "meaning": _("Reviewed: production record complete"),
            "digest": digest(review_content(self.record)),
            "findings": _findings(self.record, view),
        }

    def perform(self, form: Any) -> str:
        """Sign."""
        records.review(by=self.request.user, credentials=form.credentials(self.request), batch_record=self.record)
        return self.there()


class Reopen(RecordPage):
    """Reopen a reviewed record, with the reason."""

    permission = "batches.review"
    template_name = "batches/record_reopen.html"
    form_class = ReasonForm

    def context(self) -> dict[str, Any]:
        """Return the record."""
        return {"record": self.record}

    def perform(self, form: Any) -> str:
        """Reopen."""
        records.reopen(by=self.request.user, batch_record=self.record, reason=form.cleaned_data["reason"])
        return self.there()


def _pairs(record: BatchRecord, view: RecordView) -> list[dict[str, Any]]:
    master = record.master.get_absolute_url()
    return [
        pair(_("Makes"), record.lot.number, url=reverse("lots:detail", args=[record.lot])),
        pair(_("Material"), record.lot.material.name),
        pair(_("Master batch record"), str(record.master), url=master),
        pair(_("Frozen copy"), f"{record.sha256[:16]}…"),
        pair(_("Site"), record.site.name),
        pair(_("Issued by"), record.issued_by.full_name, note=record.issued_at.date().isoformat()),
        pair(_("Steps done"), f"{view.done} / {len(view.phases)}"),
    ]


def _phase_step(record: BatchRecord, view: PhaseView, *, performs: bool) -> dict[str, Any]:
    phase = view.phase
    by = phase.verified_by or phase.performed_by or phase.started_by
    linked = performs or phase.state in {"performed", "verified"}  # before that its screens are the operator's
    return {
        "number": phase.code,
        "label": phase.title,
        "url": reverse("batches:phase", args=[record, phase.code]) if linked else "",
        "note": by.full_name if by else "",
        "state": "action" if view.void else PHASE_STATES[phase.state],
        "mark": _("Signature void") if view.void else phase.get_state_display(),
        "current": phase.state == "running",
    }


def _phase_section(view: PhaseView) -> dict[str, Any]:
    return {
        "view": view,
        "state": "action" if view.void else PHASE_STATES[view.phase.state],
        "entries": [entry_words(control) for control in view.controls],
    }


def _findings(record: BatchRecord, view: RecordView) -> list[dict[str, Any]]:
    return [
        *(_deviation_finding(row) for row in view.deviations if row.status == "open"),
        *(_void_finding(record, row) for row in view.phases if row.void),
    ]


def _void_finding(record: BatchRecord, view: PhaseView) -> dict[str, Any]:
    return {
        "state": "action",
        "label": _("Void"),
        "sentence": _("%(phase)s was changed after it was signed") % {"phase": view.phase.title},
        "url": reverse("batches:phase", args=[record, view.phase.code]),
        "verb": _("Open"),
        "code": "signature_void",
    }


def _deviation_finding(row: Any) -> dict[str, Any]:
    closed = row.status == "closed"
    return {
        "state": deviation_state(row),
        "label": row.get_status_display() if closed else row.get_severity_display(),
        "sentence": row.title_text,
        "detail": row.number,
        "who": row.opened_by.full_name,
        "when": row.opened_at.date().isoformat(),
        "url": reverse("batches:deviation_detail", args=[row.number]),
        "verb": _("Open"),
        "code": row.origin,
    }
