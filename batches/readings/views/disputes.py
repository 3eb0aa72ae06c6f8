"""Pages of a disputed frame: its bodies side by side, and the signature that settles which one counts."""

from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.readings.actions.disputes import MEANING, settle_dispute
from batches.readings.forms import DisputeForm
from batches.readings.models import ConflictResolution, Frame, Source
from batches.readings.queries.assignments import phases_of
from batches.readings.queries.disputes import Body, bodies_of, dispute_digest, disputed_frames, frames_in_dispute
from batches.readings.rules.disputes import NEITHER, Cell, Dispute, differences
from batches.readings.rules.frames import GOOD
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.times import in_zone, moment
from gatekeeper.web import ActionView, Page

_MOST_DIFFERENCES = 40  # on a page; REST gives more


class _OfFrame(Page):
    """A page of one disputed frame."""

    @cached_property
    def frame(self) -> Frame:
        """The frame of the address."""
        sources = Source.objects.filter(site__in=self.sites).select_related("site")
        source = get_object_or_404(sources, code=self.kwargs["code"])
        frame: Frame = get_object_or_404(frames_in_dispute(source), pk=self.kwargs["frame"])
        frame.source = source
        return frame

    @cached_property
    def bodies(self) -> list[Body]:
        """The bodies of the frame, the stored one first."""
        return bodies_of(self.frame)

    @cached_property
    def dispute(self) -> Dispute:
        """What is known of the dispute."""
        return disputed_frames(frames={self.frame.pk})[self.frame.pk].dispute

    def context(self) -> dict[str, Any]:
        """Return the bodies, and where they differ."""
        zone = self.frame.source.site.timezone
        count, rows = differences([body.content for body in self.bodies], most=_MOST_DIFFERENCES)
        return {
            "frame": self.frame,
            "source": self.frame.source,
            "mark": mark_of(self.dispute),
            "outcome": outcome_of(self.dispute),
            "waits": self.dispute.counts is None,
            "bodies": [_shown(body, self.dispute) | {"name": name_of(body, self.bodies)} for body in self.bodies],
            "differing": count,
            "differences": [(_exact(one.at_us, zone), one.tag, [_cell(cell) for cell in one.cells]) for one in rows],
            "resolutions": [(row, self.said(row)) for row in self.resolutions],
        }

    @property
    def resolutions(self) -> Any:
        """The resolutions of the frame, newest first."""
        return self.frame.resolutions.select_related("resolved_by").order_by("-id")

    def said(self, row: ConflictResolution) -> str:
        """Return what a resolution chose, in words."""
        chosen = next((body for body in self.bodies if body.sha256 == row.chosen), None)
        return _("None of them") if chosen is None else name_of(chosen, self.bodies)


class DisputeDetail(_OfFrame):
    """A disputed frame: its bodies, where they differ, what was settled, and the phases that it belongs to."""

    permission = "readings.view"
    template_name = "readings/dispute_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the dispute with the phases that wait for it."""
        return super().context() | {
            "phases": phases_of([self.frame]),
            "settles": self.frame.source.site in sites_in(self.request, "readings.correct"),
        }


class SettleDispute(_OfFrame, ActionView):
    """Settle which body of a frame counts, with the bodies in view."""

    permission = "readings.correct"
    template_name = "readings/dispute_settle.html"
    form_class = DisputeForm

    def form_options(self) -> dict[str, Any]:
        """Return the bodies to choose from."""
        zone = self.frame.source.site.timezone
        return {
            "bodies": [
                (body.sha256, f"{name_of(body, self.bodies)} · {in_zone(body.received_at, zone)} · {body.sha256[:12]}")
                for body in self.bodies
            ]
        }

    def context(self) -> dict[str, Any]:
        """Return the bodies, and what is signed besides the fields."""
        return super().context() | {
            "items": [
                (_("Frame"), str(self.frame)),
                *((name_of(body, self.bodies), body.sha256) for body in self.bodies),
                (_("Resolutions before this one"), len(self.dispute.decisions)),
            ],
            "meaning": MEANING,
            "digest": dispute_digest(self.frame),
        }

    def perform(self, form: Any) -> str:
        """Settle."""
        settle_dispute(
            by=self.request.user,
            credentials=form.credentials(self.request),
            frame=self.frame,
            command=form.command(self.request.POST.get("shown_digest", "")),
        )
        return reverse("readings:dispute_detail", args=[self.frame.source.code, self.frame.pk])


def mark_of(dispute: Dispute) -> tuple[str, str]:
    """Return state and word of a dispute."""
    return ("unknown", _("in dispute")) if dispute.counts is None else ("plain", _("settled"))


def outcome_of(dispute: Dispute) -> str:
    """Return in words which body counts."""
    if dispute.counts is None:
        return _("nobody has settled which body is true")
    if dispute.counts == NEITHER:
        return _("none of the bodies counts")
    return _("another body counts") if dispute.is_replaced else _("the stored body counts")


def name_of(body: Body, bodies: list[Body]) -> str:
    """Return what a body is called on its page."""
    number = bodies.index(body) + 1
    return (
        _("Body %(number)s, stored") % {"number": number} if body.stored else _("Body %(number)s") % {"number": number}
    )


def _shown(body: Body, dispute: Dispute) -> dict[str, Any]:
    if dispute.counts is None:
        mark = ("unknown", _("not known"))
    else:
        mark = ("inside", _("counts")) if body.sha256 == dispute.counts else ("plain", _("does not count"))
    content = body.content
    tags = len(content.columns)
    return {
        "body": body,
        "mark": mark,
        "samples": content.samples,
        "tags": ngettext("{count} tag", "{count} tags", tags).format(count=tags),
        "first_at": moment(content.first_us),
        "last_at": moment(content.last_us),
    }


def _exact(at_us: int, zone: str) -> str:
    local: datetime = moment(at_us).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return _("no sample")
    value = _("no value") if np.isnan(cell.value) else repr(cell.value)
    return value if cell.quality == GOOD else f"{value} ({_('quality')} {cell.quality})"
