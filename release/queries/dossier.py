"""Gather the dossier of a lot for a market: everything the gate may read, in one frozen object."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from batches.models import BatchRecord
from batches.queries.phases import origin_key
from batches.queries.records import ControlView, PhaseView, RecordView, record_view
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.canonical import digest
from gatekeeper.documents.models import Document
from gatekeeper.ledger.queries import SignatureView
from gatekeeper.lots import queries as lots
from gatekeeper.lots.models import Lot, Use
from release.models import Disposition, Result, Review
from release.queries.duties import duties_in
from release.queries.evaluations import evaluations_of, excursions_of
from release.queries.evidence import Scope, fault_in, fault_in_rows, scope_of
from release.queries.results import results_of
from release.queries.review import review_content
from release.queries.specifications import specification_facts, specification_for
from release.rules.dossier import (
    ChangeFacts,
    ControlFacts,
    DeviationFacts,
    Dossier,
    EquipmentFacts,
    HoldFacts,
    IngredientFacts,
    LedgerFacts,
    LotFacts,
    MarketFacts,
    PhaseFacts,
    RecordFacts,
    ResultFacts,
    ReviewFacts,
    SignatureFacts,
    YieldFacts,
)


def dossier(lot: Lot, market: MarketFacts) -> Dossier:
    """Return the dossier of the lot for the market as the records are now; excursions are evaluated anew."""
    related = ("master", "lot__material", "site", "reviewed_by")
    record = BatchRecord.objects.select_related(*related).filter(lot=lot).first()
    view = record_view(record, now()) if record else None
    row = specification_for(lot, market, record.completed_at if record else None)
    results = list(results_of(lot))
    fault = fault_in(record, row) if record else ""
    return Dossier(
        lot=_lot(lot, market),
        market=market,
        specification=specification_facts(row) if row else None,
        results=tuple(_result(result) for result in results),
        record=_record(view) if view else None,
        phases=tuple(_phase(phase) for phase in view.phases) if view else (),
        controls=tuple(_control(view, phase, row) for phase in view.phases for row in phase.controls) if view else (),
        reviews=_reviews(record) if record else (),
        evaluations=evaluations_of(view) if view else (),
        excursions=excursions_of(record) if record else (),
        deviations=_deviations(view) if view else (),
        ingredients=tuple(_ingredients(lot)),
        yields=tuple(_yields(view)) if view else (),
        holds=tuple(_holds(view)) if view else (),
        equipment=tuple(_equipment(view)) if view else (),
        changes=tuple(_changes(view, results)),
        duties=tuple(duties_in(view, results)),
        ledger=LedgerFacts(whole=not fault, fault=fault),
    )


def for_market(base: Dossier, lot: Lot, market: MarketFacts) -> Dossier:
    """Return the dossier of the same lot at the same moment for another market: only what depends on it is read."""
    row = specification_for(lot, market, base.record.completed_at if base.record else None)
    fault = base.ledger.fault or (fault_in_rows({Document: [row.pk]}) if row else "")
    return replace(
        base,
        ledger=LedgerFacts(whole=not fault, fault=fault),
        lot=_lot(lot, market),
        market=market,
        specification=specification_facts(row) if row else None,
    )


def _lot(lot: Lot, market: MarketFacts) -> LotFacts:
    decided = Disposition.objects.filter(lot=lot, market=market.code).order_by("-id").first()
    return LotFacts(
        number=lot.number,
        material=lot.material.code,
        product=lot.material.name,
        kind=lot.material.kind,
        site=lot.site.code,
        site_name=lot.site.name,
        timezone=lot.site.timezone,
        status=lot.status,
        quantity=lot.quantity.normalize() + 0,
        unit=lot.material.unit,
        expiry_date=lot.expiry_date,
        expired=lot.expiry_date is not None and lot.expiry_date < day_at(lot.site),
        decided=decided.decision if decided else "",
    )


def _result(row: Result) -> ResultFacts:
    return ResultFacts(
        id=row.pk,
        test=row.test,
        method=row.method,
        sample=row.sample,
        reported=row.reported,
        unit=row.unit,
        replicates=tuple(row.replicates),
        measured_at=row.measured_at,
        analyst=row.analyst,
        status=row.status,
        superseded=hasattr(row, "superseded_by"),
        entered_by=row.entered_by.username,
        reviewed_by=row.reviewed_by.username if row.reviewed_by else "",
        reason=row.reason,
        instrument_file_sha256=row.instrument_file.sha256 if row.instrument_file else "",
        locator=row.locator,
    )


def _record(view: RecordView) -> RecordFacts:
    record = view.record
    reviews = [row for row in view.signatures if row.act == "batch_record.review"][:1]  # an older one was reopened
    issues = [row for row in view.signatures if row.act == "batch_record.issue"]
    return RecordFacts(
        number=record.number,
        status=record.status,
        master=str(record.master),
        sha256=record.sha256,
        issued_at=record.issued_at,
        completed_at=record.completed_at,
        reviewed_by=record.reviewed_by.username if record.reviewed_by else "",
        reviewed_at=record.reviewed_at,
        signatures=tuple(_signature(row) for row in (*reviews, *issues)),
    )


def _signature(row: SignatureView) -> SignatureFacts:
    return SignatureFacts(
        act=row.act,
        signer=row.username,
        printed_name=row.printed_name,
        role=row.role,
        meaning=row.meaning,
        signed_at=row.signed_at,
        digest=row.sha256,
        valid=bool(row.valid),
    )


def _phase(view: PhaseView) -> PhaseFacts:
    row = view.phase
    return PhaseFacts(
        code=row.code,
        title=row.title,
        state=row.state,
        started_at=row.started_at,
        performed_at=row.performed_at,
        performed_by=row.performed_by.username if row.performed_by else "",
        verified_by=row.verified_by.username if row.verified_by else "",
        signatures=tuple(_signature(signature) for signature in view.signatures),
    )


def _control(view: RecordView, phase: PhaseView, control: ControlView) -> ControlFacts:
    result, key = control.result, origin_key(phase.phase, control.control.code)
    return ControlFacts(
        phase=phase.phase.code,
        code=control.control.code,
        title=control.control.title,
        entered=result is not None,
        not_done=result is not None and result.not_done,
        reported=result.reported if result else "",
        unit=result.unit if result else "",
        verdict=result.verdict if result else "unknown",
        critical=control.control.critical,
        entered_by=result.entered_by.username if result else "",
        verified_by=result.verified_by.username if result and result.verified_by else "",
        deviations=tuple(row.number for row in view.deviations if (row.origin, row.origin_key) == ("in_process", key)),
    )


def _deviations(view: RecordView) -> tuple[DeviationFacts, ...]:
    return tuple(
        DeviationFacts(
            number=row.number,
            title=row.title_english,
            origin=row.origin,
            severity=row.severity,
            status=row.status,
            phase=row.phase.code if row.phase else "",
        )
        for row in sorted(view.deviations, key=lambda row: row.pk)
    )


def _explained_by(view: RecordView, origin: str, phase: str) -> tuple[str, ...]:
    rows = (row for row in view.deviations if row.origin == origin and row.phase and row.phase.code == phase)
    return tuple(sorted(row.number for row in rows))


def _ingredients(lot: Lot) -> Iterable[IngredientFacts]:
    used: dict[int, list[Use]] = {}
    for use in Use.objects.filter(child=lot):
        used.setdefault(use.parent_id, []).append(use)
    for parent in lots.ancestors(lot).select_related("material", "site").order_by("number"):
        uses = used.get(parent.pk, [])
        yield IngredientFacts(
            number=parent.number,
            material=parent.material.name,
            status=parent.status,
            expiry_date=parent.expiry_date,
            direct=bool(uses),
            expired_at_use=any(
                parent.expiry_date is not None and parent.expiry_date < day_at(parent.site, use.used_at) for use in uses
            ),
        )


def _yields(view: RecordView) -> Iterable[YieldFacts]:
    for row in view.yields:
        yield YieldFacts(
            phase=row.phase,
            title=row.title,
            step=row.step_percent,
            overall=row.overall_percent,
            verdict=row.verdict.value,
            deviations=_explained_by(view, "yield", row.phase),
        )


def _holds(view: RecordView) -> Iterable[HoldFacts]:
    for phase in view.phases:
        # Before the phase starts, its hold time grows: each dossier would differ from the one before.
        if phase.recipe.hold is None or phase.phase.started_at is None:
            continue
        yield HoldFacts(
            phase=phase.phase.code,
            after=phase.recipe.hold.after,
            hours=phase.hold.elapsed_h if phase.hold else None,
            verdict=phase.hold.verdict.value if phase.hold else "unknown",
            deviations=_explained_by(view, "hold", phase.phase.code),
        )


def _equipment(view: RecordView) -> Iterable[EquipmentFacts]:
    for phase in view.phases:
        for use in phase.phase.equipment_uses.all():
            due_date, day = use.calibration_due_date, day_at(view.record.site, use.used_at)
            yield EquipmentFacts(
                phase=phase.phase.code,
                code=use.equipment.code,
                name=use.equipment.name,
                calibration_due_date=due_date,
                in_date=due_date is None or due_date >= day,
            )


def _changes(view: RecordView | None, results: list[Result]) -> Iterable[ChangeFacts]:
    by_key = {row.pk: row for phase in (view.phases if view else ()) for row in phase.phase.results.all()}
    for row in view.changed if view else ():
        former = by_key[row.supersedes_id]
        yield _change("in_process", f"{row.phase.code} · {row.control}", former, row, row.entered_at)
    tested = {row.pk: row for row in results}
    for row in results:
        if row.supersedes_id:
            yield _change("result", row.test, tested[row.supersedes_id], row, row.entered_at)


def _change(kind: str, subject: str, former: Any, present: Any, at: datetime) -> ChangeFacts:
    return ChangeFacts(
        kind=kind,
        subject=subject,
        former=f"{former.reported} {former.unit}".strip(),
        present=f"{present.reported} {present.unit}".strip(),
        reason=present.reason,
        changed_by=present.entered_by.username,
        changed_at=at,
    )


def _reviews(record: BatchRecord) -> tuple[ReviewFacts, ...]:
    rows = list(Review.objects.filter(batch_record=record).select_related("reviewed_by", "signature").order_by("id"))
    if not rows:
        return ()
    present = scope_of(record)
    return tuple(
        ReviewFacts(
            reviewed_by=row.reviewed_by.username,
            reviewed_at=row.reviewed_at,
            entries=row.evidence_entries,
            sha256=row.evidence_sha256,
            entries_now=present.entries,
            sha256_now=present.sha256,
            signature=_review_signature(record, row),
        )
        for row in rows
    )


def _review_signature(record: BatchRecord, review: Review) -> SignatureFacts:
    row, scope = review.signature, Scope(review.evidence_entries, review.evidence_sha256)
    return SignatureFacts(
        act=row.act,
        signer=review.reviewed_by.username,
        printed_name=row.printed_name,
        role=row.role,
        meaning=row.meaning,
        signed_at=row.signed_at,
        digest=row.sha256,
        valid=digest(review_content(record, scope, review.remark)) == row.sha256,
    )
