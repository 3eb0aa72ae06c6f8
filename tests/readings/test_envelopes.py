"""I-6: what a chart shows comes from stored minutes, and says what the samples themselves say, whatever came late."""

import numpy as np
import pyarrow as pa
import pytest

from batches.excursions.queries.traces import envelope
from batches.readings import models
from batches.readings.actions.envelopes import keep_envelopes
from batches.readings.queries.segments import raw, tag_envelope, trusted
from batches.readings.rules.arrow_frames import MEDIA_TYPE, decoded_arrow
from batches.readings.rules.envelopes import MINUTE, envelope_of
from batches.readings.rules.frames import frame_from
from gatekeeper.core.refusal import Refusal
from tests.doors import machine
from tests.excursions.making import SECOND, START, frame

BEGIN = int(START.timestamp()) * SECOND
HOUR = 3600
RNG = np.random.default_rng(5)


def sent(sequence, seconds, value=None, quality=None):
    """Return a frame of the flow with a sample at each of these seconds."""
    seconds = list(seconds)
    values = RNG.normal(0.2, 0.05, len(seconds)).round(4).tolist() if value is None else [value] * len(seconds)
    column = {"times": [BEGIN + int(at * SECOND) for at in seconds], "values": values}
    if quality is not None:
        column["quality"] = [quality] * len(seconds)
    return frame_from("TFF01", "boot-1", sequence, {"FI101": column})


@pytest.fixture
def tag(plant, time):
    time.after(3 * HOUR)
    return models.Tag.objects.select_related("source").get(source=plant.source, code="FI101")


def both(tag, start, end, points):
    """Return the buckets from stored minutes and those from all samples."""
    signal = trusted([tag], {tag.pk: [(start, end)]})[tag.pk]
    found = (
        tag_envelope(tag, start=start, end=end, points=points),
        envelope_of(signal, start=start, end=end, points=points),
    )
    return [[column.tolist() for column in (one.times, one.low, one.high, one.mean, one.count)] for one in found]


def check_everywhere(tag):
    for start, end, points in [
        (BEGIN, BEGIN + 2 * HOUR * SECOND, 20),
        (BEGIN + 17 * SECOND + 3, BEGIN + 5000 * SECOND, 7),
        (BEGIN + 61 * SECOND, BEGIN + 3661 * SECOND, 60),
        (BEGIN + 30 * SECOND, BEGIN + 95 * SECOND, 1),
        (BEGIN, BEGIN + 600 * SECOND, 300),
        (BEGIN - HOUR * SECOND, BEGIN - SECOND, 5),
    ]:
        stored, counted = both(tag, start, end, points)
        assert stored == counted
        assert len(stored[0]) <= points


def test_stored_minutes_and_samples_give_the_same_buckets(plant, tag):
    for number in range(24):
        plant.send(sent(number, range(number * 300, number * 300 + 300)))
    check_everywhere(tag)  # nobody has looked at the frames yet
    assert not models.Envelope.objects.exists()
    plant.draw()
    assert models.Envelope.objects.filter(tag=tag, count=60).count() == 120
    check_everywhere(tag)


