"""The app of skid readings and excursions."""

from django.apps import AppConfig


class Monitoring(AppConfig):
    """Sources, readings, rule sets, evaluations, excursions."""

    name = "batches.monitoring"
    label = "monitoring"
