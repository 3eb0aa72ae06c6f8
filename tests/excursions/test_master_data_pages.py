"""domain.md 2.5, E-n: skids are registered and rules imported on pages, with every fault in its place."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.readings.models import Source
from gatekeeper.documents.models import Document
from tests.doors import signature, signed_in
from tests.excursions.making import PH, SHEAR, make_unit, rules_toml

REGISTER, IMPORT = "/readings/sources/register/", "/documents/rule-sets/import/"


def tags(*rows):
    names = ("code", "parameter", "unit", "range_low", "range_high")
    return {
        f"tags.{place}.{name}": text
        for place, row in rows
        for name, text in zip(names, row, strict=False)
    }  # fmt: skip


def source(*rows, **more):
    return {"code": "TFF01", "name": "TFF skid", "equipment": "TFF-1"} | tags(*rows) | more


def toml(content):
    return {"file": SimpleUploadedFile("rules.toml", content, content_type="application/toml")}


def faults(page):
    errors = page.context["form"].errors.as_data()
    return {(name, fault.code) for name, found in errors.items() for fault in found}


@pytest.fixture
def desk(people):
    """Mei before the pages, with a TFF unit registered."""
    make_unit(people, 13)
    return signed_in(people["mei"])


def test_a_source_is_registered_with_its_tags_and_empty_rows_are_no_tags(desk):
    sent = source((0, ("FI101", "flow", "L/min", "0", "10.0")), (5, ("AI101", "ph", "[pH]")))
    assert desk.post(REGISTER, sent).url == "/readings/sources/TFF01/"
    rows = Source.objects.get().tags.values_list("code", "parameter", "unit")
    assert list(rows) == [("AI101", "ph", "[pH]"), ("FI101", "flow", "L/min")]
    shown = desk.get("/readings/sources/TFF01/").content.decode()
    assert "Feed flow" in shown
    assert "/batches/equipment/TFF-1/" in shown


def test_each_fault_of_a_tag_is_shown_in_the_row_in_which_it_was_typed(desk):
    page = desk.post(
        REGISTER,
        source(
            (1, ("FI101", "flow", "bar")),
            (3, ("AI101", "ph", "[pH]", "14", "0")),
            (4, ("TI101", "", "Cel")),
        ),
    )
    assert (page.status_code, faults(page)) == (422, {("tags.4.parameter", "required")})
    page = desk.post(REGISTER, source((1, ("FI101", "flow", "bar")), (3, ("AI101", "ph", "[pH]", "14", "0"))))
    assert (page.status_code, faults(page)) == (
        422,
        {("tags.1.unit", "units_differ_in_kind"), ("tags.3.range_high", "range_upside_down")},
    )
    assert "Unit sent, row 2" in page.content.decode()
    page = desk.post(REGISTER, source())
    assert (page.status_code, faults(page)) == (422, {("__all__", "tags_missing")})
    assert not Source.objects.exists()


def test_a_skid_with_many_tags_gets_more_rows(desk):
    page = desk.post(REGISTER, source((0, ("FI101", "flow", "L/min")), more="1")).content.decode()
    assert 'name="tags.6.code"' in page
    assert 'value="FI101"' in page
    full = desk.post(REGISTER, source((7, ("FI101", "flow", "L/min")), more="1")).content.decode()
    assert 'name="tags.13.code"' in full
    assert not Source.objects.exists()


def test_rules_are_imported_on_a_page_and_wait_for_another_person(desk, people):
    assert desk.get(IMPORT).status_code == 200
    there = desk.post(IMPORT, toml(rules_toml(SHEAR))).url
    assert there == "/documents/rule-sets/UFDF-RULES/1/"
    arun = signed_in(people["arun"])
    assert "Documents to approve" in arun.get("/").content.decode()
    assert "UFDF-RULES 1" not in desk.get("/").content.decode()
    assert arun.post(f"{there}approve/", signature(people["arun"])).status_code == 302
    assert Document.objects.get(kind="rule_set").approved_by == people["arun"]
    assert "UFDF-RULES 1" not in arun.get("/").content.decode()


def test_every_fault_of_a_file_is_named_with_its_rule_as_people_count(desk):
    page = desk.post(IMPORT, toml(rules_toml(SHEAR, PH.replace('"[pH]"', '"pH"'), PH)))
    assert (page.status_code, faults(page)) == (422, {("file", "unknown_unit"), ("file", "rule_twice")})
    assert ", rule.1.unit: " in page.content.decode()
    assert ", rule.2.code: " in page.content.decode()
    page = desk.post(IMPORT, toml(b"a = "))
    assert (page.status_code, faults(page)) == (422, {("file", "not_toml")})
    desk.post(IMPORT, toml(rules_toml(PH)))
    page = desk.post(IMPORT, toml(rules_toml(PH)))
    assert (page.status_code, faults(page)) == (409, {("file", "already_registered")})


def test_only_who_configures_opens_these_pages(people):
    for name in ("olivia", "arun", "sol"):
        for address in (REGISTER, IMPORT):
            assert signed_in(people[name]).get(address).status_code == 403, (name, address)
    assert "Register a source" not in signed_in(people["olivia"]).get("/readings/sources/").content.decode()
    mei = signed_in(people["mei"])
    assert "Register a source" in mei.get("/readings/sources/").content.decode()
    assert "Import a draft" in mei.get("/documents/rule-sets/").content.decode()
