"""api.md, Readings: frames that come together are what each would be alone, and every fault names its frame."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.readings.rules.arrow_frames import boot_identity, decoded_arrow_frames
from batches.readings.rules.frames import Bounds, Frame, check_frames, check_identities, decoded_frames, frame_from
from gatekeeper.core.refusal import Refusal
from tests.readings.test_rules_arrow_frames import stream
from tests.readings.test_rules_frames import AT, faults_of, tags

BOOT = {"source": "TFF01", "boot_id": "boot"}
ROWS = {"sequence": [1, 1], "tag": ["A", "A"], "time": [AT, AT + 1], "value": [1.0, 2.0]}


def alone(sequence, given_tags):
    return frame_from("TFF01", "boot", sequence, given_tags)


@st.composite
def rows_and_frames(draw):
    """The samples of several frames as rows in any order between frames and tags, and each frame alone."""
    given_frames = draw(st.dictionaries(st.integers(0, 2**40), tags(), min_size=1, max_size=4))
    places = [
        (sequence, tag) for sequence, columns in given_frames.items() for tag in columns for _ in columns[tag]["times"]
    ]
    rows = {"sequence": [], "tag": [], "time": [], "value": []}
    at = dict.fromkeys(places, 0)
    for sequence, tag in draw(st.permutations(places)):
        columns, place = given_frames[sequence][tag], at[sequence, tag]
        row = (sequence, tag, columns["times"][place], columns["values"][place])
        for column, value in zip(rows.values(), row, strict=True):
            column.append(value)
        at[sequence, tag] += 1
    return rows, given_frames


@given(rows_and_frames(), st.integers(1, 40))
def test_rows_of_several_frames_are_the_frames_that_they_would_be_alone(given_both, batch_rows):
    rows, given_frames = given_both
    most = max(batch_rows, len(rows["tag"]) // 60 + 1)
    found = decoded_arrow_frames(stream(rows, batch_rows=most), **BOOT)
    assert [(one.sequence, one.sha256()) for one in found] == [
        (sequence, alone(sequence, columns).sha256()) for sequence, columns in sorted(given_frames.items())
    ]


@given(st.dictionaries(st.integers(0, 2**40), tags(), min_size=1, max_size=4))
def test_bodies_of_several_frames_are_the_frames_that_they_would_be_alone(given_frames):
    bodies = [{**BOOT, "sequence": sequence, "tags": columns} for sequence, columns in given_frames.items()]
    found = decoded_frames(json.dumps({"frames": bodies}).encode())
    assert [one.sha256() for one in found] == [alone(*one).sha256() for one in given_frames.items()]


def test_what_one_of_several_held_is_kept_by_its_columns():
    (frame,) = decoded_arrow_frames(stream(ROWS), **BOOT)
    assert json.loads(frame.text)["tags"] == {"A": {"times": [AT, AT + 1], "values": [1.0, 2.0]}}


def test_a_stream_without_rows_holds_no_frame():
    assert decoded_arrow_frames(stream({name: [] for name in ROWS}), **BOOT) == []


@pytest.mark.parametrize(
    "rows",
    [
        {name: column for name, column in ROWS.items() if name != "sequence"},
        ROWS | {"sequence": [1, None]},
        ROWS | {"boot": ["b", "b"]},
    ],
)
def test_what_is_no_stream_of_frames_is_refused(rows):
    with pytest.raises(Refusal) as caught:
        decoded_arrow_frames(stream(rows), **BOOT)
    assert caught.value.code == "frame_not_readable"


def test_a_sequence_that_is_no_whole_number_is_refused():
    with pytest.raises(Refusal, match="sequence is double"):
        decoded_arrow_frames(stream(ROWS | {"sequence": [1.0, 2.0]}, {"sequence": pa.float64()}), **BOOT)


def test_the_boot_comes_in_headers():
    assert boot_identity("TFF01", "b\xc3\xa9") == ("TFF01", "bé")
    assert len(refusals(lambda: boot_identity(None, None))) == 2


def test_no_frame_at_all_is_refused():
    assert faults_of(lambda: check_identities([])) == {("empty_frame", "frames")}


def test_frames_of_two_sources_and_a_frame_that_comes_twice_are_named():
    frames = [Frame("A", "b", 1, ()), Frame("B", "b", 1, ()), Frame("A", "b", 2, ()), Frame("A", " ", 2**53, ())]
    assert faults_of(lambda: check_identities(frames)) == {
        ("several_sources", "frames.1.source"),
        ("frame_twice", "frames.1.sequence"),
        ("blank_value", "frames.3.boot_id"),
        ("sequence_out_of_range", "frames.3.sequence"),
    }


def test_every_fault_of_every_frame_is_named_at_its_place():
    frames = [
        alone(1, {"T": {"times": [AT, AT], "values": [1.0, 1.0]}}),
        alone(2, {}),
        alone(3, {"X": {"times": [AT], "values": [1.0]}}),
    ]
    assert faults_of(lambda: check_frames(frames, known={"T"}, bounds=Bounds(2, 2, AT))) == {
        ("too_many_frames", "frames"),
        ("too_many_samples", "tags"),
        ("empty_frame", "frames.1.tags"),
        ("unknown_tag", "frames.2.tags.X"),
    }


def test_faults_of_bodies_are_named_together():
    bodies = [
        {**BOOT, "sequence": 1, "tags": {"T": {"times": [AT], "values": [1.0], "quality": [300]}}},
        {**BOOT, "sequence": 2, "tags": {"T": {"times": [AT], "values": []}}},
    ]
    assert faults_of(lambda: decoded_frames(json.dumps({"frames": bodies}).encode())) == {
        ("quality_out_of_range", "frames.0.tags.T.quality"),
        ("columns_differ_in_length", "frames.1.tags.T"),
    }


def refusals(call):
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.all
