"""The readable history of a record, with the acting person filled in on every path, Celery and commands included."""

from typing import Any

from simple_history.models import HistoricalRecords

from gatekeeper.accounts.actor import current_actor


class History(HistoricalRecords):
    """django-simple-history whose user is the actor of the running action, not the user of a web request."""

    def __init__(self, **options: Any) -> None:
        super().__init__(get_user=_actor, **options)


def _actor(**_request: object) -> Any:
    person = current_actor()
    return person if getattr(person, "pk", None) else None  # the system itself is no row of the table of people
