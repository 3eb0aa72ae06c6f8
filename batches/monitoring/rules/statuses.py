"""Status tables of a set of excursion rules and of the mapping of a skid's log."""

from gatekeeper.core.transitions import Transition

RULE_SET = (
    Transition("draft", "approve", "approved", "batches.approve", "Approved for use"),
    Transition("approved", "retire", "retired", "batches.approve", "Retired"),
)
LOG_MAPPING = (
    Transition("draft", "approve", "approved", "batches.approve", "Approved for use"),
    Transition("approved", "retire", "retired", "batches.approve", "Retired"),
)
