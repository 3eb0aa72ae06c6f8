"""E-n: what waits for an operator: the steps that run, and the steps whose turn it is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.actions import execution
from batches.actions.commands import StartPhase
from batches.work_list import phases_to_perform, phases_to_start
from gatekeeper.accounts.actions.roles import grant_qualification
from gatekeeper.accounts.clock import database, now
from gatekeeper.accounts.models import Qualification
from tests.batches.making import make_batch_record
from tests.doors import signed_in
from tests.excursions.making import standing_clock

QUERIES = 4  # records, their phases, training, the clock


def ready(house, person):
    queue = phases_to_start(person=person, sites=[house.site])
    assert queue.count == len(queue.rows)
    return [row.title.split(" · ")[1].split()[0] for row in queue.rows]


@pytest.mark.parametrize(
    ("at", "expected"),
    [("issued", ["L1"]), ("running:L1", []), ("performed:L1", ["L2"]), ("verified:L1", ["L2"])],
)
def test_a_step_can_start_once_every_one_before_it_is_done(house, at, expected):
    make_batch_record(house, at=at)
    assert ready(house, house.olivia) == expected


def test_a_step_waits_only_for_who_is_trained_for_its_procedure(house):
    record = make_batch_record(house)
    procedure = record.content["phase"][0]["qualification"]
    assert procedure
    assert ready(house, house.farid) == []
    today = now().date()
    until = today + timedelta(days=5)
    grant_qualification(by=house.grace, person=house.farid, procedure=procedure, from_date=today, expiry_date=until)
    assert ready(house, house.farid) == ["L1"]


def test_a_step_waits_no_longer_once_training_has_expired(house):
    make_batch_record(house)
    last = max(Qualification.objects.filter(person=house.olivia).values_list("expiry_date", flat=True))
    with standing_clock() as time:
        time.at = database() + (last - now().date()) + timedelta(days=2)
        assert ready(house, house.olivia) == []


def test_a_started_step_moves_to_those_that_run(house):
    record = make_batch_record(house)
    execution.start_phase(by=house.olivia, phase=record.phases.get(code="L1"), command=StartPhase(("INCUBATOR",)))
    assert ready(house, house.olivia) == []
    assert phases_to_perform(person=house.olivia, sites=[house.site]).count == 1


def test_nothing_of_another_site_waits(house):
    make_batch_record(house)
    assert phases_to_start(person=house.olivia, sites=[]).count == 0
    assert "BR-2026-0041" not in signed_in(house.sol).get("/").content.decode()


def test_the_home_page_shows_both_groups_the_running_one_first(house):
    make_batch_record(house, at="running:L1")
    make_batch_record(house, number="BR-2026-0042", lot="LV-2026-0042")
    page = signed_in(house.olivia).get("/").content.decode()
    assert page.index("Steps that run") < page.index("Steps that can start") < page.index("BR-2026-0042")
    assert "/batches/BR-2026-0042/phases/L1/" in page


def test_what_can_start_is_found_in_a_number_of_queries_that_does_not_grow(house):
    make_batch_record(house)
    few = queries_of(house)
    make_batch_record(house, number="BR-2026-0043", lot="LV-2026-0043", at="verified:L1")
    make_batch_record(house, number="BR-2026-0044", lot="LV-2026-0044")
    assert len(ready(house, house.olivia)) == 3
    assert queries_of(house) == few
    assert len(few) == QUERIES


def queries_of(house):
    with CaptureQueriesContext(connection) as captured:
        phases_to_start(person=house.olivia, sites=[house.site])
    return [row["sql"][:60] for row in captured]
