"""Pages of skids and probes."""

from typing import Any

from django.db.models import Max
from django.shortcuts import get_object_or_404
from django.urls import reverse

from batches.monitoring.actions.sources import register_source
from batches.monitoring.forms import SourceForm
from batches.monitoring.models import Source, Tag
from batches.monitoring.rules.parameters import parameter
from batches.views.rows import RowsPage
from gatekeeper.core.quantity import unit
from gatekeeper.web import Page

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
    """One skid: its tags, what it sent last, and frames that came twice with different bodies."""

    permission = "monitoring.view"
    template_name = "monitoring/source_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the source with its newest frames."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        source = get_object_or_404(rows, code=self.kwargs["code"])
        return {
            "source": source,
            "tags": [_tag(row) for row in source.tags.all()],
            "frames": source.frames.order_by("-id")[:_RECENT_FRAMES],
            "conflicts": _conflicts(source),
        }


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
