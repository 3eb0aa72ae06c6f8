"""The Celery application. Redis only wakes workers: jobs are in PostgreSQL (gatekeeper/jobs).

Which settings are meant is said by the environment (DJANGO_SETTINGS_MODULE): importing the package must not choose.
"""

from celery import Celery

app = Celery("gatekeeper")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A dead Redis may hold a request up for a moment, not for minutes: a wake-up is a courtesy.
app.conf.broker_transport_options = {
    "socket_connect_timeout": 1,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
app.autodiscover_tasks()
