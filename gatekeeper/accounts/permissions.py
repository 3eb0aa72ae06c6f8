"""The REST door's guard: each view declares a permission, and nothing is open by default."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from gatekeeper.accounts.models import ServiceToken
from gatekeeper.accounts.requests import permits
from gatekeeper.accounts.rules.permissions import PUBLIC, SIGNED_IN
from gatekeeper.core.refusal import Kind, Refusal


class DeclaredPermission(BasePermission):
    """Lets a request pass when its person or token holds what the view declares, at some site."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the request may pass; False, which is 401, only for nobody.

        :raises Refusal: ``not_authorised``, ``machine_cannot_sign``.
        """
        required = declared(view, request.method or "GET")
        if required == PUBLIC:
            return True
        if not request.user or not request.user.is_authenticated:
            return False
        if (
            getattr(view, "signs", False)
            and request.method not in SAFE_METHODS
            and isinstance(request.auth, ServiceToken)
        ):
            raise Refusal("machine_cannot_sign", "A machine records; it never signs.", kind=Kind.FORBIDDEN)
        if required != SIGNED_IN and not permits(request, required):
            raise Refusal(
                "not_authorised",
                "{name} is not authorised for this: {permission}.",
                kind=Kind.FORBIDDEN,
                name=request.user.full_name,
                permission=required,
            )
        return True


def declared(view: Any, method: str) -> str:
    """Return the permission that a view or view class declares for a method; the empty text nobody holds."""
    own = getattr(view, "permissions", None) or {}
    if method == "HEAD":
        method = "GET"
    return own.get(method) or getattr(view, "permission", "") or own.get("GET", "")
