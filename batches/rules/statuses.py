"""Status and state tables of the batch record, one row a permitted change."""

from gatekeeper.core.transitions import Transition

BATCH_RECORD = (
    Transition("issued", "start", "in_progress", "batches.perform"),
    Transition("in_progress", "complete", "completed", "batches.perform"),
    Transition("completed", "review", "reviewed", "batches.review", "Reviewed: production record complete"),
    Transition("reviewed", "reopen", "completed", "batches.review"),
    # By the machine that judges readings: what came after the signature is not what was signed (domain.md 2.2, 8).
    Transition("reviewed", "return", "completed", "batches.open_deviation"),
)

PHASE = (
    Transition("pending", "start", "running", "batches.perform"),
    Transition("running", "perform", "performed", "batches.perform", "Performed"),
    Transition("performed", "verify", "verified", "batches.verify", "Checked"),
)

DEVIATION = (
    Transition("open", "close", "closed", "batches.close_deviation", "Closed: investigation complete"),
    Transition("closed", "reopen", "open", "batches.close_deviation"),
)
