"""Lock rows in one order: lot, then batch record, then phase, so that no two writers dead-lock."""

from batches.models import BatchRecord, Phase
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority, check_qualified
from gatekeeper.lots.models import Lot


def locked_record(record_id: int, *, with_lot: bool = False) -> BatchRecord:
    """Return the batch record, locked; before it the lot that it makes, where that changes as well."""
    if with_lot:
        lots = Lot.objects.filter(batch_record__pk=record_id)
        lots.select_for_update(of=("self",)).get()
    records = BatchRecord.objects.select_related("master", "lot__material", "site")
    return records.select_for_update(of=("self",)).get(pk=record_id)


def locked_phase(phase: Phase, *, with_lot: bool = False) -> Phase:
    """Return the phase, locked after its batch record, which is its locked ``batch_record``."""
    record = locked_record(phase.batch_record_id, with_lot=with_lot)
    phases = Phase.objects.select_related("started_by", "performed_by", "verified_by")
    locked = phases.select_for_update(of=("self",)).get(pk=phase.pk)
    locked.batch_record = record
    return locked


def check_person(by: Person, permission: str, record: BatchRecord, procedure: str) -> None:
    """Pass when the person may do this at the record's site and is trained for the procedure; machines are not trained.

    :raises Refusal: ``not_authorised``, ``qualification_missing``, ``qualification_expired``. 21 CFR 11.10(g), (i).
    """
    check_authority(by, permission, record.site)
    if procedure and by.kind == Person.Kind.HUMAN:
        check_qualified(by, procedure, site=record.site)


def touch(record: BatchRecord) -> None:
    """Note that something of the record changed, so that lists by ``updated_since`` and tags of versions show it."""
    record.updated_at = now()
    record.save(update_fields=["updated_at"])
