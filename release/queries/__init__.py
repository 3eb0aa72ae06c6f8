"""Reads of specifications, results, the dossier, decisions and certificates."""

from release.queries.dossier import dossier, for_market
from release.queries.evidence import Scope, fault_in, scope_of
from release.queries.results import (
    certificates_of,
    dispositions_of,
    files_of,
    lots_in_quarantine,
    lots_to_review,
    lots_to_test,
    result_content,
    results_from,
    results_of,
    results_to_review,
    search_lots,
    unreviewed_results_of,
    visible_certificates,
    visible_files,
    visible_lots,
)
from release.queries.review import decision_content, review_content
from release.queries.specifications import (
    first_market,
    lines_in_force,
    market_named,
    markets_of,
    specification_facts,
    specification_for,
)

__all__ = [
    "Scope",
    "certificates_of",
    "decision_content",
    "dispositions_of",
    "dossier",
    "fault_in",
    "files_of",
    "first_market",
    "for_market",
    "lines_in_force",
    "lots_in_quarantine",
    "lots_to_review",
    "lots_to_test",
    "market_named",
    "markets_of",
    "result_content",
    "results_from",
    "results_of",
    "results_to_review",
    "review_content",
    "scope_of",
    "search_lots",
    "specification_facts",
    "specification_for",
    "unreviewed_results_of",
    "visible_certificates",
    "visible_files",
    "visible_lots",
]
