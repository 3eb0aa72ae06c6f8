"""The app of controlled documents."""

from django.apps import AppConfig


class Documents(AppConfig):
    """Versions of controlled documents: drafts, approval, which of them is in force."""

    name = "gatekeeper.documents"
    label = "documents"
