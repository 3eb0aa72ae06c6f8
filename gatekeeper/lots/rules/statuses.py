"""The status of a lot: every permitted change, one row each. domain.md 4.1."""

from gatekeeper.core.transitions import Transition

INITIAL = ("planned", "quarantine")

LOT = (
    Transition("planned", "start", "in_process", "batches.perform"),
    Transition("planned", "cancel", "rejected", "lots.release", "Rejected"),
    Transition("in_process", "finish", "quarantine", "batches.perform"),
    Transition("in_process", "reject", "rejected", "lots.release", "Rejected"),
    Transition("in_process", "hold", "on_hold", "lots.release"),
    Transition("quarantine", "release", "released", "lots.release", "Released"),
    Transition(
        "quarantine", "release_conditionally", "conditionally_released", "lots.release", "Released conditionally"
    ),
    Transition("quarantine", "hold", "on_hold", "lots.release"),
    Transition("quarantine", "reject", "rejected", "lots.release", "Rejected"),
    Transition("conditionally_released", "release", "released", "lots.release", "Released"),
    Transition("conditionally_released", "hold", "on_hold", "lots.release"),
    Transition("conditionally_released", "recall", "recalled", "lots.release"),
    Transition("released", "hold", "on_hold", "lots.release"),
    Transition("released", "recall", "recalled", "lots.release"),
    Transition("released", "expire", "expired", "lots.release"),
    Transition("released", "consume", "consumed", "batches.perform"),
    Transition("on_hold", "return_to_quarantine", "quarantine", "lots.release"),
    Transition("on_hold", "release", "released", "lots.release", "Released"),
    Transition("on_hold", "reject", "rejected", "lots.release", "Rejected"),
    Transition("rejected", "destroy", "destroyed", "lots.release"),
)
