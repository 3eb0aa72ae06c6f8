"""Master batch records over REST."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.actions.masters import approve_master, draft_master, import_master
from batches.models import MasterBatchRecord
from batches.queries.records import masters
from batches.serializers import MasterOutput, SigningGiven
from gatekeeper.api import ApiView
from gatekeeper.core.refusal import Refusal
from gatekeeper.parsers import JsonParser, TomlParser


class Masters(ApiView):
    """Every version of every master batch record."""

    permissions = {"GET": "batches.view", "POST": "batches.author"}
    parser_classes = [JsonParser, TomlParser]

    @extend_schema(responses=MasterOutput(many=True))
    def get(self, request: Request) -> Response:
        """List versions, newest first."""
        return self.listed(masters(), MasterOutput)

    @extend_schema(
        request={"application/json": OpenApiTypes.OBJECT, "application/toml": OpenApiTypes.STR},
        responses={201: MasterOutput},
    )
    def post(self, request: Request) -> Response:
        """Record a draft from JSON or TOML."""
        return Response(MasterOutput(_drafted(request)).data, status=201)


class OneMaster(ApiView):
    """One version of a master batch record."""

    permission = "batches.view"

    @extend_schema(responses=MasterOutput)
    def get(self, request: Request, code: str, version: int) -> Response:
        """Show the version."""
        return Response(MasterOutput(_master(code, version)).data)


class ApproveMaster(ApiView):
    """The signed approval of a draft."""

    permission = "batches.approve"
    signs = True

    @extend_schema(request=SigningGiven, responses={201: MasterOutput})
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve the draft."""
        credentials = self.parsed(SigningGiven).credentials(request)
        master = approve_master(by=request.user, credentials=credentials, master=_master(code, version))
        return Response(MasterOutput(master).data, status=201)


def _drafted(request: Request) -> MasterBatchRecord:
    given: Any = request.data
    if isinstance(given, bytes):
        return import_master(by=request.user, toml=given)
    if not isinstance(given, dict):
        raise Refusal("recipe_table_wrong", "“{key}” must be a table.", field="master", key="master")
    return draft_master(by=request.user, content=given)


def _master(code: str, version: int) -> MasterBatchRecord:
    return get_object_or_404(masters(), code=code, version=version)
