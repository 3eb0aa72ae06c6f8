"""A frame of readings: from its bytes to columns, with every fault named before anything is recorded.

No sample is touched by a Python loop: a column is decoded, checked and written as one array.
"""

import base64
import hashlib
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from batches.readings.rules.signals import Signal
from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal, refuse_all

type Times = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Bytes = npt.NDArray[np.uint8]

GOOD = 192
LONGEST_NAME = 40
_LARGEST_SEQUENCE = 2**53  # beyond it readers of JSON disagree (RFC 7493)
_FIRST_US = 946_684_800_000_000  # the year 2000: seconds or milliseconds taken for microseconds lie before it
_CHUNK = 1 << 20
_GZIP_WINDOW = 31
_MOST_PARTS = 64  # each part is copied out of the rest: empty parts by the hundred thousand are minutes of work


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many samples and frames may come at once, and until when (µs) their readings may be."""

    samples: int
    frames: int
    latest_us: int


@dataclass(frozen=True, eq=False)
class Column:
    """The samples of one tag: times in µs since 1970, values, OPC quality (None: all good)."""

    tag: str
    times: Times
    values: Floats
    quality: Bytes | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.times)

    @cached_property
    def first_us(self) -> int:
        """The earliest time."""
        return int(self.times.min())

    @cached_property
    def last_us(self) -> int:
        """The latest time."""
        return int(self.times.max())

    @cached_property
    def packed(self) -> tuple[bytes, bytes, bytes | None]:
        """Times (int64), values (float64) and quality (uint8) as little-endian bytes."""
        quality = None if self.quality is None else self.quality.tobytes()
        return np.asarray(self.times, "<i8").tobytes(), np.asarray(self.values, "<f8").tobytes(), quality

    def listed(self) -> dict[str, list[float]]:
        """Return times, values and, where there is one, quality as lists."""
        quality = {} if self.quality is None else {"quality": self.quality.tolist()}
        return {"times": self.times.tolist(), "values": self.values.tolist(), **quality}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What a source sent at once. (source, boot id, sequence) is its identity; ``body`` are the bytes as received."""

    source: str
    boot_id: str
    sequence: int
    columns: tuple[Column, ...]
    body: bytes = b""
    media_type: str = "application/json"

    @property
    def text(self) -> str:
        """The body as text: JSON as it came, anything else as a data URL (RFC 2397); without a body its columns."""
        if self.media_type == "application/json":
            return (self.body or self._as_json()).decode()
        return f"data:{self.media_type};base64,{base64.b64encode(self.body).decode()}"

    def _as_json(self) -> bytes:
        tags = {column.tag: column.listed() for column in self.columns}
        return msgspec.json.encode(
            {"source": self.source, "boot_id": self.boot_id, "sequence": self.sequence, "tags": tags}
        )

    @property
    def samples(self) -> int:
        """The number of samples in all columns."""
        return sum(len(column) for column in self.columns)

    @property
    def first_us(self) -> int:
        """The earliest event time."""
        return min(column.first_us for column in self.columns)

    @property
    def last_us(self) -> int:
        """The latest event time."""
        return max(column.last_us for column in self.columns)

    def sha256(self) -> str:
        """Return the digest of its identity and columns, whatever the order of tags or the spelling of numbers."""
        packed = [(column.tag, len(column), column.packed) for column in self.columns]
        return digest(self.source, self.boot_id, self.sequence, packed)


