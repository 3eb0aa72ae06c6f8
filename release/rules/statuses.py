"""Status tables of specifications and results, one row a permitted change."""

from gatekeeper.core.transitions import Transition

RESULT = (
    Transition("entered", "review", "reviewed", "release.review_result", "Reviewed: accurate, complete, compliant"),
    Transition("entered", "invalidate", "invalidated", "release.review_result"),
    Transition("reviewed", "invalidate", "invalidated", "release.review_result"),
)
