"""Readings over HTTP: token, validation, replay safety and evidence on; floor: one binary COPY into a plain table."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import batched
from typing import Any

import numpy as np
import psycopg

from tests.bench.plant import Columns, arrow, arrow_of_several, body, columns, make_skid, plant
from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.sending import Answer, Gateway, Parcel, send_all
from tests.bench.system import System

SAMPLES = 4_000  # of each of ten tags in a frame: 40,000
_CONNECTIONS = 2
_FRAMES_A_POST = 10  # frames of a gateway that was cut off, in one POST
_STEP_US = 10_000  # 100 Hz
_FIRST_US = 1_767_225_600_000_000  # 2026-01-01
_POSTGRES_US = 946_684_800_000_000  # 2000-01-01, where PostgreSQL begins to count
_ROW = np.dtype(
    [("columns", ">i2"), ("l1", ">i4"), ("tag", ">i4"), ("l2", ">i4"), ("at", ">i8"), ("l3", ">i4"), ("value", ">f8"),
     ("l4", ">i4"), ("quality", ">i2")]
)  # fmt: skip


def cases(system: System) -> Iterator[Case]:
    """Arrow in large and small frames, columnar JSON, what it takes on disk, the same frames again, and a chart."""
    frames = 20 if system.full else 10
    with _prepared(system) as owner:
        for name, per_tag, number, frames_a_post, as_arrow, goal in (
            ("readings_arrow", SAMPLES, frames, 1, True, Goal("ratio ≥ 2.0 (G2)", 2.0)),
            ("readings_arrow_4k", SAMPLES // 10, 10 * frames, 1, True, Goal("ratio ≥ 0.8", 0.8)),
            ("readings_arrow_4k_by_ten", SAMPLES // 10, 10 * frames, _FRAMES_A_POST, True, Goal("ratio ≥ 0.8", 0.8)),
            ("readings_json", SAMPLES, frames, 1, False, Goal("ratio ≥ 0.25 (G3)", 0.25)),
        ):
            stream = _Stream(system, owner, name.upper(), frames=number, per_tag=per_tag, as_arrow=as_arrow)
            stream.frames_a_post = frames_a_post
            yield Case(name, "samples/s", goal, stream.floor, stream.run, stream.check, stream.note)
            if as_arrow and per_tag == SAMPLES:
                size = Goal("≤ 25 bytes a sample", 25, at_least=False)
                yield Case("readings_bytes", "bytes", size, stream.row_bytes, stream.segment_bytes, stream.check)
        replay = _Replay(stream)
        goal = Goal("ratio ≤ 1.5 (G4)", 1.5, at_least=False)
        yield Case("readings_replay", "ms/frame", goal, replay.floor, replay.run, replay.check)


@contextmanager
def _prepared(system: System) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(system.urls.owner, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA bench")
        owner.execute("CREATE TABLE bench.floor (tag int4, at timestamptz, value float8, quality int2)")
        yield owner


class _Stream:
    """Frames of a skid that serves no phase, and the same samples as rows."""

    def __init__(self, system: System, owner: Any, skid: str, *, frames: int, per_tag: int, as_arrow: bool) -> None:
        made = plant(system)
        make_skid(made, skid)
        self.frames, self._skid, self._per_tag, self._as_arrow = frames, skid, per_tag, as_arrow
        self.gateways = [Gateway(system.site, made.token) for _ in range(_CONNECTIONS)]
        self.frames_a_post = 1  # frames in a POST
        self._sequence = 0
        self._sent = 0
        self._owner = owner
        rng = np.random.default_rng(7)
        self._stretches = [
            columns(rng, _FIRST_US + number * per_tag * _STEP_US, per_tag, _STEP_US) for number in range(frames)
        ]
        self._rows = _copy_bytes(self._stretches)

    def fresh(self) -> list[Parcel]:
        """Return frames that were never sent, of a time that follows, encoded before the clock starts."""
        later = self._sequence * self._per_tag * _STEP_US
        made: dict[int, Columns] = {}
        for samples in self._stretches:
            self._sequence += 1
            made[self._sequence] = {tag: (times + later, values) for tag, (times, values) in samples.items()}
        if self.frames_a_post > 1:
            return [self._several(dict(some)) for some in batched(made.items(), self.frames_a_post, strict=False)]
        return [self._parcel(sequence, samples) for sequence, samples in made.items()]

    def _parcel(self, sequence: int, samples: Columns) -> Parcel:
        if not self._as_arrow:
            return Parcel(body(self._skid, "boot", sequence, samples))
        return Parcel(arrow(samples), {**self._headers, "Gatekeeper-Sequence": str(sequence)})

    def _several(self, samples: dict[int, Columns]) -> Parcel:
        return Parcel(arrow_of_several(samples), self._headers, "frames/")

    @property
    def _headers(self) -> dict[str, str]:
        identity = {"Gatekeeper-Source": self._skid, "Gatekeeper-Boot-Id": "boot"}
        return {"Content-Type": "application/vnd.apache.arrow.stream", **identity}

    @property
    def samples(self) -> int:
        return self.frames * self._per_tag * len(self._stretches[0])

    def floor(self) -> float:
        self._owner.execute("TRUNCATE bench.floor")
        began = time.perf_counter()
        with self._owner.cursor() as cursor, cursor.copy("COPY bench.floor FROM STDIN (FORMAT BINARY)") as copy:
            for start in range(0, len(self._rows), 1 << 18):
                copy.write(self._rows[start : start + (1 << 18)])
        return self.samples / (time.perf_counter() - began)

    def run(self) -> Measurement:
        parcels = self.fresh()
        took, answers = self.send(parcels)
        self.note_sent()
        return Measurement(self.samples / took, faults=unexpected(answers, 201, "recorded"))

    def send(self, parcels: list[Parcel]) -> tuple[float, list[Answer]]:
        """Send all frames and return how long it took, with the answers."""
        began = time.perf_counter()
        answers = send_all(self.gateways, parcels)
        return time.perf_counter() - began, answers

    def note_sent(self) -> None:
        self._sent += self.samples

    def stored(self) -> tuple[int, int]:
        """How many frames and samples of this skid lie in the database."""
        query = """SELECT count(*), coalesce(sum(samples), 0), (SELECT coalesce(sum(count), 0)
                   FROM readings_segment WHERE source_id = s.id) FROM readings_frame f
                   JOIN readings_source s ON s.id = f.source_id WHERE s.code = %s GROUP BY s.id"""
        frames, announced, samples = self._owner.execute(query, [self._skid]).fetchone() or (0, 0, 0)
        return int(frames), int(samples) if announced == samples else -1

    def row_bytes(self) -> float:
        """What a sample takes as a row of a plain table without any index."""
        self.floor()
        (size,) = self._owner.execute("SELECT pg_total_relation_size('bench.floor')").fetchone() or (0,)
        return size / self.samples

    def segment_bytes(self) -> Measurement:
        """What a sample takes as stored: segments of all months with indexes and columns, and envelopes."""
        query = """SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
                           WHERE inhparent = 'readings_segment'::regclass)
                        + pg_total_relation_size('readings_envelope'),
                     (SELECT sum(count) FROM readings_segment)"""
        size, samples = self._owner.execute(query).fetchone() or (0, 1)
        return Measurement(float(size / samples), score=float(size / samples))

    def check(self) -> list[str]:
        from batches.readings.models import Frame
        from batches.readings.queries.evidence import verify_frame

        faults = []
        if self.stored()[1] != self._sent:
            faults.append(f"{self._sent} samples were sent, {self.stored()[1]} are stored")
        (rows,) = self._owner.execute("SELECT count(*) FROM bench.floor").fetchone() or (0,)
        if rows != self.samples:
            faults.append(f"the floor stored {rows} of {self.samples} rows")
        newest = Frame.objects.filter(source__code=self._skid).order_by("-id").select_related("source")[:3]
        faults += [f"frame {frame} is not as it was sent" for frame in newest if not verify_frame(frame)]
        query = """SELECT count(*) FROM readings_frame f JOIN readings_source s ON s.id = f.source_id
                   JOIN ledger.entry e ON e.tbl = 'public.readings_frame' AND e.pk = f.id::text WHERE s.code = %s"""
        (entries,) = self._owner.execute(query, [self._skid]).fetchone() or (0,)
        if entries != self.stored()[0]:
            faults.append(f"{self.stored()[0]} frames have {entries} entries of evidence")
        return faults

    def note(self) -> str:
        each = self._per_tag * len(self._stretches[0])
        posts = "" if self.frames_a_post == 1 else f", {self.frames_a_post} in a POST"
        return f"{self.frames} frames of {each:,} samples a round{posts}, {_CONNECTIONS} connections"


class _Replay:
    """The same frames sent a second time; the floor is their first time."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._bodies: list[Parcel] = []
        self._first: dict[int, Any] = {}

    def floor(self) -> float:
        self._bodies = self._stream.fresh()
        took, answers = self._stream.send(self._bodies)
        faults = unexpected(answers, 201, "recorded")
        if faults:
            raise AssertionError(faults[0])
        self._stream.note_sent()
        self._first = {place: answer.content for place, answer in enumerate(answers)}
        return took / len(self._bodies) * 1e3

    def run(self) -> Measurement:
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
        return Measurement(took / len(self._bodies) * 1e3, faults=faults)

    def check(self) -> list[str]:
        return []


def unexpected(answers: list[Answer], status: int, word: str) -> tuple[str, ...]:
    """Name every answer that is not as it should be."""
    return tuple(
        f"a frame was answered with {answer.status} {answer.content}"
        for answer in answers
        for row in answer.content.get("frames", [answer.content])
        if answer.status != status or row.get("status") != word
    )


def _copy_bytes(stretches: list[Columns]) -> bytes:
    """The stretches as PostgreSQL's binary COPY has them, made before anything is timed."""
    chunks = [b"PGCOPY\n\xff\r\n\0" + bytes(8)]
    for samples in stretches:
        for tag, (times, values) in enumerate(samples.values()):
            rows = np.empty(len(times), dtype=_ROW)
            rows["columns"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 4, 8, 8, 2
            rows["tag"], rows["at"], rows["value"], rows["quality"] = tag, times - _POSTGRES_US, values, 192
            chunks.append(rows.tobytes())
    return b"".join([*chunks, b"\xff\xff"])
