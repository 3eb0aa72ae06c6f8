"""Sets of excursion rules."""

from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.monitoring.actions.rule_sets import approve_rule_set, import_rule_set
from batches.monitoring.models import RuleSet
from batches.monitoring.serializers import (
    RuleSetShown,
)
from gatekeeper.api import ApiView, Signs
from gatekeeper.parsers import TomlParser


class RuleSets(ApiView):
    """Every version of every set of excursion rules."""

    permissions: ClassVar = {"GET": "monitoring.view", "POST": "monitoring.configure"}
    parser_classes: ClassVar = [TomlParser]

    @extend_schema(responses=RuleSetShown(many=True))
    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(RuleSet.objects.select_related("authored_by", "approved_by"), RuleSetShown)

    @extend_schema(request={"application/toml": OpenApiTypes.STR}, responses={201: RuleSetShown})
    def post(self, request: Request) -> Response:
        """Record a draft from TOML."""
        draft = import_rule_set(by=request.user, site=self.sites[0], toml=request.data)
        return Response(RuleSetShown(draft).data, status=201)


class OneRuleSet(ApiView):
    """One version of a set of rules."""

    permission = "monitoring.view"

    @extend_schema(responses=RuleSetShown)
    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version with every rule."""
        return Response(RuleSetShown(get_object_or_404(RuleSet, code=code, version=version)).data)


class ApproveRuleSet(ApiView):
    """The signed approval of a draft."""

    permission = "batches.approve"
    signs = True

    @extend_schema(request=Signs, responses={201: RuleSetShown})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft; the version before it retires."""
        approved = approve_rule_set(
            by=request.user,
            credentials=self.parsed(Signs).credentials(request),
            site=self.sites[0],
            rule_set=get_object_or_404(RuleSet, code=code, version=version),
        )
        return Response(RuleSetShown(approved).data, status=201)
