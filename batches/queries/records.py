"""Batch records as people may see them, and everything about a record in a fixed number of queries."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from batches.models import BatchRecord, Deviation, EquipmentUse, InProcessResult, Phase
from batches.queries import phases as phase_queries
from batches.queries.reviewing import contributed_review_content
from batches.queries.yields import measures_of
from batches.rules.holds import Clock
from batches.rules.phases import PhaseFacts
from batches.rules.recipe import Control, PhaseRecipe, Recipe
from batches.rules.yields import StepYield, steps
from gatekeeper.accounts.models import Site
from gatekeeper.core.canonical import digest
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.queries import SignatureView
from gatekeeper.lots.models import Use
from gatekeeper.lots.queries import matching


@dataclass(frozen=True, slots=True)
class ControlView:
    """A control with the result that counts (None before the first entry) and the superseded ones before it."""

    control: Control
    result: InProcessResult | None
    former: tuple[InProcessResult, ...]
    deviation: Deviation | None


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A phase with its definition, entries, materials, hold time, deviations and signatures (newest first)."""

    phase: Phase
    recipe: PhaseRecipe
    facts: PhaseFacts
    controls: tuple[ControlView, ...]
    uses: tuple[Use, ...]
    hold: Clock | None
    deviations: tuple[Deviation, ...]
    signatures: tuple[SignatureView, ...]
    content_sha256: str

    @property
    def void(self) -> bool:
        """Whether a signature that the state requires no longer fits the content."""
        performed = self.phase.state in {"performed", "verified"} and not self.facts.performed_signature_valid
        return performed or (self.phase.state == "verified" and not self.facts.verified_signature_valid)


@dataclass(frozen=True, slots=True)
class RecordView:
    """A batch record with all that its page, its review and its answer over REST show."""

    record: BatchRecord
    recipe: Recipe
    phases: tuple[PhaseView, ...]
    yields: tuple[StepYield, ...]
    deviations: tuple[Deviation, ...]
    changed: tuple[InProcessResult, ...]
    signatures: tuple[SignatureView, ...]

    @property
    def done(self) -> int:
        """How many phases are performed or verified."""
        return sum(1 for view in self.phases if view.phase.state in {"performed", "verified"})

    def phase(self, code: str) -> PhaseView | None:
        """Return the phase of this code."""
        return next((view for view in self.phases if view.phase.code == code), None)


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """A value changed after its first entry: the former row and the row that superseded it. domain.md A-2."""

    phase: str
    control: str
    former: InProcessResult
    current: InProcessResult


def batch_records() -> QuerySet[BatchRecord]:
    """Return every batch record with what names it; the doors limit it to their sites."""
    return BatchRecord.objects.select_related(
        "master", "lot__material", "site", "issued_by", "completed_by", "reviewed_by", "reopened_by"
    )


def records_at(sites: Iterable[Site]) -> QuerySet[BatchRecord]:
    """Return the batch records of these sites, newest first."""
    return batch_records().filter(site__in=sites)


