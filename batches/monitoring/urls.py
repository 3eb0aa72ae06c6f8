"""Addresses of the pages."""

app_name = "monitoring"
urlpatterns = []
