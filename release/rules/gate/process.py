"""Checks of how the batch was made: excursion rules, deviations, yields, holds, equipment. G-3, G-4, G-7 to G-9."""

from collections.abc import Iterator

from release.rules.dossier import ControlFacts, Dossier, EvaluationFacts, ExcursionFacts
from release.rules.gate.finding import Finding, State, Subject, finding


def rules_evaluated(dossier: Dossier) -> Iterator[Finding]:
    """G-3: every excursion rule is evaluated on final data; what is unknown or outside has a closed deviation."""
    for evaluation in dossier.evaluations:
        yield from _evaluation(dossier, evaluation)
    for excursion in dossier.excursions:
        if excursion.level == "action" and not excursion.deviation:
            yield _without_deviation(excursion)


def deviations_closed(dossier: Dossier) -> Iterator[Finding]:
    """G-4: every deviation is closed, and every in-process control outside its action limits has one."""
    for deviation in dossier.deviations:
        if deviation.status != "closed":
            yield finding(
                "deviation_open",
                State.ACTION,
                "{title}. Deviation {number} is open, {severity}.",
                Subject("deviation", deviation.number),
                "Quality closes the deviation with its justification and a signature.",
                title=deviation.title.rstrip("."),
                number=deviation.number,
                severity=deviation.severity,
            )
    for control in dossier.controls:
        if control.entered and not control.deviations:
            yield from _control(dossier, control)


def yields_within_limits(dossier: Dossier) -> Iterator[Finding]:
    """G-7: every yield is within the master's limits, or its deviation is closed."""
    for row in dossier.yields:
        if row.verdict not in {"action", "unknown"} or dossier.closed(row.deviations):
            continue
        subject = Subject("phase", _key(dossier, row.phase))
        if row.verdict == "unknown":
            yield finding(
                "yield_not_computable",
                State.UNKNOWN,
                "The yield after {phase} cannot be computed.",
                subject,
                "The missing value is entered, or a deviation explains it and is closed.",
                phase=row.title,
            )
        else:
            yield finding(
                "yield_outside_limits",
                State.ACTION,
                "The yield after {phase} is outside its limits: {step} of the step before, {overall} of the first.",
                subject,
                "A deviation explains the yield and is closed.",
                phase=row.title,
                step="—" if row.step is None else f"{row.step:.1f} %",
                overall="—" if row.overall is None else f"{row.overall:.1f} %",
            )


def holds_within_limits(dossier: Dossier) -> Iterator[Finding]:
    """G-8: no batch waited longer between two phases than it may, or its deviation is closed."""
    for hold in dossier.holds:
        if hold.verdict not in {"action", "unknown"} or dossier.closed(hold.deviations):
            continue
        outside = hold.verdict == "action"
        yield finding(
            "hold_time_exceeded" if outside else "hold_time_unknown",
            State.ACTION if outside else State.UNKNOWN,
            "The hold between {after} and {phase}, {hours} h, is over its limit."
            if outside
            else "The hold between {after} and {phase} is not known.",
            Subject("phase", _key(dossier, hold.phase)),
            "A deviation explains the hold and is closed.",
            after=hold.after,
            phase=hold.phase,
            hours="—" if hold.hours is None else f"{hold.hours:.1f}",
        )


def equipment_calibrated(dossier: Dossier) -> Iterator[Finding]:
    """G-9: the calibration of all equipment was in date when it was used."""
    for used in dossier.equipment:
        if not used.in_date:
            yield finding(
                "calibration_overdue",
                State.ACTION,
                "The calibration of {code}, {name}, was due on {day} when {phase} used it.",
                Subject("phase", _key(dossier, used.phase)),
                "Nothing clears it here: the phase used equipment out of calibration.",
                code=used.code,
                name=used.name,
                day=used.calibration_due_date,
                phase=used.phase,
            )


def _evaluation(dossier: Dossier, evaluation: EvaluationFacts) -> Iterator[Finding]:
    subject = Subject("phase_signals", _key(dossier, evaluation.phase))
    named = {"title": evaluation.title, "phase": evaluation.phase}
    if not evaluation.version:
        yield finding(
            "rule_not_evaluated",
            State.UNKNOWN,
            "{title} in {phase} was never evaluated.",
            subject,
            "The readings arrive and are evaluated.",
            **named,
        )
    elif not evaluation.final or not evaluation.up_to_date:
        yield finding(
            "evaluation_not_final",
            State.UNKNOWN,
            "{title} in {phase} is not evaluated on all its data.",
            subject,
            "The phase ends and its last readings are evaluated.",
            **named,
        )
    elif evaluation.state == "unknown" and not dossier.closed(evaluation.deviations):
        coverage = evaluation.coverage_percent
        yield finding(
            "coverage_unknown",
            State.UNKNOWN,
            "{title} in {phase} is not known for all of the phase{coverage}.",
            subject,
            "A deviation explains the gap and is closed.",
            coverage="" if coverage is None else f": {coverage:.0f} % covered",
            **named,
        )
    elif evaluation.state == "action" and not _has_excursion(dossier, evaluation):
        yield finding(
            "action_without_excursion",
            State.ACTION,
            "{title} in {phase} is outside its action limit and no excursion is on record.",
            subject,
            "The phase is evaluated again.",
            **named,
        )


def _has_excursion(dossier: Dossier, evaluation: EvaluationFacts) -> bool:
    return any(
        (excursion.phase, excursion.rule) == (evaluation.phase, evaluation.rule) for excursion in dossier.excursions
    )


def _without_deviation(excursion: ExcursionFacts) -> Finding:
    return finding(
        "excursion_without_deviation",
        State.ACTION,
        "{title} in {phase} has no deviation.",
        Subject("excursion", str(excursion.id)),
        "A deviation is opened, investigated and closed.",
        title=excursion.title,
        phase=excursion.phase,
    )


def _control(dossier: Dossier, control: ControlFacts) -> Iterator[Finding]:
    subject = Subject("phase", _key(dossier, control.phase))
    if control.not_done:
        yield finding(
            "control_not_done",
            State.UNKNOWN,
            "{title} in {phase} was not done and has no deviation.",
            subject,
            "A deviation explains it and is closed.",
            title=control.title,
            phase=control.phase,
        )
    elif control.verdict in {"action", "unknown"}:
        yield finding(
            "control_outside_limits",
            State.ACTION,
            "{title} in {phase}, {reported} {unit}, is outside its action limits and has no deviation.",
            subject,
            "A deviation is opened, investigated and closed.",
            title=control.title,
            phase=control.phase,
            reported=control.reported,
            unit=control.unit,
        )


def _key(dossier: Dossier, phase: str) -> str:
    return f"{dossier.record.number if dossier.record else ''}/{phase}"
