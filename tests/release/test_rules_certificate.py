"""E-b: a certificate says exactly what the release's dossier holds; nothing is certified that has not passed."""

from datetime import timedelta

import pytest

from gatekeeper.core.canonical import digest
from release.rules.certificate import Issue, certificate_content
from tests.release import dossiers as d

ISSUE = Issue(
    number="COA-LV-1-SG",
    issued_at=d.MONDAY,
    release=d.signature("lot.release", "rafael", meaning="Released for supply"),
    checkpoint_size=7,
    checkpoint_root="ab" * 32,
    checkpoint_origin="gatekeeper.example/ledger",
    demonstration=False,
)


def content(**changes):
    return certificate_content(d.open_dossier(**changes), ISSUE)


def test_every_line_of_the_specification_is_reported_with_its_criterion_and_outcome():
    (line,) = content()["results"]
    assert (line["test"], line["criterion"]) == ("titre", "≥ 1.0×10^8 TU/mL")
    assert (line["reported"], line["unit"], line["outcome"]) == ("2.6×10^8", "{TU}/mL", "pass")
    assert (line["method"], line["sample"], line["analyst"], line["reviewed_by"]) == (
        "FACS",
        "S-1",
        "Hana Sato",
        "jonas",
    )


def test_where_the_specification_names_no_method_that_of_the_result_is_told():
    bare = d.SpecificationFacts("LV-DP-SG", 1, "Lentiviral vector", d.DIGEST, d.MONDAY, (d.line(method=""),))
    (line,) = content(specification=bare, results=(d.result(method="p24"),))["results"]
    assert line["method"] == "p24"


def test_making_began_with_the_first_phase_or_with_the_record_where_none_was_started():
    earlier = d.MONDAY - timedelta(days=3)
    phases = (d.phase(), d.phase("L8", started_at=earlier), d.phase("L9", started_at=None))
    assert content(phases=phases)["manufacture"]["started_at"] == earlier
    assert content(phases=())["manufacture"]["started_at"] == d.RECORD.issued_at


def test_it_carries_the_reviews_of_production_and_quality_and_the_release_in_this_order():
    reviewed = (d.signature("batch_record.issue"), d.signature("batch_record.review", "petra"))
    record = d.RecordFacts("BR-1", "reviewed", "LV-MBR 1", d.DIGEST, d.MONDAY, d.MONDAY, "petra", d.MONDAY, reviewed)
    older = d.review(signature=d.signature("lot.review", "quentin"))
    signed = content(record=record, reviews=(older, d.review()))["signatures"]
    assert [(row["act"], row["printed_name"]) for row in signed] == [
        ("batch_record.review", "Petra"),
        ("lot.review", "Quinn"),
        ("lot.release", "Rafael"),
    ]


def test_it_names_its_deviations_and_the_evidence_it_stands_on():
    dossier = d.open_dossier()
    certificate = certificate_content(dossier, ISSUE)
    assert [(row["number"], row["status"]) for row in certificate["deviations"]] == [("DEV-1", "closed")]
    assert certificate["evidence"]["dossier_sha256"] == digest(dossier)
    assert (certificate["evidence"]["checkpoint_size"], certificate["demonstration"]) == (7, False)
    assert certificate["specification"]["sha256"] == d.DIGEST
    assert (certificate["market"]["code"], certificate["lot"]["number"]) == ("SG", "LV-1")


@pytest.mark.parametrize("change", [{"specification": None}, {"record": None}, {"results": ()}])
def test_a_lot_that_has_not_passed_has_no_certificate(change):
    with pytest.raises(ValueError, match="gate"):
        content(**change)
