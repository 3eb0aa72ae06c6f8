"""Plasmids and their lots, made through the real actions."""

import hashlib
from datetime import timedelta
from pathlib import Path

from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.demo.people import credentials
from gatekeeper.documents.models import Document
from plasmids.actions.constructs import register_plasmid
from plasmids.actions.receiving import ReceiveLot, SupplierResult, receive_lot
from plasmids.actions.releasing import release_lot
from plasmids.models import Plasmid, PlasmidLot
from plasmids.queries import specification_in_force
from plasmids.rules.incoming import KIND
from tests.documents.making import approve, draft

SPECIFICATION = Path(__file__).resolve().parents[2] / "plasmids" / "data" / "plasmid_incoming.toml"
GOOD = {
    "appearance": ("conforms", ""),
    "identity_sequence": ("conforms", ""),
    "concentration": ("2.02", "mg/mL"),
    "a260_a280": ("1.88", "1"),
    "supercoiled": ("93.67", "%"),
    "endotoxin": ("4.66", "{EU}/mg"),
    "host_dna": ("2.09", "ug/mg"),
    "bioburden": ("<1", "[CFU]/(10.mL)"),
}


def sequence_of(code: str) -> str:
    """Return the digest of a made-up sequence."""
    return hashlib.sha256(code.encode()).hexdigest()


def make_specification(people) -> Document:
    """Return the shipped specification, written by Mei and approved by Arun."""
    existing = specification_in_force()
    return existing or approve(people["arun"], draft(people["mei"], KIND, SPECIFICATION.read_bytes()))


def make_plasmid(people, code="pTRANSFER", role="transfer") -> Plasmid:
    """Return a construct that Mei registered."""
    return Plasmid.objects.filter(code=code).first() or register_plasmid(
        by=people["mei"],
        site=Site.objects.get(code="SG01"),
        code=code,
        name=f"{code} construct",
        role=role,
        size_bp=9_000,
        sequence_sha256=sequence_of(code),
    )


def command(people, number, *, plasmid="pTRANSFER", role="transfer", results=None, sequence=None, quantity="500"):
    """Return the command that receives a lot with its supplier's results."""
    make_specification(people)
    make_plasmid(people, plasmid, role)
    return ReceiveLot(
        number=number,
        plasmid=plasmid,
        site=Site.objects.get(code="SG01"),
        supplier="Plasmid House",
        quantity=quantity,
        unit="mg",
        expiry_date=now().date() + timedelta(days=700),
        certificate_number=f"COA-{number}",
        sequence_sha256=sequence or sequence_of(plasmid),
        results=[SupplierResult(name, *value) for name, value in (GOOD if results is None else results).items()],
    )


def make_plasmid_lot(people, number, *, released=True, **fields) -> PlasmidLot:
    """Return a plasmid lot that Wen received and, unless told otherwise, Rafael released."""
    plasmid_lot = receive_lot(by=people["wen"], command=command(people, number, **fields))
    if released:
        release_lot(by=people["rafael"], credentials=credentials(people["rafael"]), plasmid_lot=plasmid_lot)
        plasmid_lot.lot.refresh_from_db()
    return plasmid_lot
