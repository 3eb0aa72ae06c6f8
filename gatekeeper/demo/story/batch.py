"""A batch is made: phase after phase, performed by Olivia, verified by Vera; skids send readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from gatekeeper.demo.process import Fault, Frame, outcome, simulate_phase
from gatekeeper.demo.story.plasmids import Construct
from gatekeeper.demo.story.stage import SITE, Stage, say
from gatekeeper.demo.story.suite import MODULES, codes_for


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch to make, with the faults to simulate by phase."""

    number: str
    lot: str
    master: str
    vector: str
    constructs: Sequence[Construct]
    seed: int
    module: str
    flow_l_min: float
    skid_runs: Mapping[str, str]  # phase: kind of simulated skid run
    values: Mapping[str, Mapping[str, str]]  # what cannot be taken from the recipe: phase, control, value
    faults: Mapping[str, Sequence[Fault]] = field(default_factory=dict)
    hours: Mapping[str, float] = field(default_factory=dict)  # how long a phase takes; two hours by default
    feed_infectious: Decimal = Decimal("3.0E7")  # per mL, before the first phase with a skid run
    feed_physical: Decimal = Decimal("6.4E9")


@dataclass(frozen=True, slots=True)
class Made:
    """The simulated true values that quality control will measure."""

    infectious_titre: Decimal
    physical_titre: Decimal
    ph: Decimal
    osmolality: Decimal


def make(stage: Stage, batch: Batch) -> Made:
    """Issue the batch record and execute it to its review for production; return what is in the vials."""
    stage["farid"].sign(
        "batch-records/",
        {"number": batch.number, "master": batch.master, "version": 1, "lot": batch.lot, "site": SITE},
    )
    say(f"{batch.number} issued from {batch.master} 1 for lot {batch.lot}")
    recipe = stage["farid"].get(f"master-batch-records/{batch.master}/versions/1/")["content"]
    runs: list[list[Frame]] = []
    for phase in recipe["phase"]:
        stage.later(minutes=20)
        runs += perform(stage, batch, phase)
    stage["olivia"].post(f"batch-records/{batch.number}/complete/", {})
    return _made(batch, runs)


def perform(stage: Stage, batch: Batch, phase: Mapping[str, Any]) -> list[list[Frame]]:
    """Perform and verify one phase of the recipe; return the frames of its skid, when it has a skid run."""
    code, base = phase["code"], f"batch-records/{batch.number}/phases/{phase['code']}/"
    kinds = [row["kind"] for row in phase.get("equipment", [])]
    stage["olivia"].post(f"{base}start/", {"equipment": codes_for(kinds, batch.module)})
    for need in phase.get("material", []):
        lot = next(construct.lot for construct in batch.constructs if construct.role == need["role"])
        material = {"lot": lot, "quantity": need["quantity"], "unit": need["unit"]}
        stage["olivia"].post(f"{base}materials/", material)
    run = _run_skid(stage, batch, code)
    if not run:
        stage.later(hours=batch.hours.get(code, 2.0))
    for control in phase.get("control", []):
        value = batch.values.get(code, {}).get(control["code"]) or plausible(control)
        stage["olivia"].post(f"{base}results/", {"control": control["code"], "reported": value})
        if control.get("critical") or control.get("gating"):
            stage["vera"].post(f"{base}results/{control['code']}/verify/", {})
    stage["olivia"].sign(f"{base}sign/")
    stage["vera"].sign(f"{base}verify/")
    say(f"{code} {phase['title']}: performed by Olivia Tan, verified by Vera Lim")
    return [run] if run else []


def _run_skid(stage: Stage, batch: Batch, code: str) -> list[Frame]:
    """Simulate the skid run of a phase and send its readings; story time is then the end of the run."""
    kind = batch.skid_runs.get(code)
    if kind is None:
        return []
    frames = simulate_phase(
        kind,
        stage.present + timedelta(seconds=5),
        batch.seed,
        batch.faults.get(code, ()),
        vector=batch.vector,
        geometry=MODULES[batch.module],
        flow_l_min=batch.flow_l_min,
        frame_s=300,
    )
    newest = max(columns["times"][-1] for frame in frames for columns in frame.tags.values())
    stage.later(seconds=newest / 1e6 - stage.present.timestamp() + 5)
    for frame in frames:
        stage["skid-gateway"].post("readings/", frame.body())
    samples = sum(len(columns["times"]) for frame in frames for columns in frame.tags.values())
    say(f"{code} {frames[0].source} sent {samples:,} samples in {len(frames)} frames")
    return frames


def plausible(control: Mapping[str, Any]) -> str:
    """Return a value well inside a control's limits, with the digits that the limits are written with."""
    if target := control.get("target"):
        return str(target)
    low = control.get("alert_low") or control.get("action_low")
    high = control.get("alert_high") or control.get("action_high")
    if low and high:
        middle = (Decimal(low) + Decimal(high)) / 2
    elif low:
        middle = Decimal(low) * Decimal("1.03")
    elif high:
        middle = Decimal(high) / 2
    else:
        middle = Decimal("1.2")
    digits = max((-int(Decimal(text).as_tuple().exponent) for text in (low, high) if text), default=1)
    return f"{middle:.{max(int(digits), 0)}f}"


def _made(batch: Batch, runs: Sequence[Sequence[Frame]]) -> Made:
    result = outcome(
        runs,
        seed=batch.seed,
        geometry=MODULES[batch.module],
        vector=batch.vector,
        feed_infectious=batch.feed_infectious,
        feed_physical=batch.feed_physical,
    )
    return Made(
        result.infectious_titre,
        result.physical_titre,
        result.ph or Decimal("7.30"),
        result.osmolality or Decimal(320),
    )
