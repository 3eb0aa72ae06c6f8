"""What quality's signatures are bound to."""

from typing import Any

from batches.models import BatchRecord
from gatekeeper.core.canonical import digest
from release.queries.evidence import Scope
from release.rules.dossier import Decision, Dossier


def review_content(record: BatchRecord, scope: Scope, remark: str) -> dict[str, Any]:
    """Return what the quality reviewer's signature is bound to: the record and the evidence that was read."""
    return {
        "batch_record": record.number,
        "lot": record.lot.number,
        "content_sha256": record.sha256,
        "evidence_entries": scope.entries,
        "evidence_sha256": scope.sha256,
        "remark": remark,
    }


def decision_content(dossier: Dossier, decision: Decision, reason: str = "") -> dict[str, Any]:
    """Return what the releaser's signature is bound to: lot, market, decision and the dossier's digest."""
    specification = dossier.specification
    return {
        "lot": dossier.lot.number,
        "market": dossier.market.code,
        "decision": decision,
        "reason": reason,
        "specification": f"{specification.code} {specification.version}" if specification else "",
        "dossier_sha256": digest(dossier),
    }
