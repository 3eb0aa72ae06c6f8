"""Addresses of the REST resources, below /api/v1/."""

app_name = "monitoring_api"
urlpatterns = []
