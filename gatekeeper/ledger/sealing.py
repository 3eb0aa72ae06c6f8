"""Seals committed entries into the Merkle log and signs its head. Only the sealer process runs this, as gk_sealer."""

import base64
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, connections

from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import checkpoint, merkle

CHANNEL = "ledger_seal"
_ONE_SEALER = 7001  # advisory lock: sealing is single-writer whoever else is started
_POLL_SECONDS = 0.005
_NOTIFY_SECONDS = 0.1


class Tree:
    """The stored nodes of the log as ``merkle.Node``, read through any psycopg or Django cursor."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree.

        :raises LookupError: when it is not stored.
        """
        if (level, index) not in self._known:
            self._cursor.execute("SELECT hash FROM ledger.node WHERE lvl = %s AND idx = %s", [level, index])
            row = self._cursor.fetchone()
            if row is None:
                raise LookupError(f"the log lacks node {level}/{index}")
            self._known[level, index] = bytes(row[0])
        return self._known[level, index]

    def add(self, index: int, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Return the nodes that the next leaf completes, as (level, index, hash)."""
        level, found = 0, leaf
        self._known[0, index] = found
        made = [(0, index, found)]
        while index & 1:
            found = merkle.node_hash(self(level, index - 1), found)
            level, index = level + 1, index >> 1
            self._known[level, index] = found
            made.append((level, index, found))
        return made


def connect() -> psycopg.Connection[Any]:
    """Return a connection of the sealer's own role to the database that the service uses."""
    address = connections.databases["sealer"]
    return psycopg.connect(
        host=address["HOST"] or None,
        port=address["PORT"] or None,
        user=address["USER"] or None,
        password=address["PASSWORD"] or None,
        dbname=address["NAME"],
        autocommit=True,
        connect_timeout=5,
        application_name="gatekeeper sealer",
    )


def seal(conn: psycopg.Connection[Any], key: Ed25519PrivateKey, origin: str) -> checkpoint.Head | None:
    """Seal every entry whose transaction has ended and return the new head, None when there was nothing.

    One READ COMMITTED transaction: killed at any moment it leaves the log as it was; run twice it does nothing.
    """
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_SEALER])
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, (SELECT system_identifier FROM pg_control_system())"
        )
        # Every transaction below the horizon has ended: nothing older can still appear.
        horizon, cluster = cursor.fetchone() or ("0", 0)
        cursor.execute("SELECT size, horizon::text, sysid FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
        size, since, sealed_in = cursor.fetchone() or (0, "0", cluster)
        if sealed_in != cluster or int(since) > int(horizon):
            since = "0"  # restored into another cluster, where transaction numbers begin anew: look at everything
        entries = _unsealed(cursor, since, horizon)
        if not entries:
            return None
        tree = Tree(cursor)
        nodes = [node for place, (_entry, leaf) in enumerate(entries, size) for node in tree.add(place, bytes(leaf))]
        _copy(cursor, "leaf (idx, entry_id)", ((place, entry) for place, (entry, _leaf) in enumerate(entries, size)))
        _copy(cursor, "node (lvl, idx, hash)", nodes)
        size += len(entries)
        head = checkpoint.Head(origin, size, merkle.root(tree, 0, size))
        cursor.execute(
            "INSERT INTO ledger.checkpoint (size, root, horizon, sysid, note) VALUES (%s, %s, %s::text::xid8, %s, %s)",
            [size, head.root, horizon, cluster, checkpoint.sign(key, head)],
        )
    return head


def _unsealed(cursor: psycopg.Cursor[Any], since: str, horizon: str) -> list[tuple[int, bytes]]:
    cursor.execute(
        """SELECT e.id, e.leaf FROM ledger.entry e
           WHERE e.xid >= %s::text::xid8 AND e.xid < %s::text::xid8
             AND NOT EXISTS (SELECT FROM ledger.leaf l WHERE l.entry_id = e.id)
           ORDER BY e.id""",
        [since, horizon],
    )
    return cursor.fetchall()


def _copy(cursor: psycopg.Cursor[Any], target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY ledger.{target} FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)


def publish(conn: psycopg.Connection[Any], folder: Path) -> list[Path]:
    """Write every checkpoint that the folder lacks as a file that survives a power cut, and return the new files.

    The root is part of the name: a log that was rewritten leaves its second head beside the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outside = sorted(path.name for path in folder.glob("*.note"))
    last = int(outside[-1].split("-")[0]) if outside else 0
    written = []
    with conn.cursor() as cursor:
        cursor.execute("SELECT size, root, note FROM ledger.checkpoint WHERE size >= %s ORDER BY size", [last])
        rows = cursor.fetchall()
        if not rows:  # the log is shorter than what was published: keep its heads too, they show when
            cursor.execute("SELECT size, root, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
            rows = cursor.fetchall()
    for size, root, note in rows:
        path = folder / file_name(size, bytes(root))
        if not path.exists():
            _write_durably(path, note)
            written.append(path)
    return written


def file_name(size: int, root: bytes) -> str:
    """Return the name of a checkpoint's file; names sort by size."""
    return f"{size:012d}-{root[:6].hex()}.note"


def _write_durably(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def current_transaction() -> str | None:
    """Return the number of the running transaction, None while it has written nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
        (number,) = cursor.fetchone()
    return number


def wait_for_seal(transaction: str, *, timeout: float | None = None) -> None:
    """Notify the sealer and return when every entry of a committed transaction is sealed.

    :raises Refusal: ``seal_pending`` after ``timeout`` seconds (LEDGER_SEAL_WAIT_SECONDS): recorded, not sealed yet.
    """
    patience = settings.LEDGER_SEAL_WAIT_SECONDS if timeout is None else timeout
    deadline = time.monotonic() + patience
    with connection.cursor() as cursor:
        notified_at = 0.0
        while not _sealed(cursor, transaction):
            if time.monotonic() - notified_at > _NOTIFY_SECONDS:  # again: an older transaction may hold the horizon
                cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
                notified_at = time.monotonic()
            if time.monotonic() > deadline:
                raise Refusal(
                    "seal_pending",
                    "Your entry is recorded; its evidence is not sealed yet. Look again in a moment.",
                    kind=Kind.PENDING,
                )
            time.sleep(_POLL_SECONDS)


def _sealed(cursor: Any, transaction: str) -> bool:
    cursor.execute(
        """SELECT NOT EXISTS (SELECT FROM ledger.entry e WHERE e.xid = %s::text::xid8
             AND NOT EXISTS (SELECT FROM ledger.leaf l WHERE l.entry_id = e.id))""",
        [transaction],
    )
    return bool(cursor.fetchone()[0])


def root_text(root: bytes) -> str:
    """Return a root as checkpoints print it, base64."""
    return base64.b64encode(root).decode()
