"""Sets of excursion rules."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.excursions.actions.rule_sets import approve_rule_set, import_rule_set
from batches.excursions.actions.what_ifs import start_replay
from batches.excursions.models import RuleSet, WhatIf
from batches.excursions.queries.what_ifs import read, rows_of
from batches.excursions.serializers import ReplayOutput, RuleSetOutput
from gatekeeper.api import ApiView, Signs
from gatekeeper.parsers import TomlParser


class RuleSets(ApiView):
    """Every version of every set of excursion rules."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}
    parser_classes: ClassVar = [TomlParser]

    @extend_schema(responses=RuleSetOutput(many=True))
    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(RuleSet.objects.select_related("authored_by", "approved_by"), RuleSetOutput)

    @extend_schema(request={"application/toml": OpenApiTypes.STR}, responses={201: RuleSetOutput})
    def post(self, request: Request) -> Response:
        """Record a draft from TOML."""
        draft = import_rule_set(by=request.user, site=self.sites[0], toml=request.data)
        return Response(RuleSetOutput(draft).data, status=201)


class OneRuleSet(ApiView):
    """One version of a set of rules."""

    permission = "readings.view"

    @extend_schema(responses=RuleSetOutput)
    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version with every rule."""
        return Response(RuleSetOutput(get_object_or_404(RuleSet, code=code, version=version)).data)


class ApproveRuleSet(ApiView):
    """The signed approval of a draft."""

    permission = "batches.approve"
    signs = True

    @extend_schema(request=Signs, responses={201: RuleSetOutput})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft; the version before it retires."""
        approved = approve_rule_set(
            by=request.user,
            credentials=self.parsed(Signs).credentials(request),
            site=self.sites[0],
            rule_set=get_object_or_404(RuleSet, code=code, version=version),
        )
        return Response(RuleSetOutput(approved).data, status=201)


class Replays(ApiView):
    """Replays of a draft over the past batches: what-if, they change nothing."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}

    @extend_schema(responses=ReplayOutput(many=True))
    def get(self, request: Request, code: str, version: int) -> Response:
        """List the replays, newest first, each with what it found at the sites of the caller."""
        rule_set = get_object_or_404(RuleSet, code=code, version=version)
        return self.listed(rule_set.what_ifs.select_related("rule_set", "started_by"), self.shown)

    @extend_schema(request=None, responses={201: ReplayOutput})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Start a replay; a worker goes on with it, phase by phase."""
        rule_set = get_object_or_404(RuleSet, code=code, version=version)
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
