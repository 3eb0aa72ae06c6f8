"""Replays of drafts of excursion rules."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.excursions.actions.what_ifs import start_replay
from batches.excursions.models import WhatIf
from batches.excursions.queries.what_ifs import read, rows_of
from batches.excursions.rules.rule_sets import KIND
from batches.excursions.serializers import ReplayOutput
from gatekeeper.api import ApiView
from gatekeeper.documents.models import Document


class Replays(ApiView):
    """Replays of a draft over the past batches: what-if, they change nothing."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}

    @extend_schema(responses=ReplayOutput(many=True))
    def get(self, request: Request, code: str, version: int) -> Response:
        """List the replays, newest first, each with what it found at the sites of the caller."""
        rule_set = get_object_or_404(Document, kind=KIND, code=code, version=version)
        return self.listed(rule_set.what_ifs.select_related("rule_set", "started_by"), self.shown)

    @extend_schema(request=None, responses={201: ReplayOutput})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Start a replay; a worker goes on with it, phase by phase."""
        rule_set = get_object_or_404(Document, kind=KIND, code=code, version=version)
        started = start_replay(by=request.user, site=self.sites[0], rule_set=rule_set)
        return Response(self.shown(started), status=201)

    def shown(self, what_if: WhatIf) -> dict[str, Any]:
        """Return a replay as clients see it."""
        replay = read(what_if)
        return {
            "what_if": True,
            "rule_set": str(what_if.rule_set),
            "draft_sha256": what_if.sha256,
            "started_at": what_if.started_at,
            "started_by": what_if.started_by.username,
            "finished": replay.finished,
            "done": replay.done,
            "of": replay.of,
            "flips": replay.flips,
            "sha256": replay.sha256,
            "phases": [
                {
                    "lot": row.phase.batch_record.lot.number,
                    "batch_record": row.phase.batch_record.number,
                    "phase": row.phase.code,
                    "flips": row.flips,
                    **{name: row.content[name] for name in ("before", "after", "rules")},
                }
                for row in rows_of(what_if, sites=self.sites)
            ],
        }
