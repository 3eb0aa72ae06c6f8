"""What Celery runs: one job when a worker is woken for it, and whatever is due every ten seconds."""

from celery import shared_task

from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.wake_ups import acknowledge


@shared_task(ignore_result=True)
def run_job(job_id: int, wake_up: str = "") -> int:
    """Acknowledge the wake-up and run the job, see actions.jobs.run_job."""
    if wake_up:
        acknowledge(wake_up)
    return jobs.run_job(job_id)


@shared_task(ignore_result=True)
def run_due(queue: str = "general") -> int:
    """Run what is due in a queue, see actions.jobs.run_due."""
    return jobs.run_due(queue)
