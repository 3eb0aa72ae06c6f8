"""2.2.8, 2.2.9, integrity.md 5: the state of detection is what storage says, and never trusted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Evaluation, Excursion, Progress, StreamingState
from batches.excursions.queries.evaluation_context import contexts_of
from batches.excursions.queries.evaluation_inputs import inputs_of
from batches.excursions.queries.incremental_evaluation import judgement_of_new_frames
from batches.excursions.queries.states import states_of
from batches.readings.models import Frame, Segment
from tests.excursions.making import PH, SHEAR, frame, make_plant, make_source, rules_toml

RULES = rules_toml(SHEAR.replace('t_merge_s = "30"', 't_merge_s = "5"'), PH)


def surging(at):
    """Surges of shear, and never the same value twice in a row."""
    return (1.0 if at % 70 > 60 else 0.2) + at % 2 / 1000


def send(plant, number, begin, *, size=20, values=surging):
    plant.send(frame(number, range(begin, begin + size), values))


@pytest.fixture
def monitored(time, db):
    """A phase of which 400 s are judged frame by frame."""
    plant = make_plant(RULES)
    time.after(1000)
    for number in range(20):
        send(plant, number, 20 * number)
        plant.detect()
    return plant


def evaluate(plant, **more):
    return evaluate_phase(by=plant.people["monitor"], phase=plant.phase, **more)


def judgement(plant, **more):
    """What an evaluation of new frames says, nothing being written."""
    (context,) = contexts_of([plant.phase.pk])
    return judgement_of_new_frames(context, **more)


def in_one_pass(plant):
    inputs = inputs_of(plant.phase)
    return inputs.sha256, {verdict.name: verdict.content for verdict in inputs.verdicts()}


def incremental(plant):
    """What the state says with everything new, nothing being written."""
    result = judgement(plant)
    return result.inputs.sha256, {verdict.name: verdict.content for verdict in result.verdicts}


def assert_says_what_storage_says(plant):
    """The states, with one more frame, say to the byte what one pass says; and so does what is recorded."""
    number = Frame.objects.filter(source=plant.source).count() + 1000
    newest = max(Segment.objects.values_list("last_us", flat=True))
    begin = newest // 1_000_000 - int(plant.phase.started_at.timestamp()) + 1
    send(plant, number, begin)
    with transaction.atomic():
        assert incremental(plant) == in_one_pass(plant)
        transaction.set_rollback(True)
    evaluate(plant)
    assert Progress.objects.get().inputs_sha256 == in_one_pass(plant)[0]
    states = states_of(plant.phase)
    assert states.rules
    assert all(rule.up_to_date for rule in states.rules)


def test_only_new_frames_are_read_and_the_state_stays_small(monitored):
    send(monitored, 50, 400)
    with transaction.atomic():
        result = judgement(monitored)
        transaction.set_rollback(True)
    sent = result.inputs.readings.sent
    assert sum(len(signal.times) for source in sent for signal in source.signals.values()) == 20
    assert len(StreamingState.objects.get().state) < 20_000
    assert_says_what_storage_says(monitored)


def test_nothing_new_is_nothing_to_judge(monitored):
    assert judgement(monitored) is None


def test_an_evaluation_that_is_taken_back_takes_its_state_back(monitored):
    before = bytes(StreamingState.objects.get().state)
    send(monitored, 50, 400)
    with transaction.atomic():
        evaluate(monitored)
        transaction.set_rollback(True)
    assert bytes(StreamingState.objects.get().state) == before
    assert_says_what_storage_says(monitored)


def test_a_sample_before_what_is_settled_has_everything_read_again(monitored):
    send(monitored, 50, 100, size=1, values=lambda _at: 3.0)
    send(monitored, 51, 400)
    with transaction.atomic():
        assert incremental(monitored) == in_one_pass(monitored)
        transaction.set_rollback(True)
    assert_says_what_storage_says(monitored)
    assert states_of(monitored.phase).rules[0].coverage < 1


def test_a_frame_that_commits_after_later_ones_is_judged_when_its_message_is(monitored, monkeypatch):
    monkeypatch.setattr("batches.excursions.queries.incremental_evaluation._NAMED", 2)
    send(monitored, 50, 500)
    send(monitored, 51, 520)
    send(monitored, 52, 540)
    late = Frame.objects.get(sequence=50)
    evaluate(monitored)
    row = StreamingState.objects.get()
    assert row.low_frame >= late.pk
    StreamingState.objects.update(low_count=row.low_count - 1)  # the state that has not seen it
    assert judgement(monitored) is None
    assert judgement(monitored, frames=[late]) is not None
    evaluate(monitored, frames=[late])
    assert judgement(monitored, frames=[late]) is None
    assert_says_what_storage_says(monitored)


def test_a_disputed_frame_has_everything_read_again_without_it(monitored):
    send(monitored, 3, 60, values=lambda _at: 0.1)  # the same identity, another body
    assert monitored.detect() == 1
    assert_says_what_storage_says(monitored)
    send(monitored, 60, 700)
    send(monitored, 60, 700, values=lambda _at: 0.1)
    monitored.detect()
    assert_says_what_storage_says(monitored)


def test_another_source_of_the_unit_is_a_state_of_its_own(monitored):
    make_source(monitored.people, code="TFF02")
    monitored.send(frame(1, range(400, 420), surging, source="TFF02"))
    monitored.detect()
    assert StreamingState.objects.count() == 2
    assert {row.rule for row in Evaluation.objects.all()} >= {"shear", "shear@TFF01", "shear@TFF02"}
    assert_says_what_storage_says(monitored)


def test_another_module_or_version_of_what_is_said_has_everything_read_again(monitored, monkeypatch):
    use = monitored.phase.equipment_uses.get()
    assert judgement(monitored) is None
    monkeypatch.setattr("batches.excursions.queries.evaluation_inputs.EVALUATION_VERSION", 99)
    assert judgement(monitored) is not None
    assert use.geometry["n_fibres"] == 13
    assert_says_what_storage_says(monitored)


def test_a_state_that_is_lost_costs_one_pass_and_nothing_else(monitored):
    before = list(Excursion.objects.order_by("key").values_list("key", "content"))
    versions = Evaluation.objects.count()
    StreamingState.objects.all().delete()
    evaluate(monitored)
    assert list(Excursion.objects.order_by("key").values_list("key", "content")) == before
    assert Evaluation.objects.count() == versions
    assert_says_what_storage_says(monitored)


def test_a_state_that_was_altered_does_not_reach_the_gate(monitored):
    states = states_of(monitored.phase)
    row = StreamingState.objects.get()
    StreamingState.objects.filter(pk=row.pk).update(state=b"")
    assert states_of(monitored.phase) == states
    monitored.end()
    monitored.detect()
    assert not StreamingState.objects.exists()
    assert states_of(monitored.phase).complete


def test_an_excursion_that_others_follow_is_written_once(monitored):
    first = Excursion.objects.order_by("started_at").first()
    assert first.ended_at is not None
    assert first.history.count() <= 2  # begun, and ended
    assert Excursion.objects.count() > 4


def test_two_evaluations_of_new_frames_at_once_count_each_frame_once(committed_db, sealer, time):
    plant = make_plant(RULES)
    time.after(1000)
    for number in range(6):
        send(plant, number, 20 * number)
        if number == 2:
            evaluate(plant)

    def run(_number):
        try:
            return evaluate(plant)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(run, range(3)))
    assert {row.pk for row in answers[0]} == {row.pk for row in answers[1]} == {row.pk for row in answers[2]}
    assert_says_what_storage_says(plant)
