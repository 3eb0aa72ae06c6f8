"""What Celery runs: one message when rung, and whatever is due every ten seconds."""

from celery import shared_task

from gatekeeper.ledger.actions import outbox
from gatekeeper.ledger.outbox import answer


@shared_task(ignore_result=True)
def deliver(message_id: int, bell: str = "") -> int:
    """Do the work of an outbox message and of those behind the same bell, see actions.outbox.deliver."""
    if bell:
        answer(bell)
    return outbox.deliver(message_id)


@shared_task(ignore_result=True)
def sweep(queue: str = "general") -> int:
    """Do what is due in a queue, see actions.outbox.sweep."""
    return outbox.sweep(queue)
