"""How states and verdicts are marked: a mark's shape (see components/mark.html) and its word."""

from typing import Any

from django.utils.translation import gettext as _

from batches.models import Deviation, InProcessResult
from batches.rules.judgement import crossed
from batches.rules.recipe import Control
from gatekeeper.core.quantity import unit

PHASE_STATES = {"pending": "plain", "running": "alert", "performed": "unknown", "verified": "inside"}
RECORD_STATES = {"issued": "plain", "in_progress": "alert", "completed": "unknown", "reviewed": "inside"}
SEVERITIES = {"minor": "unknown", "major": "alert", "critical": "action"}


def deviation_state(deviation: Deviation) -> str:
    """Return the state of a deviation's mark: its class until it is closed."""
    return "inside" if deviation.status == Deviation.Status.CLOSED else SEVERITIES[deviation.severity]


def verdict_mark(result: InProcessResult | None, control: Control) -> dict[str, str]:
    """Return state and word of a result: ``Alert: above 7.80``."""
    if result is None:
        return {"state": "plain", "label": _("Not entered")}
    if result.not_done:
        return {"state": "unknown", "label": _("Not done")}
    word = result.get_verdict_display().capitalize()
    against = crossed(result.value, result.unit, control) if result.value is not None else ""
    return {"state": result.verdict, "label": f"{word}: {against}" if against else word}


def reported(result: InProcessResult) -> str:
    """Return a result as reported with the label of its unit."""
    if result.not_done:
        return _("not done")
    return f"{result.reported} {unit(result.unit).label}".strip()


def pair(term: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return one line of components/definitions.html."""
    return {"term": term, "value": value, **more}
