"""What the generated OpenAPI document cannot know by itself: problem documents, tokens, idempotency."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from gatekeeper.doors import PROBLEM_TYPE

_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document; `code` is permanent, `errors` names every fault.",
    "required": ["type", "title", "status", "code", "detail", "instance", "errors"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "detail": _TEXT,
        "instance": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": _TEXT,
                    "code": _TEXT,
                    "detail": _TEXT,
                    "line": {"type": "integer", "description": "Of a fault in a TOML file, from 1."},
                    "column": {"type": "integer"},
                },
            },
        },
    },
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 120},
    "description": "Required with a service token. A repeat with the same key gets the same answer, "
    "marked `Idempotency-Replayed: true`; with another body 422.",
}
_METHODS = {"get", "post", "put", "patch", "delete"}


class Operations(AutoSchema):
    """Names each component after its app as well: two apps may each have a result or a specification."""

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return the component's name."""
        name = super().get_serializer_name(serializer, direction)
        app = type(serializer).__module__.removesuffix(".serializers").rsplit(".", 1)[-1].capitalize()
        return name if name.startswith(app) else f"{app}{name}"


class ServiceTokenScheme(OpenApiAuthenticationExtension):
    """Describes ``Authorization: Bearer gk_...``."""

    target_class = "gatekeeper.accounts.authentication.ServiceTokenAuthentication"
    name = "serviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "gk_<prefix>_<secret>"}


def with_problem_details(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Add the problem document as the default answer of every operation, and the key of every idempotent one."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "Refused, with nothing recorded.",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                operation.setdefault("responses", {}).setdefault("default", answer)
            if method == "post" and operation.pop("x-idempotent", True):
                operation.setdefault("parameters", []).append(_KEY)
    return result
