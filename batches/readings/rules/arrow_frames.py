"""Frames of readings as Arrow: an IPC stream becomes the frame that the same samples as JSON are, and the reverse.

Columns are sliced out of the body that was sent; nothing is unpacked, so nothing grows beyond the bound of the body.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from batches.readings.rules.frames import Bytes, Column, Frame, column_from, quality_fault
from batches.readings.rules.signals import Floats, Times
from gatekeeper.core.refusal import Refusal, refuse_all

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_TIMES = (pa.int64(), pa.timestamp("us", "UTC"), pa.timestamp("us", "+00:00"))
_VALUES = (pa.float64(), pa.float32())
_QUALITIES = (pa.uint8(), pa.int8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64())
_TEXTS = (pa.string(), pa.large_string())
_KINDS = {"time": _TIMES, "value": _VALUES, "quality": _QUALITIES, "sequence": (pa.int64(), pa.int32(), pa.uint32())}
_ONE = frozenset({"tag", "time", "value"})
_SEVERAL = _ONE | {"sequence"}
_MOST_BATCHES = 64  # each costs a fixed amount, however few rows it has
_END = b"\xff\xff\xff\xff\0\0\0\0"  # what closes a stream: without it nobody knows that it is whole
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2  # Message.fbs, union MessageHeader
_COMPRESSION = 3  # Message.fbs, table RecordBatch, fourth field

type _Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of readings: places of their tags, times, values, qualities and which of these are there, sequences."""

    codes: _Codes
    times: Times
    values: Floats
    quality: npt.NDArray[np.int64] | None
    there: npt.NDArray[np.bool_] | None
    sequence: npt.NDArray[np.int64] | None

    def taken(self, which: slice | npt.NDArray[np.intp]) -> "_Rows":
        """Return some of the rows, in this order."""
        columns: list[Any] = [None if one is None else one[which] for one in _columns_of(self)]
        return _Rows(*columns)


def _columns_of(rows: _Rows) -> tuple[Any, ...]:
    return rows.codes, rows.times, rows.values, rows.quality, rows.there, rows.sequence


def _in_order_of(keys: npt.NDArray[np.int64] | None, rows: _Rows) -> _Rows:
    """Return the rows with equal keys together, in ascending order, each in the order in which it came."""
    if keys is None or not (keys[1:] < keys[:-1]).any():
        return rows
    return rows.taken(np.argsort(keys, kind="stable"))


def _groups(keys: npt.NDArray[np.int64]) -> Iterator[tuple[int, slice]]:
    """Yield each key with its rows; equal keys lie together."""
    ends = np.append(np.flatnonzero(np.diff(keys)) + 1, len(keys)).tolist()
    for begin, end in zip([0, *ends], ends, strict=False):
        yield int(keys[begin]), slice(begin, end)


def decoded_arrow(body: bytes, *, source: str, boot_id: str, sequence: int) -> Frame:
    """Return the frame that an Arrow IPC stream with the columns tag, time, value and (optional) quality holds.

    Rows of one tag stay in the order in which they came, whatever stands between them; a tag whose qualities are all
    null has none. A value of null is a sample without a value.

    :raises Refusal: ``frame_not_readable`` for what is no such stream; ``quality_out_of_range`` for every tag with one.
    """
    names, rows = _read(body, _ONE)
    columns = _columns(names, rows) if rows else ()
    return Frame(source, boot_id, sequence, columns, body, MEDIA_TYPE)


def decoded_arrow_frames(body: bytes, *, source: str, boot_id: str) -> list[Frame]:
    """Return the frames of one boot that an Arrow IPC stream holds: as ``decoded_arrow``, and a column sequence.

    They come in the order of their sequences.

    :raises Refusal: as ``decoded_arrow``.
    """
    names, rows = _read(body, _SEVERAL)
    if rows is None or rows.sequence is None:
        return []
    rows = _in_order_of(rows.sequence, rows)
    assert rows.sequence is not None
    return [
        Frame(source, boot_id, sequence, _columns(names, rows.taken(own))) for sequence, own in _groups(rows.sequence)
    ]


def _read(body: bytes, wanted: frozenset[str]) -> tuple[list[str], _Rows | None]:
    try:
        return _parts(body, wanted)
    except (pa.ArrowException, ValueError, OSError, MemoryError, OverflowError, struct.error, IndexError) as fault:
        said = str(fault).partition("\n")[0][:200]
        raise _unreadable(said or "it is no Arrow stream") from None


