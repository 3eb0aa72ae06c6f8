"""Versions of controlled documents of every kind, imported by Mei and approved by Arun."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.accounts.models import Person, Site
from gatekeeper.core.documents import DocumentKind
from gatekeeper.demo.people import credentials
from gatekeeper.documents import queries
from gatekeeper.documents.actions.documents import approve_document, import_document, retire_document
from gatekeeper.documents.models import Document
from gatekeeper.lots.actions.registration import register_material

ROOT = Path(__file__).resolve().parents[2]
REASON = "Limits reviewed after the last campaign"


def kind_named(code: str) -> DocumentKind:
    return next(kind for kind in queries.document_kinds() if kind.code == code)


def draft(by: Person, kind: str, source: bytes, reason: str = REASON) -> Document:
    """Import a version."""
    return import_document(by=by, kind=kind_named(kind), source=source, reason=reason)


def approve(by: Person, document: Document, **options: object) -> Document:
    """Approve a version at the first site."""
    site = Site.objects.get(code="SG01")
    return approve_document(by=by, credentials=credentials(by), site=site, document=document, **options)


def retire(by: Person, document: Document, reason: str = "Process given up") -> Document:
    """Retire a version at the first site."""
    site = Site.objects.get(code="SG01")
    return retire_document(by=by, credentials=credentials(by), site=site, document=document, reason=reason)


def products(people: dict[str, Person]) -> None:
    """The materials that the shipped masters make."""
    site = Site.objects.get(code="SG01")
    for code in ("LV-DP", "AAV-DP"):
        register_material(
            by=people["mei"], code=code, name=code, kind="drug_product", unit_code="{vial}", site=site
        )  # fmt: skip


def singapore(people: dict[str, Person]) -> None:
    """The market that the shipped specifications are for."""
    approve(people["arun"], draft(people["mei"], "market", (ROOT / "release/data/markets/sg.toml").read_bytes()))


@dataclass(frozen=True)
class Sample:
    """A shipped file of a kind: ``value`` is one of its texts, ``path`` where that stands among the differences.

    ``other`` is what it may be as well, ``at`` its dotted path in the file. ``own_scope``: each code has its own scope.
    """

    file: str
    code: str
    value: str
    other: str
    path: str
    at: str
    own_scope: bool = True
    before: Callable[[dict[str, Person]], None] = lambda _people: None

    @property
    def toml(self) -> str:
        return (ROOT / self.file).read_text(encoding="utf-8")

    def source(self, version: int = 1, *, code: str = "", value: str = "", title: str = "") -> bytes:
        """The file with another version, code, value or title (as TOML)."""
        text = re.sub(r"(?m)^version = \d+$", f"version = {version}", self.toml, count=1)
        if code:
            text = text.replace(f'code = "{self.code}"', f'code = "{code}"', 1)
        if value:
            assert f'"{self.value}"' in text
            text = text.replace(f'"{self.value}"', value, 1)
        if title:
            text = re.sub(r'(?m)^title = ".*"$', lambda _match: f"title = {title}", text, count=1)
        return text.encode()


SAMPLES = {
    "master": Sample(
        "batches/data/lv_third_generation.toml",
        "LV-3G",
        "36.5",
        "36.25",
        "phase[L1].control[temperature].alert_low",
        "phase.0.control.0.alert_low",
        before=products,
    ),
    "plasmid_specification": Sample(
        "plasmids/data/plasmid_incoming.toml",
        "PL-IN",
        "90",
        "92",
        "attribute[supercoiled].low",
        "attribute.4.low",
        own_scope=False,
    ),
    "market": Sample(
        "release/data/markets/sg.toml", "SG", "Authorised person", "Qualified person", "releaser", "releaser"
    ),
    "specification": Sample(
        "release/data/lv_dp_sg.toml",
        "LV-DP-SG",
        "6.9",
        "7.0",
        "attribute[ph].low",
        "attribute.1.low",
        own_scope=False,
        before=lambda people: (products(people), singapore(people)),
    ),
    "rule_set": Sample(
        "batches/excursions/data/lv_rules.toml",
        "LV-PROCESS",
        "4000",
        "4250",
        "rules[lv-wall-shear].alert_high",
        "rule.0.alert_high",
    ),
    "log_mapping": Sample(
        "batches/readings/data/tff_skid_log.toml", "TFF-LOG", "Asia/Singapore", "Asia/Tokyo", "time.zone", "time.zone"
    ),
}