def test_late_repeated_unordered_and_disputed_frames_leave_the_truth(plant, tag):
    for number in (3, 0, 2, 1):
        plant.send(sent(number, range(number * 300, number * 300 + 300)))
        plant.draw()
    plant.send(sent(10, [at + 0.5 for at in range(0, 1200, 7)]))  # late
    plant.send(sent(11, range(100, 200), value=0.3))  # another value for the same time
    plant.send(sent(12, range(500, 700), quality=0))  # bad
    plant.send(sent(13, [1190, 30, 7000, 600], value=99.0))
    check_everywhere(tag)
    plant.draw()
    check_everywhere(tag)
    plant.send(sent(2, range(10), value=7.0))
    check_everywhere(tag)
    plant.draw()
    check_everywhere(tag)
    disputed = models.Envelope.objects.filter(tag=tag, minute=BEGIN // MINUTE + 11).get()
    assert disputed.count == len(range(665, 720, 7))


def test_a_segment_longer_than_a_day_is_found_wherever_it_is_looked_for(plant, tag, time):
    time.after(100 * HOUR)
    plant.send(sent(1, [0, 50 * HOUR, 99 * HOUR], value=0.5))
    at = BEGIN + 50 * HOUR * SECOND
    (one,) = tag_envelope(tag, start=at - SECOND, end=at + SECOND, points=5).times.tolist()
    assert one == at
    assert raw(tag, start=at, end=at, limit=10).signal.times.tolist() == [at]


def test_making_envelopes_again_changes_nothing(plant, tag):
    plant.send(sent(1, range(90)))
    one = models.Frame.objects.select_related("source__site").get()
    monitor = plant.people["monitor"]
    assert keep_envelopes(by=monitor, frames=[one]) == 2
    before = list(models.Envelope.objects.values())
    keep_envelopes(by=monitor, frames=[one])
    assert list(models.Envelope.objects.values()) == before
    with pytest.raises(Refusal) as caught:
        keep_envelopes(by=plant.people["lims"], frames=[one])
    assert caught.value.code == "not_authorised"


def test_a_measured_parameter_is_answered_in_the_unit_of_the_table(plant, tag):
    plant.send(sent(1, range(0, 7000), value=0.25))
    plant.draw()
    (series,) = envelope(plant.record, parameter="flow", start=None, end=None, points=10)["series"]
    assert {bucket["min"] for bucket in series["buckets"]} == {"0.25"}
    assert sum(bucket["samples"] for bucket in series["buckets"]) == 7000


def arrow(client, **query):
    return client.get(
        "/api/v1/batch-records/BR-1/readings/", {"parameter": "flow", **query}, headers={"Accept": MEDIA_TYPE}
    )


def test_raw_samples_come_as_arrow_page_after_page_and_none_is_lost(plant, tag, settings):
    settings.READINGS_MAX_SAMPLES = 100
    for number in range(6):
        plant.send(sent(number, range(number * 50, number * 50 + 50), quality=192 if number else 0))
    client = machine(plant.people, "readings.view")
    times, qualities, query, pages = [], [], {}, 0
    while pages < 10:
        answer = arrow(client, **query)
        assert (answer.status_code, answer["Content-Type"]) == (200, MEDIA_TYPE)
        (column,) = decoded_arrow(answer.content, source="s", boot_id="b", sequence=1).columns
        assert len(column) <= 100
        times += column.times.tolist()
        qualities += column.quality.tolist()
        pages += 1
        if "Gatekeeper-Next-From" not in answer:
            break
        query = {"from": answer["Gatekeeper-Next-From"]}
    assert pages == 3
    assert times == [BEGIN + at * SECOND for at in range(300)]
    assert qualities == [0] * 50 + [192] * 250


def test_two_bodies_that_begin_together_come_in_one_answer_rather_than_never(plant, tag, settings):
    settings.READINGS_MAX_SAMPLES = 5
    for number in range(3):
        plant.send(sent(number, range(4), value=0.1 * number))
    plant.send(sent(9, range(10, 12)))
    client = machine(plant.people, "readings.view")
    answer = arrow(client)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 12
    assert answer["Gatekeeper-Next-From"] == "2026-03-02T09:00:10+00:00"


def test_what_is_derived_has_no_raw_samples_and_says_so_in_json(plant, tag):
    client = machine(plant.people, "readings.view")
    answer = arrow(client, parameter="wall_shear")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["code"] == "parameter_is_derived"


def test_a_frame_over_the_turn_of_a_month_lies_in_one(plant, tag, time):
    time.after(40 * 24 * HOUR)
    turn = 30 * 24 * HOUR - 9 * HOUR  # 1 April, midnight
    plant.send(frame(1, range(turn - 30, turn + 30), lambda at: 1.0))
    plant.send(sent(2, range(turn, turn + 30)))
    assert [one.frame_at.month for one in models.Segment.objects.order_by("frame_id").distinct("frame_id")] == [3, 4]
