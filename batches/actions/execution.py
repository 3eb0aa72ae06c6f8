"""Execute a phase: start it, use lots, enter, correct and check results, sign for it, verify it."""

from datetime import timedelta
from decimal import Decimal

from batches.actions import findings
from batches.actions.commands import EnterResult, StartPhase, UseLot
from batches.actions.equipment import record_use
from batches.actions.locking import check_person, locked_phase, touch
from batches.models import BatchRecord, Equipment, InProcessResult, Phase
from batches.queries.equipment import fitted_to
from batches.queries.phases import (
    control_of,
    current_result,
    facts_to_start,
    phase_content,
    phase_recipe,
    plasmid_role,
    recipe_of,
    signed_facts,
    state_facts,
)
from batches.queries.records import all_facts
from batches.rules import phases as rules
from batches.rules import statuses
from batches.rules.judgement import judged
from batches.rules.recipe import Control, PhaseRecipe
from gatekeeper.accounts.actions.authentication import Credentials, Proof, prove, signer_of
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.canonical import digest
from gatekeeper.core.limits import Verdict
from gatekeeper.core.quantity import Quantity, Reported, fitting
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.transitions import transition
from gatekeeper.jobs.actions import jobs
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.actions import genealogy
from gatekeeper.lots.actions.registration import record_made
from gatekeeper.lots.actions.statuses import change_status
from gatekeeper.lots.models import Lot, Use


@action
def start_phase(*, by: Person, phase: Phase, command: StartPhase) -> Phase:
    """Start a phase with its equipment and return it; the first one of a record starts the record and its lot.

    A hold time beyond its limit refuses nothing, it opens a deviation.

    :raises Refusal: ``not_authorised``, ``qualification_missing``, ``qualification_expired``, ``unknown_equipment``
        and those of ``rules.phases.check_may_start``.
    """
    locked = locked_phase(phase, with_lot=True)
    record, definition = locked.batch_record, phase_recipe(locked)
    row = transition(statuses.PHASE, source="pending", verb="start")
    check_person(by, row.permission, record, definition.qualification)
    equipment = _equipment(command.equipment)
    fitted = fitted_to(equipment)
    phases = {facts.recipe.code: facts for facts in all_facts(record)}
    rules.check_may_start(
        facts_to_start(locked, equipment, fitted),
        predecessors=[phases[code] for code in definition.after],
        today=day_at(record.site),
    )
    at = now()
    for unit in (*equipment, *fitted):
        record_use(by=by, phase=locked, equipment=unit, at=at)
    locked.state, locked.started_at, locked.started_by = row.target, at, by
    locked.save()
    if record.status == BatchRecord.Status.ISSUED:
        record.status = transition(statuses.BATCH_RECORD, source=record.status, verb="start").target
        record.save(update_fields=["status"])
        change_status(by=by, lot=record.lot, verb="start", authority_checked=True)
    findings.open_for_hold(by=by, phase=locked, definition=definition, at=at)
    touch(record)
    return locked


@action
def use_lot(*, by: Person, phase: Phase, command: UseLot) -> Use:
    """Use so much of a released lot in the phase: the quantity leaves the lot and the family gets its edge.

    :raises Refusal: ``unknown_lot``, ``material_not_in_recipe``, ``lot_at_other_site``, ``phase_not_running``,
        ``not_authorised``, and those of ``lots.genealogy.use``.
    """
    phase = Phase.objects.select_related("batch_record__lot", "batch_record__site").get(pk=phase.pk)
    record, definition = phase.batch_record, phase_recipe(phase)
    check_person(by, "batches.perform", record, definition.qualification)
    quantity = Quantity.parse(command.quantity, command.unit, field="quantity")
    parent = _lot(command.lot)
    if rules.need_for(definition, role=plasmid_role(parent), material=parent.material.code) is None:
        raise Refusal(
            "material_not_in_recipe",
            "Phase {phase} uses no {material}: lot {lot} does not belong here.",
            field="lot",
            kind=Kind.CONFLICT,
            phase=definition.code,
            material=parent.material.name,
            lot=parent.number,
        )
    if parent.site_id != record.site_id:
        raise Refusal("lot_at_other_site", "Lot {lot} is at another site.", field="lot", lot=parent.number)
    rules.check_may_enter(state_facts(phase))
    # Lots are locked before the record, as everywhere; the state is checked again once the record is locked.
    use = genealogy.use(
        by=by, parent=parent, child=record.lot, quantity=quantity, batch_record=record.number, phase=definition.code
    )
    locked = locked_phase(phase)
    rules.check_may_enter(state_facts(locked))
    touch(locked.batch_record)
    return use


