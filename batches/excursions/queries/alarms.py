"""Excursions as alarms: raised, acknowledged, cleared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from batches.excursions.models import Acknowledgement, Excursion
from batches.excursions.rules.alarms import AlarmState, alarm_state, cleared_at
from batches.models import BatchRecord
from gatekeeper.accounts.models import Site

# A record that production has reviewed is quality's, who see every excursion in the review.
_STILL_MADE = ("issued", "in_progress", "completed")


@dataclass(frozen=True, slots=True)
class Alarm:
    """An excursion with who acknowledged it and when it ceased (None: it lasts)."""

    excursion: Excursion
    acknowledgements: tuple[Acknowledgement, ...]
    cleared_at: datetime | None

    @property
    def state(self) -> AlarmState:
        """Where it stands."""
        return alarm_state(cleared=self.cleared_at is not None, acknowledged=bool(self.acknowledgements))


def alarm_of(excursion: Excursion) -> Alarm:
    """Return an excursion as an alarm; one query unless ``with_acknowledgements`` fetched its rows."""
    return Alarm(
        excursion,
        tuple(excursion.acknowledgements.all()),
        cleared_at(
            ended_at=excursion.ended_at,
            withdrawn_at=excursion.withdrawn_at,
            phase_ended_at=excursion.phase.performed_at,
        ),
    )


def with_acknowledgements(excursions: QuerySet[Excursion]) -> QuerySet[Excursion]:
    """Return the excursions with what an alarm says of them."""
    acknowledgements = Prefetch(
        "acknowledgements", Acknowledgement.objects.select_related("acknowledged_by").order_by("id")
    )
    return excursions.select_related("phase__batch_record__site", "evaluation", "deviation").prefetch_related(
        acknowledgements
    )


def alarms_of(record: BatchRecord) -> QuerySet[Excursion]:
    """Return every excursion that ever raised an alarm in a record: one that was withdrawn had sounded too."""
    return with_acknowledgements(Excursion.objects.filter(phase__batch_record=record))


def unacknowledged(sites: Iterable[Site]) -> QuerySet[Excursion]:
    """Return the excursions of records still being made that nobody has acknowledged."""
    return with_acknowledgements(
        Excursion.objects.filter(
            phase__batch_record__site__in=sites,
            phase__batch_record__status__in=_STILL_MADE,
            withdrawn_at__isnull=True,
            acknowledgements__isnull=True,
        )
    )
