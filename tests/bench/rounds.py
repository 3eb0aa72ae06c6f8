"""Rounds in which floor and case take turns, and the verdict on them. Pure: it knows nothing of what is measured."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

NOISE = 2.0  # a floor that varied more than this within a run says more of the machine than of the case
CROWDED = 1.3  # wall time over processor time of a plain loop: others use the machine


@dataclass(frozen=True, slots=True)
class Goal:
    """What the score has to reach; ``text`` is how people read it.

    An ``absolute`` one is stated in milliseconds, not against the floor: a crowded machine forbids its judgement.
    """

    text: str
    bound: float
    at_least: bool = True
    absolute: bool = False

    def reached(self, score: float) -> bool:
        return score >= self.bound if self.at_least else score <= self.bound

    def worse(self, first: float, second: float) -> float:
        return min(first, second) if self.at_least else max(first, second)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value; the goal is about the score, by default value / floor. ``faults`` are wrong answers."""

    value: float
    score: float | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A thing to measure against its floor. ``check`` names everything that is wrong after all rounds."""

    name: str
    unit: str
    goal: Goal | None
    floor: Callable[[], float]
    run: Callable[[], Measurement]
    check: Callable[[], list[str]]
    note: Callable[[], str] = str


@dataclass(slots=True)
class Result:
    """What the rounds of a case gave."""

    name: str
    unit: str
    goal: Goal | None
    floors: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    crowding: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        return [value / floor for value, floor in zip(self.values, self.floors, strict=True)]

    @property
    def is_crowded(self) -> bool:
        """Whether others used the processors meanwhile."""
        return bool(self.crowding) and median(self.crowding) > CROWDED

    @property
    def verdict(self) -> str:
        """``fail`` for a wrong answer however fast; ``noisy`` where the machine forbids a judgement."""
        if self.faults:
            return "fail"
        if self.goal is None:
            return "no_goal"
        if is_noisy(self.floors) or (self.goal.absolute and self.is_crowded):
            return "noisy"
        return "pass" if self.goal.reached(worse_half(self.scores, self.goal)) else "fail"

    def content(self) -> dict[str, object]:
        """What .bench/latest.json says of this case."""
        return {
            "ratio": _rounded(self.ratios),
            "floor": _rounded(self.floors),
            "value": _rounded(self.values),
            "goal": self.goal.text if self.goal else None,
            "verdict": self.verdict,
            "correct": not self.faults,
        }


def crowding() -> float:
    """How much longer a plain loop takes than the processor works on it: 1 on a machine of our own."""
    began, worked = time.perf_counter(), time.process_time()
    while time.process_time() - worked < 0.05:
        sum(range(1000))
    return (time.perf_counter() - began) / (time.process_time() - worked)


def measure(case: Case, rounds: int, say: Callable[[str], None] = lambda _sentence: None) -> Result:
    """Measure a case: one round to warm up that does not count, then rounds in which the order alternates."""
    result = Result(case.name, case.unit, case.goal)
    for number in range(rounds + 1):
        if number % 2:
            floor, measurement = case.floor(), case.run()
        else:
            measurement, floor = case.run(), case.floor()
        result.faults += measurement.faults
        if number == 0:
            continue
        result.crowding.append(crowding())
        result.floors.append(floor)
        result.values.append(measurement.value)
        result.scores.append(measurement.value / floor if measurement.score is None else measurement.score)
        say(f"{case.name} {number}/{rounds}: {measurement.value:.4g} {case.unit}, floor {floor:.4g}")
    result.faults += case.check()
    result.note = case.note()
    return result


def is_noisy(floors: Sequence[float]) -> bool:
    """Whether the floor varied so much that nothing can be judged."""
    return min(floors) <= 0 or max(floors) / min(floors) > NOISE


def worse_half(scores: Sequence[float], goal: Goal) -> float:
    """The worse of the medians of the first and the second half of the rounds; the middle one counts in both."""
    half = (len(scores) + 1) // 2
    return goal.worse(median(scores[:half]), median(scores[-half:]))


def _rounded(numbers: Sequence[float]) -> float | None:
    return float(f"{median(numbers):.4g}") if numbers else None
