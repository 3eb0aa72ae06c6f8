"""Addresses of the pages of evidence."""

from django.urls import path

from gatekeeper.ledger import views

app_name = "ledger"
urlpatterns = [path("<str:record_type>/<path:key>/", views.AuditTrail.as_view(), name="audit_trail")]
