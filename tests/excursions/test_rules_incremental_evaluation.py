"""2.2.8, 2.2.9, 2.2.12: all rules of a phase, measured and derived, evaluated frame by frame equal one pass."""

import random
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.excursions.rules.excursion_rules import INTEGRALS
from batches.excursions.rules.excursions import rule_from, rules_from
from batches.excursions.rules.incremental_evaluation import evaluate_new_samples, newest_of
from batches.excursions.rules.state_codec import packed, unpacked
from batches.excursions.rules.verdicts import PhaseReadings, Sent, verdicts
from batches.readings.rules.signals import signal_of
from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal
from tests.excursions.test_rules_streaming import RULES as MEASURED

SECOND = 1_000_000
FIBRES = {"n_fibres": 13, "diameter_mm": "1.0", "length_m": "0.30"}
HALF_LIVES = [{"low_cel": "0", "high_cel": "8", "hours": "100"}, {"low_cel": "20", "high_cel": "40", "hours": "10"}]
COMMON = {
    "version": 1,
    "signal_type": "linear",
    "kind": "duration",
    "direction": "high",
    "max_gap_s": 5,
    "min_coverage": "0.95",
}
DERIVED = [
    rule_from(COMMON | {"code": code, "derived": more.get("derived", code)} | more)
    for code, more in {
        "wall_shear": {
            "parameter": "wall_shear",
            "unit": "1/s",
            "requires_geometry": True,
            "alert_high": "4000",
            "action_high": "6000",
            "t_on_s": 2,
            "t_off_s": 2,
            "deadband": "200",
            "t_merge_s": 4,
            "stuck_s": 6,
        },
        "wall_stress": {
            "parameter": "wall_stress",
            "unit": "Pa",
            "requires_geometry": True,
            "kind": "dose",
            "accumulate_above": "2",
            "action_total": "9",
        },
        "particle_shear": {
            "parameter": "particle_shear",
            "unit": "1/s",
            "requires_geometry": True,
            "kind": "dose",
            "accumulate_above": "1",
            "action_total": "99",
            "stuck_s": 4,
        },
        "pass_rate": {
            "parameter": "pass_rate",
            "unit": "1/s",
            "kind": "dose",
            "accumulate_above": "0",
            "action_total": "1",
        },
        "tmp": {"parameter": "tmp", "unit": "bar", "alert_high": "0.5", "action_high": "0.8", "stuck_s": 5},
        "pressure_drop": {
            "parameter": "pressure_drop",
            "unit": "bar",
            "signal_type": "hold",
            "kind": "cumulative_time",
            "accumulate_above": "0.5",
            "action_total": "9",
            "stuck_s": 5,
        },
        "cond25": {
            "parameter": "conductivity_25",
            "unit": "mS/cm",
            "aggregation": "mean",
            "window_s": 4,
            "action_high": "45",
        },
        "flux": {
            "parameter": "flux",
            "unit": "L/m2/h",
            "requires_geometry": True,
            "kind": "instant",
            "action_high": "300",
        },
        "salt": {
            "parameter": "salt",
            "unit": "mol/L",
            "kind": "count",
            "accumulate_above": "0.4",
            "action_total": 2,
            "salt_points": [["0", "0"], ["40", "0.45"], ["100", "1.5"]],
        },
        "potency_loss": {
            "parameter": "potency_loss",
            "unit": "1/s",
            "kind": "dose",
            "accumulate_above": "0",
            "action_total": "0.0001",
            "half_lives": HALF_LIVES,
        },
    }.items()
]
MISSING = rule_from(
    COMMON | {"code": "absent", "parameter": "osmolality", "unit": "mosm/kg", "action_high": 9} | {"phases": ["L10"]}
)
RULES = [*MEASURED, *DERIVED, MISSING]
SHIPPED = rules_from(
    tomllib.loads((Path(__file__).parents[2] / "batches/excursions/data/lv_rules.toml").read_text(encoding="utf-8"))
)
VALUES = {
    "ph": [6.4, 6.5, 6.7, 7.2, 7.21, 7.8, 7.9, 8.0, 8.3, 7.0],
    "flow": [0.1, 0.2, 0.2, 0.3, 0.5, 1.0, 9.0],
    "volume": [0.0, 1.0, 2.0],
    "feed_pressure": [0.4, 1.0, 1.6],
    "retentate_pressure": [0.2, 0.3],
    "permeate_pressure": [0.1, 0.15],
    "permeate_flow": [0.01, 0.5],
    "conductivity": [15.0, 40.0, 60.0],
    "temperature": [4.0, 20.0, 25.0, 50.0],
}
SOURCES = {"A": tuple(VALUES), "B": ("flow", "volume", "ph")}
END = 60


