"""E-f, B-11: what a page takes back, an endpoint takes back too: with a reason, from the record as it was read."""

import pytest

from batches.actions import execution, records
from gatekeeper.demo.people import credentials
from tests.batches.making import make_batch_record
from tests.batches.test_deviations import closed, opened
from tests.doors import post, signed_in
from tests.excursions.making import TIME, make_plant, standing_clock


@pytest.fixture
def deviation(house):
    """A deviation that quality has closed."""
    return closed(house, opened(house, make_batch_record(house)))


def again(desk, address, reason="New facts came up.", tag="*"):
    body = {"reason": reason}
    return desk.post(f"{address}reopen/", body, content_type="application/json", headers={"If-Match": tag})


def test_a_closed_deviation_is_opened_again_from_what_was_read(house, deviation):
    desk, address = signed_in(house.priya), f"/api/v1/deviations/{deviation.number}/"
    assert post(desk, f"{address}reopen/", {"reason": "New facts."}).status_code == 428
    tag = desk.get(address)["ETag"]
    answer = again(desk, address, tag=tag)
    assert (answer.status_code, answer.json()["status"]) == (201, "open")
    assert answer.json()["justification"] == deviation.justification
    assert answer["ETag"] != tag
    assert again(desk, address, tag=tag).status_code == 412
    assert again(desk, address).json()["code"] == "transition_not_allowed"
    assert desk.get(f"{address}reopen/").status_code == 404


def test_it_is_opened_again_by_whom_it_may_and_for_a_reason(house, deviation):
    address = f"/api/v1/deviations/{deviation.number}/"
    assert again(signed_in(house.olivia), address).status_code == 403
    assert again(signed_in(house.sol), address).status_code in {403, 404}
    refused = again(signed_in(house.priya), address, reason="n/a")
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")


def reviewed(plant):
    """A record of one phase, walked to its review by the people whose work it is."""
    people = plant.people
    plant.end()
    plant.detect()
    execution.verify_phase(by=people["vera"], credentials=credentials(people["vera"]), phase=plant.phase)
    records.complete(by=people["olivia"], batch_record=plant.record)
    farid = people["farid"]
    return records.review(by=farid, credentials=credentials(farid), batch_record=plant.record)


def test_a_review_is_taken_back_over_rest(db):
    with standing_clock():
        plant = make_plant()
        record, people = reviewed(plant), plant.people
        desk, address = signed_in(people["farid"]), f"/api/v1/batch-records/{record}/"
        tag = desk.get(address)["ETag"]
        assert post(desk, f"{address}reopen/", {"reason": "A value is to be corrected."}).status_code == 428
        assert again(desk, address, reason="").json()["code"] == "reason_missing"
        assert again(signed_in(people["olivia"]), address).status_code == 403
        TIME.after(60)
        answer = again(desk, address, tag=tag)
        assert (answer.status_code, answer.json()["status"], answer.json()["reviewed_by"]) == (201, "completed", None)
        assert again(desk, address, tag=tag).status_code == 412
        assert again(desk, address).json()["code"] == "transition_not_allowed"
    record.refresh_from_db()
    assert record.status == "completed"
