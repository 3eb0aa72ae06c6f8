"""Addresses of the pages."""

app_name = "release"
urlpatterns = []
