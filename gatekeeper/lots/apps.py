"""The app of materials, lots and their family."""

from django.apps import AppConfig


class Lots(AppConfig):
    """Materials, lots, status, genealogy."""

    name = "gatekeeper.lots"
    label = "lots"
