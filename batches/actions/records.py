"""Issue a batch record as a frozen copy, complete it, review it."""

from batches.actions.commands import IssueBatchRecord
from batches.actions.locking import locked_record
from batches.models import BatchRecord, Phase
from batches.queries.masters import master_in_force, material_of
from batches.queries.phases import recipe_of
from batches.queries.records import all_facts, record_content, review_content
from batches.queries.reviewing import check_may_be_reviewed
from batches.rules import statuses
from batches.rules.phases import check_may_complete
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority, site_named
from gatekeeper.core.naming import natural_key
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.actions.registration import plan_lot


@signed_action
def issue(*, by: Person, proof: Proof, command: IssueBatchRecord) -> BatchRecord:
    """Issue a batch record with a signature: the frozen copy, its phases and the planned lot. 21 CFR 211.188(a).

    :raises Refusal: ``site_unknown``, ``not_authorised``, ``blank_value``, ``unknown_master``,
        ``master_not_approved``, ``key_malformed``, ``already_issued``, ``already_registered`` (the lot).
    """
    site = site_named(command.site)
    check_authority(by, "batches.issue", site)
    refuse_all(
        [
            Refusal("blank_value", "A value is missing.", field=name)
            for name in ("number", "lot")
            if not getattr(command, name).strip()
        ]
    )
    number = natural_key(command.number, field="number")
    at = now()
    master = master_in_force(command.master, command.version, at)
    if BatchRecord.objects.filter(number__iexact=number).exists():
        raise Refusal(
            "already_issued", "{number} is issued already.", field="number", kind=Kind.CONFLICT, number=number
        )
    material = material_of(master)
    lot = plan_lot(by=by, number=command.lot.strip(), material=material, site=site, source=number)
    record = BatchRecord.objects.create(
        number=number,
        master=master,
        lot=lot,
        site=site,
        content=master.content,
        sha256=master.sha256,
        issued_at=at,
        issued_by=by,
        updated_at=at,
    )
    for position, phase in enumerate(recipe_of(record).phases, start=1):
        Phase.objects.create(batch_record=record, code=phase.code, title=phase.title, position=position)
    sign(
        by=by,
        proof=proof,
        act="batch_record.issue",
        meaning="Issued, checked for accuracy",
        subject=record,
        content=record_content(record),
    )
    return record


@action
def complete(*, by: Person, batch_record: BatchRecord) -> BatchRecord:
    """Say that production is complete: every phase verified, no signature void.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``phase_not_verified``, ``signature_void``.
    """
    record = locked_record(batch_record.pk)
    row = transition(statuses.BATCH_RECORD, source=record.status, verb="complete")
    check_authority(by, row.permission, record.site)
    check_may_complete(all_facts(record))
    record.status, record.completed_at, record.completed_by, record.updated_at = row.target, now(), by, now()
    record.save()
    return record


@signed_action
def review(*, by: Person, proof: Proof, batch_record: BatchRecord) -> BatchRecord:
    """Sign the review of the production record; nothing can be entered or corrected after it. 21 CFR 211.192.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``reviewer_performed``, ``signature_void``, and
        those of the apps that evaluate the record (``evaluation_outstanding``).
    """
    record = locked_record(batch_record.pk)
    row = transition(statuses.BATCH_RECORD, source=record.status, verb="review")
    check_authority(by, row.permission, record.site)
    facts = all_facts(record)
    if any(by.username in {phase.performed_by, phase.verified_by, *phase.hands} for phase in facts):
        raise Refusal("reviewer_performed", "Who worked on the batch cannot review it.", kind=Kind.FORBIDDEN)
    check_may_complete(facts)
    check_may_be_reviewed(record)
    record.status, record.reviewed_at, record.reviewed_by, record.updated_at = row.target, now(), by, now()
    record.reopened_at, record.reopened_by, record.reopened_reason = None, None, ""
    record.save()
    sign(
        by=by,
        proof=proof,
        act="batch_record.review",
        meaning=row.meaning,
        subject=record,
        content=review_content(record),
    )
    return record


@action
def reopen(*, by: Person, batch_record: BatchRecord, reason: str) -> BatchRecord:
    """Reopen the record, so that entries can be corrected and signed again.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``reason_missing``.
    """
    return _taken_back(by, locked_record(batch_record.pk), "reopen", reason)


@action
def return_to_review(*, by: Person, batch_record: BatchRecord, reason: str) -> BatchRecord:
    """Take back a review that was signed before new data; a record that nobody has reviewed stays as it is.

    :raises Refusal: ``not_authorised``, ``reason_missing``.
    """
    record = locked_record(batch_record.pk)
    if record.status != BatchRecord.Status.REVIEWED:
        return record
    return _taken_back(by, record, "return", reason)


def _taken_back(by: Person, record: BatchRecord, verb: str, reason: str) -> BatchRecord:
    row = transition(statuses.BATCH_RECORD, source=record.status, verb=verb)
    check_authority(by, row.permission, record.site)
    at = now()
    record.reopened_at, record.reopened_by, record.reopened_reason = at, by, checked_reason(reason)
    record.status, record.reviewed_at, record.reviewed_by, record.updated_at = row.target, None, None, at
    record.save()
    return record
