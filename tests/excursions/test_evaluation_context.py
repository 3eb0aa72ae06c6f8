"""2.2.6, 2.2.9, integrity.md 5: what a detector caches of rules, equipment and corrections is what the rows say."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Excursion, Progress
from batches.excursions.queries import evaluation_context as context_cache
from batches.excursions.queries.evaluation_context import contexts_of, new_frames
from batches.readings.actions.clocks import CorrectClock, correct_clock
from batches.readings.models import Frame
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.demo.people import credentials
from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.models import Job
from tests.documents.making import draft
from tests.excursions.making import PH, SHEAR, frame, make_plant, make_run, make_source, make_unit, rules_toml
from tests.excursions.test_incremental_evaluation import assert_says_what_storage_says, in_one_pass
from tests.readings.test_disputes import settle

RULES = rules_toml(SHEAR, PH)
NAMED = re.compile(r"(?:FROM|JOIN) \"?([a-z]+_[a-z]+)")


def steady(at):
    return 0.2 + at % 2 / 1000


def high(at):
    return 1.0 + at % 2 / 1000


def send(plant, number, begin, values=steady, *, size=20):
    plant.send(frame(number, range(begin, begin + size), values))


def context_of(plant):
    (context,) = contexts_of([plant.phase.pk])
    return context


def written_again(table):
    """Every row of a table becomes a new version of itself."""

    def write(plant):
        with acting_as(plant.people["mei"]), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id")

    return write


def corrected(plant, **more):
    quinn = plant.people["quinn"]
    given = {"boot_id": "boot-1", "first_sequence": 2, "last_sequence": None, "offset_s": "-7"}
    given |= {"reason": "The clock was set to the wrong time server."} | more
    command = CorrectClock(**given)
    correct_clock(by=quinn, credentials=credentials(quinn), source=plant.source, command=command)


def also_used(plant):
    """A further unit with its own module serves the phase: a row that no action adds once it runs."""
    make_unit(plant.people, 5, "TFF-2")
    use = plant.phase.equipment_uses.get()
    use.pk, use.equipment = None, type(use.equipment).objects.get(code="TFF-2")
    with acting_as(plant.people["olivia"]):
        use.save(force_insert=True)


CHANGES = {
    "batches_phase": [written_again("batches_phase")],
    "batches_batchrecord": [written_again("batches_batchrecord")],
    "accounts_site": [written_again("accounts_site")],
    "documents_document": [
        written_again("documents_document"),
        lambda plant: draft(plant.people["mei"], "rule_set", rules_toml(SHEAR, version=2)),
    ],
    "batches_equipmentuse": [also_used],
    "batches_equipment": [written_again("batches_equipment")],
    "readings_tag": [written_again("readings_tag"), lambda plant: make_source(plant.people, "TFF02")],
    "readings_source": [written_again("readings_source")],
    "readings_clockcorrection": [corrected],
    "readings_frameconflict": [lambda plant: send(plant, 4, 80, high)],
    "readings_frame": [lambda plant: send(plant, 4, 80, high)],  # of a dispute: rows of frames never change
    "readings_conflictresolution": [lambda plant: settle(plant, "neither", sequence=3)],
}


@pytest.fixture
def monitored(time, db):
    """A phase that is judged frame by frame; one of its frames is disputed, and its clock was corrected."""
    plant = make_plant(RULES)
    time.after(1000)
    for number in range(1, 6):
        send(plant, number, 20 * number)
    send(plant, 3, 60, high)
    corrected(plant, first_sequence=5)
    plant.detect()
    settle(plant, Frame.objects.get(sequence=3).sha256, sequence=3)
    plant.detect()
    return plant


def tables(queries):
    return {name for query in queries for name in NAMED.findall(query["sql"].replace("\\n", " ").replace('\\"', '"'))}


def test_every_row_that_is_read_for_a_judgement_is_in_its_version_and_is_changed_here(monitored):
    context_of(monitored)
    written_again("readings_source")(monitored)
    with CaptureQueriesContext(connection) as captured:
        context_of(monitored)
    version, *read = captured.captured_queries
    assert tables(read) == CHANGES.keys()
    assert tables([version]) - {"excursions_progress", "excursions_streamingstate"} == CHANGES.keys()


@pytest.mark.parametrize(
    "change", [pytest.param(row, id=f"{name}-{n}") for name, found in CHANGES.items() for n, row in enumerate(found)]
)
def test_a_row_that_changes_or_comes_has_what_is_judged_under_read_again(monitored, change):
    before = context_of(monitored).conditions
    assert context_of(monitored).conditions is before
    change(monitored)
    after = context_of(monitored).conditions
    assert after is not before
    assert context_of(monitored).conditions is after


@pytest.mark.parametrize(
    "table",
    ["readings_source", "readings_clockcorrection", "readings_frameconflict", "readings_conflictresolution"],
)
def test_how_a_source_is_read_is_read_again_for_its_new_frames(monitored, table):
    newest = [Frame.objects.get(sequence=5).pk]
    before = new_frames(newest).corrections
    assert new_frames(newest).corrections is before
    for change in CHANGES[table]:
        change(monitored)
    assert new_frames(newest).corrections is not before


def test_another_tolerance_is_another_reading(monitored, settings):
    newest = [Frame.objects.get(sequence=5).pk]
    conditions, corrections = context_of(monitored).conditions, new_frames(newest).corrections
    settings.READINGS_FUTURE_TOLERANCE_SECONDS += 1
    assert context_of(monitored).conditions.corrections.tolerance_us == conditions.corrections.tolerance_us + 1_000_000
    assert new_frames(newest).corrections.tolerance_us == corrections.tolerance_us + 1_000_000


def test_what_is_cached_is_bounded(monitored, monkeypatch):
    for name in ("_conditions", "_evaluations"):
        monkeypatch.setattr(context_cache, name, VersionedCache(most=1))
    other = make_run(monitored, "BR-2", "LOT-2")
    evaluate_phase(by=monitored.people["monitor"], phase=other.phase)
    for plant in (monitored, other, monitored):
        assert context_of(plant).conditions.phase == plant.phase
    assert {len(cache) for cache in (context_cache._conditions, context_cache._evaluations)} == {1}


def elsewhere(change, *arguments):
    """Do it in another connection, committed."""

    def run():
        try:
            change(*arguments)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.fixture
def judged(committed_db, sealer, time):
    plant = make_plant(RULES)
    time.after(1000)
    for number in range(1, 4):
        send(plant, number, 20 * number)
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    return plant


def test_what_another_connection_has_committed_is_judged_under(judged):
    for change in (
        lambda: corrected(judged),
        lambda: send(judged, 2, 40, high),
        lambda: settle(judged, "neither"),
    ):
        before = Progress.objects.get().inputs_sha256
        elsewhere(change)
        evaluate_phase(by=judged.people["monitor"], phase=judged.phase)
        assert Progress.objects.get().inputs_sha256 == in_one_pass(judged)[0] != before
    assert_says_what_storage_says(judged)


def test_what_commits_between_the_version_and_the_rows_is_found_by_the_next_evaluation(judged, monkeypatch):
    read = context_cache.conditions_of

    def overtaken(phase):
        conditions = read(phase)
        elsewhere(lambda: corrected(judged))
        return conditions

    context_cache._conditions.discard(judged.phase.pk)
    monkeypatch.setattr(context_cache, "conditions_of", overtaken)
    assert context_of(judged).conditions.corrections.content["clock_corrections"] == []
    monkeypatch.setattr(context_cache, "conditions_of", read)
    assert len(context_of(judged).conditions.corrections.content["clock_corrections"]) == 1
    assert_says_what_storage_says(judged)


def test_what_was_not_committed_is_not_cached(judged):
    recorded = context_of(judged).recorded
    send(judged, 9, 100, high)
    with transaction.atomic():
        evaluate_phase(by=judged.people["monitor"], phase=judged.phase)
        transaction.set_rollback(True)
    assert context_of(judged).recorded is recorded
    evaluate_phase(by=judged.people["monitor"], phase=judged.phase)
    assert context_of(judged).recorded["shear"].version == recorded["shear"].version + 1


def test_evaluations_of_another_worker_are_seen(judged):
    before = context_of(judged).recorded
    send(judged, 9, 100, high)
    elsewhere(lambda: evaluate_phase(by=judged.people["monitor"], phase=judged.phase))
    after = context_of(judged).recorded
    assert after["shear"].version == before["shear"].version + 1
    assert context_of(judged).recorded is after


@pytest.fixture
def delivered(settings, django_capture_on_commit_callbacks):
    """The statements of the delivery of what the newest frame asks for, the record's clock being the database's."""

    def deliver():
        settings.CLOCK = "gatekeeper.accounts.clock.database"
        (job,) = Job.objects.filter(kind="readings_recorded", done_at=None)
        with django_capture_on_commit_callbacks(execute=True), CaptureQueriesContext(connection) as captured:
            assert jobs.run_job(job.pk) == 1
        return [query["sql"] for query in captured.captured_queries]

    return deliver


def test_a_quiet_evaluation_takes_twelve_statements(monitored, delivered):
    """Clock, lock, begin, message, monitor, frames, phases, contexts, new frames; saved, posted, commit."""
    send(monitored, 20, 300)
    delivered()  # after it the newest evaluations are known
    send(monitored, 21, 320)
    assert len(delivered()) == 12
    assert_says_what_storage_says(monitored)


def test_an_evaluation_of_a_growing_excursion_takes_no_more_the_longer_it_lasts(monitored, delivered):
    """The first delivery writes an evaluation, two excursions and a deviation, the second one that both have begun."""
    counts = []
    for number in range(6):
        send(monitored, 30 + number, 300 + 20 * number, high if number else steady)
        counts.append(len(delivered()))
    assert Excursion.objects.get(rule="shear", level="action").ended_at is None
    assert counts[1] <= 35
    assert counts[2] < 20
    assert counts[3:] == [12, 12, 12]


def test_who_may_not_judge_any_more_judges_nothing(monitored):
    written = Progress.objects.get().evaluated_at
    monitor = monitored.people["monitor"]
    with acting_as(monitored.people["grace"]):
        type(monitor).objects.filter(pk=monitor.pk).update(is_active=False)
    send(monitored, 20, 300)
    (job,) = Job.objects.filter(kind="readings_recorded", done_at=None)
    assert jobs.run_job(job.pk) == 0
    job.refresh_from_db()
    assert "not authorised" in job.error
    assert Progress.objects.get().evaluated_at == written
