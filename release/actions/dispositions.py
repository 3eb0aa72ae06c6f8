"""Decide on a lot for a market: released through the gate with its certificate, or rejected. domain.md 4.2."""

from typing import Any

from batches.models import BatchRecord
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import canonical, digest
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.documents.models import Document
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.actions.statuses import change_status
from gatekeeper.lots.models import Lot
from gatekeeper.lots.rules import statuses
from release import queries
from release.actions.certificates import issue_certificate
from release.models import Disposition
from release.rules.dossier import Dossier
from release.rules.gate import Finding, findings
from release.rules.separation import check_may_release
from release.rules.specification import KIND

RELEASE, REJECT = "lot.release", "lot.reject"
UNDECIDED = ("quarantine",)


@signed_action
def release_lot(*, by: Person, proof: Proof, lot: Lot, market: str, dossier_sha256: str = "") -> Disposition:
    """Release the lot for the market with a signature, when nothing stands in the way; issue its certificate.

    The gate is evaluated again here, under locks and on the data as they are now; nothing overrides it.
    ``dossier_sha256`` is the digest of the dossier that the page showed.

    :raises Refusal: ``not_authorised``, ``unknown_market``, ``maker_releases``; ``gate_is_closed`` with every finding
        after it; ``dossier_changed``.
    """
    locked = _locked(lot)
    check_authority(by, "release.release_lot", locked.site)
    dossier = queries.dossier(locked, queries.market_named(market))
    check_may_release(by.username, dossier.duties)
    _check_open(findings(dossier))
    _check_same(dossier, dossier_sha256)
    signature = sign(
        by=by,
        proof=proof,
        act=RELEASE,
        meaning=dossier.market.meaning,
        subject=locked,
        content=queries.decision_content(dossier, "released"),
    )
    if locked.status in UNDECIDED:  # for a further market the lot is released already
        change_status(by=by, lot=locked, verb="release", signature=signature, authority_checked=True)
    disposition = _decided(by, locked, dossier, "released", signature=signature)
    issue_certificate(by=by, disposition=disposition, dossier=dossier, signature=signature)
    return disposition


@signed_action
def reject_lot(
    *, by: Person, proof: Proof, lot: Lot, market: str, reason: str, dossier_sha256: str = ""
) -> Disposition:
    """Reject the lot for the market with a signature and a reason; a lot in quarantine becomes rejected as a whole.

    :raises Refusal: ``not_authorised``, ``unknown_market``, ``reason_missing``, ``no_specification``,
        ``decided_already``, ``dossier_changed``, ``transition_not_allowed``.
    """
    locked = _locked(lot)
    check_authority(by, "release.release_lot", locked.site)
    if not reason.strip():
        raise Refusal("reason_missing", "Say why: a reason is needed here.", field="reason")
    dossier = queries.dossier(locked, queries.market_named(market))
    if dossier.specification is None:
        raise Refusal("no_specification", "No specification for this market was effective.", kind=Kind.CONFLICT)
    if dossier.lot.decided:
        raise Refusal("decided_already", "Lot {lot} is decided for this market.", kind=Kind.CONFLICT, lot=locked.number)
    _check_same(dossier, dossier_sha256)
    row = transition(statuses.LOT, source=locked.status, verb="reject")
    signature = sign(
        by=by,
        proof=proof,
        act=REJECT,
        meaning=row.meaning,
        subject=locked,
        content=queries.decision_content(dossier, "rejected", reason.strip()),
    )
    change_status(by=by, lot=locked, verb="reject", reason=reason.strip(), signature=signature, authority_checked=True)
    return _decided(by, locked, dossier, "rejected", signature=signature, reason=reason.strip())


def _locked(lot: Lot) -> Lot:
    """Lock the lot, then its batch record: nobody opens a deviation on it until the decision is committed."""
    locked = Lot.objects.select_related("site", "material").select_for_update(of=("self",)).get(pk=lot.pk)
    list(BatchRecord.objects.select_for_update(of=("self",)).filter(lot=locked).values_list("pk"))
    return locked


def _check_open(blocking: tuple[Finding, ...]) -> None:
    if blocking:
        closed = Refusal(
            "gate_is_closed",
            "The gate is closed: {count} findings stand in the way.",
            kind=Kind.CONFLICT,
            count=len(blocking),
        )
        each = [Refusal(row.code, row.template, kind=Kind.CONFLICT, **dict[str, Any](row.params)) for row in blocking]
        refuse_all([closed, *each])


def _check_same(dossier: Dossier, shown_digest: str) -> None:
    if shown_digest and shown_digest != digest(dossier):
        raise Refusal(
            "dossier_changed",
            "Something changed since the page was shown: read it again before you sign.",
            kind=Kind.CONFLICT,
        )


def _decided(
    by: Person, lot: Lot, dossier: Dossier, decision: str, *, signature: Signature, reason: str = ""
) -> Disposition:
    specification = dossier.specification
    if specification is None:
        raise AssertionError  # without one the gate is closed, and a rejection refused
    return Disposition.objects.create(
        lot=lot,
        market=dossier.market.code,
        specification=Document.objects.get(kind=KIND, code=specification.code, version=specification.version),
        decision=decision,
        dossier=canonical(dossier).decode(),
        dossier_sha256=digest(dossier),
        reason=reason,
        decided_at=now(),
        decided_by=by,
        signature=signature,
    )
