"""Every address: the ground floor's own, and each app's pages and REST resources, named as strings."""

from django.urls import include, path
from django.views.decorators.csp import csp_override
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from gatekeeper import openapi  # noqa: F401 -- registers how tokens are described
from gatekeeper.accounts.permissions import DeclaredPermission
from gatekeeper.accounts.rules.permissions import SIGNED_IN
from gatekeeper.accounts.views import entry
from gatekeeper.health import Health

handler403 = "gatekeeper.web.forbidden"
handler404 = "gatekeeper.web.not_found"
handler500 = "gatekeeper.web.server_error"

# The browsable document brings a style block of its own; scripts stay ours.
_DOCS_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
_DECLARED = {"permission_classes": [DeclaredPermission]}


class Schema(SpectacularAPIView):
    """The OpenAPI document, for everybody who is known."""

    permission = SIGNED_IN


class Docs(SpectacularSwaggerSplitView):
    """The document to read and to try."""

    permission = SIGNED_IN
    url_name = "schema"


urlpatterns = [
    path("", entry.Home.as_view(), name="home"),
    path("healthz", Health.as_view(), name="health"),
    path("language/", entry.SetLanguage.as_view(), name="set_language"),
    path("accounts/", include("gatekeeper.accounts.urls")),
    path("ledger/", include("gatekeeper.ledger.urls")),
    path("documents/", include("gatekeeper.documents.urls")),
    path("lots/", include("gatekeeper.lots.urls")),
    path("plasmids/", include("plasmids.urls")),
    path("batches/", include("batches.urls")),
    path("readings/", include("batches.readings.urls")),
    path("excursions/", include("batches.excursions.urls")),
    path("release/", include("release.urls")),
    path("api/v1/schema/", Schema.as_view(**_DECLARED), name="schema"),
    path("api/v1/docs/", csp_override(_DOCS_CSP)(Docs.as_view(**_DECLARED)), name="docs"),
    path("api/v1/", include("gatekeeper.accounts.api_urls")),
    path("api/v1/", include("gatekeeper.ledger.api_urls")),
    path("api/v1/", include("gatekeeper.documents.api_urls")),
    path("api/v1/", include("gatekeeper.lots.api_urls")),
    path("api/v1/", include("plasmids.api_urls")),
    path("api/v1/", include("batches.api_urls")),
    path("api/v1/", include("batches.readings.api_urls")),
    path("api/v1/", include("batches.excursions.api_urls")),
    path("api/v1/", include("release.api_urls")),
]
