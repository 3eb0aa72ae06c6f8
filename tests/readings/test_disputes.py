"""2.2.8, 2.2.9: a settled dispute is read alike by every reader, whatever came in whichever order; nobody undoes it."""

from itertools import permutations

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction

from batches.excursions.models import Evaluation
from batches.excursions.queries.evaluation_inputs import Scope, inputs_of
from batches.excursions.queries.live import followed, frames_between, signals_of
from batches.excursions.queries.states import states_of
from batches.excursions.queries.traces import envelope
from batches.readings.actions.clocks import CorrectClock, correct_clock
from batches.readings.actions.disputes import SettleDispute, settle_dispute
from batches.readings.models import ConflictResolution, Envelope, Frame, FrameConflict, Segment
from batches.readings.queries.assignments import phases_of
from batches.readings.queries.corrected_samples import open_disputes_of, quarantined_in
from batches.readings.queries.disputes import bodies_of, dispute_digest
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.arrow_frames import arrow_from, decoded_arrow
from batches.readings.rules.frames import Frame as Sent
from batches.readings.rules.frames import frame_from
from gatekeeper.accounts.actor import acting_as
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from tests.excursions.making import SECOND, SHEAR, START, frame, make_plant, make_run, rules_toml
from tests.excursions.test_incremental_evaluation import assert_says_what_storage_says, surging

BEGIN = int(START.timestamp()) * SECOND
HIGH = 1.0  # L/min: above the action limit of shear


def steady(at):
    return 0.2 + at % 2 / 1000


def high(at):
    return HIGH + at % 2 / 1000


def lower(at):
    return 0.1 + at % 2 / 1000


def settle(plant, chosen, *, sequence=2, person="quinn", **more):
    row = Frame.objects.get(source=plant.source, sequence=sequence)
    person = plant.people[person]
    given = {"chosen": chosen, "dispute_sha256": dispute_digest(row), "reason": "The paper chart agrees."} | more
    return settle_dispute(by=person, credentials=credentials(person), frame=row, command=SettleDispute(**given))


def send(plant, number, begin, values=steady, *, size=30):
    plant.send(frame(number, range(begin, begin + size), values))


@pytest.fixture
def disputed(plant, time):
    """Two minutes of steady flow; the second frame came again, with a surge."""
    time.after(300)
    for number, begin in enumerate(range(0, 120, 30), 1):
        send(plant, number, begin)
    plant.detect()
    send(plant, 2, 30, high)
    plant.detect()
    return plant


def other(number=0):
    return FrameConflict.objects.order_by("id")[number].sha256


def shear(plant):
    return next(rule for rule in states_of(plant.phase).rules if rule.rule == "shear")


