"""Frames of readings as Arrow: an IPC stream becomes the frame that the same samples as JSON are, and the reverse.

Columns are sliced out of the body that was sent; nothing is unpacked, so nothing grows beyond the bound of the body.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from batches.monitoring.rules.frames import Bytes, Column, Frame, column_from, quality_fault
from batches.monitoring.rules.signals import Floats, Times
from gatekeeper.core.refusal import Refusal, refuse_all

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_TIMES = (pa.int64(), pa.timestamp("us", "UTC"), pa.timestamp("us", "+00:00"))
_VALUES = (pa.float64(), pa.float32())
_QUALITIES = (pa.uint8(), pa.int8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64())
_TEXTS = (pa.string(), pa.large_string())
_MOST_BATCHES = 64  # each costs a fixed amount, however few rows it has
_END = b"\xff\xff\xff\xff\0\0\0\0"  # what closes a stream: without it nobody knows that it is whole
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2  # Message.fbs, union MessageHeader
_COMPRESSION = 3  # Message.fbs, table RecordBatch, fourth field

type _Codes = npt.NDArray[np.int64]
type _Part = tuple[_Codes, Times, Floats, npt.NDArray[np.int64] | None, npt.NDArray[np.bool_] | None]


def decoded_arrow(body: bytes, *, source: str, boot_id: str, sequence: int) -> Frame:
    """Return the frame that an Arrow IPC stream with the columns tag, time, value and (optional) quality holds.

    Rows of one tag stay in the order in which they came, whatever stands between them; a tag whose qualities are all
    null has none. A value of null is a sample without a value.

    :raises Refusal: ``frame_not_readable`` for what is no such stream; ``quality_out_of_range`` for every tag with one.
    """
    try:
        names, parts = _parts(body)
    except (pa.ArrowException, ValueError, OSError, MemoryError, OverflowError, struct.error, IndexError) as fault:
        said = str(fault).partition("\n")[0][:200]
        raise _unreadable(said or "it is no Arrow stream") from None
    return Frame(source, boot_id, sequence, _columns(names, parts), body, MEDIA_TYPE)


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


def _parts(body: bytes) -> tuple[list[str], list[_Part]]:
    """Return the tags in the order in which they appear, and each batch as columns."""
    if not body.endswith(_END):
        raise _unreadable("the stream is cut short")
    _check_messages(body)
    source = pa.BufferReader(body)
    known: dict[str, int] = {}
    with pa.ipc.open_stream(source) as reader:
        _check_schema(reader.schema)
        parts = [_part(batch, known) for batch in reader if batch.num_rows]
    if source.tell() != len(body):
        raise _unreadable("something follows the end of the stream")
    return list(known), parts


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


def _check_schema(schema: pa.Schema) -> None:
    refuse_all(list(_schema_faults(schema)))


def _schema_faults(schema: pa.Schema) -> Iterator[Refusal]:
    names = schema.names
    for name in sorted(set(names) - {"tag", "time", "value", "quality"}):
        yield _unreadable(f"there is no column “{name[:40]}” in a frame")
    for name in ("tag", "time", "value"):
        if name not in names:
            yield _unreadable(f"the column {name} is missing")
    if len(set(names)) < len(names):
        yield _unreadable("a column comes twice")
        return
    wanted = {"time": _TIMES, "value": _VALUES, "quality": _QUALITIES}
    for field in schema:
        kind = field.type
        if field.name == "tag":
            text = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
            if text not in _TEXTS:
                yield _unreadable(f"the column tag is {str(kind)[:60]}")
        elif field.name in wanted and kind not in wanted[field.name]:
            yield _unreadable(f"the column {field.name} is {str(kind)[:60]}")


def _part(batch: pa.RecordBatch, known: dict[str, int]) -> _Part:
    batch.validate(full=True)
    time, value = batch.column("time"), batch.column("value")
    if time.null_count:
        raise _unreadable("a time is null")
    codes = _codes(batch.column("tag"), known)
    times = np.frombuffer(time.buffers()[1], dtype=np.int64, count=len(time) + time.offset)[time.offset :]
    values = value.to_numpy(zero_copy_only=False).astype(np.float64)
    if "quality" not in batch.schema.names:
        return codes, times, values, None, None
    quality = batch.column("quality")
    there = np.asarray(quality.is_valid())
    return codes, times, values, np.asarray(quality.fill_null(0)).astype(np.int64), there


def _codes(tag: pa.Array, known: dict[str, int]) -> _Codes:
    """Return the place of each row's tag in ``known``, which grows by the tags that are new."""
    coded = tag if isinstance(tag, pa.DictionaryArray) else tag.dictionary_encode()
    if coded.null_count:
        raise _unreadable("a tag is null")
    places = np.asarray(coded.indices).astype(np.int64)
    used = np.unique(places)
    names = coded.dictionary.take(pa.array(used)).to_pylist()
    if None in names:
        raise _unreadable("a tag is null")
    own = np.zeros(int(used[-1]) + 1, dtype=np.int64)
    own[used] = [known.setdefault(name, len(known)) for name in names]
    return own[places]


def _columns(names: list[str], parts: list[_Part]) -> tuple[Column, ...]:
    if not parts:
        return ()
    codes = np.concatenate([part[0] for part in parts])
    times, values = np.concatenate([part[1] for part in parts]), np.concatenate([part[2] for part in parts])
    quality = None if parts[0][3] is None else np.concatenate([part[3] for part in parts if part[3] is not None])
    there = None if parts[0][4] is None else np.concatenate([part[4] for part in parts if part[4] is not None])
    if (codes[1:] < codes[:-1]).any():
        order = np.argsort(codes, kind="stable")
        codes, times, values = codes[order], times[order], values[order]
        quality, there = (None, None) if quality is None or there is None else (quality[order], there[order])
    ends = np.append(np.flatnonzero(np.diff(codes)) + 1, len(codes)).tolist()
    faults: list[Refusal] = []
    columns: list[Column] = []
    for begin, end in zip([0, *ends], ends, strict=False):
        tag, own = names[int(codes[begin])], slice(begin, end)
        given = None if quality is None or there is None else _quality(tag, quality[own], there[own], faults)
        columns.append(column_from(tag, times[own], values[own], given))
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
    named = {"Gatekeeper-Source": source, "Gatekeeper-Boot-Id": boot_id, "Gatekeeper-Sequence": sequence}
    faults = [_unreadable(f"the header {name} is missing") for name, text in named.items() if text is None]
    digits = "0" if sequence is None else sequence.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        faults.append(_unreadable("the header Gatekeeper-Sequence is no whole number"))
    refuse_all(faults)
    return _utf8(source), _utf8(boot_id), int(sequence)


def _utf8(text: str) -> str:
    """Return what a header says: bytes of UTF-8 reach us as Latin-1 (PEP 3333)."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
