"""One phase as the rules and the signer see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from batches.models import BatchRecord, Deviation, Equipment, EquipmentUse, InProcessResult, Phase
from batches.rules import recipe
from batches.rules.holds import Clock, clock
from batches.rules.phases import EquipmentFacts, PhaseFacts, ResultFacts, UsedMaterial, need_for
from gatekeeper.core.limits import Verdict
from gatekeeper.core.quantity import convert
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.lots.models import Lot, Use

PERFORMED, VERIFIED = "phase.perform", "phase.verify"


def recipe_of(record: BatchRecord) -> recipe.Recipe:
    """Return the recipe of the record's frozen copy."""
    return recipe.parse(record.content)


def phase_recipe(phase: Phase) -> recipe.PhaseRecipe:
    """Return what the frozen copy says about this phase."""
    definition = recipe_of(phase.batch_record).phase(phase.code)
    if definition is None:
        raise LookupError(f"{phase} is not in its record's frozen copy")
    return definition


def current_results(results: Iterable[InProcessResult]) -> list[InProcessResult]:
    """Return the results that count: those that no correction has superseded, in order of entry."""
    rows = list(results)
    superseded = {row.supersedes_id for row in rows}
    return sorted((row for row in rows if row.pk not in superseded), key=lambda row: row.pk)


def current_result(phase: Phase, control: str) -> InProcessResult | None:
    """Return the result of this control that counts, None before its first entry."""
    return phase.results.filter(control=control, superseded_by__isnull=True).first()


def control_of(phase: Phase, code: str) -> recipe.Control:
    """Return the control of this code.

    :raises Refusal: ``unknown_control``.
    """
    control = phase_recipe(phase).control(code)
    if control is None:
        raise Refusal(
            "unknown_control", "This phase has no control “{code}”.", field="control", kind=Kind.MISSING, code=code
        )
    return control


def uses_of(record: BatchRecord) -> list[Use]:
    """Return every lot used in the record, in order of use: one query."""
    uses = Use.objects.filter(batch_record=record.number).order_by("id")
    return list(uses.select_related("parent__material__plasmid", "used_by"))


def origin_key(phase: Phase, control: str) -> str:
    """Return what an in-process deviation was opened for."""
    return f"{phase.code}:{control}"


def facts_of(
    phase: Phase, *, uses: Sequence[Use], deviations: Iterable[Deviation], definition: recipe.PhaseRecipe | None = None
) -> PhaseFacts:
    """Return the facts of a phase; ``uses`` and ``deviations`` are those of the whole record."""
    definition = definition or phase_recipe(phase)
    states = {row.origin_key: row.status for row in deviations if row.origin == Deviation.Origin.IN_PROCESS}
    entries = list(phase.results.all())
    return PhaseFacts(
        recipe=definition,
        state=phase.state,
        record_status=phase.batch_record.status,
        site=phase.batch_record.site.code,
        results=tuple(_result_facts(phase, row, states) for row in current_results(entries)),
        used=tuple(_used(use, definition) for use in uses if use.phase == phase.code),
        equipment=tuple(
            EquipmentFacts(
                use.equipment.code, use.equipment.kind, phase.batch_record.site.code, use.calibration_due_date
            )
            for use in phase.equipment_uses.all()
        ),
        performed_by=_username(phase.performed_by),
        verified_by=_username(phase.verified_by),
        hands=frozenset(_hands(phase, uses, entries)),
    )


def _hands(phase: Phase, uses: Iterable[Use], entries: Iterable[InProcessResult]) -> Iterable[str]:
    if phase.started_by:
        yield phase.started_by.username
    yield from (use.used_by.username for use in uses if use.phase == phase.code)
    yield from (row.entered_by.username for row in entries)


def state_facts(phase: Phase) -> PhaseFacts:
    """Return the facts that say only in which state the phase and its record are."""
    return facts_of(phase, uses=(), deviations=())


def facts_to_start(phase: Phase, equipment: Sequence[Equipment], fitted: Sequence[Equipment] = ()) -> PhaseFacts:
    """Return the facts of a phase that is to start with this equipment, and with what is fitted to it."""
    chosen, attached = (
        tuple(EquipmentFacts(row.code, row.kind, row.site.code, row.calibration_due_date) for row in rows)
        for rows in (equipment, fitted)
    )
    return replace(state_facts(phase), equipment=chosen, fitted=attached)


def signed_facts(phase: Phase) -> PhaseFacts:
    """Return the facts of a phase with its materials and the validity of its signatures."""
    facts = facts_of(phase, uses=uses_of(phase.batch_record), deviations=phase.deviations.all())
    return facts.signed(performed=signed_validly(phase, PERFORMED), verified=signed_validly(phase, VERIFIED))


