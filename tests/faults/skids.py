"""Skids whose gateway never gives up a frame: it sends the same bytes again until they are answered."""

import contextlib
import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.bench.plant import DATA, SECOND, Plant, body, columns, make_skid, with_token
from tests.bench.sending import Gateway

SAMPLES, STEP_US = 100, 10_000  # of each of ten tags a frame: one second at 100 Hz, 1,000 samples
_RECORDED, _REPLAYED = 201, 200
_PAUSE = 0.2  # s before a frame is sent again
# What is planted: tag, parameter, level, limit, value of the spike. Both rules act at once.
PLANTED = (("AI101", "ph", "action", 8.0, 9.0), ("OI101", "osmolality", "alert", 340.0, 360.0))
ALERT = """
[[rule]]
code = "planted-osmolality"
version = 1
parameter = "osmolality"
unit = "mosm/kg"
signal_type = "linear"
kind = "instant"
direction = "high"
alert_high = "340"
t_merge_s = "0.01"
sampling_s = "0.01"
max_gap_s = "10"
min_coverage = "0.95"
phases = ["L10"]
"""
type Key = tuple[int, str, str, int]  # phase, parameter, level, µs of the crossing


class Impatient(Gateway):
    """A gateway whose line is cut at times, before it has read the answer."""

    def cut(self, content: bytes) -> None:
        """Send a frame and go away: whether it was recorded is not known."""
        self._connection.close()
        self._connection.request("POST", "/api/v1/readings/", body=content, headers=self._headers)
        self._connection.close()

    def forget(self) -> None:
        """Give the connection up, whatever it is in the middle of."""
        self._connection.close()


@dataclass(slots=True)
class Sent:
    """What a skid has sent, and how it was answered, by the number of the frame."""

    sha256: dict[int, str] = field(default_factory=dict)
    answered: dict[int, str] = field(default_factory=dict)  # acknowledged: the digest that the service named
    took: list[float] = field(default_factory=list)  # s from the first attempt to the answer
    planted: dict[Key, float] = field(default_factory=dict)  # with the time of sending
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Skid(threading.Thread):
    """One source with its running phase: paced frames, some before their neighbour, some twice, some cut off."""

    def __init__(self, site: str, made: Plant, record: Any, seed: int, *, seconds: int, patience: float) -> None:
        super().__init__(daemon=True)
        self.source, self.phase, self.start_us = _running_phase(made, record)
        self._gateway = Impatient(site, made.token, timeout=15)
        self._chance, self._values = random.Random(seed), np.random.default_rng(seed)
        self._seconds, self._patience = seconds, patience
        self._last = {tag: 0.0 for tag, *_ in PLANTED}
        self.sent = Sent()

    def run(self) -> None:
        """Send everything, and wait for each answer; a frame that is given up is a fault."""
        due, delayed = time.monotonic(), None
        deadline = due + self._seconds + self._patience
        for number in range(1, self._seconds + 1):
            frame = (number, self._frame(number))
            due += 1.0
            time.sleep(max(0.0, due - time.monotonic()))
            if delayed is None and self._chance.random() < 0.1:
                delayed = frame  # it comes after its neighbour
                continue
            for sending in [frame] if delayed is None else [frame, delayed]:
                self._deliver(*sending, deadline)
            delayed = None
        if delayed:
            self._deliver(*delayed, deadline)

    def _deliver(self, number: int, content: bytes, deadline: float) -> None:
        began = time.monotonic()
        if self._chance.random() < 0.05:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._gateway.cut(content)
        while not self._is_answered(number, content):
            if time.monotonic() > deadline:
                self.sent.faults.append(f"{self.source}/{number} was never answered")
                return
            time.sleep(_PAUSE)
        self.sent.took.append(time.monotonic() - began)
        if self._chance.random() < 0.05:
            self._is_answered(number, content)

    def _is_answered(self, number: int, content: bytes) -> bool:
        try:
            answer = self._gateway.send(content)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            self._gateway.forget()
            self.sent.answers[type(fault).__name__] += 1
            return False
        self.sent.answers[str(answer.status)] += 1
        if answer.status in {_RECORDED, _REPLAYED}:
            named = answer.content["sha256"]
            if self.sent.answered.setdefault(number, named) != named:
                self.sent.faults.append(f"{self.source}/{number} was answered with two digests")
            return True
        if answer.status < http.client.INTERNAL_SERVER_ERROR:
            self.sent.faults.append(f"{self.source}/{number} was refused: {answer.status} {answer.content}")
            return True
        return False

    def _frame(self, number: int) -> bytes:
        from batches.readings.rules.frames import decoded

        samples = columns(self._values, self.start_us + number * SECOND, SAMPLES, STEP_US)
        for planted in PLANTED:
            self._plant(samples[planted[0]], number, planted)
        content = body(self.source, "boot", number, samples)
        self.sent.sha256[number] = decoded(content).sha256()
        return content

    def _plant(self, column: Any, number: int, planted: tuple[str, str, str, float, float]) -> None:
        (tag, parameter, level, limit, peak), (times, values) = planted, column
        if self._chance.random() < 0.4:
            # At the head of a frame the crossing lies between two frames, which come in either order.
            place = 0 if number > 1 and self._chance.random() < 0.3 else self._chance.randrange(1, 80)
            values[place : place + 10] = peak
            before = float(values[place - 1]) if place else self._last[tag]
            crossing = int(times[place]) - STEP_US + round((limit - before) / (peak - before) * STEP_US)
            self.sent.planted[(self.phase, parameter, level, crossing)] = time.time()
        self._last[tag] = float(values[-1])


def make_plant() -> Plant:
    """Enrol everybody, and issue the token of the gateway."""
    from gatekeeper.accounts.models import Site
    from gatekeeper.demo.people import enrol_everybody
    from tests.batches.making import House

    return with_token(House(enrol_everybody(), Site.objects.get(code="SG01")))


def make_records(made: Plant, count: int) -> list[Any]:
    """Import and approve the recipe and its rules, and issue one batch record for each skid."""
    from batches.actions import records
    from batches.actions.commands import IssueBatchRecord
    from gatekeeper.demo.people import credentials
    from gatekeeper.lots.actions.registration import register_material
    from tests.documents.making import approve, draft

    mei, arun, farid, site = (*(made.people[name] for name in ("mei", "arun", "farid")), made.house.site)
    register_material(by=mei, code="BENCH-DP", name="Vector", kind="drug_product", unit_code="{vial}", site=site)
    rules = draft(mei, "rule_set", (DATA / "rules.toml").read_bytes() + ALERT.encode())
    approve(arun, rules)
    master = approve(arun, draft(mei, "master", (DATA / "master.toml").read_bytes()))
    commands = [
        IssueBatchRecord(f"FAULT-{number}", master.code, master.version, f"FAULT-LOT-{number}", site.code)
        for number in range(count)
    ]
    return [records.issue(by=farid, credentials=credentials(farid), command=command) for command in commands]


def _running_phase(made: Plant, record: Any) -> tuple[str, int, int]:
    from batches.actions import execution
    from batches.actions.commands import StartPhase

    code = f"SKID-{record.number}"
    make_skid(made, code)
    phase = record.phases.get(code="L10")
    execution.start_phase(by=made.people["olivia"], phase=phase, command=StartPhase((f"UNIT-{code}",)))
    phase.refresh_from_db()
    return code, phase.pk, int(phase.started_at.timestamp() * SECOND)
