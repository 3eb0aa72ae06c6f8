"""Status table of the mapping of a log."""

from gatekeeper.core.transitions import Transition

LOG_MAPPING = (
    Transition("draft", "approve", "approved", "batches.approve", "Approved for use"),
    Transition("approved", "retire", "retired", "batches.approve", "Retired"),
)
