"""Open and close deviations. A deviation is never deleted; closing it takes a signed justification."""

from batches.actions.commands import OpenDeviation
from batches.actions.locking import locked_record, touch
from batches.models import BatchRecord, Deviation, Phase
from batches.queries.deviations import deviation_content
from batches.rules import statuses
from batches.rules.deviations import TEXTS
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.reasons import checked_reason, missing_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action


@action
def open_deviation(
    *,
    by: Person,
    batch_record: BatchRecord,
    command: OpenDeviation,
    phase: Phase | None = None,
    authority_checked: bool = False,
) -> Deviation:
    """Open a deviation and return it; the same one when it was opened for the same origin and key before.

    A higher action that has checked authority says so.

    :raises Refusal: ``not_authorised``, ``unknown_origin``, ``unknown_severity``, ``reason_missing`` (title and
        description).
    """
    record = locked_record(batch_record.pk)
    if not authority_checked:
        check_authority(by, "batches.open_deviation", record.site)
    _check_opening(command)
    if command.title_code:  # a code that could not be read later is not recorded
        TEXTS[command.title_code].filled(command.title_params)
    if command.origin_key:
        former = record.deviations.filter(origin=command.origin, origin_key=command.origin_key).first()
        if former is not None:
            return former
    at = now()
    deviation = Deviation.objects.create(
        number=f"{record.number}-D{record.deviations.count() + 1:02d}",
        batch_record=record,
        phase=phase,
        origin=command.origin,
        origin_key=command.origin_key,
        severity=command.severity,
        title=command.title[:200],
        description=command.description,
        title_code=command.title_code,
        title_params=dict(command.title_params),
        opened_at=at,
        opened_by=by,
        updated_at=at,
    )
    touch(record)
    return deviation


@signed_action
def close_deviation(
    *, by: Person, proof: Proof, deviation: Deviation, root_cause: str, impact: str, justification: str
) -> Deviation:
    """Close a deviation with the signed conclusion of its investigation, and return it.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``reason_missing`` at each empty field;
        ``performer_closes`` for who signed the phase; ``opener_closes`` for who opened one that is not minor.
    """
    record = locked_record(deviation.batch_record_id)
    locked = Deviation.objects.select_for_update(of=("self",)).select_related("phase", "opened_by").get(pk=deviation.pk)
    locked.batch_record = record
    row = transition(statuses.DEVIATION, source=locked.status, verb="close")
    check_authority(by, row.permission, record.site)
    _check_independent(by, locked)
    texts = {"root_cause": root_cause, "impact": impact, "justification": justification}
    refuse_all([fault for field, text in texts.items() if (fault := missing_reason(text, field=field))])
    locked.root_cause, locked.impact, locked.justification = (text.strip() for text in texts.values())
    locked.status, locked.closed_at, locked.closed_by, locked.updated_at = row.target, now(), by, now()
    locked.save()
    sign(
        by=by,
        proof=proof,
        act="deviation.close",
        meaning=row.meaning,
        subject=locked,
        content=deviation_content(locked),
    )
    touch(record)
    return locked


@action
def reopen_deviation(*, by: Person, deviation: Deviation, reason: str) -> Deviation:
    """Open a closed deviation again: its conclusion stays on record, its closing is undone.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``reason_missing``.
    """
    record = locked_record(deviation.batch_record_id)
    locked = Deviation.objects.select_for_update().get(pk=deviation.pk)
    row = transition(statuses.DEVIATION, source=locked.status, verb="reopen")
    check_authority(by, row.permission, record.site)
    checked_reason(reason)
    locked.status, locked.closed_at, locked.closed_by, locked.updated_at = row.target, None, None, now()
    locked.save()
    touch(record)
    return locked


def _check_opening(command: OpenDeviation) -> None:
    typed = () if command.title_code else ("title", "description")
    faults = [fault for field in typed if (fault := missing_reason(getattr(command, field), field=field)) is not None]
    if command.origin not in Deviation.Origin.values:
        faults.append(
            Refusal("unknown_origin", "There is no origin “{origin}”.", field="origin", origin=command.origin)
        )
    if command.severity not in Deviation.Severity.values:
        faults.append(
            Refusal("unknown_severity", "There is no class “{severity}”.", field="severity", severity=command.severity)
        )
    refuse_all(faults)


def _check_independent(by: Person, deviation: Deviation) -> None:
    # domain.md 7.5: investigate and close are two people for major and critical; a performer judges no own work.
    if deviation.phase is not None and deviation.phase.performed_by_id == by.pk:
        raise Refusal("performer_closes", "Who performed the phase cannot close its deviation.", kind=Kind.FORBIDDEN)
    if deviation.severity != Deviation.Severity.MINOR and deviation.opened_by_id == by.pk:
        raise Refusal("opener_closes", "Who opened the deviation cannot close it.", kind=Kind.FORBIDDEN)
