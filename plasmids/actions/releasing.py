"""Release a plasmid lot for use in manufacture."""

from typing import Any

from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.actions.statuses import change_status
from gatekeeper.lots.models import Lot, StatusChange
from gatekeeper.lots.rules import statuses
from plasmids import queries
from plasmids.models import PlasmidLot


@signed_action
def release_lot(*, by: Person, proof: Any, plasmid_lot: PlasmidLot) -> StatusChange:
    """Release the lot with quality's signature, on the results that its specification asks for.

    :raises Refusal: ``result_missing``, ``result_does_not_pass``, ``sequence_is_not_the_construct``,
        ``receiver_releases``, ``transition_not_allowed``, ``not_authorised``.
    """
    lot = Lot.objects.select_for_update().select_related("site", "material").get(pk=plasmid_lot.lot_id)
    row = transition(statuses.LOT, source=lot.status, verb="release")
    check_authority(by, row.permission, lot.site)
    if lot.registered_by_id == by.pk:
        raise Refusal("receiver_releases", "Who received a lot cannot release it.", kind=Kind.FORBIDDEN)
    refuse_all(list(queries.obstacles(plasmid_lot)))
    signature = sign(
        by=by,
        proof=proof,
        act="plasmid_lot.release",
        meaning="Released for use in manufacture",
        subject=lot,
        content=queries.release_content(plasmid_lot),
    )
    return change_status(by=by, lot=lot, verb="release", signature=signature, authority_checked=True)