@action
def enter_result(*, by: Person, phase: Phase, command: EnterResult) -> InProcessResult:
    """Enter the first value of a control, judge it, and open a deviation where it is outside its action limits.

    :raises Refusal: ``not_authorised``, ``phase_not_running``, ``unknown_control``, ``already_entered``,
        ``blank_value``, ``not_a_number``, ``number_out_of_range``, ``unknown_unit``, ``units_differ_in_kind``.
    """
    locked, control = _for_entry(by, phase, command.control)
    rules.check_may_enter(state_facts(locked))
    if current_result(locked, control.code) is not None:
        raise Refusal(
            "already_entered",
            "{title} is entered already: correct it with a reason.",
            field="control",
            kind=Kind.CONFLICT,
            title=control.title,
        )
    return _record(by=by, phase=locked, control=control, command=command)


@action
def correct_result(*, by: Person, phase: Phase, command: EnterResult, reason: str) -> InProcessResult:
    """Correct the value of a control: a new row with its reason, the former value stays on record.

    Signatures on the phase become void: it is signed again.

    :raises Refusal: those of ``enter_result``; ``reason_missing``, ``not_entered``, ``value_unchanged``,
        ``quantity_already_recorded``.
    """
    locked, control = _for_entry(by, phase, command.control)
    former = _correctable(locked, control)
    unit = command.unit or control.unit
    if (former.reported, former.unit) == (command.reported.strip(), unit):
        raise Refusal("value_unchanged", "The value is the same as before.", field="reported", kind=Kind.CONFLICT)
    return _record(by=by, phase=locked, control=control, command=command, former=former, reason=checked_reason(reason))


@action
def mark_not_done(*, by: Person, phase: Phase, control: str, reason: str) -> InProcessResult:
    """Say that a control was not done, and why; a gating or critical control opens a deviation. domain.md I-14.

    :raises Refusal: ``not_authorised``, ``phase_not_running``, ``unknown_control``, ``reason_missing``,
        ``product_quantity_needed``, ``value_unchanged``.
    """
    locked, definition = _for_entry(by, phase, control)
    if definition.product_quantity:
        raise Refusal("product_quantity_needed", "How much was made must be counted.", field="control")
    reason = checked_reason(reason)
    former = current_result(locked, definition.code)
    if former is None:
        rules.check_may_enter(state_facts(locked))
    else:
        rules.check_may_correct(state_facts(locked))
        if former.not_done:
            raise Refusal("value_unchanged", "It is marked as not done already.", field="control", kind=Kind.CONFLICT)
    return _save_result(
        by=by,
        phase=locked,
        control=definition,
        fields={"verdict": Verdict.UNKNOWN.value, "not_done": True, "reason": reason, "supersedes": former},
    )


@action
def verify_result(*, by: Person, phase: Phase, control: str) -> InProcessResult:
    """Check the entry of another person; critical entries need it before the phase can be signed. domain.md A-3.

    :raises Refusal: ``not_authorised``, ``unknown_control``, ``not_entered``, ``result_already_verified``,
        ``verifier_performed``, ``phase_not_running``.
    """
    locked = locked_phase(phase)
    check_person(by, "batches.verify", locked.batch_record, phase_recipe(locked).qualification)
    result = _entered(locked, control_of(locked, control))
    rules.check_may_verify_result(
        state_facts(locked),
        entered_by=result.entered_by.username,
        verified_by=result.verified_by.username if result.verified_by else "",
        by=by.username,
        name=by.full_name,
    )
    result.verified_at, result.verified_by = now(), by
    result.save(update_fields=["verified_at", "verified_by"])
    touch(locked.batch_record)
    return result


def check_result_here(*, credentials: Credentials, phase: Phase, control: str) -> InProcessResult:
    """Check an entry as a second person at the performer's screen, proven with both components; see verify_result.

    :raises Refusal: ``wrong_password``, ``locked_out``, those of ``prove`` and of ``verify_result``.
    """
    by = signer_of(credentials)
    prove(by=by, credentials=credentials)
    return verify_result(by=by, phase=phase, control=control)


@signed_action
def sign_phase(*, by: Person, proof: Proof, phase: Phase, shown_digest: str = "") -> Phase:
    """Sign for a phase as performed; after a correction sign again. Quantities and yields are judged now.

    ``shown_digest`` is the digest of the content on the page, empty where no page displayed it.

    :raises Refusal: ``shown_content_changed``, ``not_authorised``, ``qualification_missing``,
        ``qualification_expired`` and those of ``rules.phases.check_may_sign``.
    """
    locked = locked_phase(phase)
    definition = phase_recipe(locked)
    row = transition(statuses.PHASE, source="running", verb="perform")
    check_person(by, row.permission, locked.batch_record, definition.qualification)
    facts = signed_facts(locked)
    rules.check_may_sign(facts, by=by.username, name=by.full_name)
    _check_shown(locked, shown_digest)
    if locked.state == Phase.State.RUNNING:
        locked.state, locked.performed_at, locked.performed_by = row.target, now(), by
        locked.save()
        jobs.enqueue("phase_ended", {"phase": locked.pk})  # monitoring makes its evaluation final
    findings.open_for_quantities(by=by, phase=locked, facts=facts)
    findings.open_for_yield(by=by, phase=locked, definition=definition)
    sign(
        by=by,
        proof=proof,
        act="phase.perform",
        meaning=row.meaning,
        subject=locked,
        content=phase_content(locked),
    )
    touch(locked.batch_record)
    return locked


