"""E-f and domain.md 2.2, 9 to 11: a frame is recorded whole or not at all, and sending it again changes nothing."""

import pytest
from django.db import DatabaseError, connection, transaction

from batches.excursions.models import Excursion
from batches.excursions.queries.states import states_of
from batches.readings import models
from batches.readings.actions.frames import Conflicting, Recorded, Replayed
from batches.readings.queries.corrected_samples import quarantined_of
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.frames import frame_from
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.jobs.models import Job
from gatekeeper.ledger.queries import entries_of
from tests.excursions.making import SECOND, START, frame

BEGIN = int(START.timestamp()) * SECOND


def counts():
    tables = (models.Frame, models.Segment, models.FrameConflict, Job)
    return tuple(table.objects.count() for table in tables)


def test_a_frame_is_recorded_with_its_segments_and_the_work_it_asks_for(plant, time):
    time.after(60)
    before = counts()
    answer = plant.send(frame(1, range(60), lambda at: 1.0 + at / 100))
    assert isinstance(answer, Recorded)
    assert tuple(b - a for a, b in zip(before, counts(), strict=True)) == (1, 1, 0, 1)
    assert answer.frame.samples == 60
    assert verify_frame(answer.frame)
    assert [entry.actor for entry in entries_of(answer.frame)] == ["skid-gateway"]


def test_a_replay_changes_nothing(plant, time):
    time.after(60)
    first = plant.send(frame(1, range(60), lambda at: 1.0))
    before = counts()
    again = plant.send(frame(1, range(60), lambda at: 1.0))
    assert isinstance(again, Replayed)
    assert again.frame == first.frame
    assert counts() == before


def test_another_body_under_the_same_identity_is_kept_once_and_never_merged(plant, time):
    time.after(60)
    first = plant.send(frame(1, range(60), lambda at: 1.0))
    other = frame(1, range(60), lambda at: 2.0)
    for _ in range(2):
        answer = plant.send(other)
        assert isinstance(answer, Conflicting)
        assert answer.conflict.body == other.body.decode()
    assert counts()[:3] == (1, 1, 1)
    assert verify_frame(first.frame)


def test_every_fault_of_a_frame_is_named_at_its_place_and_nothing_is_recorded(plant, time):
    before = counts()
    tags = {
        "XX999": {"times": [BEGIN], "values": [1.0]},
        "FI101": {"times": [BEGIN, BEGIN + 86_401 * SECOND], "values": [1.0, 1.0]},
        "AI101": {"times": [], "values": []},
        "CI101": {"times": [BEGIN // 1000], "values": [1.0]},
    }
    with pytest.raises(Refusal) as caught:
        plant.send(frame_from("TFF01", "boot-1", 1, tags))
    assert {(one.code, one.field) for one in caught.value.all} == {
        ("unknown_tag", "tags.XX999"),
        ("reading_from_the_future", "tags.FI101.times.1"),
        ("empty_column", "tags.AI101"),
        ("reading_before_2000", "tags.CI101.times.0"),
    }
    assert counts() == before


def test_readings_of_a_clock_that_is_ahead_are_kept_and_judged_by_nothing(plant, time):
    time.after(120)
    plant.send(frame(1, range(120), lambda at: 0.2))
    plant.detect()
    before = states_of(plant.phase)
    sent = plant.send(frame(2, range(600, 660), lambda at: 1.0))  # far above the limit, were it true
    assert isinstance(sent, Recorded)
    assert verify_frame(sent.frame)
    assert quarantined_of(plant.phase) == 60
    plant.detect()
    time.after(7200)  # nothing but the time that it was received at counts
    assert [rule.state for rule in states_of(plant.phase).rules] == [rule.state for rule in before.rules]
    assert quarantined_of(plant.phase) == 60
    assert not Excursion.objects.exists()


def test_a_reading_at_the_tolerance_is_inside(plant, time):
    time.after(0)
    plant.send(frame(1, [60, 61], lambda at: 1.0))
    assert quarantined_of(plant.phase) == 1


def test_a_clock_that_is_a_little_ahead_is_tolerated(plant, time):
    assert isinstance(plant.send(frame(1, range(60), lambda at: 1.0)), Recorded)


def test_a_source_of_another_site_is_unknown_here(plant, time):
    time.after(60)
    with pytest.raises(Refusal) as caught:
        plant.send(frame(1, range(60), lambda at: 1.0, source="ELSEWHERE"))
    assert (caught.value.code, caught.value.field) == ("unknown_source", "source")


def test_a_gateway_records_at_its_own_site_only(plant, time):
    plant.site = Site.objects.get(code="KR01")
    with pytest.raises(Refusal) as caught:
        plant.send(frame(1, range(10), lambda at: 1.0))
    assert caught.value.code == "not_authorised"


def test_somebody_without_the_permission_records_nothing(plant, time):
    plant.people["skid-gateway"] = plant.people["olivia"]
    with pytest.raises(Refusal) as caught:
        plant.send(frame(1, range(10), lambda at: 1.0))
    assert caught.value.code == "not_authorised"


@pytest.mark.parametrize(
    ("boot", "sequence", "code"),
    [
        ("", 1, "blank_value"),
        ("x" * 41, 1, "name_too_long"),
        ("b\x00", 1, "name_too_long"),
        ("b", -1, "sequence_out_of_range"),
        ("b", 2**53, "sequence_out_of_range"),
    ],
)
def test_an_identity_that_cannot_be_kept_is_refused(plant, boot, sequence, code):
    with pytest.raises(Refusal) as caught:
        plant.send(frame(sequence, range(10), lambda at: 1.0, boot=boot))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "statement",
    ["UPDATE readings_segment SET count = 0", "DELETE FROM readings_segment", "TRUNCATE readings_segment",
     "UPDATE readings_frame SET samples = 0", "DELETE FROM readings_frame"],
)  # fmt: skip
def test_the_application_can_neither_change_nor_delete_readings(plant, time, statement):
    time.after(60)
    plant.send(frame(1, range(60), lambda at: 1.0))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
