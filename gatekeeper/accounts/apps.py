"""The app of people and their authority."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """People, sites, roles, qualifications, tokens."""

    name = "gatekeeper.accounts"
    label = "accounts"
