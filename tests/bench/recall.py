"""Recall on a seeded million lots: who is in the family of a lot, both ways. Floor: the same walk by raw SQL."""

import random
import time
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.seeding import SEED, seed_family
from tests.bench.system import System

GOAL = Goal("time ≤ 2 µs × rows + 1 ms (G9)", 1.0, at_least=False, absolute=True)
_PER_ROW, _PER_CALL = 2e-6, 1e-3  # s, G9
_FLOOR = {
    "backward": "WITH RECURSIVE k(lot) AS (SELECT %s::bigint UNION SELECT u.parent_id FROM lots_use u "
    "JOIN k ON u.child_id = k.lot) SELECT lot FROM k",
    "forward": "WITH RECURSIVE k(lot) AS (SELECT %s::bigint UNION SELECT u.child_id FROM lots_use u "
    "JOIN k ON u.parent_id = k.lot) SELECT lot FROM k",
}


def cases(system: System) -> Iterator[Case]:
    """Forward from plasmid lots, backward from doses, and the whole answer with lots and edges."""
    from tests.running import pointed_at

    urls = system.database("bench_recall")
    with pointed_at(urls):
        found_system()
        levels = seed_family(urls.admin)
        draw = random.Random(SEED)
        with psycopg.connect(urls.app, autocommit=True) as raw:
            edges = _Edges(raw)
            for direction, kind in (("forward", "plasmid"), ("backward", "cell_product")):
                level = levels[kind]
                starts = [level.base + 1 + draw.randrange(level.count) for _ in range(40)]
                yield _Recall(raw, edges, direction, starts).case()
            yield _whole_family(raw, edges, starts=[levels["plasmid"].base + 1 + n for n in range(3)])


def found_system() -> None:
    from gatekeeper.accounts.actions.founding import found
    from gatekeeper.accounts.actor import SYSTEM
    from gatekeeper.demo.people import ADMINISTRATORS, SITES

    names = [{"username": row.username, "full_name": row.full_name} for row in ADMINISTRATORS]
    secret = "measured-and-forgotten-2026"
    found(by=SYSTEM, site=SITES[0], administrators=tuple({**row, "initial_password": secret} for row in names))


class _Edges:
    """Every edge in memory, sorted both ways, for the walk in Python that the answers are compared with."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        with raw.cursor() as cursor, cursor.copy("COPY lots_use (parent_id, child_id) TO STDOUT") as copy:
            text = b"".join(bytes(part) for part in copy)
        pairs = np.array(text.split(), dtype=np.int64).reshape(-1, 2)
        self.count = len(pairs)
        self._by = {
            "forward": self._sorted(pairs[:, 0], pairs[:, 1]),
            "backward": self._sorted(pairs[:, 1], pairs[:, 0]),
        }

    @staticmethod
    def _sorted(near: npt.NDArray[np.int64], far: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        order = np.argsort(near, kind="stable")
        return near[order], far[order]

    def walk(self, start: int, direction: str) -> set[int]:
        """Breadth first, one lot after the other."""
        near, far = self._by[direction]
        kin, ready = {start}, [start]
        while ready:
            lot = ready.pop(0)
            low, high = np.searchsorted(near, [lot, lot + 1])
            fresh = [int(row) for row in far[low:high] if int(row) not in kin]
            kin.update(fresh)
            ready += fresh
        return kin


class _Recall:
    """One direction: each round asks for the family of every start."""

    def __init__(self, raw: psycopg.Connection[Any], edges: _Edges, direction: str, starts: list[int]) -> None:
        from gatekeeper.lots.models import Lot

        self._raw, self._edges, self._direction, self._starts = raw, edges, direction, starts
        self._lots = [Lot(pk=start) for start in starts]
        self._times: list[float] = []
        self._answers: dict[int, list[int]] = {}

    def case(self) -> Case:
        return Case(f"recall_{self._direction}", "ms", GOAL, self.floor, self.run, self.check, self.note)

    def floor(self) -> float:
        times = []
        for start in self._starts:
            began = time.perf_counter()
            self._raw.execute(_FLOOR[self._direction], [start]).fetchall()
            times.append(time.perf_counter() - began)
        return median(times) * 1e3

    def run(self) -> Measurement:
        from gatekeeper.lots.queries import kin_ids

        times, rows = [], 0
        for lot in self._lots:
            began = time.perf_counter()
            kin = kin_ids(lot, self._direction)
            times.append(time.perf_counter() - began)
            rows += len(kin)
            self._answers[lot.pk] = kin
        self._times += times
        return Measurement(median(times) * 1e3, score=sum(times) / (_PER_ROW * rows + _PER_CALL * len(times)))

    def check(self) -> list[str]:
        faults = []
        for start, answer in self._answers.items():
            if len(answer) != len(set(answer)) or set(answer) != self._edges.walk(start, self._direction):
                faults.append(f"the {self._direction} family of lot {start} is not what a walk finds")
        return faults

    def note(self) -> str:
        rows = median(len(answer) for answer in self._answers.values())
        p99 = quantiles(self._times, n=100)[98] * 1e3
        return f"{self._edges.count:,} edges, {rows:.0f} rows, p99 {p99:.2f} ms"


def _whole_family(raw: psycopg.Connection[Any], edges: _Edges, starts: list[int]) -> Case:
    """``family``: what the page and the endpoint show, every lot and edge as records."""
    from gatekeeper.lots.models import Lot
    from gatekeeper.lots.queries import family

    lots = list(Lot.objects.filter(pk__in=starts).order_by("pk"))
    rows: list[int] = []
    faults: list[str] = []
    query = """SELECT l.number, m.kind, l.status, s.code, m.name FROM lots_lot l JOIN lots_material m
               ON m.id = l.material_id JOIN accounts_site s ON s.id = l.site_id WHERE l.id = ANY(%s)"""
    used = """SELECT parent_id, child_id, quantity, unit, batch_record, phase FROM lots_use
              WHERE parent_id = ANY(%(ids)s) AND child_id = ANY(%(ids)s)"""

    def floor() -> float:
        began = time.perf_counter()
        for start in starts:
            ids = [row[0] for row in raw.execute(_FLOOR["forward"], [start]).fetchall()]
            raw.execute(query, [ids]).fetchall()
            raw.execute(used, {"ids": ids}).fetchall()
        return (time.perf_counter() - began) / len(starts) * 1e3

    def run() -> Measurement:
        began = time.perf_counter()
        answers = [family(lot, "forward") for lot in lots]
        took = time.perf_counter() - began
        rows[:] = [len(answer.nodes) for answer in answers]
        return Measurement(took / len(lots) * 1e3)

    def check() -> list[str]:
        for lot, count in zip(lots, rows, strict=True):
            if count != len(edges.walk(lot.pk, "forward")):
                faults.append(f"the family of lot {lot.pk} is not complete")
        return faults

    return Case("recall_family", "ms", None, floor, run, check, lambda: f"{sum(rows) / len(rows):.0f} lots with edges")
