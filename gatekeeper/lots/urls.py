"""Addresses of the pages."""

app_name = "lots"
urlpatterns = []
