"""The app of skid readings."""

from django.apps import AppConfig


class Readings(AppConfig):
    """Sources and their tags, frames of readings, instrument files, clocks and disputes, archives."""

    name = "batches.readings"
    label = "readings"
