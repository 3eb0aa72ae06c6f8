"""Pages of the files that instruments wrote during a phase."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from batches.models import Phase
from batches.readings.actions.files import record_instrument_file
from batches.readings.forms import FileForm
from batches.readings.models import InstrumentFile
from batches.readings.queries.files import KINDS, FileRow, files_of, rows_of
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.quantity import unit
from gatekeeper.web import ActionView, Page

_ROWS = 100


class OfPhase(Page):
    """A page about one phase of a batch record of the person's sites."""

    permission = "readings.view"

    @cached_property
    def phase(self) -> Phase:
        """The phase of the address."""
        rows = Phase.objects.filter(batch_record__site__in=self.sites)
        rows = rows.select_related("batch_record__site", "batch_record__lot")
        return get_object_or_404(rows, batch_record__number=self.kwargs["number"], code=self.kwargs["code"])

    def context(self) -> dict[str, Any]:
        """Return the phase with its record."""
        return {"phase": self.phase, "record": self.phase.batch_record}

    @property
    def address(self) -> list[str]:
        """What the addresses of this phase's pages begin with."""
        return [self.phase.batch_record.number, self.phase.code]


class FileList(OfPhase):
    """The files of a phase, newest first."""

    template_name = "readings/file_list.html"

    def context(self) -> dict[str, Any]:
        """Return each file with how much of it was taken."""
        site = self.phase.batch_record.site
        files = [
            {
                "row": file,
                "mark": "alert" if any(one["blocking"] for one in file.findings) else "inside",
                "label": _("In part") if any(one["blocking"] for one in file.findings) else _("Whole"),
                "samples": sum(one["samples"] for one in file.signals),
                "kind": KINDS.get(file.kind, file.kind),
            }
            for file in files_of(self.phase)
        ]
        may = self.phase.started_at is not None and site in sites_in(self.request, "readings.record_files")
        return super().context() | {"files": files, "may_receive": may}


class ReceiveFile(OfPhase, ActionView):
    """Receive a file for the phase."""

    permission = "readings.record_files"
    template_name = "readings/file_receive.html"
    form_class = FileForm

    def form_options(self) -> dict[str, Any]:
        """Return the phase, whose sources can be chosen."""
        return {"phase": self.phase}

    def perform(self, form: Any) -> str:
        """Receive the file and show what was taken of it."""
        received = record_instrument_file(by=self.request.user, phase=self.phase, command=form.command())
        if received.replayed:
            messages.info(self.request, _("These very bytes were received before: nothing has changed."))
        elif any(finding["blocking"] for finding in received.file.findings):
            messages.warning(self.request, _("The file is kept, and some of it is no reading: see its findings."))
        return reverse("readings:file_detail", args=[*self.address, received.file.pk])


class OneFile(OfPhase):
    """A page about one file of the phase."""

    @cached_property
    def file(self) -> InstrumentFile:
        """The file of the address."""
        rows = InstrumentFile.objects.filter(phase=self.phase)
        return get_object_or_404(
            rows.select_related("source__equipment", "mapping", "received_by"), pk=self.kwargs["pk"]
        )


class FileDetail(OneFile):
    """A file: its findings first, then what was taken of each signal, then samples with the place of each."""

    template_name = "readings/file_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the file as its reader understands it."""
        file, zone = self.file, self.phase.batch_record.site.timezone
        file.phase = self.phase
        tags = [one["tag"] for one in file.signals]
        asked = self.request.GET.get("tag", "")
        tag = asked if asked in tags else (tags[0] if tags else "")
        text = self.request.GET.get("start", "0")
        start = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        rows = rows_of(file, tag, start=start, count=_ROWS, at=now()) if tag else []
        total = next((one["samples"] for one in file.signals if one["tag"] == tag), 0)
        return super().context() | {
            "file": file,
            "kind": KINDS.get(file.kind, file.kind),
            "zone": zone,
            "findings": _findings(file),
            "signals": [_signal(one) for one in file.signals],
            "tag": tag,
            "rows": [_row(row) for row in rows],
            "first": start + 1,
            "last": start + len(rows),
            "total": total,
            "earlier": max(start - _ROWS, 0) if start else None,
            "later": start + _ROWS if start + _ROWS < total else None,
        }


class FileContent(OneFile):
    """The bytes of the file as they came."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Download them under the name that they came with."""
        disposition = content_disposition_header(as_attachment=True, filename=self.file.name)
        return HttpResponse(
            bytes(self.file.content),
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition or "attachment"},
        )


def _findings(file: InstrumentFile) -> list[dict[str, Any]]:
    return [
        {
            "state": "action" if one["blocking"] else "alert",
            "label": _("Not taken") if one["blocking"] else _("Note"),
            "sentence": one["message"],
            "who": one["locator"],
            "code": one["code"],
        }
        for one in sorted(file.findings, key=lambda found: not found["blocking"])
    ]


def _signal(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "title": parameter(one["parameter"]).title,
        "label": unit(one["unit"]).label,
        "outside": one["before"] + one["after"],
        "first_at": datetime.fromisoformat(one["first_at"]),
        "last_at": datetime.fromisoformat(one["last_at"]),
    }


def _row(row: FileRow) -> dict[str, Any]:
    state, label = ("inside", _("In the phase")) if row.inside else ("unknown", _("Outside the phase"))
    if not row.good:
        state, label = "alert", _("Bad quality")
    return {"row": row, "state": state, "label": label, "unit": unit(row.unit).label}
