"""Acknowledge an excursion."""

from dataclasses import dataclass

from batches.excursions.models import Acknowledgement, Excursion
from batches.excursions.rules.alarms import check_acknowledge
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """What the person says of it; needed at action level."""

    comment: str = ""


@action
def acknowledge(*, by: Person, excursion: Excursion, command: Acknowledge) -> Acknowledgement:
    """Record that this person has acknowledged the excursion; it stays to be resolved by its deviation.

    :raises Refusal: ``not_authorised``, ``excursion_withdrawn``, ``already_acknowledged``, ``reason_missing``.
    """
    # An evaluation that withdraws it, and the same person on another tablet, queue here.
    locked = Excursion.objects.select_for_update(of=("self",)).select_related("phase__batch_record__site")
    row = locked.get(pk=excursion.pk)
    check_authority(by, "excursions.acknowledge", row.phase.batch_record.site)
    comment = check_acknowledge(
        level=row.level,
        withdrawn=row.withdrawn_at is not None,
        already=row.acknowledgements.filter(acknowledged_by=by).exists(),
        comment=command.comment,
    )
    return Acknowledgement.objects.create(excursion=row, comment=comment, acknowledged_at=now(), acknowledged_by=by)
