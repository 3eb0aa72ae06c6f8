"""Pages of the mappings of skids' logs."""

from functools import cached_property
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.readings.actions.log_mappings import approve_log_mapping, import_log_mapping
from batches.readings.models import LogMapping
from batches.readings.queries.files import mapping_content
from batches.readings.rules import statuses
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.core.transitions import transition
from gatekeeper.instruments.log_mappings import SignalColumn, mapping_of
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm

_MARKS = {"draft": "plain", "approved": "inside", "retired": "unknown"}


class LogMappingList(Page):
    """Every version of every mapping of a skid's log."""

    permission = "readings.view"
    template_name = "readings/log_mapping_list.html"

    def context(self) -> dict[str, Any]:
        """Return the versions, newest first within a code."""
        rows = LogMapping.objects.select_related("authored_by", "approved_by")
        return {"mappings": [{"row": row, "mark": _MARKS[row.status]} for row in rows]}


class ImportLogMapping(ImportView):
    """Import a draft of a mapping from a TOML file."""

    permission = "readings.configure"
    text = gettext_lazy("What the columns of a skid's log mean. A file that is refused leaves nothing behind.")
    back = (gettext_lazy("Mappings of logs"), "readings:log_mapping_list")

    def perform(self, form: Any) -> str:
        """Import."""
        draft = import_log_mapping(by=self.request.user, site=self.sites[0], toml=form.cleaned_data["file"].read())
        return reverse("readings:log_mapping_detail", args=[draft.code, draft.version])


class LogMappingDetail(ActionView):
    """One version of a mapping; who may approve signs here, below everything that is signed."""

    permission = "readings.view"
    template_name = "readings/log_mapping_detail.html"
    form_class = SigningForm

    @cached_property
    def mapping(self) -> LogMapping:
        """The version of the address."""
        rows = LogMapping.objects.select_related("authored_by", "approved_by")
        return get_object_or_404(rows, code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return how a file is read and each column, and what an approver would sign."""
        row, content = self.mapping, mapping_content(self.mapping)
        read = mapping_of(row.content)
        approves = row.status == LogMapping.Status.DRAFT and sites_in(self.request, "batches.approve")
        pairs = (
            (_("Encoding"), read.encoding),
            (_("Between cells"), _DELIMITERS.get(read.delimiter, read.delimiter)),
            (_("Decimal sign"), read.decimal_sign),
            (_("Row of the header"), read.header_row),
            (_("Row of the units"), read.units_row or "–"),
            (_("No value"), " · ".join(text or "∅" for text in read.missing)),
            (_("Time"), " + ".join(read.time.columns)),
            (_("Format of the time"), read.time.format),
            (_("Zone of its clock"), read.time.zone or _("as the time says")),
        )
        return {
            "mapping": row,
            "mark": _MARKS[row.status],
            "pairs": [{"term": term, "value": value} for term, value in pairs],
            "columns": (_("Column"), _("Tag"), _("Unit"), _("Unit as printed"), _("Vouched for by")),
            "rows": [_row(column) for column in read.columns],
            "signatures": signatures_of(row, content),
            "approves": bool(approves) and row.authored_by_id != self.request.user.pk,
            "digest": digest(content),
            "meaning": transition(statuses.LOG_MAPPING, source="draft", verb="approve").meaning,
            "items": [
                (_("Mapping"), str(row)),
                (_("Columns"), len(read.columns)),
                (_("Author"), row.authored_by),
            ],
        }

    def perform(self, form: Any) -> HttpResponse | str:
        """Approve the version."""
        sites = sites_in(self.request, "batches.approve") or self.sites
        approve_log_mapping(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=sites[0],
            mapping=self.mapping,
        )
        return reverse("readings:log_mapping_detail", args=[self.mapping.code, self.mapping.version])


_DELIMITERS = {"\t": "⇥"}


def _row(column: SignalColumn) -> tuple[str, ...]:
    vouched = f"{column.quality}: {', '.join(column.good)}" if column.quality else "–"
    return (column.name, column.tag, unit(column.unit).label, column.printed_unit or "–", vouched)
