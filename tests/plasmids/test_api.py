"""F-2, E-f: plasmids over REST: received with every result judged, refused with every fault at its place."""

import pytest

from plasmids.models import PlasmidLot
from plasmids.queries import specification_in_force
from tests.doors import machine, post, signature, signed_in
from tests.plasmids.making import (
    GOOD,
    SPECIFICATION,
    make_plasmid,
    make_plasmid_lot,
    make_specification,
    sequence_of,
)

API = "/api/v1"


def _delivery(**changes):
    return {
        "number": "P-1",
        "plasmid": "pTRANSFER",
        "site": "SG01",
        "supplier": "Plasmid House",
        "quantity": "500.0",
        "unit": "mg",
        "expiry_date": "2099-01-31",
        "certificate_number": "COA-1",
        "sequence_sha256": sequence_of("pTRANSFER"),
        "results": [{"attribute": name, "reported": value, "unit": unit} for name, (value, unit) in GOOD.items()],
    } | changes


def test_a_delivery_is_judged_line_by_line_and_released_by_quality(people):
    make_specification(people)
    make_plasmid(people)
    lims = machine(people, "lots.receive", "plasmids.view")
    answer = post(lims, f"{API}/plasmid-lots/", _delivery(), key="one")
    assert answer.status_code == 201
    lines = {row["attribute"]: row for row in answer.json()["results"]}
    assert lines["supercoiled"] == {
        "attribute": "supercoiled",
        "title": "Supercoiled",
        "asked": "≥ 90 %",
        "reported": "93.67",
        "unit": "%",
        "judged_as": "94",
        "outcome": "pass",
    }
    assert answer.json()["obstacles"] == []
    released = post(signed_in(people["rafael"]), f"{API}/plasmid-lots/P-1/release/", signature(people["rafael"]))
    assert (released.status_code, released.json()["status"]) == (201, "released")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"plasmid": "pNONE"}, "#/plasmid", "unknown_plasmid"),
        ({"unit": "grams"}, "#/unit", "unknown_unit"),
        (
            {"results": [{"attribute": "endotoxin", "reported": "4", "unit": "EU/mg"}]},
            "#/results/0/unit",
            "unknown_unit",
        ),
        ({"results": [{"attribute": "hue", "reported": "4"}]}, "#/results/0/attribute", "unknown_test"),
    ],
)
def test_a_bad_delivery_is_refused_at_its_place_and_nothing_is_recorded(people, changes, pointer, code):
    make_specification(people)
    make_plasmid(people)
    answer = post(signed_in(people["wen"]), f"{API}/plasmid-lots/", _delivery(**changes))
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert not PlasmidLot.objects.exists()


def test_without_an_approved_specification_nothing_is_received(people):
    make_plasmid(people)
    answer = post(signed_in(people["wen"]), f"{API}/plasmid-lots/", _delivery())
    assert (answer.status_code, answer.json()["code"]) == (409, "no_approved_specification")


def test_a_correction_needs_its_reason_and_a_release_its_results(people):
    make_plasmid_lot(people, "P-1", results=GOOD | {"endotoxin": ("46", "{EU}/mg")}, released=False)
    rafael, wen = signed_in(people["rafael"]), signed_in(people["wen"])
    refused = post(rafael, f"{API}/plasmid-lots/P-1/release/", signature(people["rafael"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "result_does_not_pass")
    right = {"attribute": "endotoxin", "reported": "4.6", "unit": "{EU}/mg"}
    assert post(wen, f"{API}/plasmid-lots/P-1/results/", right).json()["code"] == "reason_missing"
    corrected = post(wen, f"{API}/plasmid-lots/P-1/results/", right | {"reason": "Point misplaced on entry"})
    assert corrected.json()["obstacles"] == []
    for address in ("results", "release"):
        assert rafael.get(f"{API}/plasmid-lots/P-1/{address}/").status_code in {403, 404}


def test_constructs_are_registered_once_with_every_fault_named(people):
    mei = signed_in(people["mei"])
    body = {
        "code": "pX",
        "name": "X",
        "role": "transfer",
        "size_bp": 9000,
        "sequence_sha256": sequence_of("pX"),
        "site": "SG01",
    }
    assert post(mei, f"{API}/plasmids/", body).status_code == 201
    again = post(mei, f"{API}/plasmids/", body | {"role": "beer", "size_bp": 0, "sequence_sha256": "x"}).json()
    assert {fault["code"] for fault in again["errors"]} == {
        "unknown_plasmid_role",
        "not_a_digest",
        "size_not_positive",
        "already_registered",
    }
    assert mei.get(f"{API}/plasmids/pX/").json()["size_bp"] == 9000
    assert [row["code"] for row in mei.get(f"{API}/plasmids/").json()["results"]] == ["pX"]


def test_a_specification_is_written_by_one_and_approved_by_another(people):
    mei, arun = signed_in(people["mei"]), signed_in(people["arun"])
    toml = SPECIFICATION.read_bytes()
    address = f"{API}/plasmid-specifications/"
    draft = mei.post(address, toml, content_type="application/toml", headers={"Idempotency-Key": "one"})
    again = mei.post(address, toml, content_type="application/toml", headers={"Idempotency-Key": "one"})
    assert (draft.status_code, draft.json()["status"]) == (201, "draft")
    assert again.content == draft.content
    approve = f"{address}PL-IN/versions/1/approve/"
    assert post(mei, approve, signature(people["mei"])).status_code == 403
    assert post(arun, approve, signature(people["arun"])).json()["status"] == "approved"
    assert [row["code"] for row in arun.get(address).json()["results"]] == ["PL-IN"]
    assert specification_in_force().approved_by == people["arun"]


def test_another_site_sees_no_lot(people):
    make_plasmid_lot(people, "P-1")
    sol = signed_in(people["sol"])
    assert sol.get(f"{API}/plasmid-lots/").json()["results"] == []
    assert sol.get(f"{API}/plasmid-lots/P-1/").status_code == 404
    assert signed_in(people["olivia"]).get(f"{API}/plasmid-lots/P-1/").json()["status"] == "released"
