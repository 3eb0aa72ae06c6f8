"""Reads of specifications, results, the dossier, decisions and certificates."""

from release.queries.dossier import dossier, for_market
from release.queries.evidence import Scope, fault_in, scope_of
from release.queries.results import (
    result_content,
    results_that_count,
    visible_certificates,
    visible_dispositions,
    visible_files,
    visible_lots,
    visible_results,
)
from release.queries.review import decision_content, review_content
from release.queries.specifications import (
    approved_lines,
    effective,
    first_market,
    market_facts,
    market_named,
    markets,
    markets_of,
    specification_content,
    specification_facts,
    specifications,
)

__all__ = [
    "Scope",
    "approved_lines",
    "decision_content",
    "dossier",
    "effective",
    "fault_in",
    "first_market",
    "for_market",
    "market_facts",
    "market_named",
    "markets",
    "markets_of",
    "result_content",
    "results_that_count",
    "review_content",
    "scope_of",
    "specification_content",
    "specification_facts",
    "specifications",
    "visible_certificates",
    "visible_dispositions",
    "visible_files",
    "visible_lots",
    "visible_results",
]
