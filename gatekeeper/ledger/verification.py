"""Recomputes the log from the entries' bodies and compares everything that is stored with it; changes nothing.

Order of the work, so that the first finding is the earliest altered entry: the log (leaves, nodes, roots, signatures,
checkpoints kept outside), entries not sealed yet, then the records against their latest entry and their history,
last what a record vouches for by a digest.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections, models, transaction
from django.utils.module_loading import import_string

from gatekeeper.ledger import merkle, records
from gatekeeper.ledger.checkpoint import Head, NotAuthenticError, Verifier, open_note

_BATCH = 2000
# The text of an entry as JSON, nothing where it was altered into something else.
_BODY = "CASE WHEN pg_input_is_valid(e.body, 'jsonb') THEN e.body::jsonb END"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed: a permanent code, the record and the place in the log."""

    code: str
    message: str
    table: str = ""
    pk: str = ""
    index: int | None = None


@dataclass(slots=True)
class Report:
    """What was compared and what was found, in the order of the log."""

    entries: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    outside: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self) | {"intact": self.intact}


def read_outside(place: Path) -> list[tuple[str, str]]:
    """Return the names and texts of the checkpoints in a file or folder.

    :raises FileNotFoundError: when there is none: comparing with nothing would prove nothing.
    """
    files = sorted(place.glob("*.note")) if place.is_dir() else [place]
    if not files:
        raise FileNotFoundError(f"{place} holds no checkpoint")
    return [(path.name, path.read_text(encoding="utf-8")) for path in files]


def verify(verifier: Verifier, outside: Sequence[tuple[str, str]] = (), *, using: str = "default") -> Report:
    """Return the report of a whole check, made on one snapshot of the database."""
    report = Report()
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for setting in ("timezone = 'UTC'", "bytea_output = 'hex'", "intervalstyle = 'postgres'"):
            cursor.execute(f"SET LOCAL {setting}")
        heads = _stored_heads(cursor, verifier, report) + _outside_heads(outside, verifier, report)
        _check_log(connection, heads, report)
        _check_unsealed(connection, report)
        _check_succession(connection, report)
        present = set(connection.introspection.table_names(cursor))
        for model in records.record_models():
            if model._meta.db_table not in present:
                report.findings.append(Finding("table_missing", "The table is gone.", f"public.{model._meta.db_table}"))
                continue
            _check_rows(connection, model, report)
            _check_history(connection, model, report)
        # What is no record itself and is vouched for by a digest in one.
        for path in settings.EVIDENCE_CHECKS:
            report.findings.extend(import_string(path)(connection))
    return report


# --- the log ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Expected:
    name: str
    head: Head


def _stored_heads(cursor: Any, verifier: Verifier, report: Report) -> list[_Expected]:
    cursor.execute("SELECT size, root, note FROM ledger.checkpoint ORDER BY size")
    heads = []
    for size, root, note in cursor.fetchall():
        report.checkpoints += 1
        try:
            head = open_note(note, verifier)
        except NotAuthenticError as error:
            report.findings.append(Finding("checkpoint_not_authentic", f"The checkpoint of {size} entries: {error}."))
            continue
        if (head.size, head.root) != (size, bytes(root)):
            message = f"The checkpoint of {size} entries is not what its note says."
            report.findings.append(Finding("checkpoint_differs", message))
        heads.append(_Expected(f"the checkpoint of {head.size} entries", head))
    return heads


def _outside_heads(outside: Sequence[tuple[str, str]], verifier: Verifier, report: Report) -> list[_Expected]:
    heads = []
    for name, note in outside:
        report.outside += 1
        try:
            heads.append(_Expected(f"the outside checkpoint {name}", open_note(note, verifier)))
        except NotAuthenticError as error:
            report.findings.append(Finding("outside_checkpoint_not_authentic", f"{name}: {error}."))
    return heads