def arrow_from(columns: Iterable[tuple[str, Times, Floats, Bytes]]) -> bytes:
    """Return an Arrow IPC stream of tag, time, value and quality, one batch a column."""
    schema = pa.schema(
        [
            ("tag", pa.dictionary(pa.int32(), pa.string())),
            ("time", pa.timestamp("us", "UTC")),
            ("value", pa.float64()),
            ("quality", pa.uint8()),
        ]
    )
    given = list(columns)
    tags = pa.array([tag for tag, *_ in given], pa.string())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for place, (_tag, times, values, quality) in enumerate(given):
            named = pa.DictionaryArray.from_arrays(np.full(len(times), place, dtype=np.int32), tags)
            stamps = pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC"))
            writer.write_batch(
                pa.record_batch([named, stamps, pa.array(values), pa.array(quality, pa.uint8())], schema=schema)
            )
    return bytes(sink.getvalue())


def _unreadable(fault: str) -> Refusal:
    return Refusal("frame_not_readable", "The body is not a frame of readings: {fault}.", fault=fault)


def _parts(body: bytes, wanted: frozenset[str]) -> tuple[list[str], _Rows | None]:
    """Return the tags in the order in which they appear, and the rows of all batches, None if there are none."""
    if not body.endswith(_END):
        raise _unreadable("the stream is cut short")
    _check_messages(body)
    source = pa.BufferReader(body)
    known: dict[str, int] = {}
    with pa.ipc.open_stream(source) as reader:
        refuse_all(list(_schema_faults(reader.schema, wanted)))
        parts = [_part(batch, known) for batch in reader if batch.num_rows]
    if source.tell() != len(body):
        raise _unreadable("something follows the end of the stream")
    if len(parts) < 2:
        return list(known), parts[0] if parts else None
    # All batches have one schema: a column is in each or in none.
    columns: list[Any] = [
        None if each[0] is None else np.concatenate(each) for each in zip(*map(_columns_of, parts), strict=True)
    ]
    return list(known), _Rows(*columns)


def _check_messages(body: bytes) -> None:
    """Refuse compressed batches before anything unpacks them: a kilobyte may say that it is a terabyte."""
    messages = list(islice(pa.ipc.MessageReader.open_stream(pa.BufferReader(body)), 2 * _MOST_BATCHES + 1))
    if sum(message.type == "record batch" for message in messages) > _MOST_BATCHES or len(messages) > 2 * _MOST_BATCHES:
        raise _unreadable(f"it has more than {_MOST_BATCHES} batches")
    if any(_is_compressed(memoryview(message.metadata)) for message in messages):
        raise _unreadable("a compressed batch; compress the whole body with gzip")


def _is_compressed(metadata: memoryview) -> bool:
    """Return whether the batch that a message announces is compressed, read from its flatbuffer (Message.fbs).

    The reader of messages has verified the flatbuffer: every offset in it lies inside.
    """
    message = _at(metadata, 0)
    kind, batch = metadata[_field(metadata, message, 1)], _at(metadata, _field(metadata, message, 2))
    if kind == _DICTIONARY_BATCH:
        kind, batch = _RECORD_BATCH, _at(metadata, _field(metadata, batch, 1))
    return kind == _RECORD_BATCH and _field(metadata, batch, _COMPRESSION) > 0


def _at(metadata: memoryview, place: int) -> int:
    return place + int(struct.unpack_from("<I", metadata, place)[0])


def _field(metadata: memoryview, table: int, number: int) -> int:
    """Return where a field of a flatbuffer's table lies, 0 when it is not there."""
    vtable = table - int(struct.unpack_from("<i", metadata, table)[0])
    if 4 + 2 * number >= struct.unpack_from("<H", metadata, vtable)[0]:
        return 0
    offset = int(struct.unpack_from("<H", metadata, vtable + 4 + 2 * number)[0])
    return table + offset if offset else 0


def _schema_faults(schema: pa.Schema, columns: frozenset[str]) -> Iterator[Refusal]:
    names = schema.names
    for name in sorted(set(names) - columns - {"quality"}):
        yield _unreadable(f"there is no column “{name[:40]}” in a frame")
    for name in sorted(columns - set(names)):
        yield _unreadable(f"the column {name} is missing")
    if len(set(names)) < len(names):
        yield _unreadable("a column comes twice")
        return
    for field in schema:
        kind = field.type
        if field.name == "tag":
            text = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
            if text not in _TEXTS:
                yield _unreadable(f"the column tag is {str(kind)[:60]}")
        elif field.name in _KINDS and kind not in _KINDS[field.name]:
            yield _unreadable(f"the column {field.name} is {str(kind)[:60]}")


