"""Mappings of skids' logs."""

from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.readings.actions.log_mappings import approve_log_mapping, import_log_mapping
from batches.readings.api.file_shapes import LogMappingOutput
from batches.readings.models import LogMapping
from gatekeeper.api import ApiView, Signs
from gatekeeper.parsers import TomlParser


class LogMappings(ApiView):
    """Every version of every mapping of a skid's log."""

    permissions: ClassVar = {"GET": "readings.view", "POST": "readings.configure"}
    parser_classes: ClassVar = [TomlParser]

    @extend_schema(responses=LogMappingOutput(many=True))
    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(LogMapping.objects.select_related("authored_by", "approved_by"), LogMappingOutput)

    @extend_schema(request={"application/toml": OpenApiTypes.STR}, responses={201: LogMappingOutput})
    def post(self, request: Request) -> Response:
        """Record a draft from TOML."""
        draft = import_log_mapping(by=request.user, site=self.sites[0], toml=request.data)
        return Response(LogMappingOutput(draft).data, status=201)


class OneLogMapping(ApiView):
    """One version of a mapping."""

    permission = "readings.view"

    @extend_schema(responses=LogMappingOutput)
    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version with every column."""
        return Response(LogMappingOutput(get_object_or_404(LogMapping, code=code, version=version)).data)


class ApproveLogMapping(ApiView):
    """The signed approval of a draft."""

    permission = "batches.approve"
    signs = True

    @extend_schema(request=Signs, responses={201: LogMappingOutput})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft; the version before it retires."""
        approved = approve_log_mapping(
            by=request.user,
            credentials=self.parsed(Signs).credentials(request),
            site=self.sites[0],
            mapping=get_object_or_404(LogMapping, code=code, version=version),
        )
        return Response(LogMappingOutput(approved).data, status=201)
