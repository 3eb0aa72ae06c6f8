"""Plasmid lots arrive with their suppliers' certificates, are judged, and are released by quality."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from gatekeeper.demo.story.stage import SITE, Stage, say

SPECIFICATION = Path(settings.BASE_DIR) / "plasmids" / "data" / "plasmid_incoming.toml"


@dataclass(frozen=True, slots=True)
class Construct:
    """A plasmid of the demonstration, and how much of it arrives (mg)."""

    code: str
    name: str
    role: str
    size_bp: int
    lot: str
    quantity: str
    supercoiled: str
    endotoxin: str

    @property
    def sequence_sha256(self) -> str:
        """The digest of a made-up sequence."""
        return hashlib.sha256(f"demonstration sequence of {self.code}".encode()).hexdigest()


LENTIVIRAL = (
    Construct("pLV-CAR19", "Transfer, CD19 CAR", "transfer", 9_120, "PL-2026-0101", "400.0", "94.98", "4.25"),
    Construct("pMD-GagPol", "Gag/pol, third generation", "gag_pol", 8_895, "PL-2026-0102", "120.0", "93.67", "4.66"),
    Construct("pRSV-Rev", "Rev", "rev", 4_174, "PL-2026-0103", "120.0", "95.10", "3.80"),
    Construct("pMD-VSVG", "Envelope, VSV-G", "envelope", 5_824, "PL-2026-0104", "120.0", "92.40", "5.31"),
)
AAV = (
    Construct("pRep2Cap9", "Rep2/cap9", "rep_cap", 7_330, "PL-2026-0105", "150.0", "93.10", "2.90"),
    Construct("pHelper", "Adenoviral helper", "helper", 11_635, "PL-2026-0106", "150.0", "91.80", "3.40"),
    Construct("pAAV-FIX", "Transgene, factor IX", "transgene", 6_210, "PL-2026-0107", "150.0", "94.20", "2.10"),
)


def receive_and_release(stage: Stage) -> None:
    """Register the constructs, receive a lot of each and release it."""
    for construct in (*LENTIVIRAL, *AAV):
        stage["mei"].post(
            "plasmids/",
            {
                "code": construct.code,
                "name": construct.name,
                "role": construct.role,
                "size_bp": construct.size_bp,
                "sequence_sha256": construct.sequence_sha256,
                "site": SITE,
            },
        )
        stage["wen"].post("plasmid-lots/", delivery(stage, construct))
    stage.later(hours=3)
    for construct in (*LENTIVIRAL, *AAV):
        stage["rafael"].sign(f"plasmid-lots/{construct.lot}/release/")
        say(f"{construct.lot} {construct.name}: judged, released")


def delivery(stage: Stage, construct: Construct, *, keeps_days: int = 720) -> dict[str, object]:
    """Return what the warehouse enters when a lot arrives with its certificate."""
    certificate = {
        "appearance": ("conforms", ""),
        "identity_sequence": ("conforms", ""),
        "concentration": ("2.02", "mg/mL"),
        "a260_a280": ("1.88", "1"),
        "supercoiled": (construct.supercoiled, "%"),
        "endotoxin": (construct.endotoxin, "{EU}/mg"),
        "host_dna": ("2.09", "ug/mg"),
        "bioburden": ("<1", "[CFU]/(10.mL)"),
    }
    return {
        "number": construct.lot,
        "plasmid": construct.code,
        "site": SITE,
        "supplier": "Plasmid House Pte Ltd",
        "quantity": construct.quantity,
        "unit": "mg",
        "expiry_date": (stage.present + timedelta(days=keeps_days)).date().isoformat(),
        "certificate_number": f"COA-{construct.lot[-4:]}",
        "sequence_sha256": construct.sequence_sha256,
        "results": [
            {"attribute": attribute, "reported": reported, "unit": unit}
            for attribute, (reported, unit) in certificate.items()
        ],
    }
