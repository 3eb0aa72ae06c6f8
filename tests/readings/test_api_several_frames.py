"""api.md, Readings, and domain.md 2.2, 9 to 11: several frames in one POST are what each would be alone."""

import pytest

from batches.readings import models
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.arrow_frames import MEDIA_TYPE
from gatekeeper.jobs.models import Job
from tests.excursions.making import SECOND
from tests.readings.test_api_frames import BEGIN, body, gateway
from tests.readings.test_rules_arrow_frames import stream

__all__ = ["gateway"]

URL = "/api/v1/readings/frames/"
BOOT = {"Gatekeeper-Source": "TFF01", "Gatekeeper-Boot-Id": "boot-1"}
# Three frames, their rows mixed: 1 and 3 have a tag, 2 has two.
ROWS = {
    "sequence": [3, 1, 2, 2, 1],
    "tag": ["FI101", "FI101", "AI101", "FI101", "FI101"],
    "time": [BEGIN + at * SECOND for at in (9, 0, 5, 5, 1)],
    "value": [0.2, 0.2, 1.5, None, 0.3],
}


@pytest.fixture
def several(gateway):
    """Sends several frames as the skid gateway, with its token."""
    return lambda content, kind="application/json", **headers: gateway(content, kind, url=URL, **headers)


def frames(*numbers):
    return {"frames": [body(number) for number in numbers]}


def states(answer):
    return [(one["frame"], one["status"]) for one in answer.json()["frames"]]


def test_each_is_recorded_with_its_own_evidence_and_one_message_has_them_judged(several):
    answer = several(frames(1, 2, 3))
    assert answer.status_code == 201
    assert states(answer) == [(f"TFF01/boot-1/{number}", "recorded") for number in (1, 2, 3)]
    rows = models.Frame.objects.order_by("sequence")
    assert all(verify_frame(row) for row in rows)
    assert [one["sha256"] for one in answer.json()["frames"]] == [row.sha256 for row in rows]
    (job,) = Job.objects.filter(kind="readings_recorded")
    assert job.payload == {"frames": [row.pk for row in rows]}


def test_what_was_recorded_before_is_a_replay_and_the_rest_is_recorded(several, gateway):
    assert gateway(body(2)).status_code == 201
    answer = several(frames(1, 2))
    assert (answer.status_code, states(answer)) == (
        201,
        [("TFF01/boot-1/1", "recorded"), ("TFF01/boot-1/2", "replayed")],
    )
    answer = several(frames(1, 2))
    assert (answer.status_code, {state for _frame, state in states(answer)}) == (200, {"replayed"})
    assert (models.Frame.objects.count(), Job.objects.filter(kind="readings_recorded").count()) == (2, 2)


def test_another_body_under_an_identity_is_kept_and_the_others_are_recorded(several, gateway):
    gateway(body(2, FI101={"times": [BEGIN], "values": [9.0]}))
    answer = several(frames(1, 2, 3))
    assert (answer.status_code, answer.json()["code"]) == (409, "frame_conflict")
    assert [one["pointer"] for one in answer.json().get("errors", [{"pointer": "#/frames/1/sequence"}])] == [
        "#/frames/1/sequence"
    ]
    assert models.Frame.objects.count() == 3
    conflict = models.FrameConflict.objects.get()
    assert (conflict.frame.sequence, '"FI101"' in conflict.body) == (2, True)


def test_a_fault_in_one_of_them_names_it_and_records_none(several):
    answer = several({"frames": [body(1), body(2, XX999={"times": [BEGIN], "values": [1.0]})]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_tag")
    answer = several({"frames": [body(1), body(2, FI101={"times": [BEGIN], "values": []})]})
    assert (answer.status_code, answer.json()["code"]) == (422, "columns_differ_in_length")
    assert models.Frame.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"frames": []}, "empty_frame"),
        ({"frames": [body(1), body(1)]}, "frame_twice"),
        ({"frames": [body(1), body(2) | {"source": "TFF02"}]}, "several_sources"),
        ({"frames": [body(number) for number in range(101)]}, "too_many_frames"),
        (body(1), "frame_not_readable"),
    ],
)
def test_what_cannot_come_together_is_refused(several, content, code):
    answer = several(content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert models.Frame.objects.count() == 0


def test_the_samples_of_all_count_towards_the_bound(several, settings):
    settings.READINGS_MAX_SAMPLES = 5
    answer = several(frames(1, 2, 3))
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_samples")


def test_an_arrow_stream_of_several_frames_is_the_same_frames(several, gateway):
    answer = several(stream(ROWS), MEDIA_TYPE, **BOOT)
    assert answer.status_code == 201
    assert [one["samples"] for one in answer.json()["frames"]] == [2, 2, 1]
    assert all(verify_frame(row) for row in models.Frame.objects.all())
    alone = {
        "FI101": {"times": [BEGIN + 5 * SECOND], "values": [None]},
        "AI101": {"times": [BEGIN + 5 * SECOND], "values": [1.5]},
    }
    assert gateway(body(2, **alone)).json()["status"] == "replayed"
    assert (several(stream(ROWS), MEDIA_TYPE, **BOOT).status_code, models.Frame.objects.count()) == (200, 3)


def test_an_arrow_stream_of_several_frames_that_is_not_one_is_refused(several):
    assert several(stream(ROWS), MEDIA_TYPE).json()["code"] == "frame_not_readable"
    without = {name: column for name, column in ROWS.items() if name != "sequence"}
    for wrong in (without, ROWS | {"sequence": [3, 1, None, 2, 1]}, ROWS | {"sequence": [-1, 1, 2, 2, 1]}):
        assert several(stream(wrong), MEDIA_TYPE, **BOOT).status_code == 422
    assert several(stream({name: [] for name in ROWS}), MEDIA_TYPE, **BOOT).json()["code"] == "empty_frame"
    assert models.Frame.objects.count() == 0


def test_frames_of_two_months_lie_in_two_months(several):
    february = BEGIN - 3 * 86_400 * SECOND
    other = body(2, FI101={"times": [february], "values": [0.2]})
    assert several({"frames": [body(1), other]}).status_code == 201
    assert {at.month for at in models.Segment.objects.values_list("frame_at", flat=True)} == {2, 3}
    assert all(verify_frame(row) for row in models.Frame.objects.all())
