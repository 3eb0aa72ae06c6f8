"""The release gate: a tuple of checks, each of which lists its findings. domain.md 4.2.

It reads one frozen dossier and nothing else, has no clock and no override.
"""

from dataclasses import dataclass, replace

from release.rules.dossier import Dossier
from release.rules.gate import process, quality, record
from release.rules.gate.finding import Check, Finding, State, Subject

__all__ = [
    "GATE",
    "NOT_CHECKED",
    "Check",
    "Checked",
    "Finding",
    "NotChecked",
    "State",
    "Subject",
    "checked",
    "findings",
]

GATE: tuple[Check, ...] = (
    Check("G-00", "The lot waits for this decision", record.lot_waits),
    Check("G-01a", "Every phase is performed, checked and signed by two people", record.phases_complete),
    Check("G-01b", "No in-process entry is blank or unchecked", record.entries_complete),
    Check("G-02", "Production and quality have reviewed the record and its audit trail", record.reviewed),
    Check("G-03", "Every excursion rule is evaluated on final data", process.rules_evaluated),
    Check("G-04", "Every deviation is closed", process.deviations_closed),
    Check("G-05", "Every test of the specification passes and is reviewed", quality.results_pass),
    Check("G-06", "The lots that went in were good and still are", quality.ingredients_stand),
    Check("G-07", "Yields are within the master's limits", process.yields_within_limits),
    Check("G-08", "Hold times are within their limits", process.holds_within_limits),
    Check("G-09", "Equipment was in calibration when used", process.equipment_calibrated),
    Check("G-12", "Duties were separate", quality.duties_separate),
    Check("G-14", "What the market asks for beyond this", quality.market_satisfied),
    Check("G-15", "The evidence verifies", quality.evidence_whole),
)


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that a person has to check, because the software has no data on it."""

    code: str
    title: str


NOT_CHECKED: tuple[NotChecked, ...] = (
    NotChecked("G-09", "Environmental monitoring of the rooms, and the media fill behind the aseptic process"),
    NotChecked("G-10", "Label reconciliation"),
    NotChecked("G-11", "Comparability of this site and process version for this market"),
    NotChecked("G-13", "Retention and stability samples are taken and stored"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and whether it found nothing."""

    code: str
    title: str
    passed: bool


def findings(dossier: Dossier) -> tuple[Finding, ...]:
    """Return everything that stands in the way of the lot for the market, in the order of the checks."""
    return tuple(replace(finding, check=check.code) for check in GATE for finding in check.function(dossier))


def checked(dossier: Dossier) -> tuple[Checked, ...]:
    """Return each check of the gate and whether the dossier passes it."""
    return tuple(Checked(check.code, check.title, not any(True for _ in check.function(dossier))) for check in GATE)
