"""Addresses of the REST resources, below /api/v1/."""

app_name = "batches_api"
urlpatterns = []
