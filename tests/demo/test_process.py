"""G-3: the simulated process is healthy where nothing is planted, and each planted fault is found by its own rule."""

import json
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from batches.excursions.rules.derived import diafiltration_residual
from batches.excursions.rules.excursions import State, evaluate, evaluation_content, rules_from
from batches.excursions.rules.judging import judged_signal
from gatekeeper.demo.process import (
    MODULE_13,
    MODULE_100,
    PHASE_CODES,
    TAGS,
    Fault,
    FaultKind,
    outcome,
    signals_of,
    simulate_phase,
)
from gatekeeper.demo.process_physics import UF_DF, uf_df_course

DATA = Path(__file__).parents[2] / "batches/excursions/data"
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PHASES = sorted(PHASE_CODES)
SHEAR, SALT, PH, WARM = (Fault(kind) for kind in (FaultKind.SHEAR, FaultKind.SALT, FaultKind.PH_DRIFT, FaultKind.WARM))


@cache
def rules_of(vector, phase):
    rules = rules_from(tomllib.loads((DATA / f"{vector.lower()}_rules.toml").read_text()))
    return [rule for rule in rules if phase in rule.phases]


@cache
def phase(vector, kind, *faults, seed=7, **options):
    return simulate_phase(kind, START, seed, faults, vector=vector, **options)


def verdicts(vector, kind, frames, geometry=MODULE_100):
    signals = signals_of(frames)
    start = min(int(signal.times.min()) for signal in signals.values())
    end = max(int(signal.times.max()) for signal in signals.values())
    return {
        rule.code: evaluate(judged_signal(rule, signals, geometry), rule, start=start, end=end)
        for rule in rules_of(vector, PHASE_CODES[vector, kind])
    }


def departures(vector, kind, *faults, **options):
    frames = phase(vector, kind, *faults, **options)
    states = verdicts(vector, kind, frames, options.get("geometry", MODULE_100))
    return {code: evaluation.state for code, evaluation in states.items() if evaluation.state is not State.NORMAL}


@pytest.mark.parametrize(("vector", "kind"), PHASES)
@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_a_healthy_process_is_normal_everywhere(vector, kind, seed):
    assert rules_of(vector, PHASE_CODES[vector, kind])
    assert departures(vector, kind, seed=seed) == {}


@pytest.mark.parametrize(
    ("vector", "kind", "fault", "states"),
    [
        ("LV", "uf_df", SHEAR, {"lv-wall-shear": State.ACTION}),
        ("LV", "uf_df", PH, {"lv-ph": State.ACTION}),
        ("LV", "uf_df", WARM, {"lv-temperature-process": State.ACTION}),
        # Salt is osmotic: physics shows it to both instruments.
        ("LV", "uf_df", SALT, {"lv-salt-time": State.ACTION, "lv-osmolality": State.ACTION}),
        ("LV", "aex", SALT, {"lv-salt-time": State.ACTION}),
        ("LV", "aex", PH, {"lv-ph": State.ACTION}),
        ("LV", "aex", WARM, {"lv-temperature-process": State.ACTION}),
        ("LV", "hold", WARM, {"lv-temperature-hold": State.ACTION}),
        ("AAV", "uf_df", SHEAR, {"aav-wall-shear": State.ACTION}),
        ("AAV", "uf_df", PH, {"aav-ph": State.ACTION}),
        ("AAV", "uf_df", SALT, {"aav-low-salt": State.ALERT, "aav-osmolality": State.ACTION}),
        ("AAV", "uf_df", WARM, {"aav-temperature-process": State.ACTION}),
        ("AAV", "aex", PH, {"aav-ph-aex": State.ACTION}),
        ("AAV", "affinity", PH, {"aav-acid-time": State.ACTION}),
        ("AAV", "affinity", WARM, {"aav-temperature-process": State.ACTION}),
        ("LV", "uf_df", Fault(FaultKind.DROPOUT), {"lv-ph": State.ACTION, "lv-ph-time": State.ACTION}),
        ("LV", "uf_df", Fault(FaultKind.DROPOUT, tag="PI102"), {"lv-tmp": State.ACTION}),
        ("LV", "uf_df", Fault(FaultKind.DROPOUT, duration_s=60, tag="PI102"), {"lv-tmp": State.UNKNOWN}),
    ],
)
def test_a_fault_is_found_by_the_rule_it_was_planted_for(vector, kind, fault, states):
    assert departures(vector, kind, fault) == states


def test_the_planted_surge_is_x2_at_its_peak():
    evaluation = verdicts("LV", "uf_df", phase("LV", "uf_df", SHEAR))["lv-wall-shear"]
    assert [excursion.level.value for excursion in evaluation.excursions] == ["alert", "action"]
    alert, action = evaluation.excursions
    assert alert.started_us <= action.started_us < action.ended_us <= alert.ended_us
    assert round(float(action.peak), 2) == 13058.87
    assert 100 < action.duration_s < 125


