"""May a phase be started, entered, signed, verified? Predicates over facts; each refuses with every reason it has."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from batches.rules.recipe import EquipmentNeed, MaterialNeed, PhaseRecipe
from gatekeeper.core.limits import Verdict
from gatekeeper.core.quantity import EXACT
from gatekeeper.core.refusal import Kind, Refusal, refuse_all

_DONE = ("performed", "verified")
_PASSING = (Verdict.INSIDE, Verdict.ALERT)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """The current result of a control; ``deviation`` is the status of the deviation it opened, empty without one."""

    control: str
    verdict: Verdict
    not_done: bool
    entered_by: str
    verified_by: str = ""
    deviation: str = ""


@dataclass(frozen=True, slots=True)
class EquipmentFacts:
    """Equipment as it is when the phase starts; no due date means that it needs no calibration."""

    code: str
    kind: str
    site: str
    calibration_due_date: date | None


@dataclass(frozen=True, slots=True)
class UsedMaterial:
    """A lot used in the phase: what it is (role and material code) and how much, in the unit of the need."""

    lot: str
    need: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """Everything that decides about one phase of a batch record.

    ``hands`` are the people who did anything in it: started it, used a lot, entered a value, a corrected one included.
    ``fitted`` is what the equipment carries and nobody chooses: the sensors of a skid.
    """

    recipe: PhaseRecipe
    state: str
    record_status: str
    site: str
    results: tuple[ResultFacts, ...] = ()
    used: tuple[UsedMaterial, ...] = ()
    equipment: tuple[EquipmentFacts, ...] = ()
    fitted: tuple[EquipmentFacts, ...] = ()
    performed_by: str = ""
    verified_by: str = ""
    hands: frozenset[str] = frozenset()
    performed_signature_valid: bool = False
    verified_signature_valid: bool = False

    def result(self, control: str) -> ResultFacts | None:
        """Return the current result of this control."""
        return next((result for result in self.results if result.control == control), None)

    def signed(self, *, performed: bool, verified: bool) -> "PhaseFacts":
        """Return the facts with the validity of the two signatures."""
        return replace(self, performed_signature_valid=performed, verified_signature_valid=verified)


def check_may_start(facts: PhaseFacts, *, predecessors: Iterable[PhaseFacts], today: date) -> None:
    """Pass when every phase before it is done, gating results let it go on, and its equipment is there and calibrated.

    :raises Refusal: ``batch_record_closed``, ``phase_already_started``, ``phase_out_of_order``,
        ``gating_result_missing``, ``gating_result_outside``, ``equipment_missing``, ``equipment_not_asked_for``,
        ``equipment_at_other_site``, ``equipment_calibration_overdue``. 21 CFR 11.10(f), (h); domain.md F-1.
    """
    _check_record_open(facts)
    if facts.state != "pending":
        raise Refusal(
            "phase_already_started",
            "Phase {phase} was started already.",
            kind=Kind.CONFLICT,
            phase=facts.recipe.code,
        )
    before = tuple(predecessors)
    refuse_all(
        [
            *(_out_of_order(facts.recipe, earlier.recipe) for earlier in before if earlier.state not in _DONE),
            *(fault for earlier in before if earlier.state in _DONE for fault in _gating_faults(earlier)),
        ]
    )
    refuse_all([*_missing_equipment(facts), *_unfit_equipment(facts, today)])


def check_may_enter(facts: PhaseFacts) -> None:
    """Pass when first entries (results, lots) can be made: the phase is running.

    :raises Refusal: ``batch_record_closed``, ``phase_not_running``.
    """
    _check_record_open(facts)
    if facts.state != "running":
        raise Refusal(
            "phase_not_running",
            "Phase {phase} is not running: it is {state}.",
            kind=Kind.CONFLICT,
            phase=facts.recipe.code,
            state=facts.state,
        )


def check_may_correct(facts: PhaseFacts) -> None:
    """Pass when an entry can be corrected: the phase was started and the record was not reviewed.

    After signing it can still be corrected; the signatures are then void, and the phase is signed again.

    :raises Refusal: ``batch_record_closed``, ``phase_not_running``.
    """
    _check_record_open(facts, also=("completed",))
    if facts.state == "pending":
        check_may_enter(facts)


def check_may_sign(facts: PhaseFacts, *, by: str, name: str) -> None:
    """Pass when the performer can sign: nothing required is missing, and every critical entry is checked.

    Signing again is possible only where a correction has voided the signature. ``name`` is the person's printed name.

    :raises Refusal: ``batch_record_closed``, ``phase_not_running``, ``already_signed``, ``verifier_performed``,
        ``result_missing``, ``material_missing``, ``critical_value_not_verified``.
    """
    _check_record_open(facts, also=("completed",))
    if facts.state == "pending":
        check_may_enter(facts)
    if facts.state in _DONE and facts.performed_signature_valid:
        raise Refusal("already_signed", "Phase {phase} is signed.", kind=Kind.CONFLICT, phase=facts.recipe.code)
    if facts.verified_by and facts.verified_by == by:
        raise _verifier_performed(name)
    refuse_all([*_missing_results(facts), *_missing_materials(facts), *_unchecked(facts)])


def check_may_verify(facts: PhaseFacts, *, by: str, name: str) -> None:
    """Pass when this person can verify the phase: performed and signed, the signature still valid, by somebody else.

    Who started the phase, used a lot, entered a value or signed for it cannot verify it. 21 CFR 211.188(b)(11).

    :raises Refusal: ``batch_record_closed``, ``phase_not_performed``, ``verifier_performed``, ``signature_void``,
        ``already_signed``.
    """
    _check_record_open(facts, also=("completed",))
    if facts.state not in _DONE:
        raise Refusal(
            "phase_not_performed",
            "Phase {phase} is not signed as performed yet.",
            kind=Kind.CONFLICT,
            phase=facts.recipe.code,
        )
    if by in {facts.performed_by, *facts.hands, *(result.entered_by for result in facts.results)}:
        raise _verifier_performed(name)
    if not facts.performed_signature_valid:
        raise Refusal(
            "signature_void",
            "The record was changed after it was signed: the performer signs again first.",
            kind=Kind.CONFLICT,
        )
    if facts.state == "verified" and facts.verified_signature_valid:
        raise Refusal("already_signed", "Phase {phase} is signed.", kind=Kind.CONFLICT, phase=facts.recipe.code)


def check_may_verify_result(facts: PhaseFacts, *, entered_by: str, verified_by: str, by: str, name: str) -> None:
    """Pass when this person can check an entry: another person's, unchecked so far, in a phase that was started.

    :raises Refusal: ``batch_record_closed``, ``phase_not_running``, ``result_already_verified``,
        ``verifier_performed``.
    """
    check_may_correct(facts)
    if verified_by:
        raise Refusal("result_already_verified", "This value is checked already.", kind=Kind.CONFLICT)
    if entered_by == by:
        raise _verifier_performed(name)


def need_for(phase: PhaseRecipe, *, role: str, material: str) -> MaterialNeed | None:
    """Return the need that a lot of this material (with this role as a plasmid) answers, None when there is none."""
    return next(
        (need for need in phase.materials if (need.role and need.role == role) or (need.material == material)), None
    )


def quantities_off(facts: PhaseFacts) -> tuple[tuple[MaterialNeed, Decimal], ...]:
    """Return each need whose used quantity is outside its tolerance, with that quantity."""
    off = []
    for need in facts.recipe.materials:
        used = sum((used.quantity for used in facts.used if used.need == need.name), Decimal(0))
        allowed = EXACT.divide(EXACT.multiply(need.quantity.value, need.tolerance_percent), _HUNDRED)
        if abs(used - need.quantity.value) > allowed:
            off.append((need, used))
    return tuple(off)


def check_may_complete(phases: Iterable[PhaseFacts]) -> None:
    """Pass when every phase is verified and both signatures on it are still valid.

    :raises Refusal: ``phase_not_verified``, ``signature_void``, one for each phase. domain.md G-1.
    """
    faults = []
    for facts in phases:
        if facts.state != "verified":
            faults.append(
                Refusal(
                    "phase_not_verified",
                    "Phase {phase} is not verified: it is {state}.",
                    kind=Kind.CONFLICT,
                    phase=facts.recipe.code,
                    state=facts.state,
                )
            )
        elif not (facts.performed_signature_valid and facts.verified_signature_valid):
            faults.append(
                Refusal(
                    "signature_void",
                    "Phase {phase} was changed after it was signed: it is signed again first.",
                    kind=Kind.CONFLICT,
                    phase=facts.recipe.code,
                )
            )
    refuse_all(faults)


def _check_record_open(facts: PhaseFacts, also: tuple[str, ...] = ()) -> None:
    if facts.record_status not in ("issued", "in_progress", *also):
        raise Refusal(
            "batch_record_closed",
            "The batch record is {status}: nothing can be entered.",
            kind=Kind.CONFLICT,
            status=facts.record_status.replace("_", " "),
        )


def _out_of_order(phase: PhaseRecipe, earlier: PhaseRecipe) -> Refusal:
    return Refusal(
        "phase_out_of_order",
        "Phase {phase} waits for {earlier}, {title}.",
        kind=Kind.CONFLICT,
        phase=phase.code,
        earlier=earlier.code,
        title=earlier.title,
    )


def _gating_faults(facts: PhaseFacts) -> Iterable[Refusal]:
    for control in facts.recipe.controls:
        if not control.gating:
            continue
        result = facts.result(control.code)
        if result is None:
            yield _gating("gating_result_missing", "{title} of phase {phase} is not entered.", facts, control.title)
        elif (result.not_done or result.verdict not in _PASSING) and result.deviation != "closed":
            yield _gating(
                "gating_result_outside",
                "{title} of phase {phase} does not let the next phase start: its deviation is to be closed first.",
                facts,
                control.title,
            )


def _gating(code: str, sentence: str, facts: PhaseFacts, title: str) -> Refusal:
    return Refusal(code, sentence, kind=Kind.CONFLICT, title=title, phase=facts.recipe.code)


def _missing_equipment(facts: PhaseFacts) -> Iterable[Refusal]:
    kinds = {equipment.kind for equipment in facts.equipment}
    for need in facts.recipe.equipment:
        if need.kind not in kinds:
            yield Refusal(
                "equipment_missing",
                "The phase needs equipment of the kind “{equipment}”.",
                field="equipment",
                equipment=need.kind,
            )


def _unfit_equipment(facts: PhaseFacts, today: date) -> Iterable[Refusal]:
    for equipment in facts.equipment:
        if EquipmentNeed(equipment.kind) not in facts.recipe.equipment:
            yield _unfit("equipment_not_asked_for", "The phase does not use {code}.", equipment)
        if equipment.site != facts.site:
            yield _unfit("equipment_at_other_site", "{code} is at another site.", equipment)
    for equipment in (*facts.equipment, *facts.fitted):
        if equipment.calibration_due_date is not None and equipment.calibration_due_date < today:
            yield _unfit("equipment_calibration_overdue", "The calibration of {code} was due on {due}.", equipment)


def _unfit(code: str, sentence: str, equipment: EquipmentFacts) -> Refusal:
    return Refusal(
        code,
        sentence,
        field="equipment",
        kind=Kind.CONFLICT,
        code=equipment.code,
        due=equipment.calibration_due_date,
    )


def _missing_results(facts: PhaseFacts) -> Iterable[Refusal]:
    for control in facts.recipe.controls:
        if facts.result(control.code) is None:
            yield Refusal(
                "result_missing",
                "{title} is neither entered nor marked as not done.",
                field=control.code,
                kind=Kind.CONFLICT,
                title=control.title,
            )


def _missing_materials(facts: PhaseFacts) -> Iterable[Refusal]:
    used = {used.need for used in facts.used}
    for need in facts.recipe.materials:
        if need.name not in used:
            yield Refusal(
                "material_missing",
                "No lot of “{need}” was used.",
                field=need.name,
                kind=Kind.CONFLICT,
                need=need.title,
            )


def _unchecked(facts: PhaseFacts) -> Iterable[Refusal]:
    for control in facts.recipe.controls:
        result = facts.result(control.code)
        if control.critical and result is not None and not result.not_done and not result.verified_by:
            yield Refusal(
                "critical_value_not_verified",
                "{title} is critical: a second person checks the entry first.",
                field=control.code,
                kind=Kind.CONFLICT,
                title=control.title,
            )


def _verifier_performed(name: str) -> Refusal:
    return Refusal(
        "verifier_performed",
        "{person} performed it: another person verifies.",
        kind=Kind.FORBIDDEN,
        person=name,
    )
