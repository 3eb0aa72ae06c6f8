"""The certificate of analysis as a document: canonical JSON in, PDF/A with that JSON attached out, or a PNG.

The same bytes in give the same bytes out, in every process; nothing but the content and its fonts is read.
"""

import functools
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fontpkg_noto_sans
import typst

from release.rules.printing import raised, unit_label

TEMPLATE = Path(__file__).with_name("certificate.typ")
ATTACHMENT = "certificate.json"
_STANDARDS = ["a-3a", "ua-1"]
_OUTCOMES = {"pass": "Pass", "reported": "Reported", "fail": "Fail", "invalid": "Invalid"}


def pdf(content: bytes) -> bytes:
    """Return the certificate as PDF/A-3a and PDF/UA-1 with the content attached byte for byte."""
    return _compile(content, format="pdf", pdf_standards=_STANDARDS)


def png(content: bytes, *, ppi: int = 110) -> list[bytes]:
    """Return the certificate's pages as pictures."""
    pages = _compile(content, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def printed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content as it is printed: times in the site's zone, powers of ten raised, digests in groups."""
    zone = ZoneInfo(content["timezone"])
    lot, market, manufacture = content["lot"], content["market"], content["manufacture"]
    specification, evidence = content["specification"], content["evidence"]
    approved = f"approved {_day(specification['approved_at'], zone)}"
    quantity = f"{lot['quantity']['value']} {unit_label(lot['quantity']['unit'])}".strip()
    rows = [
        ("Product", f"{content['product']['name']} ({content['product']['material']})"),
        ("Lot", lot["number"]),
        ("Quantity", quantity),
        ("Expiry date", lot["expiry_date"]),
        ("Made at", f"{lot['site_name']} ({lot['site']})"),
        ("Manufacture", f"{_day(manufacture['started_at'], zone)} to {_day(manufacture['completed_at'], zone)}"),
        ("Batch record", f"{manufacture['batch_record']}, from {manufacture['master']}"),
        ("Market", f"{market['name']} ({market['code']})"),
        (
            "Specification",
            f"{specification['code']}, version {specification['version']}, {approved}",
        ),
    ]
    return {
        "title": content["title"],
        "number": content["number"],
        "product": content["product"]["name"],
        "lot": lot["number"],
        "issued": _time(content["issued_at"], zone),
        "date": _date_parts(content["issued_at"], zone),
        "demonstration": content["demonstration"],
        "facts": rows,
        "results": [_row(row) for row in content["results"]],
        "passed": f"All {len(content['results'])} tests of the specification are reported; none fails.",
        "deviations": _deviations(content["deviations"]),
        "signatures": [_signature(row, zone) for row in content["signatures"]],
        "evidence": [
            ("Dossier, SHA-256", _grouped(evidence["dossier_sha256"])),
            ("Specification, SHA-256", _grouped(specification["sha256"])),
            ("Evidence log", f"{evidence['log']}, {evidence['checkpoint_size']} entries sealed before this release"),
            ("Root of the log", evidence["checkpoint_root"] or "—"),
        ],
    }


@functools.cache
def _fonts() -> typst.Fonts:
    folder = Path(fontpkg_noto_sans.__file__).parent / "files"
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])


def _compile(content: bytes, **options: Any) -> Any:
    return typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"content": content.decode(), "shown": json.dumps(printed(json.loads(content)), ensure_ascii=False)},
        **options,
    )


def _row(row: Mapping[str, Any]) -> dict[str, str]:
    # The criterion prints its unit itself; a result in words has none.
    number = row["reported"][:1].isdigit() or row["reported"][:1] in "<>"
    label = unit_label(row["unit"]) if number and row["unit"] != "[pH]" else ""
    return {
        "title": row["title"],
        "method": row["method"],
        "criterion": raised(row["criterion"]),
        "reported": raised(f"{row['reported']} {label}".strip()),
        "outcome": _OUTCOMES[row["outcome"]],
        "state": row["outcome"],
        "category": row["category"],
    }


def _signature(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    return {
        "name": row["printed_name"],
        "role": row["role"],
        "meaning": row["meaning"],
        "at": _time(row["signed_at"], zone),
        "digest": _grouped(row["sha256"]),
    }


def _deviations(rows: list[Mapping[str, Any]]) -> str:
    if not rows:
        return "No deviation was recorded."
    named = "; ".join(f"{row['number']} ({row['severity']}, {row['status']}): {row['title']}" for row in rows)
    return f"Recorded, investigated and closed: {named}."


def _grouped(digest: str) -> str:
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def _local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).astimezone(zone)


def _day(text: str, zone: ZoneInfo) -> str:
    return _local(text, zone).date().isoformat()


def _time(text: str, zone: ZoneInfo) -> str:
    at = _local(text, zone)
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {zone.key} (UTC{offset[:3]}:{offset[3:]})"


def _date_parts(text: str, zone: ZoneInfo) -> dict[str, int]:
    at = _local(text, zone)
    return {
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
    }
