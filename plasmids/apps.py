"""The app of plasmid constructs and their lots."""

from django.apps import AppConfig


class Plasmids(AppConfig):
    """Constructs, lots, incoming certificates."""

    name = "plasmids"
