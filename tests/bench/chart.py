"""A chart of one tag over 72 h at 1 Hz from stored minutes, checked against every sample; floor: the samples read."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.bench.plant import SECOND, TAGS, body, make_skid, plant
from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.sending import Gateway, Parcel, send_all
from tests.bench.system import System

_HOURS = 72
_FRAME_S = 300
_POINTS = 600
_FIRST_US = 1_767_225_600_000_000  # 2026-01-01
_PATIENCE = 300  # s, until the detection worker has looked at every frame


def cases(system: System) -> Iterator[Case]:
    """Read 600 points of three days."""
    chart = _Chart(system)
    goal = Goal("< 100 ms", 100, at_least=False, absolute=True)
    yield Case("chart_72h", "ms", goal, chart.floor, chart.run, chart.check, chart.note)


class _Chart:
    """Three days of one tag in frames of five minutes, sent through the door, with their envelopes."""

    def __init__(self, system: System) -> None:
        from batches.readings.models import Tag

        made = plant(system)
        make_skid(made, "BENCH-CHART")
        gateways = [Gateway(system.site, made.token) for _ in range(2)]
        rng, tag = np.random.default_rng(3), TAGS[0]
        parcels = []
        for number in range(_HOURS * 3600 // _FRAME_S):
            times = _FIRST_US + (number * _FRAME_S + np.arange(_FRAME_S, dtype=np.int64)) * SECOND
            values = np.round(tag[3] * (1 + 0.1 * rng.standard_normal(_FRAME_S)), 4)
            parcels.append(Parcel(body("BENCH-CHART", "boot", number, {tag[0]: (times, values)})))
        answers = send_all(gateways, parcels)
        if any(answer.status != 201 for answer in answers):
            raise AssertionError("a frame of the chart was not recorded")
        self._tag = Tag.objects.select_related("source").get(source__code="BENCH-CHART", code=tag[0])
        self._span = {"start": _FIRST_US, "end": _FIRST_US + _HOURS * 3600 * SECOND - 1}
        self._wait()

    def _wait(self) -> None:
        from gatekeeper.jobs.models import Job

        deadline = time.monotonic() + _PATIENCE
        while Job.objects.filter(kind__startswith="readings_", done_at=None).exists():
            if time.monotonic() > deadline:
                raise AssertionError("the detection worker did not catch up")
            time.sleep(0.2)

    def floor(self) -> float:
        """Read and bucket every sample, ms."""
        began = time.perf_counter()
        self._counted = self._from_samples()
        return (time.perf_counter() - began) * 1e3

    def _from_samples(self) -> Any:
        from batches.readings.queries.segments import trusted
        from batches.readings.rules.envelopes import envelope_of

        signal = trusted([self._tag], {self._tag.pk: [tuple(self._span.values())]})[self._tag.pk]
        return envelope_of(signal, **self._span, points=_POINTS)

    def run(self) -> Measurement:
        from batches.readings.queries.segments import tag_envelope

        began = time.perf_counter()
        self._envelope = tag_envelope(self._tag, **self._span, points=_POINTS)
        took = (time.perf_counter() - began) * 1e3
        return Measurement(took, score=took)

    def check(self) -> list[str]:
        names = ("times", "low", "high", "mean", "count")
        counted = self._from_samples()
        faults = [
            f"{name} of the buckets is not that of the samples"
            for name in names
            if not np.array_equal(getattr(self._envelope, name), getattr(counted, name))
        ]
        if int(self._envelope.count.sum()) != _HOURS * 3600:
            faults.append(f"{int(self._envelope.count.sum())} of {_HOURS * 3600} samples are in the chart")
        return faults

    def note(self) -> str:
        return f"{_HOURS} h at 1 Hz as {len(self._envelope.times)} points, equal to the last bit"
