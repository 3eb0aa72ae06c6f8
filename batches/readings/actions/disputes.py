"""Settle which of several bodies of a frame counts, with a signature; every body stays as it was received."""

from dataclasses import dataclass

from batches.readings.models import ConflictResolution, Frame, Source
from batches.readings.queries.disputes import bodies_of, dispute_digest, disputed_frames, resolution_content
from batches.readings.rules.disputes import Dispute, resolution_faults
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.reasons import missing_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.times import moment
from gatekeeper.jobs.actions import jobs
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action

MEANING = "Dispute settled: of this frame the body that I chose is the one that counts"


@dataclass(frozen=True, slots=True)
class SettleDispute:
    """The digest of the body that counts, or ``neither``; ``dispute_sha256`` is of what the person was shown."""

    chosen: str
    dispute_sha256: str
    reason: str


@signed_action
def settle_dispute(*, by: Person, proof: Proof, frame: Frame, command: SettleDispute) -> ConflictResolution:
    """Record which body of a frame counts and have every phase judged anew that any of them belongs to.

    A later resolution supersedes it, and a further body reopens the dispute.

    :raises Refusal: ``not_authorised``; every fault at once: ``not_disputed``, ``dispute_changed``, ``unknown_body``,
        ``resolution_unchanged``, ``reason_missing``; ``body_altered``.
    """
    # Two resolutions of a frame queue here, so that the second has seen the first.
    source = Source.objects.select_for_update(of=("self",)).select_related("site").get(pk=frame.source_id)
    check_authority(by, "readings.correct", source.site)
    current = Frame.objects.select_related("source").get(pk=frame.pk)
    known = disputed_frames(frames={current.pk}).get(current.pk)
    dispute = Dispute(current.sha256, frozenset()) if known is None else known.dispute
    faults = resolution_faults(dispute, chosen=command.chosen)
    if dispute.others and command.dispute_sha256 != dispute_digest(current):
        faults = [_changed(), *faults]
    refuse_all([*faults, *([missing] if (missing := missing_reason(command.reason)) else [])])
    bodies = bodies_of(current)
    row = ConflictResolution.objects.create(
        frame=current,
        bodies=[body.sha256 for body in bodies],
        chosen=command.chosen,
        first_at=moment(min(body.content.first_us for body in bodies)),
        last_at=moment(max(body.content.last_us for body in bodies)),
        reason=command.reason.strip(),
        resolved_at=now(),
        resolved_by=by,
    )
    content = resolution_content(row)
    sign(by=by, proof=proof, act="dispute.settle", meaning=MEANING, subject=row, content=content)
    jobs.enqueue("readings_recorded", {"frames": [current.pk]}, batch_key=source.code)
    return row


def _changed() -> Refusal:
    return Refusal(
        "dispute_changed",
        "This dispute is not the one that you were shown: another body came, or somebody settled it. Look again.",
        field="dispute_sha256",
        kind=Kind.CONFLICT,
    )