class _Tag(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    times: list[int]
    values: list[float | None]
    quality: list[int] | None = None


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    boot_id: str
    sequence: int
    tags: dict[str, _Tag]


class _Bodies(msgspec.Struct, forbid_unknown_fields=True):
    frames: list[_Body]


_DECODER = msgspec.json.Decoder(_Body)
_SEVERAL = msgspec.json.Decoder(_Bodies)


def unpacked(body: bytes, *, limit: int) -> bytes:
    """Return what a gzip body unpacks to; it is unpacked no further than the limit.

    :raises Refusal: ``body_too_large``, ``body_not_gzip``.
    """
    parts: list[bytes] = []
    size, rest, streams = 0, body, 0
    try:
        while rest:
            streams += 1
            if streams > _MOST_PARTS:
                raise Refusal("body_not_gzip", "The gzip body has more than {most} parts.", most=_MOST_PARTS)
            stream = zlib.decompressobj(_GZIP_WINDOW)
            while not stream.eof:
                part = stream.decompress(rest, _CHUNK)
                size += len(part)
                if size > limit:
                    raise Refusal("body_too_large", "The body unpacks to more than {limit} bytes.", limit=limit)
                if not part and not stream.unconsumed_tail and not stream.eof:
                    raise Refusal("body_not_gzip", "The gzip body is cut short.")
                parts.append(part)
                rest = stream.unconsumed_tail
            rest = stream.unused_data
    except zlib.error:
        raise Refusal("body_not_gzip", "The body is not gzip.") from None
    return b"".join(parts)


def decoded(body: bytes) -> Frame:
    """Return the frame that a JSON body holds; a value of null is a sample without a value.

    :raises Refusal: ``frame_not_readable`` for what is no such JSON; ``columns_differ_in_length``,
        ``time_out_of_range``, ``quality_out_of_range`` for every column that has one.
    """
    faults: list[Refusal] = []
    frame = _frame(_read(_DECODER, body), "", faults, body)
    refuse_all(faults)
    return frame


def decoded_frames(body: bytes) -> list[Frame]:
    """Return the frames that a JSON body holds under ``frames``, each as ``decoded`` does.

    :raises Refusal: as ``decoded``, with every fault of every frame.
    """
    faults: list[Refusal] = []
    given = _read(_SEVERAL, body).frames
    found = [_frame(one, f"frames.{place}." if len(given) > 1 else "", faults) for place, one in enumerate(given)]
    refuse_all(faults)
    return found


def _read[T](decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refusal("frame_not_readable", "The body is not a frame of readings: {fault}.", fault=fault) from None


def _frame(given: _Body, prefix: str, faults: list[Refusal], body: bytes = b"") -> Frame:
    columns = [_column(code, tag, prefix, faults) for code, tag in sorted(given.tags.items())]
    whole = tuple(column for column in columns if column is not None)
    return Frame(given.source, given.boot_id, given.sequence, whole, body)


def frame_from(source: str, boot_id: str, sequence: int, tags: Mapping[str, Mapping[str, Sequence[Any]]]) -> Frame:
    """Return the frame of columns that are already in memory, as ``decoded`` would.

    :raises Refusal: as ``decoded``.
    """
    body = {"source": source, "boot_id": boot_id, "sequence": sequence, "tags": tags}
    return decoded(msgspec.json.encode(body))


def _column(code: str, tag: _Tag, prefix: str, faults: list[Refusal]) -> Column | None:
    place = f"{prefix}tags.{code}"
    lengths = {len(tag.times), len(tag.values), len(tag.times if tag.quality is None else tag.quality)}
    if len(lengths) > 1:
        faults.append(
            Refusal("columns_differ_in_length", "The columns of {tag} differ in length.", field=place, tag=code)
        )
        return None
    try:
        times = np.array(tag.times, dtype=np.int64)
    except OverflowError:
        faults.append(Refusal("time_out_of_range", "A time of {tag} is no time.", field=f"{place}.times", tag=code))
        return None
    quality = None
    if tag.quality is not None:
        try:
            wide = np.array(tag.quality, dtype=np.int64)
        except OverflowError:
            wide = np.array([-1])
        if len(wide) and (wide.min() < 0 or wide.max() > 255):
            faults.append(quality_fault(code, prefix))
            return None
        quality = wide.astype(np.uint8)
    return column_from(code, times, np.array(tag.values, dtype=np.float64), quality)


def column_from(tag: str, times: Times, values: Floats, quality: Bytes | None) -> Column:
    """Return a column in which "no value" has one spelling, so that the digest of a frame is the same."""
    missing = np.isnan(values)
    return Column(tag, times, np.where(missing, np.nan, values) if missing.any() else values, quality)


def column_of(tag: str, times: bytes, values: bytes, quality: bytes | None) -> Column:
    """Return the column of packed bytes (``Column.packed``)."""
    given = None if quality is None else np.frombuffer(quality, dtype=np.uint8)
    return Column(tag, np.frombuffer(times, dtype="<i8"), np.frombuffer(values, dtype="<f8"), given)


def quality_fault(tag: str, prefix: str = "") -> Refusal:
    """Return what is said of a tag with a quality that no OPC server gives."""
    return Refusal(
        "quality_out_of_range",
        "A quality of {tag} is not between 0 and 255.",
        field=f"{prefix}tags.{tag}.quality",
        tag=tag,
    )


def check_identities(frames: Sequence[Frame]) -> None:
    """Pass when source, boot id and sequence of frames that came together can be looked up, and none comes twice.

    :raises Refusal: ``empty_frame``, ``blank_value``, ``name_too_long``, ``sequence_out_of_range``,
        ``several_sources``, ``frame_twice``, all at once.
    """
    if not frames:
        raise Refusal("empty_frame", "The frame holds no readings.", field="frames")
    faults = [fault for place, frame in _placed(frames) for fault in _identity_faults(frame, place)]
    seen: set[tuple[str, int]] = set()
    for place, frame in _placed(frames):
        if frame.source != frames[0].source:
            faults.append(Refusal("several_sources", "What comes together is of one source.", field=f"{place}source"))
        if (frame.boot_id, frame.sequence) in seen:
            faults.append(Refusal("frame_twice", "This frame comes twice.", field=f"{place}sequence"))
        seen.add((frame.boot_id, frame.sequence))
    refuse_all(faults)


def check_frames(frames: Sequence[Frame], *, known: Collection[str], bounds: Bounds) -> None:
    """Pass when frames that came together can be recorded by a source that has these tags.

    :raises Refusal: every fault at once: ``too_many_frames``, ``empty_frame``, ``too_many_samples``, ``unknown_tag``,
        ``empty_column``, ``reading_from_the_future``, ``reading_before_2000``.
    """
    faults = list(_size_faults(frames, bounds))
    for place, frame in _placed(frames):
        if not frame.columns:
            faults.append(Refusal("empty_frame", "The frame holds no readings.", field=f"{place}tags"))
        faults += _column_faults(frame, place, known, bounds)
    refuse_all(faults)


def _placed(frames: Sequence[Frame]) -> Iterator[tuple[str, Frame]]:
    """Yield each frame with what comes before the names of its fields: nothing, where it came alone."""
    for number, frame in enumerate(frames):
        yield f"frames.{number}." if len(frames) > 1 else "", frame


def _identity_faults(frame: Frame, place: str) -> Iterator[Refusal]:
    for field in ("source", "boot_id"):
        name = getattr(frame, field)
        if not name.strip():
            yield Refusal("blank_value", "Enter a value.", field=place + field)
        elif len(name) > LONGEST_NAME or not name.isprintable():
            yield Refusal(
                "name_too_long", "A name has at most {most} characters.", field=place + field, most=LONGEST_NAME
            )
    if not 0 <= frame.sequence < _LARGEST_SEQUENCE:
        yield Refusal("sequence_out_of_range", "A sequence is a whole number from 0 to 2^53.", field=f"{place}sequence")


def _size_faults(frames: Sequence[Frame], bounds: Bounds) -> Iterator[Refusal]:
    if len(frames) > bounds.frames:
        yield Refusal(
            "too_many_frames",
            "At most {most} frames come together; these are {count}.",
            field="frames",
            most=bounds.frames,
            count=len(frames),
        )
    samples = sum(frame.samples for frame in frames)
    if samples > bounds.samples:
        yield Refusal(
            "too_many_samples",
            "A frame holds at most {most} samples; this one has {count}.",
            field="tags",
            most=bounds.samples,
            count=samples,
        )


def _column_faults(frame: Frame, prefix: str, known: Collection[str], bounds: Bounds) -> Iterator[Refusal]:
    for column in frame.columns:
        place, tag = f"{prefix}tags.{column.tag}", column.tag
        if tag not in known:
            yield Refusal("unknown_tag", "The source has no tag “{tag}”.", field=place, tag=tag)
        if not len(column):
            yield Refusal("empty_column", "The column of {tag} is empty.", field=place, tag=tag)
            continue
        if column.last_us > bounds.latest_us:
            at = int(np.argmax(column.times > bounds.latest_us))
            yield Refusal(
                "reading_from_the_future",
                "A reading of {tag} lies too far in the future for a clock that is ahead.",
                field=f"{place}.times.{at}",
                tag=tag,
            )
        if column.first_us < _FIRST_US:
            at = int(np.argmax(column.times < _FIRST_US))
            yield Refusal(
                "reading_before_2000",
                "A reading of {tag} lies before the year 2000: times are microseconds since 1970.",
                field=f"{place}.times.{at}",
                tag=tag,
            )


def digest(
    source: str, boot_id: str, sequence: int, packed: Sequence[tuple[str, int, tuple[bytes, bytes, bytes | None]]]
) -> str:
    """Return the SHA-256 of a frame: its identity and shape as canonical JSON, a zero byte, then the columns.

    ``packed`` are tag, count and bytes of each column (``Column.packed``), in any order.
    """
    ordered = sorted(packed, key=lambda entry: entry[0])
    shape = [[tag, count, quality is not None] for tag, count, (_times, _values, quality) in ordered]
    head = {"source": source, "boot_id": boot_id, "sequence": sequence, "columns": shape}
    total = hashlib.sha256(canonical(head))
    total.update(b"\0")
    for _tag, _count, parts in ordered:
        for part in parts:
            total.update(part or b"")
    return total.hexdigest()


def signal_from(times: bytes, values: bytes, quality: bytes | None) -> Signal:
    """Return the signal of packed columns (``Column.packed``)."""
    at = np.frombuffer(times, dtype="<i8").astype(np.int64, copy=False)
    given = np.frombuffer(values, dtype="<f8").astype(np.float64, copy=False)
    good = np.ones(len(at), dtype=np.bool_) if quality is None else np.frombuffer(quality, dtype=np.uint8) >= GOOD
    return Signal(at, given, good)
