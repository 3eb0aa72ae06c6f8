"""Where an excursion stands as an alarm: it is raised, acknowledged, and cleared, each by itself.

Annex 11, A-6: acknowledged is not resolved, so neither of the two says anything of the deviation.
"""

from datetime import datetime
from enum import StrEnum

from batches.excursions.rules.excursion_rules import Level
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal


class AlarmState(StrEnum):
    """Whether the signal is still outside, and whether anybody has acknowledged it."""

    ACTIVE_UNACKNOWLEDGED = "active-unacknowledged"
    ACTIVE_ACKNOWLEDGED = "active-acknowledged"
    CLEARED_UNACKNOWLEDGED = "cleared-unacknowledged"
    CLEARED_ACKNOWLEDGED = "cleared-acknowledged"


_STATES = {
    (False, False): AlarmState.ACTIVE_UNACKNOWLEDGED,
    (False, True): AlarmState.ACTIVE_ACKNOWLEDGED,
    (True, False): AlarmState.CLEARED_UNACKNOWLEDGED,
    (True, True): AlarmState.CLEARED_ACKNOWLEDGED,
}


def alarm_state(*, cleared: bool, acknowledged: bool) -> AlarmState:
    """Return the one of the four states."""
    return _STATES[cleared, acknowledged]


def cleared_at(
    *, ended_at: datetime | None, withdrawn_at: datetime | None, phase_ended_at: datetime | None
) -> datetime | None:
    """Return when the alarm ceased: the signal came back, later readings withdrew it, or its phase ended first."""
    return min((at for at in (ended_at, withdrawn_at, phase_ended_at) if at is not None), default=None)


def check_acknowledge(*, level: str, withdrawn: bool, already: bool, comment: str) -> str:
    """Pass when this person may acknowledge the excursion now, and return the comment without blanks around it.

    :raises Refusal: ``excursion_withdrawn``, ``already_acknowledged``; ``reason_missing`` at ``comment`` when the
        level is action and the comment is empty.
    """
    if withdrawn:
        raise Refusal(
            "excursion_withdrawn", "Later readings no longer show this excursion: nothing sounds.", kind=Kind.CONFLICT
        )
    if already:
        raise Refusal("already_acknowledged", "You have acknowledged this excursion already.", kind=Kind.CONFLICT)
    return checked_reason(comment, field="comment") if level == Level.ACTION else comment.strip()
