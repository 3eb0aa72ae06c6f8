"""The content of a certificate of analysis, made from the frozen dossier of the release."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatekeeper.core.canonical import digest
from release.rules.dossier import Dossier, SignatureFacts, SpecificationFacts
from release.rules.judgement import Line, judged_lines

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Issue:
    """How a certificate is issued: its number, the releaser's signature, the head of the evidence log then."""

    number: str
    issued_at: datetime
    release: SignatureFacts
    checkpoint_size: int
    checkpoint_root: str
    checkpoint_origin: str
    demonstration: bool


def certificate_content(dossier: Dossier, issue: Issue) -> dict[str, Any]:
    """Return the certificate's content; its canonical bytes are the record, the PDF is made from them.

    :raises ValueError: when the dossier has no specification or no batch record: the gate refuses such a lot.
    """
    specification, record, lot = dossier.specification, dossier.record, dossier.lot
    if specification is None or record is None:
        raise ValueError(f"lot {lot.number} has not passed the gate")
    started = [phase.started_at for phase in dossier.phases if phase.started_at]
    return {
        "format": FORMAT,
        "title": "Certificate of analysis",
        "number": issue.number,
        "issued_at": issue.issued_at,
        "timezone": lot.timezone,
        "demonstration": issue.demonstration,
        "product": {"name": lot.product, "material": lot.material},
        "lot": {
            "number": lot.number,
            "quantity": {"value": lot.quantity, "unit": lot.unit},
            "expiry_date": lot.expiry_date,
            "site": lot.site,
            "site_name": lot.site_name,
        },
        "market": {"code": dossier.market.code, "name": dossier.market.name, "releaser": dossier.market.releaser},
        "manufacture": {
            "batch_record": record.number,
            "master": record.master,
            "started_at": min(started, default=record.issued_at),
            "completed_at": record.completed_at,
        },
        "specification": _specification(specification),
        "results": [_result(line) for line in judged_lines(specification, dossier.results)],
        "deviations": [
            {"number": row.number, "title": row.title, "severity": row.severity, "status": row.status}
            for row in dossier.deviations
        ],
        "signatures": [_signature(row) for row in (*_reviews(dossier), issue.release)],
        "evidence": {
            "dossier_sha256": digest(dossier),
            "log": issue.checkpoint_origin,
            "checkpoint_size": issue.checkpoint_size,
            "checkpoint_root": issue.checkpoint_root,
        },
    }


def _specification(specification: SpecificationFacts) -> dict[str, Any]:
    return {
        "code": specification.code,
        "version": specification.version,
        "title": specification.title,
        "sha256": specification.sha256,
        "approved_at": specification.approved_at,
    }


def _result(line: Line) -> dict[str, Any]:
    judged = line.result
    if judged is None:
        raise ValueError(f"{line.definition.code} has no single result: the gate refuses such a lot")
    result = judged.result
    return {
        "test": line.definition.code,
        "title": line.definition.title,
        "category": line.definition.category,
        "method": line.definition.method or result.method,
        "sample": result.sample,
        "criterion": line.definition.asked,
        "reported": judged.reported_value,
        "unit": line.definition.unit or result.unit,
        "outcome": judged.outcome.value,
        "measured_at": result.measured_at,
        "analyst": result.analyst,
        "reviewed_by": result.reviewed_by,
        "instrument_file_sha256": result.instrument_file_sha256,
    }


def _reviews(dossier: Dossier) -> Iterable[SignatureFacts]:
    production = dossier.record.signatures if dossier.record else ()
    yield from (row for row in production if row.act == "batch_record.review")
    yield from (review.signature for review in dossier.reviews[-1:])


def _signature(row: SignatureFacts) -> Mapping[str, Any]:
    return {
        "act": row.act,
        "printed_name": row.printed_name,
        "role": row.role,
        "meaning": row.meaning,
        "signed_at": row.signed_at,
        "sha256": row.digest,
    }
