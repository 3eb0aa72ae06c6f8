"""Addresses of the pages."""

app_name = "plasmids"
urlpatterns = []
