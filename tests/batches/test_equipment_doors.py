"""B-3, E-h: equipment is registered, calibrated and measured anew through both doors, and its history is shown."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.actions.equipment import change_geometry
from batches.models import Equipment
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.queries import day_at
from tests.batches.making import make_batch_record
from tests.doors import post, signed_in

MODULE = "/batches/equipment/HOLLOW-FIBRE-MODULE/"
INCUBATOR = "/batches/equipment/INCUBATOR/"
API = "/api/v1/equipment/HOLLOW-FIBRE-MODULE/"
LIST = 20  # session, person, roles, what waits, equipment, its kinds, the count of the page
DETAIL = 24


def rows(**cells):
    """The fields of a table of geometry: rows of name and value, by place."""
    return {f"geometry.{place}.{name}": text for place, row in cells.items() for name, text in row.items()}


def geometry(*pairs):
    return rows(**{str(place): {"name": name, "value": value} for place, (name, value) in enumerate(pairs)})


def register_form(**more):
    fields = {"code": "HF-0117", "name": "Fibre set", "kind": "hollow_fibre_module", "site": "SG01"}
    return fields | geometry(("n_fibres", "13"), ("diameter_mm", "1.00")) | more


def faults(page):
    errors = page.context["form"].errors.as_data()
    return {(name, fault.code) for name, faults in errors.items() for fault in faults}


def test_a_page_registers_equipment_with_its_geometry_as_typed(house):
    answer = signed_in(house.mei).post("/batches/equipment/register/", register_form(calibration_due_date="2030-01-31"))
    assert (answer.status_code, answer.url) == (302, "/batches/equipment/HF-0117/")
    unit = Equipment.objects.get(code="HF-0117")
    assert unit.geometry == {"n_fibres": "13", "diameter_mm": "1.00"}
    assert unit.calibration_due_date.isoformat() == "2030-01-31"


def test_more_rows_keep_what_was_typed_and_record_nothing(house):
    desk = signed_in(house.mei)
    before = desk.get("/batches/equipment/register/").content.decode()
    after = desk.post("/batches/equipment/register/", register_form(more="1"))
    assert "geometry.6.name" not in before
    assert after.status_code == 200
    page = after.content.decode()
    assert 'name="geometry.7.name"' in page
    assert 'value="diameter_mm"' in page
    assert not Equipment.objects.filter(code="HF-0117").exists()


def test_a_row_that_is_half_filled_or_there_twice_is_shown_at_its_place(house):
    desk = signed_in(house.mei)
    sent = register_form() | rows(**{"3": {"name": "length_m"}, "4": {"name": "n_fibres", "value": "14"}})
    page = desk.post("/batches/equipment/register/", sent)
    assert page.status_code == 422
    assert faults(page) == {("geometry.3.value", "required"), ("geometry.4.name", "measure_twice")}
    assert "Value, row 4" in page.content.decode()


def test_a_name_that_is_an_address_cannot_be_that_of_equipment(house):
    page = signed_in(house.mei).post("/batches/equipment/register/", register_form(code="register"))
    assert (page.status_code, faults(page)) == (422, {("code", "key_malformed")})


def test_the_list_says_the_state_of_each_calibration_and_is_filtered(house):
    today = day_at(house.site)
    desk = signed_in(house.mei)
    for code, days in (("OLD", -1), ("SOON", 9), ("FINE", 200)):
        due = (today + timedelta(days=days)).isoformat()
        desk.post("/batches/equipment/register/", register_form(code=code, calibration_due_date=due))
    desk.post("/batches/equipment/register/", register_form(code="FREE"))
    rows = desk.get("/batches/equipment/?kind=hollow_fibre_module").context["equipment"]
    marks = {row.code: row.calibration["label"] for row in rows}
    assert marks == {
        "FINE": "In order", "FREE": "Not needed", "HOLLOW-FIBRE-MODULE": "In order", "OLD": "Overdue",
        "SOON": "Due soon",
    }  # fmt: skip
    assert [row.code for row in desk.get("/batches/equipment/?q=oLd").context["equipment"]] == ["OLD"]
    assert "No equipment matches" in desk.get("/batches/equipment/?q=nothing").content.decode()
    assert "No equipment yet" in signed_in(house.sol).get("/batches/equipment/").content.decode()


def test_a_calibration_is_recorded_on_its_page_and_stays_in_the_log(house):
    due = (now() + timedelta(days=365)).date().isoformat()
    desk = signed_in(house.mei)
    assert desk.get(f"{MODULE}calibrate/").status_code == 200
    answer = desk.post(f"{MODULE}calibrate/", {"due_date": due, "reason": "Certificate C-117"})
    assert answer.url == MODULE
    page = desk.get(MODULE).content.decode()
    assert due in page
    assert "Certificate C-117" in page


def test_a_geometry_is_changed_on_its_page_and_every_version_stays_with_where_it_was_used(house):
    shelves = {"shelves": "4", "volume_l": "180"}
    change_geometry(by=house.mei, equipment=house.units["incubator"], geometry=shelves, reason="Measured.")
    record = make_batch_record(house, at="running:L1")
    desk = signed_in(house.mei)
    typed = desk.get(f"{INCUBATOR}geometry/").context["form"].initial
    assert typed == geometry(*shelves.items())
    sent = geometry(("shelves", "5"), ("volume_l", "180.0")) | {"reason": "A shelf was fitted."}
    assert desk.post(f"{INCUBATOR}geometry/", sent).url == INCUBATOR
    page = desk.get(INCUBATOR)
    assert [row["version"] for row in page.context["versions"]] == [3, 2]
    text = page.content.decode()
    for words in ("shelves 5 · volume_l 180.0", "shelves 4", "A shelf was fitted.", record.number):
        assert words in text
    assert [use.geometry_version for use in page.context["uses"]] == [2]


def test_the_pages_of_equipment_keep_to_their_number_of_queries(house):
    make_batch_record(house, at="running:L1")
    desk = signed_in(house.mei)
    for address, most in (("/batches/equipment/", LIST), (INCUBATOR, DETAIL)):
        desk.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(address).status_code == 200
        assert len(captured) <= most, [row["sql"][:120] for row in captured]


def test_who_may_look_may_not_change(house):
    desk = signed_in(house.olivia)
    assert desk.get(MODULE).status_code == 200
    assert "Record a calibration" not in desk.get(MODULE).content.decode()
    for step in ("calibrate/", "geometry/"):
        assert desk.get(f"{MODULE}{step}").status_code == 403
    assert signed_in(house.sol).get(MODULE).status_code == 404


CHANGES = {
    "calibrations/": {"due_date": "2031-05-01", "reason": "Certificate C-118"},
    "geometry/": {"geometry": {"fibres": 500, "inner_diameter_mm": "0.75"}, "reason": "A new module."},
}


@pytest.mark.parametrize("resource", CHANGES)
def test_a_change_over_rest_needs_the_equipment_as_it_was_read(house, resource):
    desk, body = signed_in(house.mei), CHANGES[resource]
    assert post(desk, f"{API}{resource}", body).status_code == 428
    tag = desk.get(API)["ETag"]
    assert desk.get(f"{API}{resource}")["ETag"] == tag
    answer = desk.post(f"{API}{resource}", body, content_type="application/json", headers={"If-Match": tag})
    assert answer.status_code == 201, answer.content
    assert answer["ETag"] != tag
    stale = desk.post(f"{API}{resource}", body, content_type="application/json", headers={"If-Match": tag})
    assert stale.status_code == 412
    newest = desk.get(f"{API}{resource}").json()["results"][0]
    assert (newest["reason"], newest["person"]) == (body["reason"], house.mei.full_name)


def test_calibrations_and_geometries_are_listed_as_they_were_recorded(house):
    desk = signed_in(house.mei)
    for resource, body in CHANGES.items():
        desk.post(f"{API}{resource}", body, content_type="application/json", headers={"If-Match": "*"})
    olivia = signed_in(house.olivia)
    due = [row["due_date"] for row in olivia.get(f"{API}calibrations/").json()["results"]]
    assert (due[0], len(due)) == ("2031-05-01", 2)
    versions = olivia.get(f"{API}geometry/").json()["results"]
    assert [(row["version"], row["geometry"]["fibres"]) for row in versions] == [(2, "500"), (1, "1000")]
    assert olivia.post(f"{API}geometry/", {}, headers={"If-Match": "*"}).status_code == 403
