"""E-f: bad input gets the same code at the same field through page and endpoint, and nothing is recorded."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gatekeeper.accounts.clock import database, now
from gatekeeper.accounts.models import AccessEvent
from gatekeeper.demo.people import PASSWORD, credentials
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.records import own_models
from plasmids.actions.receiving import receive_lot
from plasmids.actions.releasing import release_lot
from tests.batches.conftest import house  # noqa: F401 -- a fixture of batches
from tests.batches.making import make_batch_record
from tests.doors import row_counts
from tests.excursions.making import standing_clock
from tests.plasmids.making import command, make_plasmid_lot
from tests.release.making import make_specification, result_command
from tests.release.test_files import ddpcr

BACKEND = "django.contrib.auth.backends.ModelBackend"
L1, L3 = "phases/L1/", "phases/L3/"


@dataclass(frozen=True)
class Case:
    """A bad input: by whom, what stands there before, what each door is sent, and how both refuse it."""

    code: str
    field: str
    status: int
    person: str
    at: str
    page: Callable  # of the batch record: address and form
    api: Callable  # of the batch record: address and body
    before: Callable = lambda _: None  # of the house
    days: int = 0  # that go by before it is sent
    recorded: bool = False  # the failed signing itself stays on record


def used(lot, quantity="10"):
    """Using a lot in transfection, at both doors."""
    return {
        "page": lambda record: (
            f"/batches/{record}/{L3}materials/transfer/",
            {"lot": lot, "quantity": quantity},
        ),
        "api": lambda record: (
            f"batch-records/{record}/{L3}materials/",
            {"lot": lot, "quantity": quantity, "unit": "mg"},
        ),
        "person": "olivia",
        "at": "running:L3",
    }


def reported(**changes):
    """A result of the laboratory at both doors, told in the lot's own time on the page."""

    def given(record):
        made = dataclasses.asdict(result_command(record.lot.number, "ph"))
        told = {key: made[key] for key in ("test", "method", "sample", "reported", "unit", "measured_at", "analyst")}
        return told | {key: change() if callable(change) else change for key, change in changes.items()}

    def form(record):
        fields = given(record)
        return fields | {"measured_at": (fields["measured_at"] + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S")}

    return {
        "page": lambda record: (f"/release/lots/{record.lot}/results/enter/", form(record)),
        "api": lambda record: (f"lots/{record.lot}/results/", given(record)),
        "person": "hana",
        "at": "issued",
        "before": make_specification,
    }


def signed(step, person, *, at, password=PASSWORD):
    """A signature in the first phase at both doors."""
    both = {"username": person, "password": password}
    return {
        "page": lambda record: (f"/batches/{record}/{L1}{step}/", both),
        "api": lambda record: (f"batch-records/{record}/{L1}{step}/", both),
        "person": person,
        "at": at,
    }


def cut_short(record):
    """A droplet reader's file that ends in the middle of a row."""
    whole = ddpcr(record.lot.number)
    return SimpleUploadedFile("run.csv", whole[: len(whole) - 40], content_type="text/csv")


def soon_expired(made):
    """A released lot that is good until tomorrow."""
    until = now().date() + timedelta(days=1)
    given = command(made.people, "PL-OLD", plasmid="p-transfer", role="transfer")
    received = receive_lot(by=made.wen, command=dataclasses.replace(given, expiry_date=until))
    release_lot(by=made.rafael, credentials=credentials(made.rafael), plasmid_lot=received)


def unreleased(made):
    """A lot that was received and not released."""
    make_plasmid_lot(made.people, "PL-NEW", plasmid="p-transfer", role="transfer", released=False)


CASES = (
    Case("unknown_unit", "unit", 422, **reported(unit="furlong")),
    Case("units_differ_in_kind", "unit", 422, **reported(unit="mg")),
    Case("measured_in_the_future", "measured_at", 422, **reported(measured_at=lambda: now() + timedelta(hours=2))),
    Case("lot_not_released", "lot", 409, **used("PL-NEW"), before=unreleased),
    Case("lot_expired", "lot", 409, **used("PL-OLD"), before=soon_expired, days=3),
    Case("more_than_is_left", "quantity", 409, **used("PL-transfer", "900")),
    Case(
        "phase_out_of_order", "", 409, "olivia", "issued",
        page=lambda record: (f"/batches/{record}/phases/L2/start/", {"equipment_0": "BIOREACTOR"}),
        api=lambda record: (f"batch-records/{record}/phases/L2/start/", {"equipment": ["BIOREACTOR"]}),
    ),
    Case("verifier_performed", "", 403, **signed("verify", "olivia", at="performed:L1")),
    Case(
        "wrong_password", "password", 403, recorded=True,
        **signed("sign", "olivia", at="ready:L1", password="guess"),
    ),
    Case(
        "file_cut_short", "file", 422, "hana", "issued",
        page=lambda record: (
            f"/release/lots/{record.lot}/files/receive/", {"kind": "bio_rad_ddpcr", "file": cut_short(record)}
        ),
        api=lambda record: (
            "instrument-files/", {"kind": "bio_rad_ddpcr", "lot": record.lot.number, "file": cut_short(record)}
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_both_doors_refuse_alike_and_record_nothing(house, case):  # noqa: F811 -- the fixture
    case.before(house)
    record = make_batch_record(house, at=case.at)
    with standing_clock() as time:
        time.at = database() + timedelta(days=case.days)
        desk = signed_in(house.people[case.person])
        before = rows()
        page = by_page(desk, *case.page(record))
        answer = by_api(desk, *case.api(record))
        assert page == (case.status, {(case.code, case.field)})
        assert answer == (case.status, case.code, {(case.code, case.field)})
        assert rows() == before
    failed = AccessEvent.objects.filter(username=case.person, kind="signing_failed")
    assert failed.count() == (2 if case.recorded else 0)


def test_five_wrong_passwords_through_either_door_lock_both(house):  # noqa: F811 -- the fixture
    record = make_batch_record(house, at="ready:L1")
    desk, signatures = signed_in(house.olivia), Signature.objects.count()
    wrong = signed("sign", "olivia", at="", password="guess")
    for attempt in range(5):
        if attempt % 2:
            assert by_api(desk, *wrong["api"](record))[1] == "wrong_password"
        else:
            assert {code for code, _ in by_page(desk, *wrong["page"](record))[1]} == {"wrong_password"}
    right = signed("sign", "olivia", at="")
    assert by_page(desk, *right["page"](record)) == (423, {("locked_out", "")})
    assert by_api(desk, *right["api"](record)) == (423, "locked_out", {("locked_out", "")})
    assert AccessEvent.objects.filter(kind="signing_failed", username="olivia").count() == 5
    assert AccessEvent.objects.filter(kind="locked_out", username="olivia").exists()
    assert record.phases.get(code="L1").state == "running"
    assert Signature.objects.count() == signatures


def test_a_person_of_another_site_finds_neither_page_nor_endpoint(house):  # noqa: F811 -- the fixture
    record = make_batch_record(house, at="running:L1")
    desk = signed_in(house.sol)
    assert desk.get(f"/batches/{record}/").status_code == 404
    assert desk.get(f"/api/v1/batch-records/{record}/").status_code == 404


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def by_page(desk, address, form):
    """The status of a page and every fault it shows: code and field, empty for the form itself."""
    page = desk.post(address, form)
    faults = page.context["form"].errors.as_data().items()
    return page.status_code, {(fault.code, "" if at == "__all__" else at) for at, rows in faults for fault in rows}


def by_api(desk, address, body):
    """The status of an endpoint, the code of its problem and every fault in it."""
    kind = "multipart" if any(isinstance(value, SimpleUploadedFile) for value in body.values()) else "json"
    sent = {} if kind == "multipart" else {"content_type": "application/json"}
    answer = desk.post(f"/api/v1/{address}", body, headers={"If-Match": "*"}, **sent)
    assert answer["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    faults = {(fault["code"], fault["pointer"].lstrip("#/")) for fault in problem["errors"]}
    return answer.status_code, problem["code"], faults


def rows():
    """How many rows each table of ours has, but the log of who knocked: history grows with every change."""
    return row_counts(model for model in own_models() if model is not AccessEvent)
