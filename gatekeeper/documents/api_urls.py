"""Addresses of the REST resources, below /api/v1/: the same for every kind of document."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view

from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents import api
from gatekeeper.documents.queries import document_kinds
from gatekeeper.documents.rules.reading import JSON, TOML
from gatekeeper.documents.serializers import ApprovalGiven, OneDocumentOutput, RetirementGiven, output_of

app_name = "documents_api"
_FILE = {TOML: OpenApiTypes.STR, JSON: OpenApiTypes.OBJECT}


def _resources(kind: DocumentKind) -> list[URLPattern]:
    version = f"{kind.address}/<str:code>/versions/<int:version>/"
    row, rows = output_of(kind, OneDocumentOutput), output_of(kind)(many=True)
    reads, approves = {"GET": kind.view}, {"POST": kind.approve}
    drafting: dict[str, Any] = {
        "parameters": [OpenApiParameter("reason", str)],
        "request": _FILE,
        "responses": {201: row},
    }
    file = {(200, TOML): OpenApiTypes.STR, (200, JSON): OpenApiTypes.OBJECT}
    table = (
        ("list", f"{kind.address}/", api.Documents, reads | {"POST": kind.author}, {"responses": rows}, drafting),
        ("detail", version, api.OneDocument, reads, {"responses": row}, None),
        ("approve", f"{version}approve/", api.ApproveDocument, approves, None, _signing(ApprovalGiven, row)),
        ("retire", f"{version}retire/", api.RetireDocument, approves, None, _signing(RetirementGiven, row)),
        ("export", f"{version}export/", api.DocumentFile, reads, {"responses": file}, None),
    )
    return [
        path(address, _door(view, kind, permissions, get, post).as_view(), name=f"{kind.code}_{name}")
        for name, address, view, permissions, get, post in table
    ]


def _signing(request: Any, row: Any) -> dict[str, Any]:
    return {"request": request, "responses": {201: row}}


def _door(
    view: type[api.DocumentView],
    kind: DocumentKind,
    permissions: dict[str, str],
    get: dict[str, Any] | None,
    post: dict[str, Any] | None,
) -> type[api.DocumentView]:
    """Return the view for one kind, with its permissions and its part of the schema."""
    attributes = {"kind": kind, "permissions": permissions, "__doc__": view.__doc__, "__module__": view.__module__}
    schemas = {method: extend_schema(**words) for method, words in (("get", get), ("post", post)) if words}
    return extend_schema_view(**schemas)(type(view.__name__, (view,), attributes))


urlpatterns = [row for kind in document_kinds() for row in _resources(kind)]
