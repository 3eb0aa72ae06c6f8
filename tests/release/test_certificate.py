"""E-b: the certificate is one picture of canonical content, the same bytes every time, with the content attached."""

import hashlib
import json
import re
import subprocess
import sys
import zlib

import pytest

from gatekeeper.core.canonical import canonical
from release import certificate
from release.rules.certificate import Issue, certificate_content
from tests.release import dossiers as d


def issue(**changes):
    values = {
        "number": "COA-LV-1-SG",
        "issued_at": d.MONDAY,
        "release": d.signature("lot.release", "rafael", meaning="Released for supply"),
        "checkpoint_size": 12_345,
        "checkpoint_root": "ab" * 32,
        "checkpoint_origin": "gatekeeper.example/ledger",
        "demonstration": True,
    }
    return Issue(**(values | changes))


def content(**changes):
    return canonical(certificate_content(d.open_dossier(**changes), issue()))


def attached(pdf: bytes) -> list[bytes]:
    attachments = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            attachments.append(zlib.decompress(match[1]))
        except zlib.error:
            attachments.append(match[1])
    return attachments


def test_the_content_is_attached_byte_for_byte():
    assert content() in attached(certificate.pdf(content()))


def test_the_same_content_gives_the_same_bytes_in_every_process(tmp_path):
    (tmp_path / "content.json").write_bytes(content())
    code = (
        "import hashlib,sys; from pathlib import Path; from release import certificate;"
        "print(hashlib.sha256(certificate.pdf(Path(sys.argv[1]).read_bytes())).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "content.json")], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == hashlib.sha256(certificate.pdf(content())).hexdigest()


def test_another_result_gives_another_certificate():
    assert certificate.pdf(content()) != certificate.pdf(content(results=(d.result(reported="2.7×10^8"),)))


def test_it_claims_the_archive_and_accessibility_standards():
    pdf = certificate.pdf(content())
    packets = b"".join(attached(pdf)) + pdf
    assert b"<pdfaid:part>3</pdfaid:part>" in packets
    assert b"<pdfuaid:part>1</pdfuaid:part>" in packets


def test_it_shows_times_in_the_zone_of_the_site_and_powers_raised():
    printed_content = certificate.printed(json.loads(content()))
    assert printed_content["issued"] == "2026-11-02 17:00:00 Asia/Singapore (UTC+08:00)"
    assert printed_content["results"][0]["reported"] == "2.6×10⁸ TU/mL"
    assert printed_content["demonstration"] is True
    assert "DEV-1" in printed_content["deviations"]
    assert certificate.printed(json.loads(content(deviations=())))["deviations"] == "No deviation was recorded."


def test_pages_can_be_looked_at():
    assert all(page.startswith(b"\x89PNG") for page in certificate.png(content(), ppi=30))


@pytest.mark.parametrize("change", [{"specification": None}, {"record": None}, {"results": ()}])
def test_a_lot_that_has_not_passed_has_no_certificate(change):
    with pytest.raises(ValueError, match="gate"):
        content(**change)


@pytest.mark.parametrize("lines", [1, 27, 28, 60])
def test_a_certificate_of_any_length_meets_its_standards(lines):
    certificate_content = json.loads(content())
    certificate_content["results"] = (certificate_content["results"] * lines)[:lines]
    assert certificate.pdf(json.dumps(certificate_content).encode()).startswith(b"%PDF")
