"""The page that follows a running batch record, and the door that its script asks for what is new."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import get_language

from batches.excursions.live import alarm_panel, excursion_content, plot_rows, state_rows, trace_content
from batches.excursions.queries import live
from batches.models import BatchRecord
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.times import micros
from gatekeeper.web import Page

_WINDOWS = (5, 30, 120)  # minutes that can be looked at
_WINDOW = 30


class LivePage(Page):
    """Base of the page and of its door: the record, what runs of it, and the time that is looked at."""

    permission = "readings.view"

    @cached_property
    def record(self) -> BatchRecord:
        """The batch record of the address, at a site where the person may see it."""
        rows = BatchRecord.objects.filter(site__in=self.sites).select_related("site", "lot")
        return get_object_or_404(rows, number=self.kwargs["number"])

    @cached_property
    def running(self) -> tuple[live.Followed, ...]:
        """What runs of the record."""
        return live.followed(self.record)

    @property
    def minutes(self) -> int:
        """How far back is looked."""
        minutes = self.request.GET.get("minutes", "")
        return int(minutes) if minutes.isdecimal() and int(minutes) in _WINDOWS else _WINDOW

    @cached_property
    def now(self) -> datetime:
        """Record time, once a request."""
        return now()

    @property
    def start(self) -> datetime:
        """The beginning of the time that is looked at."""
        return self.now - timedelta(minutes=self.minutes)

    @property
    def zone(self) -> str:
        """The time zone of the record's site."""
        return self.record.site.timezone

    @property
    def may_acknowledge(self) -> bool:
        """Whether the person may acknowledge alarms of this record."""
        return self.record.site in sites_in(self.request, "excursions.acknowledge")

    def alarms(self, results: live.Judged) -> dict[str, Any]:
        """Return what components of alarms show."""
        panel = alarm_panel(self.running, results, now=self.now, zone=self.zone)
        return panel | {"may": self.may_acknowledge}


class Live(LivePage):
    """Every judged signal of the phases that run, alarms first; the script follows, and without it it is a page."""

    template_name = "excursions/live.html"

    def context(self) -> dict[str, Any]:
        """Return the plots without their readings, which the script asks for, and the alarms."""
        results = live.judged(self.running, start=self.start)
        return {
            "record": self.record,
            "running": self.running,
            "plots": plot_rows(self.running, results),
            "minutes": self.minutes,
            "windows": _WINDOWS,
            "started_phases": self.record.phases.filter(started_at__isnull=False).order_by("position"),
            **self.alarms(results),
        }


class LiveData(LivePage):
    """What is new since the last answer: ``since`` is the cursor of the last answer; 304 when nothing is."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return new readings of each plot, what the rules say, and the alarms when they have changed."""
        since = request.GET.get("since", "")
        whole = not since.isdecimal()
        tail = live.tail(self.running, since=None if whole else int(since), start=self.start)
        results = live.judged(self.running, start=self.start)
        clocks = live.clocks(self.running, start=self.start)
        alarms = digest([results.version[0], self.may_acknowledge])[:16]
        etag = f'"{digest(self._version(tail, results, clocks))[:32]}"'
        if request.headers.get("If-None-Match") == etag:
            return HttpResponseNotModified(headers={"ETag": etag})
        content: dict[str, Any] = {
            "cursor": tail.cursor,
            "whole": whole,
            "now": micros(self.now),
            "running": [followed.phase.code for followed in self.running],
            "traces": self._traces(tail, whole=whole),
            "states": state_rows(self.running, results),
            "judgedTo": {
                followed.phase.code: _micros(results.judged_to.get(followed.phase.pk)) for followed in self.running
            },
            "excursions": excursion_content(self.running, results.alarms),
            "alarms": {"version": alarms},
            "clocks": {
                "version": clocks.digest[:16],
                "corrected": sorted(clocks.corrected),
                "held": sorted(clocks.held),
            },
        }
        if request.GET.get("alarms") != alarms:
            content["alarms"]["html"] = render_to_string("excursions/live_alarms.html", self.alarms(results), request)
        return JsonResponse(content, headers={"ETag": etag})

    def _version(self, tail: live.Tail, results: live.Judged, clocks: live.Clocks) -> list[object]:
        phases = [followed.phase.pk for followed in self.running]
        clock_version = [clocks.digest, sorted(clocks.held)]
        return [list(tail.beyond), tail.cursor, results.version, clock_version, phases, self.minutes, get_language()]

    def _traces(self, tail: live.Tail, *, whole: bool) -> dict[str, Any]:
        traces = {}
        for followed in self.running:
            assert followed.phase.started_at is not None
            start = max(micros(self.start), micros(followed.phase.started_at))
            for place, signal in enumerate(live.signals_of(followed, tail.frames)):
                plot = followed.plots[place]
                traces[f"{followed.phase.code}-{place}"] = trace_content(plot, signal, start=start, whole=whole)
        return traces


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