def _part(batch: pa.RecordBatch, known: dict[str, int]) -> _Rows:
    batch.validate(full=True)
    time, value, names = batch.column("time"), batch.column("value"), batch.schema.names
    if time.null_count:
        raise _unreadable("a time is null")
    codes = _codes(batch.column("tag"), known)
    times = np.frombuffer(time.buffers()[1], dtype=np.int64, count=len(time) + time.offset)[time.offset :]
    values = value.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    quality = there = sequence = None
    if "quality" in names:
        given = batch.column("quality")
        there = np.asarray(given.is_valid())
        quality = np.asarray(given.fill_null(0)).astype(np.int64)
    if "sequence" in names:
        given = batch.column("sequence")
        if given.null_count:
            raise _unreadable("a sequence is null")
        sequence = np.asarray(given).astype(np.int64, copy=False)
    return _Rows(codes, times, values, quality, there, sequence)


def _codes(tag: pa.Array, known: dict[str, int]) -> _Codes:
    """Return the place of each row's tag in ``known``, which grows by the tags that are new."""
    coded = tag if isinstance(tag, pa.DictionaryArray) else tag.dictionary_encode()
    if coded.null_count:
        raise _unreadable("a tag is null")
    places = np.asarray(coded.indices).astype(np.int64)
    used = np.flatnonzero(np.bincount(places))
    names = coded.dictionary.take(pa.array(used)).to_pylist()
    if None in names:
        raise _unreadable("a tag is null")
    own = np.zeros(int(used[-1]) + 1, dtype=np.int64)
    own[used] = [known.setdefault(name, len(known)) for name in names]
    return own[places]


def _columns(names: list[str], rows: _Rows) -> tuple[Column, ...]:
    rows = _in_order_of(rows.codes, rows)
    faults: list[Refusal] = []
    columns: list[Column] = []
    for code, own in _groups(rows.codes):
        tag, given = names[code], None
        if rows.quality is not None and rows.there is not None:
            given = _quality(tag, rows.quality[own], rows.there[own], faults)
        columns.append(column_from(tag, rows.times[own], rows.values[own], given))
    refuse_all(faults)
    return tuple(sorted(columns, key=lambda column: column.tag))


def _quality(
    tag: str, given: npt.NDArray[np.int64], there: npt.NDArray[np.bool_], faults: list[Refusal]
) -> Bytes | None:
    if not there.any():
        return None
    if not there.all():
        faults.append(_unreadable(f"{tag[:40]} has some qualities and lacks others"))
        return None
    if given.min() < 0 or given.max() > 255:
        faults.append(quality_fault(tag))
        return None
    return given.astype(np.uint8)


def frame_identity(source: Any, boot_id: Any, sequence: Any) -> tuple[str, str, int]:
    """Return the identity that headers hold as text; None stands for a header that is missing.

    :raises Refusal: ``frame_not_readable`` for every header that is missing or is not what it should be.
    """
    faults = _missing({**_boot_headers(source, boot_id), "Gatekeeper-Sequence": sequence})
    digits = "0" if sequence is None else sequence.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        faults.append(_unreadable("the header Gatekeeper-Sequence is no whole number"))
    refuse_all(faults)
    return _utf8(source), _utf8(boot_id), int(sequence)


def boot_identity(source: Any, boot_id: Any) -> tuple[str, str]:
    """Return source and boot id that headers hold, as ``frame_identity`` does.

    :raises Refusal: ``frame_not_readable`` for every header that is missing.
    """
    refuse_all(_missing(_boot_headers(source, boot_id)))
    return _utf8(source), _utf8(boot_id)


def _boot_headers(source: Any, boot_id: Any) -> dict[str, Any]:
    return {"Gatekeeper-Source": source, "Gatekeeper-Boot-Id": boot_id}


def _missing(headers: Mapping[str, Any]) -> list[Refusal]:
    return [_unreadable(f"the header {name} is missing") for name, text in headers.items() if text is None]


def _utf8(text: str) -> str:
    """Return what a header says: bytes of UTF-8 reach us as Latin-1 (PEP 3333)."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
