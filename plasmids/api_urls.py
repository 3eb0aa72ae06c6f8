"""Addresses of the REST resources, below /api/v1/."""

app_name = "plasmids_api"
urlpatterns = []
