"""The app of jobs."""

from django.apps import AppConfig


class Jobs(AppConfig):
    """What must happen after a commit: jobs, the wake-ups of their workers, attempts and dead letters."""

    name = "gatekeeper.jobs"
    label = "jobs"
