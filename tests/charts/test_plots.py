"""screens.md: an excursion is a picture; no peak is lost in it and nothing is drawn across a gap."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batches.readings.rules.envelopes import SignalSeries
from batches.readings.rules.signals import signal_of
from gatekeeper.charts.plots import Hatched, Level, Part, Plot, Strip, chart, nice_ticks

SECOND = 1_000_000
BEGIN = 1_772_442_000 * SECOND  # 2026-03-02 09:00 UTC


def plot(count=100, values=None, **more):
    times = [BEGIN + at * SECOND for at in range(count)]
    signal = signal_of(times, values or [5.0 + at % 3 for at in range(count)])
    options = {"start_us": BEGIN, "end_us": BEGIN + (count - 1) * SECOND, **more}
    return Plot(id="p", summary="pH over time", unit="pH", series=SignalSeries(signal), **options)


def test_a_picture_has_at_most_six_hundred_points():
    placed = chart(plot(5000), zone="UTC")
    assert sum(len(trace["points"].split()) for trace in placed.traces) <= 600


def test_nothing_is_drawn_across_a_gap():
    gap = Hatched(BEGIN + 40 * SECOND, BEGIN + 60 * SECOND, "unknown")
    placed = chart(plot(hatched=(gap,)), zone="UTC")
    assert len(placed.traces) == 2
    assert placed.gaps[0]["label"] == "unknown"
    assert placed.gaps[0]["width"] == pytest.approx(884 * 20 / 99, abs=0.2)


def test_the_part_outside_is_filled_between_limit_and_trace_only():
    values = [5.0] * 40 + [9.0] * 20 + [5.0] * 40
    part = Part(BEGIN + 39 * SECOND, BEGIN + 60 * SECOND, 8.0, high=True, state="action")
    placed = chart(plot(values=values, levels=(Level(8.0, "action", "Action 8"),), outside=(part,)), zone="UTC")
    (filled,) = placed.outside
    heights = {float(pair.split(",")[1]) for pair in filled["points"].split()}
    assert max(heights) == placed.lines[0]["y"]
    assert len(heights) == 2


def test_a_gap_that_has_no_room_for_its_word_is_hatched_without_one():
    gap = Hatched(BEGIN + 40 * SECOND, BEGIN + 41 * SECOND, "unknown")
    assert chart(plot(hatched=(gap,)), zone="UTC").gaps[0]["label"] == ""


def test_readings_of_a_special_clock_are_told_over_the_picture_each_kind_on_its_line_and_once():
    strips = (
        Strip(BEGIN, BEGIN + 10 * SECOND, "corrected", "times corrected"),
        Strip(BEGIN + 20 * SECOND, BEGIN + 30 * SECOND, "corrected", "times corrected"),
        Strip(BEGIN + 90 * SECOND, BEGIN + 90 * SECOND, "held", "in quarantine"),
        Strip(BEGIN - 90 * SECOND, BEGIN - 80 * SECOND, "held", "in quarantine"),
    )
    placed = chart(plot(levels=(Level(8.0, "action", "Action 8"),), strips=strips), zone="UTC")
    assert [(strip["kind"], strip["label"], strip["anchor"]) for strip in placed.strips] == [
        ("corrected", "times corrected", "start"), ("corrected", "", "start"), ("held", "in quarantine", "end"),
    ]  # fmt: skip
    assert placed.strips[0]["y"] < placed.strips[2]["y"] < placed.lines[0]["y"]
    assert placed.strips[2]["width"] > 0


def test_a_limit_that_two_rules_share_has_one_word():
    level = Level(8.0, "action", "Action 8")
    assert len(chart(plot(levels=(level, level)), zone="UTC").lines) == 1


def test_times_are_those_of_the_site():
    placed = chart(plot(3600), zone="Asia/Singapore")
    assert placed.ticks_x[0]["text"] == "17:00"


def test_a_picture_without_samples_is_still_one():
    empty = Plot(
        "p", "none", "", SignalSeries(signal_of([], [])), BEGIN, BEGIN + SECOND, columns=("Time", "a", "b", "c")
    )
    placed = chart(empty, zone="UTC")
    assert (placed.traces, placed.rows) == ([], [])


def test_the_table_says_the_same_as_the_picture():
    placed = chart(plot(90, columns=("Time", "Smallest", "Largest", "Mean")), zone="UTC")
    assert len(placed.rows) == 30
    assert placed.rows[0] == ("2026-03-02 09:00:00", "5", "7", "6")


@example(0.0, 5e-324)
@example(1e9, 1e-9)
@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_are_round_and_enclose_what_is_shown(low, span):
    ticks = nice_ticks(low, low + span)
    assert len(ticks) >= 2
    eye = 1e-6 * (ticks[-1] - ticks[0])  # a millionth of the picture's height cannot be seen
    assert ticks[0] <= low + eye
    assert ticks[-1] >= low + span - eye
    assert len(ticks) <= 12
