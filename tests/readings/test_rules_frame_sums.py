"""2.2.12: the digest of what an evaluation was computed from grows with each frame, in whatever order frames come."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.readings.rules.frame_sums import together, with_frames

FRAMES = st.lists(st.binary(max_size=8).map(lambda some: hashlib.sha256(some).hexdigest()), unique=True, max_size=12)


@given(frames=FRAMES, data=st.data())
def test_the_order_and_the_parts_in_which_frames_come_do_not_matter(frames, data):
    shuffled = data.draw(st.permutations(frames))
    cut = data.draw(st.integers(0, len(frames)))
    at_once = with_frames(b"", frames)
    assert with_frames(with_frames(b"", shuffled[:cut]), shuffled[cut:]) == at_once
    assert together([with_frames(b"", shuffled[:cut]), with_frames(b"", shuffled[cut:])]) == at_once


@given(frames=FRAMES, other=FRAMES)
def test_other_frames_have_another_sum(frames, other):
    assert (with_frames(b"", frames) == with_frames(b"", other)) == (set(frames) == set(other))


def test_a_frame_that_is_counted_twice_shows():
    assert with_frames(b"", ["a", "a"]) != with_frames(b"", ["a"])


@pytest.mark.parametrize("frames", [[], ["a"], ["a", "b"]])
def test_a_sum_has_the_same_length_however_many_frames_are_in_it(frames):
    assert len(with_frames(b"", frames)) == len(together([])) == 256


def test_the_sum_is_this_one():
    """Recorded evaluations name their inputs by it: it may never become another."""
    expanded = [int.from_bytes(hashlib.shake_256(name).digest(256)) for name in (b"a", b"b")]
    assert with_frames(b"", ["a", "b"]) == (sum(expanded) % 2**2048).to_bytes(256)