def plasmid_role(lot: Lot) -> str:
    """Return the role of the construct that the lot is a lot of, empty when it is no plasmid."""
    plasmid = getattr(lot.material, "plasmid", None)
    return plasmid.role if plasmid else ""


def signed_validly(phase: Phase, act: str) -> bool:
    """Return whether the newest signature of this act still fits what the phase shows now."""
    signatures = signatures_of(phase, content=phase_content(phase))
    newest = next((signature for signature in signatures if signature.act == act), None)
    return newest is not None and bool(newest.valid)


def phase_content(phase: Phase, uses: Sequence[Use] | None = None) -> dict[str, Any]:
    """Return the content of the phase that performer and verifier sign.

    A later correction changes it, so that both signatures show as void. The two signing times are not a part of it.
    """
    record = phase.batch_record
    used = uses_of(record) if uses is None else uses
    return {
        "batch_record": record.number,
        "master": str(record.master),
        "definition_sha256": record.sha256,
        "phase": phase.code,
        "title": phase.title,
        "started": {"at": phase.started_at, "by": _username(phase.started_by)},
        "equipment": [_equipment_content(use) for use in sorted(phase.equipment_uses.all(), key=lambda row: row.pk)],
        "materials": [_use_content(use) for use in used if use.phase == phase.code],
        "results": [_result_content(row) for row in sorted(phase.results.all(), key=lambda row: row.pk)],
    }


def hold_clock(
    phase: Phase, definition: recipe.PhaseRecipe, ended: Mapping[str, datetime], at: datetime
) -> Clock | None:
    """Return the hold time that runs, or ran, before the phase; ``ended`` are the ends of the record's phases."""
    if definition.hold is None or definition.hold.after not in ended:
        return None
    return clock(definition.hold, since=ended[definition.hold.after], at=phase.started_at or at)


def measured(phases: QuerySet[Phase]) -> QuerySet[Phase]:
    """Return the phases with ``is_measured``: whether something that sends readings is part of their equipment."""
    uses = EquipmentUse.objects.filter(phase=OuterRef("pk"), equipment__sources__isnull=False)
    return phases.annotate(is_measured=Exists(uses))


def is_measured(phase: Phase) -> bool:
    """Return whether something that sends readings is part of the phase's equipment."""
    return phase.equipment_uses.filter(equipment__sources__isnull=False).exists()


def results_of(phase: Phase) -> QuerySet[InProcessResult]:
    """Return every result of the phase in order of entry, superseded ones included."""
    return phase.results.select_related("entered_by", "verified_by").order_by("id")


def _result_facts(phase: Phase, row: InProcessResult, deviations: Mapping[str, str]) -> ResultFacts:
    return ResultFacts(
        control=row.control,
        verdict=Verdict(row.verdict),
        not_done=row.not_done,
        entered_by=row.entered_by.username,
        verified_by=_username(row.verified_by),
        deviation=deviations.get(origin_key(phase, row.control), ""),
    )


def _used(use: Use, definition: recipe.PhaseRecipe) -> UsedMaterial:
    need = need_for(definition, role=plasmid_role(use.parent), material=use.parent.material.code)
    if need is None:
        return UsedMaterial(use.parent.number, "", use.quantity)
    return UsedMaterial(use.parent.number, need.name, convert(use.quantity, use.unit, need.quantity.unit))


def _equipment_content(use: Any) -> dict[str, Any]:
    return {
        "code": use.equipment.code,
        "name": use.equipment.name,
        "geometry": use.geometry,
        "geometry_version": use.geometry_version,
        "calibration_due_date": use.calibration_due_date,
    }


def _use_content(use: Use) -> dict[str, Any]:
    return {
        "lot": use.parent.number,
        "material": use.parent.material.code,
        "quantity": use.quantity,
        "unit": use.unit,
        "used_at": use.used_at,
        "used_by": use.used_by.username,
    }


def _result_content(row: InProcessResult) -> dict[str, Any]:
    return {
        "entry": row.pk,
        "supersedes": row.supersedes_id,
        "control": row.control,
        "reported": row.reported,
        "unit": row.unit,
        "verdict": row.verdict,
        "not_done": row.not_done,
        "reason": row.reason,
        "entered_at": row.entered_at,
        "entered_by": row.entered_by.username,
        "verified_at": row.verified_at,
        "verified_by": _username(row.verified_by),
    }


def _username(person: Any) -> str:
    return person.username if person else ""
