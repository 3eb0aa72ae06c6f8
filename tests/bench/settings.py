"""The service's own settings; its workers also know the report that the bench has them make."""

from gatekeeper.settings import *  # noqa: F403 -- the one place that takes all of the settings

CELERY_IMPORTS = ("tests.bench.reporting",)
