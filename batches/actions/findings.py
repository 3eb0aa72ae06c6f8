"""What execution finds out of order opens a deviation in the same transaction, by the person who acts."""

from datetime import datetime

from batches.actions.commands import OpenDeviation
from batches.actions.deviations import open_deviation
from batches.models import Deviation, InProcessResult, Phase
from batches.queries.phases import hold_clock, origin_key
from batches.queries.yields import yields_of
from batches.rules import phases as rules
from batches.rules.judgement import crossed, needs_deviation
from batches.rules.recipe import Control, PhaseRecipe
from gatekeeper.accounts.models import Person
from gatekeeper.core.limits import Verdict
from gatekeeper.core.quantity import decimal_text, unit


def open_for_result(*, by: Person, phase: Phase, control: Control, result: InProcessResult) -> Deviation | None:
    """Open a deviation where a result needs one; a correction back inside its limits leaves an open one as it is."""
    if not needs_deviation(Verdict(result.verdict), control, not_done=result.not_done):
        return None
    params = {"control": control.title, "phase": phase.code}
    if result.not_done:
        code = "control_not_done"
        params["reason"] = result.reason
    else:
        limit = crossed(result.value, result.unit, control) if result.value is not None else ""
        code = "control_outside" if limit else "control_unjudged"
        params |= {"value": f"{result.reported} {unit(result.unit).label}".strip(), "limit": limit}
    key = origin_key(phase, control.code)
    return _open(by, phase, Deviation.Origin.IN_PROCESS, control.severity, key=key, code=code, params=params)


def open_for_hold(*, by: Person, phase: Phase, definition: PhaseRecipe, at: datetime) -> Deviation | None:
    """Open a deviation where the hold before the phase was longer than its limit."""
    ended = {row.code: row.performed_at for row in phase.batch_record.phases.filter(performed_at__isnull=False)}
    hold = hold_clock(phase, definition, ended, at)
    if definition.hold is None or hold is None or hold.verdict is not Verdict.ACTION:
        return None
    params = {
        "phase": phase.code,
        "after": hold.after,
        "elapsed_h": f"{hold.elapsed_h:.2f}",
        "limit_h": decimal_text(hold.limit_h),
        "temperature_class": hold.temperature_class,
    }
    severity = definition.hold.severity
    return _open(by, phase, Deviation.Origin.HOLD, severity, key=phase.code, code="hold_exceeded", params=params)


def open_for_quantities(*, by: Person, phase: Phase, facts: rules.PhaseFacts) -> list[Deviation]:
    """Open a deviation for each material of which another quantity was used than the recipe asks for."""
    opened = []
    for need, used in rules.quantities_off(facts):
        params = {
            "phase": phase.code,
            "material": need.title,
            "used": f"{decimal_text(used.normalize())} {unit(need.quantity.unit).label}",
            "needed": str(need.quantity),
            "tolerance": decimal_text(need.tolerance_percent),
        }
        key = f"{phase.code}:material:{need.name}"
        opened.append(
            _open(by, phase, Deviation.Origin.IN_PROCESS, "major", key=key, code="quantity_off", params=params)
        )
    return opened


def open_for_yield(*, by: Person, phase: Phase, definition: PhaseRecipe) -> Deviation | None:
    """Open a deviation where the yield of the phase is outside its limits or cannot be computed. domain.md F-4."""
    if definition.yielded is None:
        return None
    row = next((row for row in yields_of(phase.batch_record) if row.phase == phase.code), None)
    if row is None or row.verdict not in {Verdict.ACTION, Verdict.UNKNOWN}:
        return None
    if row.verdict is Verdict.UNKNOWN:
        code = "yield_not_computable"
        params = {"phase": definition.title, "reason": row.why_not or "a measured value is missing"}
    else:
        code = "yield_outside"
        params = {
            "phase": definition.title,
            "step": f"{row.step_percent:.1f}",
            "overall": f"{row.overall_percent:.1f}",
        }
    return _open(
        by, phase, Deviation.Origin.YIELD, definition.yielded.severity, key=phase.code, code=code, params=params
    )


def _open(
    by: Person, phase: Phase, origin: Deviation.Origin, severity: str, *, key: str, code: str, params: dict[str, str]
) -> Deviation:
    return open_deviation(
        by=by,
        batch_record=phase.batch_record,
        phase=phase,
        authority_checked=True,
        command=OpenDeviation(origin, severity, origin_key=key, title_code=code, title_params=params),
    )
