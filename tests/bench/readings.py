"""Readings over HTTP: token, validation, replay safety and evidence on; floor: one binary COPY into a plain table."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg

from tests.bench.plant import Columns, body, columns, make_skid, plant
from tests.bench.rounds import Case, Goal, Taken
from tests.bench.sending import Answer, Gateway, send_all
from tests.bench.system import System

SAMPLES = 4_000  # of each of ten tags in a frame: 40,000
_CONNECTIONS = 2
_FIRST_US = 1_767_225_600_000_000  # 2026-01-01
_POSTGRES_US = 946_684_800_000_000  # 2000-01-01, where PostgreSQL begins to count
_ROW = np.dtype(
    [("columns", ">i2"), ("l1", ">i4"), ("tag", ">i4"), ("l2", ">i4"), ("at", ">i8"), ("l3", ">i4"), ("value", ">f8"),
     ("l4", ">i4"), ("quality", ">i2")]
)  # fmt: skip


def cases(system: System) -> Iterator[Case]:
    """Columnar JSON, and the same frames again."""
    stream = _Stream(system, frames=20 if system.full else 10)
    try:
        goal = Goal("ratio ≥ 0.25 (G3)", 0.25)
        yield Case("readings_json", "samples/s", goal, stream.floor, stream.run, stream.check, stream.note)
        replay = _Replay(stream)
        goal = Goal("ratio ≤ 1.5 (G4)", 1.5, at_least=False)
        yield Case("readings_replay", "ms/frame", goal, replay.floor, replay.run, replay.check)
    finally:
        stream.close()


class _Stream:
    """Frames of a skid that serves no phase, and the same samples as rows."""

    def __init__(self, system: System, frames: int) -> None:
        made = plant(system)
        make_skid(made, "BENCH-INGEST")
        self.frames = frames
        self.gateways = [Gateway(system.site, made.token) for _ in range(_CONNECTIONS)]
        self._rng = np.random.default_rng(7)
        self._sequence = 0
        self._bodies: list[bytes] = []
        self._sent = 0
        self._owner = psycopg.connect(system.urls.owner, autocommit=True)
        self._owner.execute("CREATE SCHEMA bench")
        self._owner.execute("CREATE TABLE bench.floor (tag int4, at timestamptz, value float8, quality int2)")
        self._stretches = [self._stretch(number) for number in range(frames)]
        self._rows = _copy_bytes(self._stretches)

    def _stretch(self, number: int) -> Columns:
        return columns(self._rng, _FIRST_US + number * SAMPLES * 10_000, SAMPLES, 10_000)

    def fresh(self) -> list[bytes]:
        """Return frames that were never sent, encoded before the clock starts."""
        bodies = []
        for given in self._stretches:
            self._sequence += 1
            bodies.append(body("BENCH-INGEST", "boot", self._sequence, given))
        return bodies

    @property
    def samples(self) -> int:
        return self.frames * SAMPLES * len(self._stretches[0])

    def floor(self) -> float:
        self._owner.execute("TRUNCATE bench.floor")
        began = time.perf_counter()
        with self._owner.cursor() as cursor, cursor.copy("COPY bench.floor FROM STDIN (FORMAT BINARY)") as copy:
            for start in range(0, len(self._rows), 1 << 18):
                copy.write(self._rows[start : start + (1 << 18)])
        return self.samples / (time.perf_counter() - began)

    def run(self) -> Taken:
        bodies = self.fresh()
        took, answers = self.send(bodies)
        self._sent += self.samples
        return Taken(self.samples / took, faults=unexpected(answers, 201, "recorded"))

    def send(self, bodies: list[bytes]) -> tuple[float, list[Answer]]:
        """Send all frames and return how long it took, with the answers."""
        began = time.perf_counter()
        answers = send_all(self.gateways, bodies)
        return time.perf_counter() - began, answers

    def stored(self) -> tuple[int, int]:
        """How many frames and samples lie in the database."""
        query = (
            "SELECT (SELECT count(*) FROM monitoring_frame), (SELECT coalesce(sum(count), 0) FROM monitoring_segment)"
        )
        frames, samples = self._owner.execute(query).fetchone() or (0, 0)
        return int(frames), int(samples)

    def check(self) -> list[str]:
        from batches.monitoring.models import Frame
        from batches.monitoring.queries import verify_frame

        faults = []
        if self.stored()[1] != self._sent:
            faults.append(f"{self._sent} samples were sent, {self.stored()[1]} are stored")
        (rows,) = self._owner.execute("SELECT count(*) FROM bench.floor").fetchone() or (0,)
        if rows != self.samples:
            faults.append(f"the floor stored {rows} of {self.samples} rows")
        newest = Frame.objects.order_by("-id").select_related("source")[:3]
        faults += [f"frame {frame} is not as it was sent" for frame in newest if not verify_frame(frame)]
        query = "SELECT count(*) FROM ledger.entry WHERE tbl = 'public.monitoring_frame'"
        (entries,) = self._owner.execute(query).fetchone() or (0,)
        if entries != self.stored()[0]:
            faults.append(f"{self.stored()[0]} frames have {entries} entries of evidence")
        return faults

    def note(self) -> str:
        return f"{self.frames} frames of {SAMPLES * 10:,} samples a round, {_CONNECTIONS} connections"

    def close(self) -> None:
        self._owner.close()


class _Replay:
    """The same frames sent a second time; the floor is their first time."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._bodies: list[bytes] = []
        self._first: dict[int, Any] = {}

    def floor(self) -> float:
        self._bodies = self._stream.fresh()
        took, answers = self._stream.send(self._bodies)
        faults = unexpected(answers, 201, "recorded")
        if faults:
            raise AssertionError(faults[0])
        self._first = {place: answer.content for place, answer in enumerate(answers)}
        return took / len(self._bodies) * 1e3

    def run(self) -> Taken:
        if not self._bodies:
            self.floor()
        before = self._stream.stored()
        took, answers = self._stream.send(self._bodies)
        faults = unexpected(answers, 200, "replayed")
        if self._stream.stored() != before:
            faults += ("a replay changed what is stored",)
        for place, answer in enumerate(answers):
            if answer.content != self._first[place] | {"status": "replayed"}:
                faults += (f"the replay was answered with {answer.content}",)
        return Taken(took / len(self._bodies) * 1e3, faults=faults)

    def check(self) -> list[str]:
        return []


def unexpected(answers: list[Answer], status: int, word: str) -> tuple[str, ...]:
    """Name every answer that is not as it should be."""
    return tuple(
        f"a frame was answered with {answer.status} {answer.content}"
        for answer in answers
        if answer.status != status or answer.content["status"] != word
    )


def _copy_bytes(stretches: list[Columns]) -> bytes:
    """The stretches as PostgreSQL's binary COPY has them, made before anything is timed."""
    parts = [b"PGCOPY\n\xff\r\n\0" + bytes(8)]
    for given in stretches:
        for tag, (times, values) in enumerate(given.values()):
            rows = np.empty(len(times), dtype=_ROW)
            rows["columns"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 4, 8, 8, 2
            rows["tag"], rows["at"], rows["value"], rows["quality"] = tag, times - _POSTGRES_US, values, 192
            parts.append(rows.tobytes())
    return b"".join([*parts, b"\xff\xff"])
