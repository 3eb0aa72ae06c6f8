"""The app of excursions."""

from django.apps import AppConfig


class Excursions(AppConfig):
    """Rule sets, evaluations of phases, excursions and their alarms, exposure."""

    name = "batches.excursions"
    label = "excursions"
