"""Reads about readings, rules, evaluations and excursions."""

from batches.monitoring.queries.exposure import exposure_of
from batches.monitoring.queries.facts import (
    PhaseFacts,
    phase_facts,
    phases_of,
    rule_set_content,
    rule_set_of,
    rules_in,
    verify_frame,
)
from batches.monitoring.queries.states import PhaseStates, RuleState, excursions_of, states_of

__all__ = [
    "PhaseFacts",
    "PhaseStates",
    "RuleState",
    "excursions_of",
    "exposure_of",
    "phase_facts",
    "phases_of",
    "rule_set_content",
    "rule_set_of",
    "rules_in",
    "states_of",
    "verify_frame",
]
