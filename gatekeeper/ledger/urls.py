"""Addresses of the pages."""

app_name = "ledger"
urlpatterns = []
