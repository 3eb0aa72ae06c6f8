"""E-f: one table of bad inputs gives the same codes through the page and through the REST door."""

from dataclasses import dataclass, field

import pytest
from django.test import Client
from rest_framework.test import APIClient

from gatekeeper.demo.people import PASSWORD
from tests.batches.conftest import house  # noqa: F401 -- a fixture of batches
from tests.batches.making import make_batch_record


@dataclass(frozen=True)
class Case:
    """A bad input: who sends it to which address of each door, and the code that both refuse it with."""

    code: str
    person: str
    page: str
    api: str
    form: dict = field(default_factory=dict)
    body: dict = field(default_factory=dict)
    at: str = "running:L1"
    status: int = 409


def signed(person):
    return {"username": person, "password": PASSWORD}


L1, L3 = "phases/L1/", "phases/L3/"
TEMPERATURE = "phases/L1/controls/temperature/"
CASES = (
    Case("phase_out_of_order", "olivia", "phases/L2/start/", "phases/L2/start/", {"equipment_0": "BIOREACTOR"},
         {"equipment": ["BIOREACTOR"]}, at="issued"),
    Case("unknown_equipment", "olivia", f"{L1}start/", f"{L1}start/", {"equipment_0": "X-1"}, {"equipment": ["X-1"]},
         at="issued", status=422),
    Case("not_a_number", "olivia", TEMPERATURE, f"{L1}results/", {"reported": "warm"},
         {"control": "temperature", "reported": "warm"}, status=422),
    Case("not_entered", "olivia", f"{TEMPERATURE}correct/", f"{L1}results/", {"reported": "37.0", "reason": "typo"},
         {"control": "temperature", "reported": "37.0", "reason": "typo"}),
    Case("reason_missing", "olivia", f"{TEMPERATURE}not-done/", f"{L1}results/", {"reason": "n/a"},
         {"control": "temperature", "not_done": True, "reason": "n/a"}, status=422),
    Case("unknown_lot", "olivia", f"{L3}materials/transfer/", f"{L3}materials/", {"lot": "PL-X", "quantity": "1"},
         {"lot": "PL-X", "quantity": "1", "unit": "mg"}, at="running:L3", status=422),
    Case("more_than_is_left", "olivia", f"{L3}materials/transfer/", f"{L3}materials/",
         {"lot": "PL-transfer", "quantity": "900"}, {"lot": "PL-transfer", "quantity": "900", "unit": "mg"},
         at="running:L3"),
    Case("material_not_in_recipe", "olivia", f"{L3}materials/transfer/", f"{L3}materials/",
         {"lot": "PL-helper", "quantity": "1"}, {"lot": "PL-helper", "quantity": "1", "unit": "mg"}, at="running:L3"),
    Case("result_missing", "olivia", f"{L1}sign/", f"{L1}sign/", signed("olivia"), signed("olivia")),
    Case("wrong_password", "olivia", f"{L1}sign/", f"{L1}sign/", {"username": "olivia", "password": "no"},
         {"username": "olivia", "password": "no"}, at="ready:L1", status=403),
    Case("verifier_performed", "olivia", f"{L1}verify/", f"{L1}verify/", signed("olivia"), signed("olivia"),
         at="performed:L1", status=403),
    Case("phase_not_verified", "olivia", "complete/", "complete/"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_both_doors_refuse_with_the_same_code(house, case):  # noqa: F811 -- the fixture
    record = make_batch_record(house, at=case.at)
    person = house.people[case.person]
    before = len(_entries(record))
    desk, client = Client(), APIClient()
    desk.force_login(person)
    client.force_login(person)
    page = desk.post(f"/batches/{record}/{case.page}", case.form)
    headers = {"If-Match": "*"}
    answer = client.post(f"/api/v1/batch-records/{record}/{case.api}", case.body, format="json", headers=headers)
    refused = {fault.code for faults in page.context["form"].errors.as_data().values() for fault in faults}
    assert case.code in refused
    assert case.code in {answer.json()["code"], *(fault["code"] for fault in answer.json()["errors"])}
    assert (page.status_code, answer.status_code) == (case.status, case.status)
    assert len(_entries(record)) == before


def _entries(record):
    return [result for phase in record.phases.all() for result in phase.results.all()] + [
        use for phase in record.phases.all() for use in phase.equipment_uses.all()
    ]
