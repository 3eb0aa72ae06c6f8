"""The project package. The Celery application is made here so that every process posts to the same broker."""

from gatekeeper.celery import app as celery_app

__all__ = ["celery_app"]
