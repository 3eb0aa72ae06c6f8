"""Status table of a set of excursion rules."""

from gatekeeper.core.transitions import Transition

RULE_SET = (
    Transition("draft", "approve", "approved", "batches.approve", "Approved for use"),
    Transition("approved", "retire", "retired", "batches.approve", "Retired"),
)
