"""Frames of one source as a Parquet file, and back to the byte: one row a sample, a frame whole in a row group.

Columns: ``source``, ``boot_id``, ``sequence``, ``frame`` (SHA-256 in hexadecimal), ``tag``, ``time`` (µs, UTC),
``value``, ``quality`` (null where the tag came without that column). Frames stand in order of their first time, tags
by code, the samples of a tag as they were sent, so that the digest of every frame can be computed from the file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
from pyarrow import parquet  # it has no types either

from batches.readings.rules.frames import digest

_ROWS = 1 << 20  # of a row group, at least: what is held in memory at once
_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("source", _TEXT, nullable=False),
        pa.field("boot_id", _TEXT, nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("frame", _TEXT, nullable=False),
        pa.field("tag", _TEXT, nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("quality", pa.uint8()),
    ]
)
# Times step evenly and values move little. A dictionary of values would take two numbers that are equal for one.
_DICTIONARIES = ["source", "boot_id", "frame", "tag", "quality"]
_ENCODINGS = {"sequence": "DELTA_BINARY_PACKED", "time": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"}

# Tag, count, and times, values and quality as bytes (rules.frames.Column.packed).
type Stored = tuple[str, int, tuple[bytes, bytes, bytes | None]]


class FileAlteredError(ValueError):
    """The file is none that ``write_frames`` has written."""


@dataclass(frozen=True, slots=True)
class ArchivedFrame:
    """One frame as it is stored: its identity, the digest that its record holds, and its columns by tag."""

    boot_id: str
    sequence: int
    sha256: str
    columns: tuple[Stored, ...]

    @property
    def samples(self) -> int:
        """The number of samples in all columns."""
        return sum(count for _tag, count, _packed in self.columns)

    def is_whole(self, source: str) -> bool:
        """Return whether the columns have the digest."""
        return digest(source, self.boot_id, self.sequence, self.columns) == self.sha256


def write_frames(sink: BinaryIO, source: str, frames: Iterable[ArchivedFrame], *, rows: int = _ROWS) -> None:
    """Write frames, in their order, with about so many rows in a row group."""
    with parquet.ParquetWriter(
        sink,
        SCHEMA,
        compression="zstd",
        use_dictionary=_DICTIONARIES,
        column_encoding=_ENCODINGS,
        write_page_index=True,
        write_page_checksum=True,
    ) as writer:
        held: list[ArchivedFrame] = []
        size = 0
        for frame in frames:
            held.append(frame)
            size += frame.samples
            if size >= rows:
                writer.write_table(_table(source, held), row_group_size=size)
                held, size = [], 0
        if held:
            writer.write_table(_table(source, held), row_group_size=size)


def frames_in(file: BinaryIO, source: str) -> Iterator[ArchivedFrame]:
    """Yield the frames of a file, in its order; whether they are whole is for the caller to ask.

    :raises FileAlteredError: for what ``write_frames`` does not write.
    """
    try:
        stored = parquet.ParquetFile(file, page_checksum_verification=True)
        if stored.schema_arrow != SCHEMA:
            raise FileAlteredError("its columns are others")
        for group in range(stored.num_row_groups):
            yield from _frames(stored.read_row_group(group), source)
    except (pa.ArrowException, OSError) as fault:
        raise FileAlteredError(str(fault).partition("\n")[0]) from fault


def _table(source: str, frames: list[ArchivedFrame]) -> Any:
    columns = [(frame, column) for frame in frames for column in frame.columns]
    counts = np.array([count for _frame, (_tag, count, _packed) in columns])

    def text(values: list[str]) -> Any:
        words = list(dict.fromkeys(values))
        places = {word: place for place, word in enumerate(words)}
        indices = np.repeat(np.array([places[value] for value in values], dtype=np.int32), counts)
        return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(words, pa.string()))

    packed = [column[2] for _frame, column in columns]
    quality = b"".join(bytes(int(n)) if one[2] is None else one[2] for n, one in zip(counts, packed, strict=True))
    without = np.repeat(np.array([one[2] is None for one in packed], dtype=np.bool_), counts)
    times = pa.array(np.frombuffer(b"".join(one[0] for one in packed), dtype="<i8"))
    arrays = [
        text([source] * len(columns)),
        text([frame.boot_id for frame, _column in columns]),
        pa.array(np.repeat(np.array([frame.sequence for frame, _column in columns], dtype=np.int64), counts)),
        text([frame.sha256 for frame, _column in columns]),
        text([column[0] for _frame, column in columns]),
        times.cast(pa.timestamp("us", tz="UTC")),
        pa.array(np.frombuffer(b"".join(one[1] for one in packed), dtype="<f8")),
        pa.array(np.frombuffer(quality, dtype=np.uint8), mask=without),
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _frames(table: Any, source: str) -> Iterator[ArchivedFrame]:
    """Yield the frames of one row group: the rows between two changes of identity or tag are one column."""
    if not table.num_rows or any(table.column(place).null_count for place in range(len(SCHEMA) - 1)):
        raise FileAlteredError("a value is missing")
    words = {name: table.column(name).combine_chunks() for name in ("source", "boot_id", "frame", "tag")}
    texts = {name: one.dictionary.to_pylist() for name, one in words.items()}
    keys = {name: one.indices.to_numpy() for name, one in words.items()}
    sequence = table.column("sequence").to_numpy()
    if {texts["source"][key] for key in np.unique(keys["source"])} != {source}:
        raise FileAlteredError("it is of another source")
    of_frame = [keys["boot_id"], keys["frame"], sequence]
    begins = _changes([*of_frame, keys["tag"]])
    first_of_frame = set(_changes(of_frame).tolist())
    ends = [*begins[1:].tolist(), len(sequence)]
    times = table.column("time").cast(pa.int64()).to_numpy()
    values = table.column("value").to_numpy()
    quality = table.column("quality")
    given = quality.is_valid().to_numpy()
    quality = quality.fill_null(0).to_numpy()
    held: list[Stored] = []
    begun = 0
    for begin, end in zip(begins.tolist(), ends, strict=True):
        if begin in first_of_frame and held:
            yield _frame(texts, keys, sequence, begun, held)
            held, begun = [], begin
        columns = (times[begin:end].astype("<i8").tobytes(), values[begin:end].astype("<f8").tobytes())
        tag = texts["tag"][keys["tag"][begin]]
        held.append((tag, end - begin, (*columns, _quality(quality[begin:end], given[begin:end]))))
    yield _frame(texts, keys, sequence, begun, held)


def _frame(
    texts: dict[str, list[str]], keys: dict[str, Any], sequence: Any, row: int, columns: list[Stored]
) -> ArchivedFrame:
    boot_id, sha256 = (texts[name][keys[name][row]] for name in ("boot_id", "frame"))
    return ArchivedFrame(boot_id, int(sequence[row]), sha256, tuple(columns))


def _changes(columns: list[Any]) -> Any:
    """Return the rows in which any of these columns begins to hold something else, the first row among them."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)


def _quality(found: Any, given: Any) -> bytes | None:
    if not given.any():
        return None
    if not given.all():
        raise FileAlteredError("a quality is missing")
    quality: bytes = found.tobytes()
    return quality
