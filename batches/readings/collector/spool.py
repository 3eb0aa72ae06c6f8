"""The collector's buffer on disk: frames cut once and kept until the service has them, in one SQLite file.

Every change is one transaction that is on disk before the call returns. The file is the collector's own: no record of
the system, and nothing in it is needed once every frame has been taken.
"""

import gzip
import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batches.readings.collector.samples import Sample, columns
from batches.readings.rules.frames import decoded

_TABLES = """
CREATE TABLE IF NOT EXISTS origin (source TEXT NOT NULL, boot_id TEXT NOT NULL, next_sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS frame (
    sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, sha256 TEXT NOT NULL, samples INTEGER NOT NULL, refused TEXT);
CREATE TABLE IF NOT EXISTS progress (tag TEXT PRIMARY KEY, resume_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    tag TEXT NOT NULL, time_us INTEGER NOT NULL, reading TEXT NOT NULL, PRIMARY KEY (tag, time_us, reading)
) WITHOUT ROWID;
"""
_MOST_SAMPLES = 10_000  # of one frame; the service takes more
_ROOM_AGAIN = 0.9  # a buffer that was full is filled again once a tenth of it is free


class SpoolUnusableError(Exception):
    """The file cannot be this collector's buffer; the sentence says why."""


class SpoolFullError(Exception):
    """The buffer has reached its bound, or the disk its end: nothing was kept, what is older stays."""


@dataclass(frozen=True, slots=True)
class WorkList:
    """A frame that the service has not taken yet: its body as gzip, and its digest as the service will name it."""

    sequence: int
    body: bytes
    sha256: str
    samples: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """A frame that the service refused, with what it said: its code, its sentence, its faults."""

    sequence: int
    samples: int
    reason: str


class Spool:
    """The buffer of one source. One process at a time; the lock ends with the process, however it ends.

    :raises SpoolUnusableError: when another collector has it, it belongs to another source, or it is no such file.
    """

    def __init__(self, file: Path, *, source: str, max_bytes: int) -> None:
        self.source, self.max_bytes = source, max_bytes
        try:
            self._db = sqlite3.connect(file, isolation_level=None, timeout=0.5)
        except sqlite3.OperationalError as fault:
            raise SpoolUnusableError(f"The buffer {file} cannot be used: {fault}.") from None
        try:
            # Before the first lock, so that SQLite never makes the shared memory that two processes would need.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # on disk before it is believed
            self._db.execute("BEGIN EXCLUSIVE")
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self.boot_id = self._origin()
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as fault:
            self._db.close()
            raise SpoolUnusableError(f"The buffer {file} cannot be used: {fault}.") from None
        except SpoolUnusableError:
            self._db.close()
            raise

    def _origin(self) -> str:
        row = self._db.execute("SELECT source, boot_id FROM origin").fetchone()
        if row is None:
            # The identity of this file's numbering: should the file be lost, the next one counts under another name.
            boot_id = uuid.uuid4().hex
            self._db.execute("INSERT INTO origin VALUES (?, ?, 1)", (self.source, boot_id))
            return boot_id
        if row[0] != self.source:
            raise SpoolUnusableError(f"The buffer belongs to the source {row[0]}, not to {self.source}.")
        return row[1]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def keep(self, samples: Sequence[Sample], resume: Mapping[str, int]) -> int:
        """Cut frames of the samples that are new, move on each tag's ``resume`` time, and return how many were new.

        ``resume`` says up to when everything of a tag is kept: from there history is asked after an absence.

        :raises SpoolFullError: nothing of it was kept, and no tag has moved on.
        """
        with self._transaction():
            new = [one for one in samples if self._is_new(one)]
            for start in range(0, len(new), _MOST_SAMPLES):
                self._cut(new[start : start + _MOST_SAMPLES])
            for tag, time_us in resume.items():
                self._db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (tag, time_us))
                self._db.execute("DELETE FROM seen WHERE tag = ? AND time_us < ?", (tag, time_us))
            if new and self.used_bytes() > self.max_bytes:
                raise SpoolFullError
        return len(new)

    def _is_new(self, sample: Sample) -> bool:
        row = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", sample.identity())
        return row.rowcount == 1

    def _cut(self, samples: Sequence[Sample]) -> None:
        (sequence,) = self._db.execute("SELECT next_sequence FROM origin").fetchone()
        content = {"source": self.source, "boot_id": self.boot_id, "sequence": sequence, "tags": columns(samples)}
        body = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
        self._db.execute(
            "INSERT INTO frame (sequence, body, sha256, samples) VALUES (?, ?, ?, ?)",
            (sequence, gzip.compress(body, mtime=0), decoded(body).sha256(), len(samples)),
        )
        self._db.execute("UPDATE origin SET next_sequence = next_sequence + 1")

    def resume_of(self, tag: str) -> int | None:
        """Return the time in µs up to which everything of the tag is kept; None when nothing ever was."""
        row = self._db.execute("SELECT resume_us FROM progress WHERE tag = ?", (tag,)).fetchone()
        return row and row[0]

    def oldest(self) -> WorkList | None:
        """Return the oldest frame that waits for the service."""
        row = self._db.execute(
            "SELECT sequence, body, sha256, samples FROM frame WHERE refused IS NULL ORDER BY sequence LIMIT 1"
        ).fetchone()
        return row and WorkList(*row)

    def forget(self, sequence: int) -> None:
        """Drop a frame that the service has taken."""
        with self._transaction():
            self._db.execute("DELETE FROM frame WHERE sequence = ?", (sequence,))

    def set_aside(self, sequence: int, reason: str) -> None:
        """Keep a frame that the service refused, with its reason, and let the others pass."""
        with self._transaction():
            self._db.execute("UPDATE frame SET refused = ? WHERE sequence = ?", (reason, sequence))

    def refused(self) -> list[SetAside]:
        """Return the frames that were set aside, in order."""
        rows = self._db.execute(
            "SELECT sequence, samples, refused FROM frame WHERE refused IS NOT NULL ORDER BY sequence"
        )
        return [SetAside(*row) for row in rows]

    def offer_again(self) -> int:
        """Let every frame that was set aside be sent again, unchanged, and return how many these are."""
        with self._transaction():
            return self._db.execute("UPDATE frame SET refused = NULL WHERE refused IS NOT NULL").rowcount

    def counts(self) -> tuple[int, int]:
        """Return how many frames wait and how many were set aside."""
        waiting, aside = self._db.execute("SELECT count(*) - count(refused), count(refused) FROM frame").fetchone()
        return waiting, aside

    def used_bytes(self) -> int:
        """Return the bytes in use: pages that were freed are used again before the file grows."""
        (pages,), (free,), (size,) = (
            self._db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def has_room(self) -> bool:
        """Return whether a buffer that was full may be filled again."""
        return self.used_bytes() <= self.max_bytes * _ROOM_AGAIN

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    """All or nothing, on disk at the end of the block."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        except sqlite3.OperationalError as full:
            fault = full
            raise _translated(full) from None
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        if isinstance(fault, sqlite3.OperationalError):
            raise _translated(fault) from None


def _translated(fault: sqlite3.OperationalError) -> Exception:
    # A disk that is full, or refuses to be written, is to the skid what a full buffer is.
    return SpoolFullError() if fault.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR} else fault
