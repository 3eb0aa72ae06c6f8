"""Checks of the lot, its batch record and the reviews. domain.md 4.2: G-1, G-2; 7.3: A-4."""

from collections.abc import Iterator

from release.rules.dossier import Dossier, LotFacts, PhaseFacts, RecordFacts, ReviewFacts, SignatureFacts
from release.rules.gate.finding import Finding, State, Subject, finding

DECIDABLE = ("quarantine", "released")  # released: for another market
DONE = ("completed", "reviewed")


def lot_waits(dossier: Dossier) -> Iterator[Finding]:
    """G-0: the lot waits for this market's decision, exists as a quantity and is in date. domain.md 4.1."""
    yield from _decided(dossier)
    yield from _not_there_or_expired(dossier.lot)


def _decided(dossier: Dossier) -> Iterator[Finding]:
    lot = dossier.lot
    subject = Subject("lot", lot.number)
    if lot.decided == "released":
        yield finding(
            "already_released",
            State.ACTION,
            "Lot {lot} is released for {market} already.",
            subject,
            "Nothing: it was decided once.",
            lot=lot.number,
            market=dossier.market.name,
        )
    if lot.decided == "rejected":
        yield finding(
            "already_rejected",
            State.ACTION,
            "Lot {lot} is rejected for {market}.",
            subject,
            "Nothing: a rejected lot is never released; reprocessing makes a new lot.",
            lot=lot.number,
            market=dossier.market.name,
        )
    if lot.status not in DECIDABLE:
        yield finding(
            "lot_not_in_quarantine",
            State.ACTION,
            "Lot {lot} does not wait for a decision: its status is “{status}”.",
            subject,
            "The lot comes into quarantine: its batch record is completed, a hold is lifted.",
            lot=lot.number,
            status=lot.status.replace("_", " "),
        )


def _not_there_or_expired(lot: LotFacts) -> Iterator[Finding]:
    subject = Subject("lot", lot.number)
    if lot.quantity <= 0:
        yield finding(
            "quantity_not_recorded",
            State.MISSING,
            "How much of lot {lot} was made is not recorded.",
            subject,
            "The batch record is completed with its quantity.",
            lot=lot.number,
        )
    if lot.expiry_date is None:
        yield finding(
            "expiry_not_recorded",
            State.MISSING,
            "Lot {lot} has no expiry date.",
            subject,
            "The batch record is completed, which sets the expiry date.",
            lot=lot.number,
        )
    if lot.expired:
        yield finding(
            "lot_expired",
            State.ACTION,
            "Lot {lot} expired on {day}.",
            subject,
            "Nothing: an expired lot is not released.",
            lot=lot.number,
            day=lot.expiry_date,
        )


def phases_complete(dossier: Dossier) -> Iterator[Finding]:
    """G-1: every phase is performed, checked by another person and signed by both; no entry is missing."""
    record = dossier.record
    if record is None:
        yield finding(
            "no_batch_record",
            State.MISSING,
            "Lot {lot} has no batch record.",
            Subject("lot", dossier.lot.number),
            "Only a lot that a batch record makes passes this gate.",
            lot=dossier.lot.number,
        )
        return
    if record.status not in DONE:
        yield finding(
            "record_not_complete",
            State.MISSING,
            "Batch record {record} is not completed: it is “{status}”.",
            Subject("batch_record", record.number),
            "The batch record is completed.",
            record=record.number,
            status=record.status.replace("_", " "),
        )
    if not dossier.phases:
        yield finding(
            "no_phases",
            State.MISSING,
            "Batch record {record} has no phase.",
            Subject("batch_record", record.number),
            "Nothing: a batch record is issued with its phases.",
            record=record.number,
        )
    for phase in dossier.phases:
        yield from _phase(record, phase)


