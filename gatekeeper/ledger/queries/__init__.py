"""Reads of evidence and signatures: what happened to a record, who signed it, and the proof of both."""

from gatekeeper.ledger.queries.evidence import Change, EntryView, entries_of, evidence_of, parse
from gatekeeper.ledger.queries.proofs import (
    SealState,
    consistency_proof,
    export,
    inclusion_proof,
    newest_checkpoint,
    seal_state,
)
from gatekeeper.ledger.queries.signatures import SignatureView, roles_text, signatures_of
from gatekeeper.ledger.queries.subjects import key_of, record_named, site_of

__all__ = [
    "Change",
    "EntryView",
    "SealState",
    "SignatureView",
    "consistency_proof",
    "entries_of",
    "evidence_of",
    "export",
    "inclusion_proof",
    "key_of",
    "newest_checkpoint",
    "parse",
    "record_named",
    "roles_text",
    "seal_state",
    "signatures_of",
    "site_of",
]
