"""The page of a batch record, from request to bytes in one process; floor: its rows by plain SQL."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.bench.plant import plant
from tests.bench.rounds import Case, Goal, Measurement
from tests.bench.system import System

GOAL = Goal("≤ 60 ms and ≤ 8 queries (G10)", 1.0, at_least=False, absolute=True)
_MS, _QUERIES = 60.0, 8
_REPEATS = 10
_ROWS = (
    "SELECT * FROM batches_batchrecord b JOIN documents_document m ON m.id = b.master_id "
    "JOIN lots_lot l ON l.id = b.lot_id WHERE b.id = %(id)s",
    "SELECT * FROM batches_phase WHERE batch_record_id = %(id)s ORDER BY position",
    "SELECT r.* FROM batches_inprocessresult r JOIN batches_phase p ON p.id = r.phase_id "
    "WHERE p.batch_record_id = %(id)s",
    "SELECT e.* FROM batches_equipmentuse e JOIN batches_phase p ON p.id = e.phase_id WHERE p.batch_record_id = %(id)s",
    "SELECT * FROM lots_use WHERE batch_record = %(number)s",
    "SELECT * FROM batches_deviation WHERE batch_record_id = %(id)s",
    "SELECT * FROM ledger_signature WHERE subject_type = 'batches.batchrecord' AND subject_key = %(id)s::text OR "
    "subject_type = 'batches.phase' AND subject_key IN (SELECT id::text FROM batches_phase "
    "WHERE batch_record_id = %(id)s)",
)


def cases(system: System) -> Iterator[Case]:
    """The lentiviral record of the shipped recipe, produced to its end."""
    from tests.batches.making import make_batch_record

    made = plant(system)
    record = make_batch_record(made.house, at="completed", number="BENCH-PAGE", lot="BENCH-PAGE-LOT")
    with psycopg.connect(system.urls.app, autocommit=True) as raw:
        page = _Page(raw, made.people["quinn"], record)
        yield Case("record_page", "ms", GOAL, page.floor, page.run, page.check, page.note)


class _Page:
    """The page as Quinn reads it."""

    def __init__(self, raw: psycopg.Connection[Any], reader: Any, record: Any) -> None:
        from django.test import Client
        from django.urls import reverse

        self._raw, self._record = raw, record
        self._client = Client(SERVER_NAME="localhost")
        self._client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
        self._address = reverse("batches:detail", args=[record])
        self._text = ""
        self._queries = 0
        self._rows = 0

    def floor(self) -> float:
        began = time.perf_counter()
        for _ in range(_REPEATS):
            named = {"id": self._record.pk, "number": self._record.number}
            self._rows = sum(len(self._raw.execute(query, named).fetchall()) for query in _ROWS)
        return (time.perf_counter() - began) / _REPEATS * 1e3

    def _get(self) -> Any:
        return self._client.get(self._address, secure=True)

    def run(self) -> Measurement:
        self._queries = self._queries or self._counted()
        began = time.perf_counter()
        for _ in range(_REPEATS):
            answer = self._get()
        took = (time.perf_counter() - began) / _REPEATS * 1e3
        self._text = answer.content.decode()
        faults = () if answer.status_code == 200 else (f"the page was answered with {answer.status_code}",)
        return Measurement(took, score=max(took / _MS, self._queries / _QUERIES), faults=faults)

    def _counted(self) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self._get()
        with CaptureQueriesContext(connection) as caught:
            self._get()
        return sum(1 for query in caught.captured_queries if query["sql"].startswith(("SELECT", "WITH")))

    def check(self) -> list[str]:
        """Every phase and every entered value is on the page."""
        from batches.models import InProcessResult

        rows = self._record.phases.all()
        values = InProcessResult.objects.filter(phase__batch_record=self._record)
        expected = [self._record.number, self._record.lot.number]
        expected += [row.title for row in rows] + [row.reported for row in values]
        return [f"“{word}” is not on the page" for word in expected if str(word) not in self._text]

    def note(self) -> str:
        count = self._record.phases.count()
        return f"{count} phases, {self._rows} rows, {self._queries} queries, {len(self._text) / 1024:.0f} KiB"
