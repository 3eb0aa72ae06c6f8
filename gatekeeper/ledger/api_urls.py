"""Addresses of the evidence log below /api/v1/."""

from django.urls import path

from gatekeeper.ledger import api

urlpatterns = [
    path("ledger/checkpoint/", api.NewestCheckpoint.as_view(), name="ledger-checkpoint"),
    path("ledger/entries/", api.Entries.as_view(), name="ledger-entries"),
]
