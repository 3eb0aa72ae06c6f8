"""The addresses that these tests open, whether or not the other rooms' are ready."""

from django.http import HttpResponse
from django.urls import include, path

handler404 = "gatekeeper.web.not_found"
handler403 = "gatekeeper.web.forbidden"

urlpatterns = [
    path("", lambda request: HttpResponse(), name="home"),
    path("language/", lambda request: HttpResponse(), name="set_language"),
    path("accounts/", include("gatekeeper.accounts.urls")),
    path("ledger/", include("gatekeeper.ledger.urls")),
    path("api/v1/", include("gatekeeper.ledger.api_urls")),
]
