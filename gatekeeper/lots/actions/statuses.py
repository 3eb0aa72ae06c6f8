"""Change the status of a lot: one line in its ledger each time."""

from typing import Any

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots import queries
from gatekeeper.lots.models import Lot, StatusChange
from gatekeeper.lots.rules import statuses


@action
def change_status(
    *,
    by: Person,
    lot: Lot,
    verb: str,
    reason: str = "",
    signature: Signature | None = None,
    authority_checked: bool = False,
) -> StatusChange:
    """Move the lot along its table and write the line; a higher action that has checked authority says so.

    :raises Refusal: ``transition_not_allowed``, ``not_authorised``.
    """
    locked = Lot.objects.select_for_update().select_related("site").get(pk=lot.pk)
    row = transition(statuses.LOT, source=locked.status, verb=verb)
    if not authority_checked:
        check_authority(by, row.permission, locked.site)
    at = now()
    change = StatusChange.objects.create(
        lot=locked,
        source=locked.status,
        verb=verb,
        target=row.target,
        reason=reason,
        changed_at=at,
        changed_by=by,
        signature=signature,
    )
    locked.status, locked.updated_at = row.target, at
    locked.save(update_fields=["status", "updated_at"])
    lot.status = locked.status
    return change


@signed_action
def decide(*, by: Person, proof: Any, lot: Lot, verb: str, reason: str) -> StatusChange:
    """Decide on a received lot with a signature: release, reject, hold, return, recall.

    A lot that a batch record makes is released through its gate and nowhere else; a plasmid lot through its own
    results.

    :raises Refusal: ``released_through_its_own_gate``, ``reason_missing``, ``transition_not_allowed``.
    """
    locked = Lot.objects.select_for_update().get(pk=lot.pk)
    row = transition(statuses.LOT, source=locked.status, verb=verb)
    if row.target in {"released", "conditionally_released"} and queries.has_its_own_gate(locked):
        raise Refusal(
            "released_through_its_own_gate",
            "Lot {lot} is released through its own results and gate, not from the list of lots.",
            kind=Kind.CONFLICT,
            lot=locked.number,
        )
    if row.target not in {"released"} and not reason.strip():
        raise Refusal("reason_missing", "Say why.", field="reason")
    check_authority(by, row.permission, locked.site)
    signature = sign(
        by=by,
        proof=proof,
        act=f"lot.{verb}",
        meaning=row.meaning or row.verb.replace("_", " ").capitalize(),
        subject=locked,
        content=queries.content(locked, decision=verb),
    )
    return change_status(by=by, lot=locked, verb=verb, reason=reason, signature=signature, authority_checked=True)
