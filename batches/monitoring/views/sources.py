"""Pages of skids and probes."""

from functools import cached_property
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.monitoring.actions.clocks import MEANING, correct_clock
from batches.monitoring.actions.sources import register_source
from batches.monitoring.forms import ClockForm, SourceForm
from batches.monitoring.models import Frame, InstrumentFile, Source, Tag
from batches.monitoring.queries.corrections import corrections_content, plain_offset
from batches.monitoring.queries.reading_of import assignments_of, corrected_frames, frames_ahead, quarantined_in
from batches.monitoring.rules.parameters import parameter
from batches.views.rows import RowsPage
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.web import ActionView, Page

_RECENT_FRAMES = 20


class SourceList(Page):
    """The skids and probes of the person's sites, with when they last sent."""

    permission = "monitoring.view"
    template_name = "monitoring/source_list.html"

    def context(self) -> dict[str, Any]:
        """Return the sources."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        return {"sources": rows.annotate(last_at=Max("frames__last_at"))}


class SourceDetail(Page):
    """One skid: its tags, the phases it served, what it sent last, its clock, and frames that came twice."""

    permission = "monitoring.view"
    template_name = "monitoring/source_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the source with its newest frames."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        source = get_object_or_404(rows, code=self.kwargs["code"])
        return {
            "source": source,
            "tags": [_tag(row) for row in source.tags.all()],
            "frames": _frames(source),
            "conflicts": _conflicts(source),
            "phases": assignments_of(source).order_by("-started_at")[:_RECENT_FRAMES],
            "ahead": frames_ahead([source]).count(),
            "corrections": [
                (row, plain_offset(row))
                for row in source.clock_corrections.select_related("corrected_by").order_by("-id")
            ],
            "corrects": source.site in sites_in(self.request, "monitoring.correct"),
        }


class CorrectClock(ActionView):
    """Correct the clock of a skid by a signed offset, with the frames it sent last in view."""

    permission = "monitoring.correct"
    template_name = "monitoring/source_clock.html"
    form_class = ClockForm

    @cached_property
    def source(self) -> Source:
        """The source of the address."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        return get_object_or_404(rows, code=self.kwargs["code"])

    def initial(self) -> dict[str, Any]:
        """Return the boot id that the source sends under now; a file that it wrote has a clock of its own."""
        files = InstrumentFile.objects.filter(source=self.source).values("boot_id")
        newest = self.source.frames.exclude(boot_id__in=files).order_by("-id").first()
        return {"boot_id": newest.boot_id} if newest else {}

    def context(self) -> dict[str, Any]:
        """Return the newest frames, and what is signed besides the fields."""
        known = corrections_content(self.source)
        return {
            "source": self.source,
            "frames": _frames(self.source),
            "items": [
                (_("Source"), self.source.code),
                (_("Corrections before this one"), len(known["clock_corrections"])),
            ],
            "meaning": MEANING,
            "digest": digest(known),
        }

    def perform(self, form: Any) -> str:
        """Correct."""
        correct_clock(
            by=self.request.user,
            credentials=form.credentials(self.request),
            source=self.source,
            command=form.command(),
        )
        return reverse("monitoring:source_detail", args=[self.source.code])


class RegisterSource(RowsPage):
    """Register a skid or probe with its tags, one a row."""

    permission = "monitoring.configure"
    template_name = "monitoring/source_register.html"
    form_class = SourceForm
    rows = 8

    def form_options(self) -> dict[str, Any]:
        """Return the sites whose equipment can have a source."""
        return super().form_options() | {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register."""
        source = register_source(by=self.request.user, command=form.command())
        return reverse("monitoring:source_detail", args=[source.code])


def _conflicts(source: Source) -> Any:
    frames = source.frames.filter(conflicts__isnull=False).distinct().order_by("-id")
    return frames.prefetch_related("conflicts")[:_RECENT_FRAMES]


def _tag(row: Tag) -> Tag:
    row.title, row.label = parameter(row.parameter).title, unit(row.unit).label
    return row


def _frames(source: Source) -> list[Frame]:
    """Return the newest frames, each with ``marks``: states and words of what is special about it."""
    rows = list(corrected_frames([source]).annotate(assigned=Exists(_served(source))).order_by("-id")[:_RECENT_FRAMES])
    held = quarantined_in([row for row in rows if row.until_at > row.received_at])
    for row in rows:
        row.marks = [] if row.assigned else [("plain", _("outside an assignment"))]
        if count := held.get(row.pk, 0):
            said = ngettext("{count} sample in quarantine", "{count} samples in quarantine", count)
            row.marks.append(("unknown", said.format(count=count)))
        if row.offset_s:
            row.marks.append(("alert", _("times corrected")))
    return rows


def _served(source: Source) -> Any:
    open_or_later = Q(performed_at__isnull=True) | Q(performed_at__gte=OuterRef("from_at"))
    return assignments_of(source).filter(open_or_later, started_at__lte=OuterRef("until_at"))
