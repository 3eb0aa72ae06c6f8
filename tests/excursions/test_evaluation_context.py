"""2.2.6, 2.2.9, integrity.md 5: what a detector keeps of rules, equipment and corrections is what the rows say."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Excursion, Progress
from batches.excursions.queries import evaluation_context as looks
from batches.excursions.queries.evaluation_context import looks_at, news_of
from batches.readings.actions.clocks import CorrectClock, correct_clock
from batches.readings.models import Frame
from gatekeeper.accounts.actor import acting_as
from gatekeeper.demo.people import credentials
from gatekeeper.ledger.actions import outbox
from gatekeeper.ledger.models import Outbox
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


def look(plant):
    (found,) = looks_at([plant.phase.pk])
    return found


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
def watched(time, db):
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
    return {name for one in queries for name in NAMED.findall(one["sql"].replace("\\n", " ").replace('\\"', '"'))}


def test_every_row_that_is_read_for_a_judgement_is_in_its_version_and_is_changed_here(watched):
    look(watched)
    written_again("readings_source")(watched)
    with CaptureQueriesContext(connection) as asked:
        look(watched)
    version, *read = asked.captured_queries
    assert tables(read) == CHANGES.keys()
    assert tables([version]) - {"excursions_progress", "excursions_watch"} == CHANGES.keys()


@pytest.mark.parametrize(
    "change", [pytest.param(one, id=f"{name}-{n}") for name, found in CHANGES.items() for n, one in enumerate(found)]
)
def test_a_row_that_changes_or_comes_has_what_is_judged_under_read_again(watched, change):
    before = look(watched).ground
    assert look(watched).ground is before
    change(watched)
    after = look(watched).ground
    assert after is not before
    assert look(watched).ground is after


@pytest.mark.parametrize(
    "table",
    ["readings_source", "readings_clockcorrection", "readings_frameconflict", "readings_conflictresolution"],
)
def test_how_a_source_is_read_is_read_again_for_its_new_frames(watched, table):
    newest = [Frame.objects.get(sequence=5).pk]
    before = news_of(newest).reading
    assert news_of(newest).reading is before
    for change in CHANGES[table]:
        change(watched)
    assert news_of(newest).reading is not before


def test_another_tolerance_is_another_reading(watched, settings):
    newest = [Frame.objects.get(sequence=5).pk]
    ground, reading = look(watched).ground, news_of(newest).reading
    settings.READINGS_FUTURE_TOLERANCE_SECONDS += 1
    assert look(watched).ground.reading.tolerance_us == ground.reading.tolerance_us + 1_000_000
    assert news_of(newest).reading.tolerance_us == reading.tolerance_us + 1_000_000


def test_what_is_kept_is_bounded(watched, monkeypatch):
    monkeypatch.setattr(looks, "_MOST", 1)
    other = make_run(watched, "BR-2", "LOT-2")
    evaluate_phase(by=watched.people["monitor"], phase=other.phase)
    for plant in (watched, other, watched):
        assert look(plant).ground.phase == plant.phase
    assert {len(kept) for kept in (looks._grounds, looks._evaluations)} == {1}


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


def test_what_commits_between_the_version_and_the_rows_is_found_by_the_next_look(judged, monkeypatch):
    read = looks.ground_of

    def overtaken(phase):
        ground = read(phase)
        elsewhere(lambda: corrected(judged))
        return ground

    looks._grounds.clear()
    monkeypatch.setattr(looks, "ground_of", overtaken)
    assert look(judged).ground.reading.content["clock_corrections"] == []
    monkeypatch.setattr(looks, "ground_of", read)
    assert len(look(judged).ground.reading.content["clock_corrections"]) == 1
    assert_says_what_storage_says(judged)


def test_what_was_not_committed_is_not_kept(judged):
    recorded = look(judged).recorded
    send(judged, 9, 100, high)
    with transaction.atomic():
        evaluate_phase(by=judged.people["monitor"], phase=judged.phase)
        transaction.set_rollback(True)
    assert look(judged).recorded is recorded
    evaluate_phase(by=judged.people["monitor"], phase=judged.phase)
    assert look(judged).recorded["shear"].version == recorded["shear"].version + 1


def test_evaluations_of_another_worker_are_seen(judged):
    before = look(judged).recorded
    send(judged, 9, 100, high)
    elsewhere(lambda: evaluate_phase(by=judged.people["monitor"], phase=judged.phase))
    after = look(judged).recorded
    assert after["shear"].version == before["shear"].version + 1
    assert look(judged).recorded is after


@pytest.fixture
def looked(settings, django_capture_on_commit_callbacks):
    """The statements of the delivery of what the newest frame asks for, the record's clock being the database's."""

    def deliver():
        settings.CLOCK = "gatekeeper.accounts.clock.database"
        (message,) = Outbox.objects.filter(kind="readings_recorded", done_at=None)
        with django_capture_on_commit_callbacks(execute=True), CaptureQueriesContext(connection) as asked:
            assert outbox.deliver(message.pk) == 1
        return [one["sql"] for one in asked.captured_queries]

    return deliver


def test_a_quiet_look_takes_twelve_statements(watched, looked):
    """Clock, hold, begin, message, monitor, frames, phases, what they are judged under, news; kept, posted, commit."""
    send(watched, 20, 300)
    looked()  # after it the newest evaluations are known
    send(watched, 21, 320)
    assert len(looked()) == 12
    assert_says_what_storage_says(watched)


def test_a_look_at_a_growing_excursion_takes_no_more_the_longer_it_lasts(watched, looked):
    """The first look writes an evaluation, two excursions and a deviation, the second one that both have begun."""
    counts = []
    for number in range(6):
        send(watched, 30 + number, 300 + 20 * number, high if number else steady)
        counts.append(len(looked()))
    assert Excursion.objects.get(rule="shear", level="action").ended_at is None
    assert counts[1] <= 35
    assert counts[2] < 20
    assert counts[3:] == [12, 12, 12]


def test_who_may_not_judge_any_more_judges_nothing(watched):
    written = Progress.objects.get().evaluated_at
    monitor = watched.people["monitor"]
    with acting_as(watched.people["grace"]):
        type(monitor).objects.filter(pk=monitor.pk).update(is_active=False)
    send(watched, 20, 300)
    (message,) = Outbox.objects.filter(kind="readings_recorded", done_at=None)
    assert outbox.deliver(message.pk) == 0
    message.refresh_from_db()
    assert "not authorised" in message.error
    assert Progress.objects.get().evaluated_at == written
