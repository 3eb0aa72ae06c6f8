"""Five rules on readings in memory, on one core; floor: one comparison of every sample with a limit by numpy."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.system import System

FAST_ENOUGH = 20_000_000
GOAL = Goal("five rules ≥ 20 million samples/s on one core, planted = found", FAST_ENOUGH, absolute=True)
_TAGS, _SAMPLES, _SPIKES = 10, 100_000, 10
_STEP_US = 1_000_000
_COMMON = {
    "version": 1,
    "parameter": "ph",
    "unit": "[pH]",
    "signal_type": "linear",
    "kind": "duration",
    "direction": "high",
    "max_gap_s": 10,
    "min_coverage": "0.95",
    "stuck_s": 120,
}
_RULES = {
    "instant": {"kind": "instant", "action_high": "8.0", "t_merge_s": 5},
    "duration": {"alert_high": "7.8", "action_high": "8.0", "t_on_s": 10, "t_off_s": 10, "deadband": "0.05"},
    "time": {"kind": "cumulative_time", "accumulate_above": "8.0", "action_total": 300},
    "dose": {"kind": "dose", "accumulate_above": "8.0", "action_total": 300},
    "count": {"kind": "count", "accumulate_above": "8.0", "action_total": 3, "t_on_s": 10},
}


def cases(_system: System) -> Iterator[Case]:
    """Ten tags with a hundred thousand samples each, ten spikes of a minute planted in each."""
    kernel = _Kernel()
    yield Case("rule_kernel", "samples/s", GOAL, kernel.floor, kernel.run, kernel.check, kernel.note)


class _Kernel:
    """The signals, and what the rules last said of them."""

    def __init__(self) -> None:
        from batches.excursions.rules.excursions import rule_from
        from batches.readings.rules.signals import Signal

        self._rules = [rule_from(_COMMON | {"code": code} | more) for code, more in _RULES.items()]
        rng = np.random.default_rng(5)
        times = np.arange(_SAMPLES, dtype=np.int64) * _STEP_US
        self._signals, self._planted = [], []
        for _tag in range(_TAGS):
            values = np.round(7.3 + 0.05 * rng.standard_normal(_SAMPLES), 3)
            places = (np.arange(_SPIKES) * (_SAMPLES // _SPIKES) + rng.integers(100, 9_000, _SPIKES)).tolist()
            for place in places:
                values[place : place + 60] = 8.6
            self._signals.append(Signal(times, values, np.ones(_SAMPLES, dtype=np.bool_)))
            self._planted.append(places)
        self._verdicts: list[Any] = []

    def floor(self) -> float:
        began = time.process_time()
        for _ in range(20):
            for signal in self._signals:
                (signal.values > 8.0).sum()
        return 20 * _TAGS * _SAMPLES / (time.process_time() - began)

    def run(self) -> Measurement:
        """Samples a second of processor time, each judged by all five rules."""
        from batches.excursions.rules.excursions import evaluate_all

        began = time.process_time()
        self._verdicts = [
            evaluate_all(signal, self._rules, start=0, end=(_SAMPLES - 1) * _STEP_US) for signal in self._signals
        ]
        speed = _TAGS * _SAMPLES / (time.process_time() - began)
        return Measurement(speed, score=speed)

    def check(self) -> list[str]:
        """Each rule found each spike where it was put: between the sample before it and its first, and nothing else."""
        faults = []
        for places, (instant, duration, total, dose, count) in zip(self._planted, self._verdicts, strict=True):
            for name, verdict in (("instant", instant), ("duration", duration)):
                action = [excursion for excursion in verdict.excursions if excursion.level.value == "action"]
                begun = [excursion.started_us / _STEP_US for excursion in action]
                if len(begun) != len(places) or any(
                    not place - 1 <= at <= place for place, at in zip(places, begun, strict=True)
                ):
                    faults.append(f"{name}: {len(places)} planted, found at {begun}")
            # 59 s at 8.6 and two straight lines down to 8.0, of at most a second each.
            if not 59 * len(places) <= float(total.time_above) <= 61 * len(places):
                faults.append(f"time: {total.time_above} s above")
            if not 0.6 * 59 * len(places) <= float(dose.dose) <= 0.6 * 61 * len(places):
                faults.append(f"dose: {dose.dose}")
            if count.count != len(places):
                faults.append(f"count: {count.count} of {len(places)}")
        return faults

    def note(self) -> str:
        return f"{_TAGS} tags of {_SAMPLES:,} samples, {_TAGS * _SPIKES} spikes; processor time of one process"
