"""I-9: a record is read in a number of queries that does not grow with what was entered."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.module_loading import import_string

from batches.actions import execution
from batches.actions.commands import EnterResult
from batches.queries.records import batch_records, changed_values, record_view
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.queries import sites_of
from gatekeeper.home import QUEUES
from tests.batches.making import make_batch_record, walk

RECORD_VIEW = 6  # phases, results, equipment, uses, deviations, signatures


def counted(record):
    fresh = batch_records().get(pk=record.pk)
    at = now()
    with CaptureQueriesContext(connection) as captured:
        record_view(fresh, at)
    return len(captured)


def work_lists(person):
    allowed = [
        (path, list(sites_of(person, permission)))
        for permission, path in QUEUES
        if path.startswith("batches.work_list")
    ]
    lists = [import_string(path)(person=person, sites=sites) for path, sites in allowed if sites]
    return {row.label: row.count for row in lists}


def test_a_record_is_shown_in_a_fixed_number_of_queries(house):
    record = make_batch_record(house, at="verified:L1")
    few = counted(record)
    walk(house, record, "running:L5")
    assert few <= counted(record) <= RECORD_VIEW


def test_pages_of_a_record_keep_to_their_number_of_queries(house):
    record = make_batch_record(house)
    walk(house, record, "running:L5")
    desk = Client()
    desk.force_login(house.farid)
    for address, most in ((reverse("batches:detail", args=[record]), 30), (reverse("batches:list"), 25)):
        desk.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(address).status_code == 200
        assert len(captured) <= most, [row["sql"][:90] for row in captured]


def test_each_person_sees_the_work_that_they_may_do(house):
    record = make_batch_record(house)
    walk(house, record, "performed:L2")
    assert work_lists(house.vera)["Steps to verify"] == 1
    assert work_lists(house.olivia)["Steps to verify"] == 0
    assert work_lists(house.quinn) == {}
    assert not any(work_lists(house.sol).values())


def test_changed_values_name_both_entries(house):
    record = make_batch_record(house, at="running:L1")
    phase = record.phases.get(code="L1")
    execution.enter_result(by=house.olivia, phase=phase, command=EnterResult("temperature", "37.4"))
    execution.correct_result(by=house.olivia, phase=phase, command=EnterResult("temperature", "37.1"), reason="misread")
    (change,) = changed_values(record)
    assert (change.former.reported, change.current.reported, change.current.reason) == ("37.4", "37.1", "misread")


def test_signatures_become_void_with_a_correction_and_stay_to_be_read(house):
    record = make_batch_record(house, at="verified:L1")
    phase = record.phases.get(code="L1")
    assert not phase_view(record, "L1").void
    execution.correct_result(by=house.olivia, phase=phase, command=EnterResult("temperature", "37.2"), reason="misread")
    after = phase_view(record, "L1")
    assert after.void
    assert [row.valid for row in after.signatures] == [False, False]


def phase_view(record, code):
    return record_view(batch_records().get(pk=record.pk), now()).phase(code)
