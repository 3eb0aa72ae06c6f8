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
from batches.monitoring.queries.files import (
    KINDS,
    FileRow,
    approved_mappings,
    files_of,
    mapping_content,
    rows_of,
)
from batches.monitoring.queries.states import PhaseStates, RuleState, excursions_of, states_of

__all__ = [
    "KINDS",
    "FileRow",
    "PhaseFacts",
    "PhaseStates",
    "RuleState",
    "approved_mappings",
    "excursions_of",
    "exposure_of",
    "files_of",
    "mapping_content",
    "phase_facts",
    "phases_of",
    "rows_of",
    "rule_set_content",
    "rule_set_of",
    "rules_in",
    "states_of",
    "verify_frame",
]
