"""E-f: the permitted sequence of steps is enforced, also for a direct call of the REST door."""

from rest_framework.test import APIClient

from batches.models import BatchRecord
from gatekeeper.demo.people import PASSWORD
from tests.batches.making import make_batch_record, make_master, walk

BASE = "/api/v1/batch-records/BR-2026-0041"


def door(person):
    client = APIClient()
    client.force_login(person)
    return client


def signed(person, **more):
    return {"username": person.username, "password": PASSWORD, **more}


def test_a_record_is_issued_and_its_first_phase_performed_over_rest(house):
    make_master(house)
    command = {"number": "BR-2026-0041", "master": "LV-3G", "version": 1, "lot": "LV-2026-0041", "site": "SG01"}
    answer = door(house.farid).post("/api/v1/batch-records/", signed(house.farid, **command), format="json")
    assert answer.status_code == 201, answer.content
    olivia, vera = door(house.olivia), door(house.vera)
    started = olivia.post(f"{BASE}/phases/L1/start/", {"equipment": ["INCUBATOR"]}, format="json")
    assert started.status_code == 201, started.content
    for control, value in (("temperature", "37.0"), ("viability", "96"), ("cell_density", "1.2")):
        entered = olivia.post(f"{BASE}/phases/L1/results/", {"control": control, "reported": value}, format="json")
        assert entered.status_code == 201, entered.content
    assert entered.json()["reported"] == "1.2"
    performed = olivia.post(f"{BASE}/phases/L1/sign/", signed(house.olivia), format="json")
    assert performed.status_code == 201, performed.content
    verified = vera.post(f"{BASE}/phases/L1/verify/", signed(house.vera), format="json")
    assert verified.json()["state"] == "verified"
    assert [row["valid"] for row in verified.json()["signatures"]] == [True, True]


def test_a_phase_out_of_order_is_refused_by_its_code(house):
    make_batch_record(house)
    answer = door(house.olivia).post(f"{BASE}/phases/L3/start/", {"equipment": ["BIOREACTOR"]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "phase_out_of_order")


def test_the_verifier_who_performed_is_refused(house):
    make_batch_record(house, at="performed:L1")
    answer = door(house.olivia).post(f"{BASE}/phases/L1/verify/", signed(house.olivia), format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "verifier_performed")


def test_a_person_of_another_site_sees_nothing(house):
    make_batch_record(house)
    assert door(house.sol).get(f"{BASE}/").status_code == 404
    assert door(house.sol).get("/api/v1/batch-records/").json()["results"] == []


def test_a_correction_needs_the_tag_of_the_record_as_it_was_read(house):
    record = make_batch_record(house, at="running:L1")
    client = door(house.olivia)
    client.post(f"{BASE}/phases/L1/results/", {"control": "temperature", "reported": "37.1"}, format="json")
    body = {"control": "temperature", "reported": "37.0", "reason": "typing error"}
    assert client.post(f"{BASE}/phases/L1/results/", body, format="json").status_code == 428
    tag = client.get(f"{BASE}/phases/L1/results/").headers["ETag"]
    corrected = client.post(f"{BASE}/phases/L1/results/", body, format="json", headers={"If-Match": tag})
    assert corrected.status_code == 201, corrected.content
    assert client.post(f"{BASE}/phases/L1/results/", body, format="json", headers={"If-Match": tag}).status_code == 412
    assert record.phases.get(code="L1").results.count() == 2


def test_a_changed_record_refuses_the_signature_on_what_was_shown_before(house):
    make_batch_record(house, at="ready:L1")
    client = door(house.olivia)
    body = signed(house.olivia, sha256="0" * 64)
    answer = client.post(f"{BASE}/phases/L1/sign/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "shown_content_changed")


def test_every_list_and_record_can_be_read(house):
    record = make_batch_record(house)
    walk(house, record, "running:L3")
    client = door(house.quinn)
    for path in ("", "phases/", "phases/L1/", "phases/L1/results/", "phases/L1/materials/", "yields/", "deviations/"):
        assert client.get(f"{BASE}/{path}").status_code == 200, path
    for path in ("master-batch-records/", "master-batch-records/LV-3G/versions/1/", "equipment/", "deviations/"):
        assert client.get(f"/api/v1/{path}").status_code == 200, path


def test_a_recipe_with_faults_names_every_one_of_them(house):
    toml = b'[master]\ncode = "X"\nversion = 1\ntitle = "t"\nmaterial = "LV-DP"\nfamily = "f"\nshelf_life_d = 0\n'
    answer = door(house.mei).post("/api/v1/master-batch-records/", toml, content_type="application/toml")
    assert answer.status_code == 422
    assert {fault["code"] for fault in answer.json()["errors"]} == {
        "recipe_whole_number_missing",
        "recipe_without_phases",
    }


def test_nothing_is_left_behind_by_a_wrong_password(house):
    make_batch_record(house, at="ready:L1")
    body = {"username": "olivia", "password": "not the password"}
    answer = door(house.olivia).post(f"{BASE}/phases/L1/sign/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert BatchRecord.objects.get().phases.get(code="L1").state == "running"
