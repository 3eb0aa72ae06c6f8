"""Pages of skids and probes."""

from functools import cached_property
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.readings.actions.clocks import MEANING, correct_clock
from batches.readings.actions.sensors import fit_sensor
from batches.readings.actions.sources import register_source
from batches.readings.forms import ClockForm, SensorForm, SourceForm
from batches.readings.models import Frame, InstrumentFile, Source, Tag
from batches.readings.queries.archived import has_readings
from batches.readings.queries.assignments import assignments_of
from batches.readings.queries.corrected_samples import corrected_frames, frames_ahead, quarantined_in
from batches.readings.queries.corrections import corrections_content, plain_offset
from batches.readings.queries.disputes import disputed_frames
from batches.readings.queries.sampling import sampling_check
from batches.readings.queries.sensors import fittings_of, sensors_fitted
from batches.readings.queries.unassigned import unassigned_of
from batches.readings.rules.parameters import parameter
from batches.readings.views.disputes import mark_of, outcome_of
from batches.views.equipment import calibration_mark
from batches.views.rows import RowsPage
from gatekeeper.accounts.queries import day_at
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.core.unit_codes import UNECE
from gatekeeper.web import ActionView, Page

_RECENT_FRAMES = 20


class SourceList(Page):
    """The skids and probes of the person's sites, with when they last sent."""

    permission = "readings.view"
    template_name = "readings/source_list.html"

    def context(self) -> dict[str, Any]:
        """Return the sources."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        return {"sources": rows.annotate(last_at=Max("frames__last_at"))}


class SourceDetail(Page):
    """One skid: its tags, the phases it served, what it sent last, its clock, and frames that came twice."""

    permission = "readings.view"
    template_name = "readings/source_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the source with its newest frames."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        source = get_object_or_404(rows, code=self.kwargs["code"])
        return {
            "source": source,
            "tags": _tags(source),
            "too_seldom": sampling_check()(list(source.tags.select_related("source"))),
            "unassigned": unassigned_of(source),
            "frames": _frames(source),
            "disputes": _disputes(source),
            "phases": assignments_of(source).order_by("-started_at")[:_RECENT_FRAMES],
            "ahead": frames_ahead([source]).count(),
            "corrections": [
                (row, plain_offset(row))
                for row in source.clock_corrections.select_related("corrected_by").order_by("-id")
            ],
            "corrects": source.site in sites_in(self.request, "readings.correct"),
            "configures": source.site in sites_in(self.request, "readings.configure"),
        }


class CorrectClock(ActionView):
    """Correct the clock of a skid by a signed offset, with the frames it sent last in view."""

    permission = "readings.correct"
    template_name = "readings/source_clock.html"
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
        return reverse("readings:source_detail", args=[self.source.code])


class FitSensor(ActionView):
    """Fit a sensor to a tag: its calibration is that of the tag's readings from then on."""

    permission = "readings.configure"
    template_name = "readings/source_sensors.html"
    form_class = SensorForm

    @cached_property
    def source(self) -> Source:
        """The source of the address."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        return get_object_or_404(rows, code=self.kwargs["code"])

    def form_options(self) -> dict[str, Any]:
        """Return whose tags they are."""
        return {"source": self.source}

    def context(self) -> dict[str, Any]:
        """Return which sensors were fitted so far."""
        return {"source": self.source, "fittings": fittings_of(self.source)[:_RECENT_FRAMES]}

    def perform(self, form: Any) -> str:
        """Fit it."""
        fit_sensor(by=self.request.user, source=self.source, command=form.command())
        return reverse("readings:source_detail", args=[self.source.code])


class RegisterSource(RowsPage):
    """Register a skid or probe with its tags, one a row."""

    permission = "readings.configure"
    template_name = "readings/source_register.html"
    form_class = SourceForm
    rows = 8

    def form_options(self) -> dict[str, Any]:
        """Return the sites whose equipment can have a source."""
        return super().form_options() | {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register."""
        source = register_source(by=self.request.user, command=form.command())
        return reverse("readings:source_detail", args=[source.code])


def _disputes(source: Source) -> dict[str, Any]:
    """Return the disputed frames with what is known of each, those that wait for a decision first, and their number."""
    known = disputed_frames(sources={source.pk})
    waiting = [pk for pk, one in known.items() if one.dispute.counts is None]
    settled = sorted(known.keys() - set(waiting), reverse=True)
    shown = [*sorted(waiting, reverse=True), *settled][:_RECENT_FRAMES]
    frames = source.frames.in_bulk(shown)
    disputes = [(frames[pk], known[pk].dispute) for pk in shown]
    rows = [(frame, len(one.bodies), mark_of(one), outcome_of(one)) for frame, one in disputes]
    return {"rows": rows, "waiting": len(waiting), "settled": len(settled)}


def _tags(source: Source) -> list[Tag]:
    """Return the tags, each with its words, and its sensor with the state of its calibration."""
    rows = list(source.tags.all())
    sensors, today = sensors_fitted(rows), day_at(source.site)
    for row in rows:
        row.title, row.label = parameter(row.parameter).title, unit(row.unit).label
        row.kind = Tag.Type(row.declared_type.value).label
        row.unece = UNECE.get(row.unit, "")
        fitting = sensors.get(row.pk)
        row.sensor = fitting.sensor if fitting else None
        row.mark = calibration_mark(row.sensor.calibration_due_date, today) if row.sensor else None
    return rows


def _frames(source: Source) -> list[Frame]:
    """Return the newest frames, each with ``marks``: states and words of what is special about it."""
    frames = corrected_frames([source]).annotate(assigned=Exists(_served(source)), stored=has_readings())
    rows = list(frames.order_by("-id")[:_RECENT_FRAMES])
    held = quarantined_in([row for row in rows if row.until_at > row.received_at])
    disputed = disputed_frames(frames={row.pk for row in rows})
    for row in rows:
        row.marks = [] if row.assigned else [("plain", _("outside an assignment"))]
        if not row.stored:
            row.marks.append(("plain", _("archived")))
        if count := held.get(row.pk, 0):
            said = ngettext("{count} sample in quarantine", "{count} samples in quarantine", count)
            row.marks.append(("unknown", said.format(count=count)))
        if row.pk in disputed:
            row.marks.append(mark_of(disputed[row.pk].dispute))
        if row.offset_s:
            row.marks.append(("alert", _("times corrected")))
    return rows


def _served(source: Source) -> Any:
    open_or_later = Q(performed_at__isnull=True) | Q(performed_at__gte=OuterRef("from_at"))
    return assignments_of(source).filter(open_or_later, started_at__lte=OuterRef("until_at"))
