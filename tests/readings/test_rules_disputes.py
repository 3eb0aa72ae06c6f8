"""2.2.9: of several bodies under one identity none is known until it is decided which counts; where they differ."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.excursions.rules.windows import window_of
from batches.readings.rules.arrow_frames import arrow_from, decoded_arrow
from batches.readings.rules.disputes import (
    NEITHER,
    Cell,
    Decision,
    Difference,
    Dispute,
    body_from,
    differences,
    resolution_faults,
)
from batches.readings.rules.frames import Column, Frame, column_of, decoded, frame_from
from batches.readings.rules.signals import CONFLICT, DISPUTED, NOT_VOID, Signal, contradictions

A, B, C = "a" * 64, "b" * 64, "c" * 64


def decided(*decisions, others=(B,)):
    return Dispute(A, frozenset(others), tuple(Decision(frozenset(bodies), chosen) for bodies, chosen in decisions))


@pytest.mark.parametrize(
    ("dispute", "counts", "trusted", "replaced"),
    [
        (decided(), None, False, False),
        (decided(((A, B), A)), A, True, False),
        (decided(((A, B), B)), B, True, True),
        (decided(((A, B), NEITHER)), NEITHER, False, False),
        (decided(((A, B), B), ((A, B), A)), A, True, False),
        (decided(((A, B), B), others=(B, C)), None, False, False),
        (decided(((A, B), B), ((A, B, C), C), others=(B, C)), C, True, True),
    ],
    ids=["nobody decided", "stored", "other", "neither", "the last counts", "a further body reopens", "settled again"],
)
def test_what_counts(dispute, counts, trusted, replaced):
    assert (dispute.counts, dispute.is_trusted, dispute.is_replaced) == (counts, trusted, replaced)
    assert dispute.said == f"{A}: {counts or 'open'}"


@given(others=st.permutations([B, C]), bodies=st.permutations([A, B, C]), chosen=st.sampled_from([A, B, C, NEITHER]))
def test_the_order_in_which_bodies_came_does_not_matter(others, bodies, chosen):
    assert decided((bodies, chosen), others=others) == decided(((A, B, C), chosen), others=(B, C))
    assert decided((bodies, chosen), others=others).counts == chosen


@pytest.mark.parametrize(
    ("dispute", "chosen", "codes"),
    [
        (decided(others=()), A, [("not_disputed", None)]),
        (decided(), C, [("unknown_body", "chosen")]),
        (decided(), "", [("unknown_body", "chosen")]),
        (decided(((A, B), B)), B, [("resolution_unchanged", "chosen")]),
        (decided(((A, B), NEITHER)), NEITHER, [("resolution_unchanged", "chosen")]),
        (decided(), A, []),
        (decided(), NEITHER, []),
        (decided(((A, B), B)), A, []),
        (decided(((A, B), B), others=(B, C)), B, []),
    ],
)
def test_what_can_be_chosen(dispute, chosen, codes):
    assert [(one.code, one.field) for one in resolution_faults(dispute, chosen=chosen)] == codes


def of_tags(**tags):
    return frame_from("TFF01", "boot-1", 1, tags)


def test_bodies_differ_where_a_value_a_quality_or_a_whole_sample_does():
    one = of_tags(
        FI={"times": [4 * 10**15, 4 * 10**15 + 1, 4 * 10**15 + 2], "values": [1.0, None, 3.0]},
        PI={"times": [4 * 10**15 + 1], "values": [7.0], "quality": [192]},
    )
    two = of_tags(
        FI={"times": [4 * 10**15 + 1, 4 * 10**15, 4 * 10**15 + 9], "values": [None, 1.5, 3.0]},
        PI={"times": [4 * 10**15 + 1], "values": [7.0], "quality": [0]},
    )
    count, rows = differences([one, two], most=9)
    assert count == 4
    assert [(row.tag, row.at_us - 4 * 10**15) for row in rows] == [("FI", 0), ("PI", 1), ("FI", 2), ("FI", 9)]
    assert rows[0].cells == (Cell(1.0, 192), Cell(1.5, 192))
    assert rows[1].cells == (Cell(7.0, 192), Cell(7.0, 0))
    assert rows[2].cells == (Cell(3.0, 192), None)
    assert differences([one, two], most=2) == (4, rows[:2])


def test_a_tag_that_only_one_body_has_differs_at_all_its_times():
    one, two = of_tags(FI={"times": [5], "values": [1.0]}), of_tags(PI={"times": [5], "values": [1.0]})
    assert differences([one, two], most=9) == (
        2,
        [Difference("FI", 5, (Cell(1.0, 192), None)), Difference("PI", 5, (None, Cell(1.0, 192)))],
    )
    assert differences([one, one], most=9) == (0, [])


def test_a_third_body_is_compared_too():
    bodies = [of_tags(FI={"times": [5, 6], "values": [1.0, value]}) for value in (2.0, 2.0, 3.0)]
    assert differences(bodies, most=9) == (1, [Difference("FI", 6, tuple(Cell(v, 192) for v in (2.0, 2.0, 3.0)))])


TIMES = np.array([5, 6], dtype=np.int64)


@pytest.mark.parametrize(
    "frame",
    [
        of_tags(
            FI={"times": [5, 6], "values": [1.5, None], "quality": [192, 0]}, PI={"times": [5], "values": [1e-300]}
        ),
        replace(of_tags(FI={"times": [5, 6], "values": [0.1, None]}, PI={"times": [5], "values": [2]}), body=b""),
        Frame("TFF01", "boot-1", 1, (Column("FI", TIMES, np.array([0.1, np.nan]), np.array([192, 0], np.uint8)),)),
        decoded_arrow(
            arrow_from([("FI", TIMES, np.array([0.1, np.nan]), np.array([192, 0], np.uint8))]),
            source="TFF01",
            boot_id="boot-1",
            sequence=1,
        ),
    ],
    ids=["json", "columns alone", "columns with quality", "arrow"],
)
def test_a_body_that_was_kept_as_text_gives_the_same_columns_again(frame):
    again = body_from(frame.text, source="TFF01", boot_id="boot-1", sequence=1)
    assert again.sha256() == frame.sha256()


def test_a_stored_column_is_the_column_that_was_packed():
    (column,) = decoded(of_tags(FI={"times": [5], "values": [None], "quality": [7]}).body).columns
    assert column_of("FI", *column.packed).packed == column.packed
    assert column_of("FI", *replace(column, quality=None).packed).quality is None


def test_nothing_is_connected_across_a_disputed_sample_however_short_it_lasts():
    good = np.array([True, False, True])
    marks = np.array([NOT_VOID, DISPUTED, NOT_VOID], dtype=np.int8)
    signal = Signal(np.array([0, 1, 2]), np.ones(3), good, marks)
    window = window_of(signal, start=0, end=2, max_gap_s=None, hold=False)
    assert [(gap.started_us, gap.ended_us, gap.reason) for gap in window.gaps] == [(0, 2, "disputed")]


def test_contradictions_are_counted_within_a_time():
    marks = np.array([CONFLICT, CONFLICT, DISPUTED, CONFLICT], dtype=np.int8)
    signal = Signal(np.arange(4), np.ones(4), np.zeros(4, dtype=np.bool_), marks)
    assert contradictions(signal, start=1, end=3) == 2
