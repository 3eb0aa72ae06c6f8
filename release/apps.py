"""The app of specifications, results, the gate and the certificate."""

from django.apps import AppConfig


class Release(AppConfig):
    """Specifications, results, review, gate, dispositions, certificates."""

    name = "release"
