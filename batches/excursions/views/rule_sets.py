"""The button that replays a draft of excursion rules."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from batches.excursions.actions.what_ifs import start_replay
from batches.excursions.rules.rule_sets import KIND
from gatekeeper.documents.models import Document
from gatekeeper.web import Page


class StartReplay(Page):
    """Replays a draft over the past batches; what comes of it is shown with the rules."""

    permission = "readings.configure"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return to the rules: a replay is read there."""
        return redirect(self.rule_set)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Start the replay."""
        start_replay(by=request.user, site=self.sites[0], rule_set=self.rule_set)
        return redirect(f"{self.rule_set.get_absolute_url()}#what-would-change")

    @property
    def rule_set(self) -> Document:
        """The version of the address."""
        return get_object_or_404(Document, kind=KIND, **self.kwargs)
