"""What execution finds out of order opens a deviation in the same transaction, by the person who acts."""

from datetime import datetime

from batches import queries
from batches.actions.commands import OpenDeviation
from batches.actions.deviations import open_deviation
from batches.models import Deviation, InProcessResult, Phase
from batches.rules import phases as rules
from batches.rules.judgement import crossed, needs_deviation
from batches.rules.recipe import Control, PhaseRecipe
from gatekeeper.accounts.models import Person
from gatekeeper.core.limits import Verdict
from gatekeeper.core.quantity import decimal_text, unit


def open_for_result(*, by: Person, phase: Phase, control: Control, result: InProcessResult) -> Deviation | None:
    """Open a deviation where a result asks for one; a correction back inside leaves an open one as it is."""
    if not needs_deviation(Verdict(result.verdict), control, not_done=result.not_done):
        return None
    if result.not_done:
        title, description = f"{control.title}: not done", f"Not done: {result.reason}"
    else:
        label = unit(result.unit).label
        against = crossed(result.value, result.unit, control) if result.value is not None else ""
        title = f"{control.title}: {result.reported} {label}".strip()
        description = f"{title} in phase {phase.code}, {against or 'which the limits cannot judge'}."
    key = queries.origin_key(phase, control.code)
    origin = Deviation.Origin.IN_PROCESS.value
    return _open(by, phase, OpenDeviation(origin, control.severity, title, description, key))


def open_for_hold(*, by: Person, phase: Phase, definition: PhaseRecipe, at: datetime) -> Deviation | None:
    """Open a deviation where the hold before the phase was longer than its limit."""
    ended = {row.code: row.performed_at for row in phase.batch_record.phases.filter(performed_at__isnull=False)}
    held = queries.hold_clock(phase, definition, ended, at)
    if definition.hold is None or held is None or held.verdict is not Verdict.ACTION:
        return None
    hours = f"{held.elapsed_h:.2f}"
    title = f"Hold after {held.after}: {hours} h of {decimal_text(held.limit_h)} h"
    description = f"Phase {phase.code} began {hours} h after the end of {held.after} ({held.temperature_class})."
    origin = Deviation.Origin.HOLD.value
    return _open(by, phase, OpenDeviation(origin, definition.hold.severity, title, description, phase.code))


def open_for_quantities(*, by: Person, phase: Phase, facts: rules.PhaseFacts) -> list[Deviation]:
    """Open a deviation for each material of which another quantity was used than the recipe asks for."""
    opened = []
    for need, used in rules.quantities_off(facts):
        label = unit(need.quantity.unit).label
        title = f"{need.title}: {decimal_text(used.normalize())} {label} used, {need.quantity} asked for"
        description = f"{title}, ± {decimal_text(need.tolerance_percent)} % in phase {phase.code}."
        key = f"{phase.code}:material:{need.name}"
        origin = Deviation.Origin.IN_PROCESS.value
        opened.append(_open(by, phase, OpenDeviation(origin, "major", title, description, key)))
    return opened


def open_for_yield(*, by: Person, phase: Phase, definition: PhaseRecipe) -> Deviation | None:
    """Open a deviation where the yield of the phase is outside its limits or cannot be computed. domain.md F-4."""
    if definition.yielded is None:
        return None
    row = next((row for row in queries.yields_of(phase.batch_record) if row.phase == phase.code), None)
    if row is None or row.verdict not in {Verdict.ACTION, Verdict.UNKNOWN}:
        return None
    if row.verdict is Verdict.UNKNOWN:
        title = f"Yield of {definition.title}: not computable"
        description = f"{title}: {row.why_not or 'a measured value is missing'}."
    else:
        title = f"Yield of {definition.title}: {row.step_percent:.1f} %, overall {row.overall_percent:.1f} %"
        description = f"{title}, outside the limits of the master batch record."
    severity = definition.yielded.severity
    return _open(by, phase, OpenDeviation(Deviation.Origin.YIELD.value, severity, title, description, phase.code))


def _open(by: Person, phase: Phase, command: OpenDeviation) -> Deviation:
    record = phase.batch_record
    return open_deviation(by=by, batch_record=record, phase=phase, command=command, authority_checked=True)
