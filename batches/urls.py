"""Addresses of the pages."""

app_name = "batches"
urlpatterns = []