def times_of(plant, code="flow"):
    (sent,) = inputs_of(plant.phase, scope=Scope.ALL).readings.sent
    signal = sent.signals[code]
    return ((signal.times[signal.good] - BEGIN) // SECOND).tolist()


def test_every_reader_follows_the_body_that_was_chosen(disputed):
    frames = frames_between(*followed(disputed.record), START, START.replace(minute=5))

    def flows():
        (drawn,) = followed(disputed.record)
        (shown,) = signals_of(drawn, frames)  # wall shear: 13 058.87 1/s at 1 L/min
        (series,) = envelope(disputed.record, parameter="flow", start=None, end=None, points=500)["series"]
        charted = [float(one["max"]) for one in series["buckets"]]
        return round(float(shown.values[shown.good].max()) / 13058.87, 3), max(charted), len(charted)

    assert flows() == (0.201, 0.201, 90)
    assert str(shear(disputed).state) == "unknown"
    settle(disputed, other())
    assert flows() == (1.001, 1.001, 120)
    disputed.detect()
    assert shear(disputed).up_to_date
    assert {one["side"] for one in Evaluation.objects.latest("id").content["excursions"]} == {"high"}
    settle(disputed, Frame.objects.get(sequence=2).sha256)
    assert flows() == (0.201, 0.201, 120)
    disputed.detect()
    assert str(shear(disputed).state) == "normal"
    settle(disputed, "neither")
    disputed.detect()
    assert flows() == (0.201, 0.201, 90)


def test_stored_minutes_never_show_a_body_that_does_not_count(disputed):
    def counts():
        return dict(Envelope.objects.filter(tag__code="FI101").values_list("minute", "count"))

    disputed.draw()
    minute = BEGIN // 60_000_000
    assert counts() == {minute: 30, minute + 1: 60}
    settle(disputed, Frame.objects.get(sequence=2).sha256)
    disputed.draw()
    assert counts()[minute] == 60
    settle(disputed, other())
    disputed.draw()
    assert counts()[minute] == 30


def test_the_other_body_may_have_other_times_and_other_tags(plant, time):
    time.after(300)
    for number, begin in enumerate(range(0, 120, 30), 1):
        send(plant, number, begin)
    columns = {"times": [BEGIN + at * SECOND for at in range(120, 150)], "values": [steady(at) for at in range(30)]}
    plant.send(frame_from("TFF01", "boot-1", 2, {"FI101": columns, "AI101": columns}))
    settle(plant, other())
    plant.detect()
    assert times_of(plant) == [*range(30), *range(60, 150)]
    assert times_of(plant, "ph") == list(range(120, 150))
    assert_says_what_storage_says(plant)


def test_a_body_that_reaches_into_another_batch_has_that_one_judged_too(plant, time):
    time.after(120)
    for number, begin in enumerate(range(0, 120, 30), 1):
        send(plant, number, begin)
    plant.end()
    time.after(200)
    later = make_run(plant, "BR-2", "LOT-2")
    time.after(400)
    send(plant, 9, 200, size=100)
    send(plant, 2, 300, size=60, values=high)
    plant.detect()
    row = Frame.objects.get(sequence=2)
    assert list(phases_of([row])) == [plant.phase]
    settle(plant, other())
    plant.detect()
    assert list(phases_of([row])) == [plant.phase, later.phase]
    assert shear(later).up_to_date
    assert str(shear(later).state) == "action"
    command = CorrectClock("boot-1", 2, 2, "1", "Compared with the reference clock.")
    quinn = plant.people["quinn"]
    correct_clock(by=quinn, credentials=credentials(quinn), source=plant.source, command=command)
    plant.detect()
    assert times_of(later) == [*range(200, 300), *range(301, 361)]
    assert shear(later).up_to_date


def test_what_is_in_quarantine_is_counted_of_the_body_that_counts(plant, time):
    time.after(30)
    send(plant, 2, 600)  # a clock ten minutes ahead
    time.after(60)
    send(plant, 2, 30)
    (row,) = Frame.objects.all()
    assert quarantined_in([row]) == {row.pk: 30}
    settle(plant, other())
    assert quarantined_in([row]) == {}
    assert times_of(plant) == list(range(30, 60))


def test_a_short_frame_in_dispute_is_not_bridged(plant, time):
    time.after(120)
    send(plant, 1, 0, size=60)
    send(plant, 2, 60, size=1)
    send(plant, 3, 61, size=59)
    plant.detect()
    assert shear(plant).coverage == 1
    send(plant, 2, 60, size=1, values=high)
    plant.detect()
    assert shear(plant).coverage < 1
    assert list(open_disputes_of(plant.phase)) == [Frame.objects.get(sequence=2).pk]


@pytest.fixture
def watched(time, db):
    """A phase of which 200 s are judged frame by frame."""
    plant = make_plant(rules_toml(SHEAR.replace('t_merge_s = "30"', 't_merge_s = "5"')))
    time.after(1000)
    for number in range(10):
        send(plant, number, 20 * number, surging, size=20)
        plant.detect()
    return plant


def test_the_streaming_state_says_what_one_pass_says_while_a_dispute_is_settled(watched):
    send(watched, 3, 60, high, size=20)
    assert_says_what_storage_says(watched)
    settle(watched, other(), sequence=3)
    assert_says_what_storage_says(watched)  # the worker has not looked at it by itself yet
    watched.detect()
    send(watched, 50, 230, surging, size=20)
    assert_says_what_storage_says(watched)
    send(watched, 3, 60, surging, size=10)  # a third body
    assert_says_what_storage_says(watched)
    settle(watched, "neither", sequence=3)
    assert_says_what_storage_says(watched)
    settle(watched, other(1), sequence=3)
    assert_says_what_storage_says(watched)
    assert set(range(60, 70)) <= set(times_of(watched))
    assert not set(range(70, 80)) & set(times_of(watched))


def test_bodies_and_resolutions_in_any_order_and_any_looks_leave_the_same_judgement(plant, time):
    time.after(300)
    for number, begin in enumerate((0, 30, 60, 90), 1):
        send(plant, number, begin)

    def outcome(bodies, settlements, *, look):
        with transaction.atomic():
            for number, values in bodies:
                send(plant, number, 30 * (number - 1), values)
                if look:
                    plant.detect()
            for number in settlements:
                chosen = next(
                    body.sha256
                    for body in bodies_of(Frame.objects.get(sequence=number))
                    if float(body.content.columns[0].values[0]) > 0.5
                )
                settle(plant, chosen, sequence=number)
                if look:
                    plant.detect()
            plant.detect()
            inputs = inputs_of(plant.phase)
            said = [verdict.content for verdict in inputs.verdicts()]
            kept = Evaluation.objects.filter(rule="shear").latest("version").content
            transaction.set_rollback(True)
        return inputs.sha256, said, kept["excursions"], kept["state"]

    bodies = [(2, high), (2, lower), (3, high)]
    expected = outcome(bodies, [2, 3], look=True)
    for place, order in enumerate(list(permutations(bodies))[2::3]):
        assert outcome(list(order), [3, 2] if place % 2 else [2, 3], look=False) == expected


def test_a_body_that_came_as_arrow_or_of_a_file_counts_like_any_other(disputed):
    times = np.arange(30, 60, dtype=np.int64) * SECOND + BEGIN
    values, quality = np.full(30, 0.7) + np.arange(30) / 1000, np.full(30, 192, dtype=np.uint8)
    stream = arrow_from([("FI101", times, values, quality)])
    arrow = decoded_arrow(stream, source="TFF01", boot_id="boot-1", sequence=2)
    disputed.send(arrow)
    disputed.send(Sent("TFF01", "boot-1", 3, arrow.columns))  # a file of an instrument has no body of its own
    assert settle(disputed, other(1)).chosen == arrow.sha256()
    settle(disputed, other(2), sequence=3)
    (sent,) = inputs_of(disputed.phase).readings.sent
    assert float(np.nanmax(sent.signals["flow"].values[:30])) == 0.201
    good = sent.signals["flow"].good
    assert sent.signals["flow"].values[30:60].tolist() == values.tolist()
    assert good[30:60].all()


@pytest.mark.parametrize("name", ["mei", "olivia", "sol"])
def test_only_quality_of_the_site_settles(disputed, name):
    with pytest.raises(Refusal) as caught:
        settle(disputed, "neither", person=name)
    assert caught.value.code == "not_authorised"
    assert not ConflictResolution.objects.exists()


def test_every_fault_is_said_at_once(disputed):
    with pytest.raises(Refusal) as caught:
        settle(disputed, "f" * 64, dispute_sha256="", reason="-")
    assert [one.code for one in caught.value.all] == ["dispute_changed", "unknown_body", "reason_missing"]
    with pytest.raises(Refusal) as caught:
        settle(disputed, "neither", sequence=1)
    assert caught.value.code == "not_disputed"


def test_a_body_that_came_after_the_page_was_shown_is_not_overlooked(disputed):
    shown = dispute_digest(Frame.objects.get(sequence=2))
    send(disputed, 2, 30, lower)
    with pytest.raises(Refusal) as caught:
        settle(disputed, other(), dispute_sha256=shown)
    assert caught.value.code == "dispute_changed"


@pytest.mark.parametrize("body", ["", '{"source": "TFF01", "boot_id": "boot-1", "sequence": 2, "tags": {}}'])
def test_a_body_that_is_not_what_was_received_is_never_read(disputed, body):
    row = Frame.objects.get(sequence=2)
    with acting_as(disputed.people["monitor"]):
        altered = FrameConflict.objects.create(
            frame=row, sha256="e" * 64, body=body, received_at=START, received_by=disputed.people["monitor"]
        )
    with pytest.raises(Refusal) as caught:
        settle(disputed, altered.sha256)
    assert caught.value.code == "body_altered"


ATTACKS = [
    "UPDATE readings_conflictresolution SET chosen = 'neither'",
    "DELETE FROM readings_conflictresolution",
    "UPDATE readings_frameconflict SET body = ''",
    "DELETE FROM readings_frameconflict",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_raw_sql_changes_no_resolution_and_no_body(disputed, sql):
    settle(disputed, other())
    with (
        pytest.raises(DatabaseError),
        acting_as(disputed.people["quinn"]),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert ConflictResolution.objects.get().chosen == other()


def test_a_choice_that_is_none_of_its_bodies_is_refused_by_the_database(disputed):
    row = settle(disputed, other())
    fresh = ConflictResolution(
        frame=row.frame,
        bodies=row.bodies,
        chosen="f" * 64,
        first_at=row.first_at,
        last_at=row.last_at,
        reason="Because.",
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
    )
    with pytest.raises(DatabaseError, match="conflict_resolution_chosen"), acting_as(row.resolved_by):
        fresh.save()


def test_what_was_sent_stays_as_it_is(disputed):
    def stored():
        frames = list(Frame.objects.order_by("pk").values_list("sha256", "first_at", "last_at", "samples"))
        return frames, [bytes(one) for one in Segment.objects.order_by("frame_id").values_list("values", flat=True)]

    before = stored()
    settle(disputed, other())
    disputed.detect()
    assert stored() == before
    assert all(verify_frame(one) for one in Frame.objects.all())
