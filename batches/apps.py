"""The app of master batch records and batch records."""

from django.apps import AppConfig


class Batches(AppConfig):
    """Master batch records, batch records, phases, in-process controls, equipment, deviations."""

    name = "batches"