def test_the_wrong_module_is_an_action_until_the_pump_stops():
    options = {"geometry": MODULE_13, "flow_l_min": 1.0}
    assert departures("LV", "uf_df", **options) == dict.fromkeys(
        ("lv-wall-shear", "lv-wall-shear-time", "lv-shear-dose"), State.ACTION
    )
    frames = phase("LV", "uf_df", **options)
    shear = verdicts("LV", "uf_df", frames, MODULE_13)["lv-wall-shear"]
    [action] = [evaluation for evaluation in shear.excursions if evaluation.level == "action"]
    assert 0 < shear.end_us - action.ended_us < 60_000_000


@pytest.mark.parametrize("kind", [FaultKind.DUPLICATE, FaultKind.LATE])
def test_repeated_and_late_frames_change_no_verdict(kind):
    plain, disturbed = phase("LV", "uf_df", SHEAR), phase("LV", "uf_df", SHEAR, Fault(kind))
    assert [frame.sequence for frame in plain] != [frame.sequence for frame in disturbed]
    before, after = (verdicts("LV", "uf_df", frames) for frames in (plain, disturbed))
    assert {code: evaluation_content(evaluation) for code, evaluation in before.items()} == {
        code: evaluation_content(evaluation) for code, evaluation in after.items()
    }


def test_the_same_arguments_give_the_same_frames():
    again = simulate_phase("uf_df", START, 7)
    assert [frame.body() for frame in again] == [frame.body() for frame in phase("LV", "uf_df")]
    assert simulate_phase("uf_df", START, 8)[5].body() != again[5].body()


def test_a_fault_changes_only_the_tags_it_touches():
    plain, warm = phase("LV", "uf_df"), phase("LV", "uf_df", WARM)
    changed = {code for a, b in zip(plain, warm, strict=True) for code in a.tags if a.tags[code] != b.tags[code]}
    assert changed == {"TI101", "CI101"}


def test_frames_have_the_shape_of_the_readings_endpoint():
    frames = phase("LV", "uf_df")
    body = json.loads(json.dumps(frames[0].body()))
    assert set(body) == {"source", "boot_id", "sequence", "tags"}
    assert (body["source"], body["sequence"], len(frames)) == ("TFF01", 1, 98)
    assert set(body["tags"]) == set(TAGS["TFF01"])
    for columns in body["tags"].values():
        assert len(columns["times"]) == len(columns["values"]) == len(columns["quality"])
    assert body["tags"]["FI101"]["times"][:2] == [1_793_606_400_000_000, 1_793_606_401_000_000]
    assert sum(len(frame.tags["FI101"]["times"]) for frame in frames) == 2917


def test_diafiltration_follows_k_11():
    course = uf_df_course(UF_DF["LV"], MODULE_100, feed_salt=640.0, buffer_salt=75.0)
    residual = (course["salt"][-1] - 75) / (640 - 75)
    assert residual == pytest.approx(diafiltration_residual(6), rel=0.02)
    signals = signals_of(phase("LV", "uf_df"))
    volume = signals["volume"].values
    assert volume[0] / volume[-1] == pytest.approx(10, rel=0.05)
    # From the planned retentate: permeate of the diafiltration is six volumes. The demonstration types these volumes.
    assert (round(volume[0], 1), round(volume[-1], 1)) == (5.0, 0.5)
    permeate = float(np.sum(signals["permeate_flow"].values) / 60)
    assert permeate == pytest.approx(volume[0] - volume[-1] + 6 * volume[-1], rel=0.03)


@pytest.mark.parametrize(("vector", "passes"), [("LV", 56), ("AAV", 152)])
def test_a_healthy_concentration_stays_well_below_the_passes_that_are_told(vector, passes):
    evaluation = verdicts(vector, "uf_df", phase(vector, "uf_df"))[f"{vector.lower()}-pump-passes"]
    assert round(evaluation.dose) == passes


def test_the_outcome_follows_from_what_happened():
    healthy = outcome([phase("LV", "aex"), phase("LV", "uf_df")], seed=7, geometry=MODULE_100)
    sheared = outcome([phase("LV", "aex"), phase("LV", "uf_df", SHEAR)], seed=7, geometry=MODULE_100)
    salted = outcome([phase("LV", "aex", SALT), phase("LV", "uf_df")], seed=7, geometry=MODULE_100)
    assert sheared.infectious_titre < healthy.infectious_titre
    assert salted.infectious_titre < healthy.infectious_titre
    assert sheared.physical_titre == healthy.physical_titre
    assert 280 <= healthy.osmolality <= 370
    assert 7 < healthy.ph < 7.6
    assert healthy.infectious_titre > 10**8
    assert healthy.note.startswith("Simulation")
    assert healthy == outcome([phase("LV", "aex"), phase("LV", "uf_df")], seed=7, geometry=MODULE_100)


def test_a_phase_that_a_vector_does_not_have_is_refused():
    with pytest.raises(ValueError, match="no simulated phase"):
        simulate_phase("affinity", START, 1, vector="LV")
    with pytest.raises(ValueError, match="time zone"):
        simulate_phase("uf_df", START.replace(tzinfo=None), 1)
