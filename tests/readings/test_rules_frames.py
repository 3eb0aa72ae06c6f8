"""domain.md 2.2, 9: the digest of a frame is that of its samples, however they were written."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.readings.rules.frames import (
    Bounds,
    Column,
    Frame,
    check_frames,
    check_identities,
    decoded,
    digest,
    frame_from,
    signal_from,
    unpacked,
)
from gatekeeper.core.refusal import Refusal

AT = 1_772_442_000_000_000
times = st.lists(st.integers(AT, AT + 10**9), min_size=1, max_size=20)


@st.composite
def tags(draw):
    found = {}
    for code in draw(st.lists(st.sampled_from(["FI101", "AI101", "TI101"]), min_size=1, unique=True)):
        at = draw(times)
        value = st.none() | st.floats(-1e6, 1e6)
        found[code] = {"times": at, "values": draw(st.lists(value, min_size=len(at), max_size=len(at)))}
    return found


@given(tags())
def test_the_stored_columns_give_the_digest_back(given_tags):
    frame = frame_from("TFF01", "boot", 1, given_tags)
    packed = [(column.tag, len(column), column.packed) for column in reversed(frame.columns)]
    assert digest("TFF01", "boot", 1, packed) == frame.sha256()
    for column, (_tag, count, parts) in zip(reversed(frame.columns), packed, strict=True):
        assert len(signal_from(*parts).times) == count == len(column)


@given(tags())
def test_spelling_and_order_do_not_change_the_digest(given_tags):
    frame = frame_from("TFF01", "boot", 1, given_tags)
    body = {"tags": dict(reversed(given_tags.items())), "sequence": 1, "boot_id": "boot", "source": "TFF01"}
    assert decoded(json.dumps(body, indent=2).encode()).sha256() == frame.sha256()


def test_one_sample_more_or_other_changes_the_digest():
    one = frame_from("S", "b", 1, {"T": {"times": [AT], "values": [1.0]}})
    others = [
        frame_from("S", "b", 1, {"T": {"times": [AT], "values": [1.0000001]}}),
        frame_from("S", "b", 1, {"T": {"times": [AT + 1], "values": [1.0]}}),
        frame_from("S", "b", 1, {"T": {"times": [AT], "values": [1.0], "quality": [192]}}),
        frame_from("S", "b", 1, {"U": {"times": [AT], "values": [1.0]}}),
        frame_from("S", "b", 2, {"T": {"times": [AT], "values": [1.0]}}),
    ]
    assert one.sha256() not in {other.sha256() for other in others}


def test_a_sample_without_value_keeps_its_time_and_bad_quality_is_not_good():
    frame = frame_from("S", "b", 1, {"T": {"times": [1, 2, 3], "values": [1.0, None, 3.0], "quality": [192, 192, 0]}})
    signal = signal_from(*frame.columns[0].packed)
    assert signal.good.tolist() == [True, True, False]
    assert np.isnan(signal.values).tolist() == [False, True, False]


def test_too_many_samples_are_refused():
    frame = frame_from("S", "b", 1, {"T": {"times": [AT] * 11, "values": [1.0] * 11}})
    with pytest.raises(Refusal) as caught:
        check_frames([frame], known={"T"}, bounds=Bounds(10, 9, AT))
    assert caught.value.code == "too_many_samples"


def test_a_frame_without_tags_is_refused():
    with pytest.raises(Refusal) as caught:
        check_frames([frame_from("S", "b", 1, {})], known=(), bounds=Bounds(10, 9, AT))
    assert caught.value.code == "empty_frame"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b'{"source": "S"}', b"\xff", b'{"a": NaN}', b"[" * 100_000]
)
def test_what_is_no_frame_is_refused_by_name(body):
    with pytest.raises(Refusal) as caught:
        decoded(body)
    assert caught.value.code == "frame_not_readable"


@given(st.binary(max_size=3000), st.integers(1, 3))
def test_what_was_packed_is_unpacked_in_any_number_of_members(body, members):
    assert unpacked(b"".join(gzip.compress(body) for _ in range(members)), limit=10_000) == body * members


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_cut_gzip_is_refused_at_every_length(body, data):
    packed = gzip.compress(body)
    cut = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(Refusal):
        unpacked(packed[:cut], limit=10_000)


def test_an_empty_column_counts_as_none():
    column = Column("T", *(frame_from("S", "b", 1, {"T": {"times": [], "values": []}}).columns[0].times,) * 2)
    assert len(column) == 0


@pytest.mark.parametrize("quality", [256, -1, 2**70])
def test_a_quality_that_no_source_can_mean_is_refused(quality):
    with pytest.raises(Refusal) as refused:
        frame_from("TFF01", "boot", 1, {"FI101": {"times": [AT], "values": [1.0], "quality": [quality]}})
    assert {one.code for one in refused.value.all} == {"quality_out_of_range"}


def test_a_gzip_of_very_many_empty_parts_is_refused_before_it_costs_anything():
    with pytest.raises(Refusal) as refused:
        unpacked(gzip.compress(b"") * 100_000, limit=10_000)
    assert refused.value.code == "body_not_gzip"
    assert unpacked(gzip.compress(b"x") * 64, limit=10_000) == b"x" * 64


def faults_of(check):
    with pytest.raises(Refusal) as refused:
        check()
    return {(one.code, one.field) for one in refused.value.all}


def test_a_frame_knows_how_much_it_holds_and_of_when():
    frame = frame_from(
        "S", "b", 1, {"T": {"times": [3, 1], "values": [1.0, 2.0]}, "U": {"times": [7], "values": [0.0]}}
    )
    assert (frame.samples, frame.first_us, frame.last_us) == (3, 1, 7)


def test_a_frame_that_can_be_recorded_passes():
    frame = frame_from("S", "b", 2**53 - 1, {"T": {"times": [AT], "values": [1.0]}})
    check_identities([frame])
    check_frames([frame], known={"T"}, bounds=Bounds(1, 1, AT))


def test_every_fault_of_a_frame_is_named_at_its_place():
    columns = {
        "X": {"times": [AT], "values": [1.0]},
        "T": {"times": [AT, AT + 2], "values": [1.0, 1.0]},
        "U": {"times": [], "values": []},
        "V": {"times": [AT, AT // 1000], "values": [1.0, 1.0]},
    }
    frame = frame_from("S", "b", 1, columns)
    assert faults_of(lambda: check_frames([frame], known={"T", "U", "V"}, bounds=Bounds(9, 9, AT + 1))) == {
        ("unknown_tag", "tags.X"),
        ("reading_from_the_future", "tags.T.times.1"),
        ("empty_column", "tags.U"),
        ("reading_before_2000", "tags.V.times.1"),
    }


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"source": " "}, {("blank_value", "source")}),
        ({"boot_id": "b\x00"}, {("name_too_long", "boot_id")}),
        ({"source": "s" * 41, "sequence": -1}, {("name_too_long", "source"), ("sequence_out_of_range", "sequence")}),
        ({"sequence": 2**53}, {("sequence_out_of_range", "sequence")}),
    ],
)
def test_an_identity_that_cannot_be_looked_up_is_refused(changes, faults):
    frame = Frame(**{"source": "S", "boot_id": "b", "sequence": 1, "columns": ()} | changes)
    assert faults_of(lambda: check_identities([frame])) == faults


def test_columns_and_times_that_cannot_be_read_are_named_together():
    columns = {
        "T": {"times": [AT], "values": [1.0, 2.0]},
        "U": {"times": [AT], "values": [1.0], "quality": []},
        "V": {"times": [2**64], "values": [1.0]},
    }
    assert faults_of(lambda: frame_from("S", "b", 1, columns)) == {
        ("columns_differ_in_length", "tags.T"),
        ("columns_differ_in_length", "tags.U"),
        ("time_out_of_range", "tags.V.times"),
    }


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"x") + b"rest"])
def test_what_is_no_gzip_is_refused(body):
    assert faults_of(lambda: unpacked(body, limit=10)) == {("body_not_gzip", None)}


def test_a_small_gzip_that_unpacks_to_much_is_refused():
    assert faults_of(lambda: unpacked(gzip.compress(bytes(10_000)), limit=9_999)) == {("body_too_large", None)}
    assert len(unpacked(gzip.compress(bytes(10_000)), limit=10_000)) == 10_000


def test_a_body_is_kept_as_text_json_as_it_came_and_anything_else_as_a_data_url():
    assert Frame("S", "b", 1, (), b"{}").text == "{}"
    assert Frame("S", "b", 1, (), b"\x00\x01", "application/x").text == "data:application/x;base64,AAE="