def listed_records(sites: Iterable[Site], *, word: str = "", status: str = "") -> QuerySet[BatchRecord]:
    """Return the records of these sites, newest first, searched and narrowed to a ``status``.

    Each has how many phases there are and are done (``phase_count``, ``done_count``), and how many deviations are open
    (``open_count``).
    """
    records = matching(records_at(sites), word, "number", "lot__number", "master__title")
    phases = Phase.objects.filter(batch_record=OuterRef("pk"))
    opened = Deviation.objects.filter(batch_record=OuterRef("pk"), status=Deviation.Status.OPEN)
    return (records.filter(status=status) if status else records).annotate(
        phase_count=_count(phases),
        done_count=_count(phases.filter(state__in=[Phase.State.PERFORMED, Phase.State.VERIFIED])),
        open_count=_count(opened),
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    # Counted for the fifty records of a page only: a join would multiply phases with deviations.
    counted = rows.order_by().values("batch_record").annotate(rows=Count("pk")).values("rows")
    return Coalesce(Subquery(counted), 0)


def loaded_phases(record: BatchRecord) -> list[Phase]:
    """Return the phases of the record in order with everything that belongs to them; three queries."""
    results = InProcessResult.objects.select_related("entered_by", "verified_by").order_by("id")
    equipment = EquipmentUse.objects.select_related("equipment").order_by("id")
    phases = record.phases.order_by("position").select_related("started_by", "performed_by", "verified_by")
    rows = list(phases.prefetch_related(Prefetch("results", results), Prefetch("equipment_uses", equipment)))
    for row in rows:
        row.batch_record = record
    return rows


def record_view(record: BatchRecord, at: datetime) -> RecordView:
    """Return everything about the record; the number of queries does not grow with what was entered."""
    recipe, phases = phase_queries.recipe_of(record), loaded_phases(record)
    uses = phase_queries.uses_of(record)
    deviations = tuple(deviations_of(record))
    signatures = _signatures(record, phases, uses)
    ended = {phase.code: phase.performed_at for phase in phases if phase.performed_at}
    views = []
    for phase in phases:
        definition = recipe.phase(phase.code)
        if definition is None:
            continue
        views.append(_phase_view(phase, definition, uses, deviations, signatures[phase.pk], ended=ended, at=at))
    return RecordView(
        record=record,
        recipe=recipe,
        phases=tuple(views),
        yields=steps(measures_of(recipe, phases)),
        deviations=deviations,
        changed=tuple(row for phase in phases for row in phase.results.all() if row.supersedes_id),
        signatures=tuple(signatures[None]),
    )


def all_facts(record: BatchRecord) -> list[PhaseFacts]:
    """Return the facts of every phase in order, the validity of their signatures included."""
    phases, uses = loaded_phases(record), phase_queries.uses_of(record)
    recipe, deviations = phase_queries.recipe_of(record), list(deviations_of(record))
    signatures = _signatures(record, phases, uses)
    return [
        _with_signatures(
            phase_queries.facts_of(phase, uses=uses, deviations=deviations, definition=recipe.phase(phase.code)),
            signatures[phase.pk],
        )
        for phase in phases
    ]


def deviations_of(record: BatchRecord) -> QuerySet[Deviation]:
    """Return every deviation of the record, newest first."""
    return record.deviations.select_related("phase", "opened_by", "closed_by").order_by("-opened_at", "-id")


def changed_values(record: BatchRecord) -> list[ChangedValue]:
    """Return every value of the record that was changed after its first entry, in order of the change."""
    rows = InProcessResult.objects.filter(phase__batch_record=record, supersedes__isnull=False)
    related = ("phase", "entered_by", "supersedes__entered_by")
    return [
        ChangedValue(row.phase.code, row.control, row.supersedes, row)
        for row in rows.select_related(*related).order_by("id")
    ]


def record_content(record: BatchRecord) -> dict[str, Any]:
    """Return what the signature of issue is bound to: the frozen copy by its digest, the lot and the site."""
    return {
        "batch_record": record.number,
        "master": str(record.master),
        "content_sha256": record.sha256,
        "lot": record.lot.number,
        "site": record.site.code,
    }


def review_content(record: BatchRecord) -> dict[str, Any]:
    """Return what the production reviewer's signature is bound to.

    Each phase, deviation and changed value, and the contributions of the apps that evaluate the record.
    """
    phases, uses = loaded_phases(record), phase_queries.uses_of(record)
    return record_content(record) | {
        "phases": {phase.code: digest(phase_queries.phase_content(phase, uses)) for phase in phases},
        "deviations": {row.number: row.status for row in deviations_of(record)},
        "changed_values": sorted(row.pk for phase in phases for row in phase.results.all() if row.supersedes_id),
        **contributed_review_content(record),
    }


def _phase_view(
    phase: Phase,
    definition: PhaseRecipe,
    uses: Sequence[Use],
    deviations: Sequence[Deviation],
    signatures: list[SignatureView],
    *,
    ended: dict[str, datetime],
    at: datetime,
) -> PhaseView:
    facts = phase_queries.facts_of(phase, uses=uses, deviations=deviations, definition=definition)
    own = tuple(row for row in deviations if row.phase_id == phase.pk)
    return PhaseView(
        phase=phase,
        recipe=definition,
        facts=_with_signatures(facts, signatures),
        controls=tuple(_control_view(phase, control, own) for control in definition.controls),
        uses=tuple(use for use in uses if use.phase == phase.code),
        hold=phase_queries.hold_clock(phase, definition, ended, at),
        deviations=own,
        signatures=tuple(signatures),
        content_sha256=digest(phase_queries.phase_content(phase, uses)),
    )


def _control_view(phase: Phase, control: Control, deviations: Sequence[Deviation]) -> ControlView:
    rows = [row for row in phase.results.all() if row.control == control.code]
    current = phase_queries.current_results(rows)
    key = phase_queries.origin_key(phase, control.code)
    return ControlView(
        control=control,
        result=current[-1] if current else None,
        former=tuple(row for row in rows if row not in current),
        deviation=next((row for row in deviations if row.origin_key == key), None),
    )


def _with_signatures(facts: PhaseFacts, signatures: Sequence[SignatureView]) -> PhaseFacts:
    return facts.signed(
        performed=_newest_valid(signatures, phase_queries.PERFORMED),
        verified=_newest_valid(signatures, phase_queries.VERIFIED),
    )


def _newest_valid(signatures: Sequence[SignatureView], act: str) -> bool:
    newest = next((row for row in signatures if row.act == act), None)
    return newest is not None and bool(newest.valid)


def _signatures(
    record: BatchRecord, phases: Sequence[Phase], uses: Sequence[Use]
) -> dict[int | None, list[SignatureView]]:
    """Return the signatures of each phase by its key, those of the record under None; one query."""
    subjects = Q(subject_type="batches.batchrecord", subject_key=str(record.pk)) | Q(
        subject_type="batches.phase", subject_key__in=[str(phase.pk) for phase in phases]
    )
    digests: dict[str, Callable[[], str]] = {
        str(phase.pk): cache(lambda phase=phase: digest(phase_queries.phase_content(phase, uses))) for phase in phases
    }
    signatures: dict[int | None, list[SignatureView]] = {None: [], **{phase.pk: [] for phase in phases}}
    for row in Signature.objects.filter(subjects).select_related("signer", "site").order_by("-id"):
        if row.subject_type == "batches.phase":
            signatures[int(row.subject_key)].append(_view(row, digests[row.subject_key]()))
        else:
            content = review_content(record) if row.act == "batch_record.review" else record_content(record)
            signatures[None].append(_view(row, digest(content)))
    return signatures


def _view(row: Signature, now: str) -> SignatureView:
    return SignatureView(
        id=row.pk,
        printed_name=row.printed_name,
        username=row.signer.username,
        role=row.role,
        site=row.site.name if row.site else "",
        act=row.act,
        meaning=row.meaning,
        signed_at=row.signed_at,
        sha256=row.sha256,
        valid=now == row.sha256,
    )
