"""Status table of the specification for arriving plasmid lots."""

from gatekeeper.core.transitions import Transition

SPECIFICATION = (
    Transition("draft", "approve", "approved", "release.approve_specification", "Approved for use"),
    Transition("approved", "retire", "retired", "release.approve_specification", "Retired"),
)
