"""Pages of deviations: the list, one with its timeline, reporting and closing."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.actions.deviations import close_deviation, open_deviation, reopen_deviation
from batches.forms import ClosingForm, DeviationForm, ReasonForm
from batches.models import Deviation
from batches.queries.deviations import all_deviations, deviation_content, listed_deviations, timeline_of
from batches.views.records import RecordPage
from batches.views.words import deviation_state, pair
from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.canonical import digest
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.lists import ListPage
from gatekeeper.web import ActionView


class DeviationList(ListPage):
    """Deviations of the person's sites: open ones first."""

    permission = "batches.view"
    template_name = "batches/deviation_list.html"
    name = "deviations"

    def filters(self) -> dict[str, Any]:
        """Return the statuses and the classes."""
        return {
            "status": (_("Status"), Deviation.Status.choices),
            "severity": (_("Class"), Deviation.Severity.choices),
        }

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the deviations."""
        return listed_deviations(self.sites, word=word, **chosen)

    def prepare(self, row: Deviation) -> None:
        """Add the state of its mark."""
        row.state = deviation_state(row)


class DeviationPage(ActionView):
    """Base of the pages of one deviation."""

    permission = "batches.view"

    @cached_property
    def deviation(self) -> Deviation:
        """The deviation of the address, at a site where the person holds the page's permission."""
        sites = {"batch_record__site__in": self.sites}
        return get_object_or_404(all_deviations(), number=self.kwargs["number"], **sites)

    def context(self) -> dict[str, Any]:
        """Return the deviation."""
        row = self.deviation
        return {
            "deviation": row,
            "state": deviation_state(row),
            "pairs": _pairs(row),
            "events": timeline_of(row),
            "signatures": signatures_of(row, content=deviation_content(row)),
            "may": permissions_of(self.request.user, row.batch_record.site),
        }

    def there(self) -> str:
        """Return the address of the deviation."""
        return reverse("batches:deviation_detail", args=[self.deviation])


class DeviationDetail(DeviationPage):
    """One deviation: what happened, its timeline, its conclusion."""

    template_name = "batches/deviation_detail.html"


class Close(DeviationPage):
    """Close a deviation with the signed conclusion of its investigation."""

    permission = "batches.close_deviation"
    template_name = "batches/deviation_close.html"
    form_class = ClosingForm

    def context(self) -> dict[str, Any]:
        """Return what is signed; the conclusion is added to it."""
        row = self.deviation
        return super().context() | {
            "items": [(row["term"], row["value"]) for row in _pairs(row)],
            "meaning": _("Closed: investigation complete"),
            "digest": digest(deviation_content(row)),
        }

    def perform(self, form: Any) -> str:
        """Close."""
        close_deviation(
            by=self.request.user,
            credentials=form.credentials(self.request),
            deviation=self.deviation,
            **form.conclusion(),
        )
        return self.there()


class Reopen(DeviationPage):
    """Open a closed deviation again."""

    permission = "batches.close_deviation"
    template_name = "batches/deviation_reopen.html"
    form_class = ReasonForm

    def perform(self, form: Any) -> str:
        """Reopen."""
        reopen_deviation(by=self.request.user, deviation=self.deviation, reason=form.cleaned_data["reason"])
        return self.there()


class Report(RecordPage):
    """Report a deviation of a batch record."""

    permission = "batches.open_deviation"
    template_name = "batches/deviation_report.html"
    form_class = DeviationForm

    def form_options(self) -> dict[str, Any]:
        """Return the phases of the record."""
        return {"phases": [(row.code, f"{row.code} {row.title}") for row in self.record.phases.all()]}

    def context(self) -> dict[str, Any]:
        """Return the record."""
        return {"record": self.record}

    def perform(self, form: Any) -> str:
        """Open the deviation."""
        phase = next((row for row in self.record.phases.all() if row.code == form.cleaned_data["phase"]), None)
        opened = open_deviation(by=self.request.user, batch_record=self.record, phase=phase, command=form.command())
        return reverse("batches:deviation_detail", args=[opened])


def _pairs(row: Deviation) -> list[dict[str, Any]]:
    record = row.batch_record
    phase = f"{row.phase.code} {row.phase.title}" if row.phase else "–"
    return [
        pair(_("What happened"), row.description_text),
        pair(_("Class"), row.get_severity_display()),
        pair(_("Found by"), row.get_origin_display()),
        pair(_("Batch record"), record.number, url=reverse("batches:detail", args=[record])),
        pair(_("Lot"), record.lot.number, url=reverse("lots:detail", args=[record.lot])),
        pair(_("Step"), phase),
        pair(_("Opened by"), row.opened_by.full_name),
    ]