def _check_log(connection: Any, heads: list[_Expected], report: Report) -> None:
    """Walk the leaves in order, with the nodes stored for them, and compare each head on the way."""
    waiting = sorted(heads, key=lambda expected: expected.head.size)
    nodes = _stored_nodes(connection)
    frontier = merkle.Frontier()
    for index, table, pk, leaf, body, copied in _leaves(connection):
        if index != frontier.size:
            missing = f"The log has no leaf {frontier.size}: it was removed."
            report.findings.append(Finding("leaf_missing", missing, table, pk, frontier.size))
            break
        true_leaf = b"" if body is None else merkle.leaf_hash(body.encode())
        _compare_entry(report, index, (table, pk, leaf, body, copied), true_leaf)
        for level, place, computed in frontier.append(true_leaf):
            stored = next(nodes, None)
            if stored != (level, place, computed):
                message = f"Node {level}/{place} of the log is not the one its entries give."
                report.findings.append(Finding("node_differs", message, table, pk, index))
                nodes = iter(())
                break
        waiting = _compare_heads(report, frontier, waiting)
        if len(report.findings) > 100:
            break
    report.entries = frontier.size
    if next(nodes, None) is not None:
        report.findings.append(Finding("node_left_over", "The log stores nodes of leaves that are gone."))
    for expected in waiting:
        message = f"The log has {frontier.size} entries, {expected.name} saw {expected.head.size}: the end is gone."
        report.findings.append(Finding("log_cut_short", message, index=frontier.size))


def _compare_entry(report: Report, index: int, row: tuple[str, str, bytes, str | None, bool], true_leaf: bytes) -> None:
    table, pk, leaf, body, copied = row
    if body is None:
        report.findings.append(Finding("entry_missing", f"The entry of leaf {index} is gone.", table, pk, index))
    elif leaf != true_leaf:
        message = f"The text of entry {index} is not the one that was hashed."
        report.findings.append(Finding("body_altered", message, table, pk, index))
    elif not copied:
        message = f"Entry {index} is filed under another record than its text names."
        report.findings.append(Finding("entry_misfiled", message, table, pk, index))


def _compare_heads(report: Report, frontier: merkle.Frontier, waiting: list[_Expected]) -> list[_Expected]:
    while waiting and waiting[0].head.size <= frontier.size:
        expected = waiting.pop(0)
        if expected.head.root != frontier.root() and expected.head.size == frontier.size:
            message = f"The entries up to {frontier.size} do not give the root of {expected.name}."
            report.findings.append(Finding("root_differs", message, index=frontier.size - 1))
    return waiting


def _leaves(connection: Any) -> Iterator[tuple[int, str, str, bytes, str | None, bool]]:
    query = f"""SELECT l.idx, coalesce(e.tbl, ''), coalesce(e.pk, ''), e.leaf, e.body,
                  (body.image ->> 'tbl', body.image ->> 'pk', body.image ->> 'xid') = (e.tbl, e.pk, e.xid::text)
                FROM ledger.leaf l LEFT JOIN ledger.entry e ON e.id = l.entry_id
                CROSS JOIN LATERAL (SELECT {_BODY} AS image) AS body ORDER BY l.idx"""  # noqa: S608 -- a constant
    for index, table, pk, leaf, body, copied in _stream(connection, query):
        yield index, table, pk, bytes(leaf or b""), body, bool(copied)


def _stored_nodes(connection: Any) -> Iterator[tuple[int, int, bytes]]:
    # In the order in which a growing tree completes them.
    query = "SELECT lvl, idx, hash FROM ledger.node ORDER BY (idx + 1) << lvl, lvl"
    return ((level, index, bytes(found)) for level, index, found in _stream(connection, query))


def _check_unsealed(connection: Any, report: Report) -> None:
    query = """SELECT e.tbl, e.pk, e.leaf, e.body FROM ledger.entry e
               WHERE NOT EXISTS (SELECT FROM ledger.leaf l WHERE l.entry_id = e.id) ORDER BY e.id"""
    for table, pk, leaf, body in _stream(connection, query):
        report.unsealed += 1
        if bytes(leaf) != merkle.leaf_hash(body.encode()):
            message = "The text of an entry that is not sealed yet is not the one that was hashed."
            report.findings.append(Finding("body_altered", message, table, pk))


# --- records against evidence -------------------------------------------------------------------------------------