@signed_action
def verify_phase(*, by: Person, proof: Proof, phase: Phase, shown_digest: str = "") -> Phase:
    """Verify, with a signature, a phase that somebody else performed; the fill gives the lot its quantity.

    With the last phase the lot leaves the process for quarantine.

    :raises Refusal: ``shown_content_changed``, ``not_authorised``, ``qualification_missing``,
        ``qualification_expired`` and those of ``rules.phases.check_may_verify``.
    """
    locked = locked_phase(phase, with_lot=True)
    record, definition = locked.batch_record, phase_recipe(locked)
    row = transition(statuses.PHASE, source="performed", verb="verify")
    check_person(by, row.permission, record, definition.qualification)
    rules.check_may_verify(signed_facts(locked), by=by.username, name=by.full_name)
    _check_shown(locked, shown_digest)
    if locked.state == Phase.State.PERFORMED:
        locked.state, locked.verified_at, locked.verified_by = row.target, now(), by
        locked.save()
        _record_product(by, locked, definition)
    sign(
        by=by,
        proof=proof,
        act="phase.verify",
        meaning=row.meaning,
        subject=locked,
        content=phase_content(locked),
    )
    touch(record)
    return locked


def _check_shown(phase: Phase, shown_digest: str) -> None:
    if shown_digest and shown_digest != digest(phase_content(phase)):
        raise Refusal(
            "shown_content_changed",
            "The record changed since you read it: read it again.",
            kind=Kind.CONFLICT,
        )


def _for_entry(by: Person, phase: Phase, code: str) -> tuple[Phase, Control]:
    locked = locked_phase(phase)
    definition = phase_recipe(locked)
    check_person(by, "batches.record_result", locked.batch_record, definition.qualification)
    return locked, control_of(locked, code)


def _entered(phase: Phase, control: Control) -> InProcessResult:
    result = current_result(phase, control.code)
    if result is None:
        raise Refusal(
            "not_entered", "{title} is not entered yet.", field="control", kind=Kind.CONFLICT, title=control.title
        )
    return result


def _correctable(phase: Phase, control: Control) -> InProcessResult:
    rules.check_may_correct(state_facts(phase))
    if control.product_quantity and phase.state == Phase.State.VERIFIED:
        raise Refusal(
            "quantity_already_recorded",
            "How much was made is verified and recorded with the lot: open a deviation.",
            field="control",
            kind=Kind.CONFLICT,
        )
    return _entered(phase, control)


def _record(
    *,
    by: Person,
    phase: Phase,
    control: Control,
    command: EnterResult,
    former: InProcessResult | None = None,
    reason: str = "",
) -> InProcessResult:
    reported = Reported.parse(command.reported, field="reported")
    unit = command.unit or control.unit
    if reported.value is not None:
        fitting(reported.value, digits=38, places=12, field="reported")
    verdict = judged(reported, unit, control)
    fields: dict[str, object] = {
        "reported": reported.text,
        "value": reported.value,
        "unit": unit,
        "verdict": verdict.value,
        "reason": reason,
        "supersedes": former,
    }
    return _save_result(by=by, phase=phase, control=control, fields=fields)


def _save_result(*, by: Person, phase: Phase, control: Control, fields: dict[str, object]) -> InProcessResult:
    result = InProcessResult.objects.create(
        phase=phase, control=control.code, entered_at=now(), entered_by=by, **fields
    )
    findings.open_for_result(by=by, phase=phase, control=control, result=result)
    touch(phase.batch_record)
    return result


def _equipment(codes: tuple[str, ...]) -> list[Equipment]:
    # Equipment fitted meanwhile is blocked by these locks until the phase has started, and then serves it too.
    rows = Equipment.objects.select_for_update(of=("self",)).select_related("site").filter(code__in=codes)
    equipment = {row.code: row for row in rows.order_by("id")}
    for code in codes:
        if code not in equipment:
            raise Refusal("unknown_equipment", "There is no equipment “{code}”.", field="equipment", code=code)
    return [equipment[code] for code in dict.fromkeys(codes)]


def _lot(number: str) -> Lot:
    lot = Lot.objects.select_related("material__plasmid").filter(number=number.strip()).first()
    if lot is None:
        raise Refusal("unknown_lot", "There is no lot “{number}”.", field="lot", number=number)
    return lot


def _record_product(by: Person, phase: Phase, definition: PhaseRecipe) -> None:
    record = phase.batch_record
    for control in definition.controls:
        if control.product_quantity:
            result = _entered(phase, control)
            made = Quantity(result.value or Decimal(0), result.unit, result.reported)
            days = recipe_of(record).shelf_life_d
            expiry = day_at(record.site) + timedelta(days=days)
            record_made(by=by, lot=record.lot, quantity=made, expiry_date=expiry)
    if not record.phases.exclude(state=Phase.State.VERIFIED).exists():
        change_status(by=by, lot=record.lot, verb="finish", authority_checked=True)