def readings(rows, end, start=0):
    """What a phase of two sources holds in these rows of source, parameter, time, value, quality."""
    sent = []
    for source, parameters in SOURCES.items():
        signals = {}
        for name in parameters:
            own = [row for row in rows if row[:2] == (source, name)]
            signals[name] = signal_of(*([row[place] for row in own] for place in (2, 3, 4)))
        sent.append(Sent(source, signals))
    return PhaseReadings("L10", start, end, complete=False, sent=tuple(sent), modules=(FIBRES,))


def content(results):
    return [(result.name, canonical(result.content), result.keys) for result in results]


def stream(chance):
    """Rows of all parameters over a minute: some regular, some with holes, some standing still, some never sent."""
    rows = []
    for source, parameters in SOURCES.items():
        for name in parameters:
            kind = chance.choice(["regular", "regular", "holes", "still", "never"])
            if kind == "never":
                continue
            value = chance.choice(VALUES[name])
            for at in range(-3, END):
                if kind == "holes" and chance.random() < 0.5:
                    continue
                if kind != "still" or chance.random() < 0.08:
                    value = chance.choice([*VALUES[name], float("nan")])
                rows.append((source, name, at * SECOND, value, 0 if chance.random() < 0.03 else 192))
                if chance.random() < 0.02:
                    rows.append((source, name, at * SECOND, chance.choice(VALUES[name]), 192))
    return rows


def streamed(frames, rules, chance, lateness_s):
    """Judge frame by frame, through bytes now and then, and yield what streaming says with what one pass says."""
    came, states = [], {}
    for rows in frames:
        came += rows
        if chance.random() < 0.5:
            states = {source: unpacked(packed(state)) for source, state in states.items()}
        end = newest_of(states, readings(rows, 0).sent)
        end = max(end, 1)
        try:
            states, results = evaluate_new_samples(readings(rows, end), rules, states, lateness_s=lateness_s)
        except Refusal:
            states, results = evaluate_new_samples(readings(came, end), rules, {}, lateness_s=lateness_s)
        yield states, content(results), content(verdicts(readings(came, end), rules))


def cut(rows, chance):
    frames = []
    while rows:
        size = chance.randint(1, 150)
        frames.append(rows[:size])
        rows = rows[size:]
    return frames


@given(st.integers(0, 2**32), st.sampled_from([RULES, SHIPPED]), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_streaming_through_the_state_equals_one_pass_at_every_frame(seed, rules, keep, disorder):
    chance = random.Random(seed)
    rows = stream(chance)
    again = [row for row in rows if chance.random() < 0.05]
    arriving = sorted(rows + again, key=lambda row: row[2] + chance.randint(0, disorder * SECOND))
    for _state, streamed_content, whole in streamed(cut(arriving, chance), rules, chance, Decimal(keep)):
        assert streamed_content == whole


def test_a_long_phase_carries_little_and_a_reading_too_late_is_refused():
    chance, states = random.Random(3), {}
    totals = [rule for rule in RULES if rule.kind in INTEGRALS]
    for begin in range(0, 900, 10):
        rows = [
            ("A", name, at * SECOND, chance.choice(VALUES[name][:2]) + chance.random() / 100, 192)
            for at in range(begin, begin + 10)
            for name in SOURCES["A"]
        ]
        end = newest_of(states, readings(rows, 0).sent)
        states, _verdicts = evaluate_new_samples(readings(rows, max(end, 1)), totals, states)
    assert max(len(state.tail.times) for state in states["A"].inputs.values()) <= 300
    assert len(packed(states["A"])) < 60_000
    with pytest.raises(Refusal) as refused:
        evaluate_new_samples(readings([("A", "ph", 10 * SECOND, 7.0, 192)], end), totals, states)
    assert refused.value.code == "reading_too_late"


def test_a_reading_that_is_open_may_come_again_and_a_changed_one_that_is_settled_may_not():
    rows = [("A", "ph", at * SECOND, 7.0 + at % 2 / 10, 192) for at in range(30)]
    rules = [rule for rule in MEASURED if rule.code == "instant"]
    states, _verdicts = evaluate_new_samples(readings(rows, 29 * SECOND), rules, {})
    (again,) = [row for row in rows if row[2] == states["A"].streams["instant"].settled_us]
    evaluate_new_samples(readings([again], 29 * SECOND), rules, states)
    with pytest.raises(Refusal, match="before what is settled"):
        evaluate_new_samples(readings([(*again[:3], 9.0, 192)], 29 * SECOND), rules, states)