def _check_succession(connection: Any, report: Report) -> None:
    """Each entry begins where the one before it of the same row ended; else a change went unrecorded."""
    query = f"""SELECT tbl, pk, idx, before, old FROM (
                  SELECT e.id, e.tbl, e.pk, l.idx, (({_BODY}) -> 'old')::text AS old,
                    lag((({_BODY}) -> 'new')::text) OVER (PARTITION BY e.tbl, e.pk ORDER BY e.id) AS before
                  FROM ledger.entry e LEFT JOIN ledger.leaf l ON l.entry_id = e.id) AS step
                WHERE coalesce(before, 'null') <> old ORDER BY id"""  # noqa: S608 -- a constant
    for table, pk, index, before, old in _stream(connection, query):
        if names := _differing(before, old):
            message = f"{table} {pk} was changed without an entry before entry {index}: {', '.join(names)}."
            report.findings.append(Finding("change_without_entry", message, table, pk, index))


def _check_rows(connection: Any, model: type[models.Model], report: Report) -> None:
    """The row as it stands is the image of its latest entry, and there is a row for each that was not deleted."""
    table = model._meta.db_table
    pk, redacted = records.pk_column(model), records.redacted_columns(model)
    query = f"""SELECT coalesce(r.pk, e.pk), e.idx, e.image, r.image FROM (
                  SELECT DISTINCT ON (e.pk) e.pk, l.idx, (({_BODY}) -> 'new')::text AS image FROM ledger.entry e
                  LEFT JOIN ledger.leaf l ON l.entry_id = e.id WHERE e.tbl = %s ORDER BY e.pk, e.id DESC) AS e
                FULL JOIN (SELECT t."{pk}"::text AS pk, ledger.redact_v1(to_jsonb(t), %s::text[])::text AS image
                  FROM public."{table}" t) AS r USING (pk)
                WHERE coalesce(e.image, 'null') <> coalesce(r.image, 'null') ORDER BY e.idx"""  # noqa: S608 -- names of models
    qualified = f"public.{table}"
    for key, index, image, row in _stream(connection, query, [qualified, redacted]):
        if row is None:
            report.findings.append(Finding("row_deleted", "The row is gone without an entry.", qualified, key, index))
        elif image in {None, "null"}:
            report.findings.append(Finding("row_without_entry", "The row has no entry.", qualified, key, index))
        elif names := _differing(image, row):
            message = f"The row is not as its latest entry left it: {', '.join(names)}."
            report.findings.append(Finding("row_altered", message, qualified, key, index))
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM public."{table}"')  # noqa: S608 -- a name of a model
        report.rows += cursor.fetchone()[0]


def _check_history(connection: Any, model: type[models.Model], report: Report) -> None:
    """The latest line of the readable history is the row as it stands."""
    history = getattr(model, "history", None)
    if history is None:
        return
    table, pk = model._meta.db_table, records.pk_column(model)
    query = f"""SELECT t."{pk}"::text, h.image, to_jsonb(t)::text FROM public."{table}" t
                LEFT JOIN (SELECT DISTINCT ON (h."{pk}") h."{pk}", to_jsonb(h)::text AS image
                  FROM public."{history.model._meta.db_table}" h ORDER BY h."{pk}", h.history_id DESC) AS h
                ON h."{pk}" = t."{pk}" """  # noqa: S608 -- names of models
    for key, image, row in _stream(connection, query):
        if image is None:
            message = "The row has no readable history."
        elif names := _differing(image, row):
            message = f"The readable history is not as the row stands: {', '.join(names)}."
        else:
            continue
        report.findings.append(Finding("history_differs", message, f"public.{table}", key))


def _differing(before: str | None, after: str | None) -> list[str]:
    """Return the columns that both images have and that differ, all of them when one image is missing.

    A column that only one of them has was added or dropped by a migration between the two.
    """
    one, two = (json.loads(text or "null", parse_float=str, parse_int=str) for text in (before, after))
    if one is None or two is None:
        return [] if one == two else ["everything"]
    return sorted(name for name in one.keys() & two.keys() if one[name] != two[name])


def _stream(connection: Any, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield rows through a server-side cursor: a log is larger than memory."""
    with connection.chunked_cursor() as cursor:
        cursor.itersize = _BATCH
        cursor.execute(query, parameters or None)
        while rows := cursor.fetchmany(_BATCH):
            yield from rows
