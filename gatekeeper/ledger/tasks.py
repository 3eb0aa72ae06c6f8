"""What Celery runs: one message when rung, and whatever is due every ten seconds."""

from celery import shared_task

from gatekeeper.ledger.actions import outbox


@shared_task(ignore_result=True)
def deliver(message_id: int) -> bool:
    """Do the work of one outbox message, see actions.outbox.deliver."""
    return outbox.deliver(message_id)


@shared_task(ignore_result=True)
def sweep(queue: str = "general") -> int:
    """Do what is due in a queue, see actions.outbox.sweep."""
    return outbox.sweep(queue)
