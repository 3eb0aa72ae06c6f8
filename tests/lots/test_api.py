"""E-f, E-g: lots over REST: parsed as types, refused with a code at its place, seen only at one's own site."""

import pytest

from gatekeeper.lots.models import Lot, Material
from tests.doors import machine, post, signature, signed_in
from tests.lots.making import make_lot, make_material, take

API = "/api/v1"


def _arrived(**changes):
    return {
        "number": "B-7",
        "material": "BUF-1",
        "site": "SG01",
        "source": "Supplier Ltd",
        "quantity": {"value": "12.50", "unit": "mg"},
        "expiry_date": "2099-01-31",
    } | changes


def test_a_machine_registers_a_lot_and_a_repeat_changes_nothing(people):
    make_material(people)
    lims = machine(people, "lots.receive", "lots.view")
    first = post(lims, f"{API}/lots/", _arrived(), key="one")
    again = post(lims, f"{API}/lots/", _arrived(), key="one")
    assert (first.status_code, first.json()["status"]) == (201, "quarantine")
    assert first.json()["quantity_left"] == {"value": "12.5", "unit": "mg"}
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert Lot.objects.filter(number="B-7").count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"quantity": {"value": "12", "unit": "mL"}}, "#/unit", "units_differ_in_kind"),
        ({"quantity": {"value": "12", "unit": "mgs"}}, "#/unit", "unknown_unit"),
        ({"quantity": {"value": "-1", "unit": "mg"}}, "#/quantity", "quantity_not_positive"),
        ({"expiry_date": "2001-01-31"}, "#/expiry_date", "expired_on_arrival"),
        ({"material": "BUF-9"}, "#/material", "does_not_exist"),
    ],
)
def test_a_bad_document_is_refused_at_its_place_and_nothing_is_recorded(people, changes, pointer, code):
    make_material(people)
    answer = post(signed_in(people["wen"]), f"{API}/lots/", _arrived(**changes))
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {(pointer, code)}
    assert not Lot.objects.exists()


def test_materials_are_defined_and_listed(people):
    body = {"code": "BUF-2", "name": "Buffer 2", "kind": "raw_material", "unit": "L", "site": "SG01"}
    answer = post(signed_in(people["mei"]), f"{API}/materials/", body)
    assert answer.status_code == 201
    assert post(signed_in(people["mei"]), f"{API}/materials/", body).json()["code"] == "already_registered"
    wrong = post(signed_in(people["mei"]), f"{API}/materials/", body | {"code": "X", "kind": "beer"})
    assert wrong.json()["code"] == "unknown_material_kind"
    assert Material.objects.count() == 1
    listed = signed_in(people["olivia"]).get(f"{API}/materials/").json()
    assert [row["code"] for row in listed["results"]] == ["BUF-2"]


def test_lots_are_listed_by_their_fields_and_followed_by_links(people):
    make_lot(people, "B-1")
    make_lot(people, "B-2", released=False)
    olivia = signed_in(people["olivia"])
    listed = olivia.get(f"{API}/lots/?status=quarantine").json()
    assert [row["number"] for row in listed["results"]] == ["B-2"]
    assert olivia.get(f"{API}/lots/?kind=plasmid").json()["results"] == []
    assert olivia.get(f"{API}/lots/?updated_since=2099-01-01T00:00:00Z").json()["results"] == []
    lot = olivia.get(f"{API}/lots/B-1/").json()
    assert lot["links"]["genealogy"].endswith("/api/v1/lots/B-1/genealogy/")


def test_the_family_and_the_status_history_are_told_whole(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, a, b, "2.5")
    olivia = signed_in(people["olivia"])
    family = olivia.get(f"{API}/lots/B-1/genealogy/?direction=forward").json()
    assert [node["number"] for node in family["nodes"]] == ["B-1", "B-2"]
    assert family["edges"] == [
        {
            "from": "B-1",
            "to": "B-2",
            "quantity": {"value": "2.5", "unit": "mg"},
            "batch_record": "BR-1",
            "phase": "L3",
        }
    ]
    assert olivia.get(f"{API}/lots/B-1/genealogy/?direction=sideways").status_code == 422
    history = olivia.get(f"{API}/lots/B-1/status-history/").json()["results"]
    assert [row["target"] for row in history] == ["quarantine", "released"]
    assert history[1]["signature"]["printed_name"] == "Rafael Cruz"


def test_a_decision_is_signed_by_a_person_and_never_by_a_machine(people):
    make_lot(people, "B-1")
    address = f"{API}/lots/B-1/decisions/"
    rafael = signed_in(people["rafael"])
    answer = post(rafael, address, signature(people["rafael"], verb="hold", reason="Supplier's recall"))
    assert (answer.status_code, answer.json()["target"]) == (201, "on_hold")
    wrong = post(rafael, address, signature(people["rafael"], verb="release") | {"password": "not mine at all"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    by_machine = post(machine(people, "lots.view"), address, signature(people["rafael"], verb="release"), key="k")
    assert by_machine.json()["code"] in {"machine_cannot_sign", "not_authorised"}
    assert rafael.get(address).status_code == 404
    assert Lot.objects.get(number="B-1").status == "on_hold"


def test_another_site_sees_nothing_by_list_or_by_name(people):
    make_lot(people, "B-1")
    sol = signed_in(people["sol"])
    assert sol.get(f"{API}/lots/").json()["results"] == []
    for address in ("lots/B-1/", "lots/B-1/genealogy/", "lots/B-1/status-history/"):
        assert sol.get(f"{API}/{address}").status_code == 404
