"""Verification of the evidence log against hashing the same texts in memory; three tampers must be caught."""

import time
from collections.abc import Iterator
from hashlib import sha256

import psycopg

from gatekeeper.demo.embedded import Urls, drop_database
from tests.bench.recall import found_system
from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.system import System

GOAL = Goal("ratio ≥ 0.5 (G12), 3 tampers caught", 0.5)
_DATABASE = "bench_ledger"
_CONTEXT = '{"actor": "bench", "name": "Bench", "act": "seed", "reason": "", "request": "seed"}'
# Materials with evidence and readable history, as an action leaves them.
_SEED = """
WITH made AS (
  INSERT INTO lots_material (code, name, kind, unit)
  SELECT %(prefix)s || '-' || i, 'Material ' || i, 'raw_material', 'g' FROM generate_series(1, %(count)s) AS i
  RETURNING *
) INSERT INTO lots_historicalmaterial (id, code, name, kind, unit, history_date, history_type)
  SELECT id, code, name, kind, unit, clock_timestamp(), '+' FROM made
"""
_TABLES = (
    "ledger.entry",
    "ledger.leaf",
    "ledger.node",
    "ledger.checkpoint",
    "lots_material",
    "lots_historicalmaterial",
)
_VICTIM = "(SELECT min(id) + 1000 FROM ledger.entry WHERE tbl = 'public.lots_material')"
_EDIT = f"UPDATE ledger.entry SET body = replace(body, 'Material', 'Matériel') WHERE id = {_VICTIM}"
_TAMPERS = {
    "body_altered": (_EDIT,),
    "node_differs": (
        _EDIT,
        f"UPDATE ledger.entry SET leaf = sha256('\\x00'::bytea || convert_to(body, 'UTF8')) WHERE id = {_VICTIM}",
    ),
    "log_cut_short": (
        "CREATE TEMP TABLE cut AS SELECT size FROM ledger.checkpoint ORDER BY size DESC OFFSET 1 LIMIT 1",
        "CREATE TEMP TABLE gone AS SELECT entry_id FROM ledger.leaf, cut WHERE idx >= size",
        "DELETE FROM ledger.checkpoint USING cut WHERE checkpoint.size > cut.size",
        "DELETE FROM ledger.node USING cut WHERE (idx + 1) << lvl > size",
        "DELETE FROM ledger.leaf USING cut WHERE idx >= size",
        "DELETE FROM ledger.entry WHERE id IN (SELECT entry_id FROM gone)",
        "DELETE FROM lots_historicalmaterial WHERE code LIKE 'TAIL-%'",
        "DELETE FROM lots_material WHERE code LIKE 'TAIL-%'",
    ),
}


def cases(system: System) -> Iterator[Case]:
    """A log of twenty thousand entries (a hundred thousand with --full) in two heads, both published outside."""
    from tests.running import pointed_at

    urls = system.database(_DATABASE)
    log = _Log(system, urls, count=100_000 if system.full else 20_000)
    with pointed_at(urls):
        found_system()
        log.seed()
        case = Case("verify_ledger", "entries/s", GOAL, log.floor, log.run, log.check, log.note)
        yield case


class _Log:
    """A sealed log with its checkpoints outside."""

    def __init__(self, system: System, urls: Urls, count: int) -> None:
        self._system, self._urls, self._count = system, urls, count
        self._outside = system.folder / "outside"
        self._bodies: list[bytes] = []

    def seed(self) -> None:
        """Put materials in by SQL with the evidence trigger on, and seal them in two heads."""
        from gatekeeper.ledger import checkpoint, sealing

        key = checkpoint.read_private_key(self._system.folder / "keys" / "ledger.pem")
        with sealing.connect() as sealer:
            for prefix, count in (("BODY", self._count), ("TAIL", 100)):
                with psycopg.connect(self._urls.admin) as admin:
                    admin.execute("SELECT set_config('app.ctx', %s, true)", [_CONTEXT])
                    admin.execute(_SEED, {"prefix": prefix, "count": count})
                sealing.seal(sealer, key, self._origin())
            sealing.publish(sealer, self._outside)
        with psycopg.connect(self._urls.admin, autocommit=True) as admin:
            admin.execute("ANALYZE")
            rows = admin.execute("SELECT body FROM ledger.entry ORDER BY id").fetchall()
        self._bodies = [body.encode() for (body,) in rows]

    @staticmethod
    def _origin() -> str:
        from django.conf import settings

        return settings.LEDGER_ORIGIN

    def floor(self) -> float:
        """A plain chain of hashes over the same texts in memory."""
        began = time.perf_counter()
        chained = b""
        for body in self._bodies:
            chained = sha256(chained + body).digest()
        return len(self._bodies) / (time.perf_counter() - began)

    def _verify(self) -> tuple[float, set[str], int]:
        from gatekeeper.ledger import checkpoint, verification

        public = self._system.folder / "keys" / "ledger.pub.pem"
        began = time.perf_counter()
        outside = verification.read_outside(self._outside)
        report = verification.verify(checkpoint.read_verifier(public, self._origin()), outside)
        took = time.perf_counter() - began
        return took, {finding.code for finding in report.findings}, report.entries

    def run(self) -> Measurement:
        took, codes, entries = self._verify()
        faults = tuple(f"an untouched log is reported as {code}" for code in sorted(codes))
        if entries != len(self._bodies):
            faults += (f"{entries} of {len(self._bodies)} entries were verified",)
        return Measurement(entries / took, faults=faults)

    def check(self) -> list[str]:
        """Tamper with copies of the database, each in one way."""
        from django.db import connections

        from tests.running import pointed_at

        faults = []
        for code, statements in _TAMPERS.items():
            connections.close_all()
            urls = self._system.database(f"{_DATABASE}_{code}", template=_DATABASE)
            _as_administrator(urls, statements)
            with pointed_at(urls):
                _took, codes, _entries = self._verify()
            drop_database(self._system.urls, f"{_DATABASE}_{code}")
            if code not in codes:
                faults.append(f"a tamper was not caught as {code}: {', '.join(sorted(codes)) or 'nothing was found'}")
        return faults

    def note(self) -> str:
        return f"{len(self._bodies):,} entries, rows and readable history compared too; {len(_TAMPERS)} tampers tried"


def _as_administrator(urls: Urls, statements: tuple[str, ...]) -> None:
    """What a superuser can do: every guard off, edit, guards on again."""
    with psycopg.connect(urls.admin) as admin:
        for table in _TABLES:
            admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            admin.execute(statement)
        for table in _TABLES:
            admin.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
