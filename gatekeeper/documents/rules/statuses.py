"""Status table of a controlled document, and what its dates make of it."""

from datetime import datetime
from enum import StrEnum

from gatekeeper.core.transitions import Transition

# Who may is declared by the kind of document (core.documents.DocumentKind.approve): the table names no permission.
DOCUMENT = (
    Transition("draft", "approve", "approved", "", "Approved for use"),
    Transition("approved", "retire", "retired", "", "Retired"),
)


class State(StrEnum):
    """What a version is at a time."""

    DRAFT = "draft"
    APPROVED = "approved"  # and not effective yet
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


def state_of(status: str, *, effective_from: datetime | None, effective_until: datetime | None, at: datetime) -> State:
    """Return what a version of this status and these dates is at a time."""
    if status != "approved" or effective_from is None:
        return State(status)
    if effective_until is not None and effective_until <= max(at, effective_from):
        return State.SUPERSEDED
    return State.APPROVED if effective_from > at else State.EFFECTIVE
