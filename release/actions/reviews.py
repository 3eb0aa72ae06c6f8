"""Quality's review of a batch: by exception, of the record and its audit trail. 21 CFR 211.192; domain.md A-4."""

from batches.models import BatchRecord
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.models import Lot
from release import queries
from release.models import Review
from release.queries.duties import duties_of
from release.rules.separation import check_may_review

ACT = "lot.review"
MEANING = "Reviewed for quality: record and audit trail"


@signed_action
def review_batch(
    *, by: Person, proof: Proof, batch_record: BatchRecord, remark: str = "", evidence_sha256: str = ""
) -> Review:
    """Sign the review of a batch; the evidence read is fixed by count and digest, and a later entry reopens the review.

    ``evidence_sha256`` is the digest that the page showed; it differs now when something was added.

    :raises Refusal: ``not_authorised``, ``production_review_missing``, ``maker_reviews``, ``evidence_changed``.
    """
    Lot.objects.select_for_update().get(pk=batch_record.lot_id)
    related = ("lot__site", "lot__material", "site", "master")
    record = BatchRecord.objects.select_related(*related).select_for_update(of=("self",)).get(pk=batch_record.pk)
    check_authority(by, "release.review", record.site)
    if record.status != BatchRecord.Status.REVIEWED:
        raise Refusal(
            "production_review_missing",
            "Production has not reviewed batch record {record} yet.",
            kind=Kind.CONFLICT,
            record=record.number,
        )
    check_may_review(by.username, duties_of(record))
    scope = queries.scope_of(record)
    if evidence_sha256 and evidence_sha256 != scope.sha256:
        raise Refusal(
            "evidence_changed", "The record changed since it was shown: read what was added.", kind=Kind.CONFLICT
        )
    signature = sign(
        by=by,
        proof=proof,
        act=ACT,
        meaning=MEANING,
        subject=record.lot,
        content=queries.review_content(record, scope, remark.strip()),
    )
    return Review.objects.create(
        batch_record=record,
        evidence_entries=scope.entries,
        evidence_sha256=scope.sha256,
        remark=remark.strip(),
        reviewed_at=now(),
        reviewed_by=by,
        signature=signature,
    )
