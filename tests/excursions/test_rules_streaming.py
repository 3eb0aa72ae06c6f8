"""2.2.8, 2.2.9, 2.2.12: arrival cannot show in a verdict, nor can a streaming state: no order, cut, copy or retry."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.excursions.rules.excursions import concluded, evaluate, evaluate_all, evaluation_content, rule_from
from batches.excursions.rules.streaming_state import Stream, initial_state
from batches.readings.rules.signals import joined_signal, signal_of
from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal

SECOND = 1_000_000
END = 90
RULES = [
    rule_from(
        {
            "code": code,
            "version": 1,
            "parameter": "ph",
            "unit": "[pH]",
            "signal_type": "linear",
            "kind": "duration",
            "direction": "both",
            "max_gap_s": 5,
            "min_coverage": "0.95",
        }
        | more
    )
    for code, more in {
        "duration": {
            "alert_low": "6.8",
            "alert_high": "7.8",
            "action_low": "6.5",
            "action_high": "8.0",
            "t_on_s": 2,
            "t_off_s": 2,
            "t_merge_s": 3,
            "deadband": "0.1",
            "stuck_s": 8,
        },
        "instant": {"kind": "instant", "action_high": "8.0", "sensor_low": "6.45"},
        "time": {"kind": "cumulative_time", "accumulate_below": "6.5", "accumulate_above": "8.0", "action_total": 5},
        "dose": {"kind": "dose", "accumulate_above": "7.0", "alert_total": "0.1", "action_total": "4", "stuck_s": 8},
        "bounded": {
            "kind": "dose",
            "accumulate_above": "7.0",
            "action_high": "8.1",
            "action_total": "4",
            "gap_mode": "worst_case",
        },
        "count": {"kind": "count", "accumulate_above": "7.8", "action_total": 2, "t_on_s": 1, "t_merge_s": 2},
        "hold": {"signal_type": "hold", "kind": "instant", "action_low": "6.5", "action_high": "8.0", "t_off_s": 3},
        "hold-time": {"signal_type": "hold", "kind": "cumulative_time", "accumulate_above": "7.2", "action_total": 9},
        "events": {
            "signal_type": "event",
            "kind": "count",
            "accumulate_above": "7.2",
            "action_total": 3,
            "max_gap_s": None,
        },
        "event": {"signal_type": "event", "kind": "instant", "action_high": "8.0", "t_merge_s": 9},
        "rate": {
            "kind": "rate",
            "aggregation": "slope",
            "window_s": 4,
            "unit": "[pH]/min",
            "action_high": 3,
            "stuck_s": 8,
        },
        "mean": {"aggregation": "mean", "window_s": 3, "alert_high": "7.5", "t_on_s": 1, "deadband": "0.1"},
        "largest": {"kind": "dose", "aggregation": "max", "window_s": 6, "accumulate_above": "7.5", "action_total": 9},
        "smallest": {
            "kind": "count",
            "aggregation": "min",
            "window_s": 2,
            "accumulate_below": "6.9",
            "action_total": 1,
        },
        "coverage": {"kind": "coverage", "stuck_s": 8},
    }.items()
]
values = st.sampled_from([6.4, 6.5, 6.7, 7.2, 7.21, 7.8, 7.9, 8.0, 8.3, 8.3, 7.0, 7.1, float("nan")])
rows = st.lists(
    st.tuples(st.integers(-4 * SECOND, END * SECOND), values, st.sampled_from([192, 192, 192, 192, 192, 0])),
    max_size=70,
)
regular = st.lists(values, max_size=END).map(lambda column: [(at * SECOND, v, 192) for at, v in enumerate(column)])
samples = rows | regular | st.tuples(regular, rows).map(lambda both: both[0] + both[1])


def frame(rows):
    return signal_of([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def content(evaluation):
    return canonical(evaluation_content(evaluation))


def continued(signal, rule, state, *, end):
    """What a state with further samples says of everything up to the end."""
    return concluded(Stream(signal, rule, state).whole(end=end), rule, complete=True)


def in_one_pass(rows, rule):
    return content(evaluate(frame(rows), rule, start=0, end=END * SECOND))


@given(samples, st.sampled_from(RULES), st.randoms(use_true_random=False), st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_no_order_split_copy_or_retry_of_the_same_samples_changes_a_byte(given_rows, rule, chance, parts):
    shuffled = given_rows + [row for row in given_rows if chance.random() < 0.4]
    chance.shuffle(shuffled)
    frames = [frame(shuffled[part::parts]) for part in range(parts)]
    retried = joined_signal(frames + frames[:2])
    assert content(evaluate(retried, rule, start=0, end=END * SECOND)) == in_one_pass(given_rows, rule)


def streamed(frames, rule, *, lateness_s=Decimal(0)):
    """Judge a stream frame by frame; a sample before what is settled makes everything be read again."""
    state, came = initial_state(0), []
    for rows in frames:
        came += rows
        try:
            state = Stream(frame(rows), rule, state).advanced(lateness_s=lateness_s)
        except Refusal:
            state = Stream(frame(came), rule, initial_state(0)).advanced(lateness_s=lateness_s)
    return state


def cut(rows, chance):
    frames = []
    while rows:
        size = chance.randint(1, 25)
        frames.append(rows[:size])
        rows = rows[size:]
    return frames


@given(samples, st.sampled_from(RULES), st.randoms(use_true_random=False), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_streaming_with_a_state_equals_one_pass_over_everything(given_rows, rule, chance, keep, disorder):
    arriving = sorted(given_rows, key=lambda row: row[0] + chance.randint(0, disorder * SECOND))
    state = streamed(cut(arriving, chance), rule, lateness_s=Decimal(keep))
    last = continued(frame([]), rule, state, end=END * SECOND)
    assert content(last) == in_one_pass(given_rows, rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_long_stream_has_a_small_state(rule):
    chance = random.Random(7)
    given_rows = [
        (at * SECOND // 2, 7.2 + chance.choice([0, 0.1, 0.2]) + (0.9 if at % 150 > 140 else 0), 192)
        for at in range(2 * 900)
    ]
    state = streamed(cut(given_rows, chance), rule)
    assert state.settled_us > 850 * SECOND
    assert len(state.tail.times) + len(state.context.times) < 120
    whole = evaluate(frame(given_rows), rule, start=0, end=900 * SECOND)
    assert content(continued(frame([]), rule, state, end=900 * SECOND)) == content(whole)


def test_a_sample_before_what_is_settled_asks_for_one_pass_and_the_same_sample_again_does_not():
    steady = [(at * SECOND, 7.2 + at % 2 / 10, 192) for at in range(30)]
    state = Stream(frame(steady), RULES[0], initial_state(0)).advanced()
    settled = next(row for row in steady if row[0] == state.settled_us)
    assert Stream(frame([settled]), RULES[0], state).advanced().settled_us == state.settled_us
    for late in ((settled[0], 9.9, 192), (settled[0], settled[1], 0), (settled[0] - 1, 7.2, 192)):
        with pytest.raises(Refusal) as refused:
            continued(frame([late]), RULES[0], state, end=END * SECOND)
        assert refused.value.code == "reading_too_late"


def test_nothing_new_changes_nothing_and_what_came_before_the_step_waits_for_it():
    state = initial_state(0)
    assert Stream(frame([]), RULES[0], state).advanced() is state
    early = Stream(frame([(-SECOND, 9.0, 192)]), RULES[6], state).advanced()
    assert (early.settled_us, len(early.tail.times)) == (None, 1)
    held = continued(frame([]), RULES[6], early, end=3 * SECOND)
    assert held.excursions[0].started_us == 0


def test_a_step_that_ended_before_what_is_settled_is_read_again():
    state = Stream(
        frame([(at * SECOND, 7.2 + at % 2 / 10, 192) for at in range(30)]), RULES[0], initial_state(0)
    ).advanced()
    with pytest.raises(Refusal) as refused:
        continued(frame([]), RULES[0], state, end=5 * SECOND)
    assert refused.value.code == "window_ends_before_start"


def test_rules_that_share_a_signal_say_what_each_would_say_alone():
    chance = random.Random(1)
    signal = frame([(at * SECOND, 7.2 + chance.random(), 192) for at in range(END)])
    together = evaluate_all(signal, RULES, start=0, end=END * SECOND)
    assert [content(row) for row in together] == [
        content(evaluate(signal, rule, start=0, end=END * SECOND)) for rule in RULES
    ]