def entries_complete(dossier: Dossier) -> Iterator[Finding]:
    """G-1: no in-process control is blank, and a second person has checked each critical entry. A-3."""
    for control in dossier.controls:
        subject = _phase_subject(dossier.record, control.phase)
        if not control.entered:
            yield finding(
                "control_not_entered",
                State.MISSING,
                "{title} in {phase} is blank.",
                subject,
                "The value is entered, or “not done” with its reason.",
                title=control.title,
                phase=control.phase,
            )
        elif control.critical and not control.not_done and not control.verified_by:
            yield finding(
                "entry_not_verified",
                State.MISSING,
                "{title} in {phase} is not checked by a second person.",
                subject,
                "Another person than {person} checks the entry.",
                title=control.title,
                phase=control.phase,
                person=control.entered_by,
            )


def reviewed(dossier: Dossier) -> Iterator[Finding]:
    """G-2: production, then quality has reviewed the record and its audit trail, and nothing was added since. A-4."""
    record = dossier.record
    if record is None:
        return  # G-01 says so
    subject = Subject("batch_record", record.number)
    if record.status != "reviewed" or record.reviewed_at is None:
        yield finding(
            "production_review_missing",
            State.MISSING,
            "Production has not reviewed batch record {record}.",
            subject,
            "A production reviewer signs the review.",
            record=record.number,
        )
    yield from _void(record.signatures, subject, f"batch record {record.number}")
    if not dossier.reviews:
        yield finding(
            "quality_review_missing",
            State.MISSING,
            "Quality has not reviewed batch record {record} and its audit trail.",
            Subject("review", dossier.lot.number),
            "A quality reviewer signs the review.",
            record=record.number,
        )
        return
    yield from _review(dossier.reviews[-1], record, dossier.lot.number)


def _review(newest: ReviewFacts, record: RecordFacts, lot: str) -> Iterator[Finding]:
    subject = Subject("review", lot)
    if (newest.entries, newest.sha256) != (newest.entries_now, newest.sha256_now):
        added = newest.entries_now - newest.entries
        yield finding(
            "quality_review_reopened",
            State.MISSING,
            "{added} entries came to the record after {person} reviewed it."
            if added
            else "The record differs from what {person} reviewed.",
            subject,
            "A quality reviewer reads what was added and signs again.",
            added=added,
            person=newest.reviewed_by,
        )
    if record.reviewed_at is not None and newest.reviewed_at < record.reviewed_at:
        yield finding(
            "quality_review_before_production",
            State.MISSING,
            "Quality reviewed batch record {record} before production did.",
            subject,
            "A quality reviewer signs again, after production.",
            record=record.number,
        )
    if not newest.signature.valid:
        yield finding(
            "signature_void",
            State.ACTION,
            "The signature of {person} on the quality review is void: the record changed after signing.",
            subject,
            "The record is signed again.",
            person=newest.reviewed_by,
        )


def _phase(record: RecordFacts, phase: PhaseFacts) -> Iterator[Finding]:
    subject = _phase_subject(record, phase.code)
    if phase.state != "verified":
        yield finding(
            "phase_not_verified",
            State.MISSING,
            "Phase {phase}, {title}, is “{state}”.",
            subject,
            "The phase is performed, checked and signed by two people.",
            phase=phase.code,
            title=phase.title,
            state=phase.state,
        )
        return
    for act, person in (("perform", phase.performed_by), ("verify", phase.verified_by)):
        signed = [s for s in phase.signatures if s.act.rpartition(".")[2].startswith(act) and s.signer == person]
        if not signed:
            yield finding(
                "signature_missing",
                State.MISSING,
                "Phase {phase} lacks the signature of {person}.",
                subject,
                "The phase is signed.",
                phase=phase.code,
                person=person,
            )
        elif not any(s.valid for s in signed):
            yield from _void(tuple(signed[:1]), subject, f"phase {phase.code}")


def _void(signatures: tuple[SignatureFacts, ...], subject: Subject, place: str) -> Iterator[Finding]:
    again = {(s.act, s.signer) for s in signatures if s.valid}
    for signature in signatures:
        if not signature.valid and (signature.act, signature.signer) not in again:
            yield finding(
                "signature_void",
                State.ACTION,
                "The signature of {person} on {place} is void: the record changed after signing.",
                subject,
                "The record is signed again.",
                person=signature.printed_name,
                place=place,
            )


def _phase_subject(record: RecordFacts | None, phase: str) -> Subject:
    return Subject("phase", f"{record.number if record else ''}/{phase}")
