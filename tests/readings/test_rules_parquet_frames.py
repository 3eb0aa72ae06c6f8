"""I-8, 2.2.10: frames as a Parquet file: every bit of every sample comes back, and what was altered is not read."""

import io
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from batches.readings.rules.archives import listed
from batches.readings.rules.frames import digest
from batches.readings.rules.parquet_frames import SCHEMA, ArchivedFrame, FileAlteredError, frames_in, write_frames

BITS = st.integers(0, 2**64 - 1)
TIMES = st.integers(946_684_800_000_000, 4_102_444_800_000_000)


@st.composite
def columns(draw):
    size = draw(st.integers(1, 5))
    times = draw(st.lists(TIMES, min_size=size, max_size=size))
    values = draw(st.lists(BITS, min_size=size, max_size=size))
    quality = draw(st.one_of(st.none(), st.binary(min_size=size, max_size=size)))
    return size, (struct.pack(f"<{size}q", *times), struct.pack(f"<{size}Q", *values), quality)


@st.composite
def archived(draw):
    stored = draw(st.dictionaries(st.text("ABc1µ", min_size=1, max_size=3), columns(), min_size=1, max_size=3))
    boot, number = draw(st.sampled_from(["boot", "\N{SNOWMAN}"])), draw(st.integers(0, 2**53 - 1))
    packed = tuple(sorted((tag, size, parts) for tag, (size, parts) in stored.items()))
    return ArchivedFrame(boot, number, digest("S", boot, number, packed), packed)


def written(frames, **how):
    sink = io.BytesIO()
    write_frames(sink, "S", frames, **how)
    return sink


def back(sink, source="S"):
    sink.seek(0)
    return list(frames_in(sink, source))


@given(st.lists(archived(), min_size=1, max_size=6, unique_by=lambda one: one.sha256), st.integers(1, 20))
def test_every_bit_comes_back_however_the_rows_are_grouped(frames, rows):
    found = back(written(frames, rows=rows))
    assert found == frames
    assert all(one.is_whole("S") for one in found)
    assert listed(found) == tuple((one.boot_id, one.sequence, one.sha256, one.samples) for one in frames)


def one_frame():
    times = np.arange(3, dtype="<i8") + 946_684_800_000_000
    packed = (("A", 3, (times.tobytes(), np.arange(3.0).astype("<f8").tobytes(), bytes([192, 0, 192]))),)
    return ArchivedFrame("boot", 1, digest("S", "boot", 1, packed), packed)


def test_row_groups_are_in_order_of_time_and_say_so():
    sink = written([one_frame(), one_frame()], rows=3)
    metadata = parquet.ParquetFile(sink).metadata
    assert (metadata.num_row_groups, metadata.num_rows) == (2, 6)
    assert metadata.row_group(0).column(5).statistics.has_min_max


def test_a_changed_value_is_no_longer_of_its_frame():
    frame = one_frame()
    (tag, count, (times, values, quality)) = frame.columns[0]
    changed = ArchivedFrame("boot", 1, frame.sha256, ((tag, count, (times, b"\1" + values[1:], quality)),))
    assert not back(written([changed]))[0].is_whole("S")


def table(**changes):
    rows = {
        "source": ["S", "S"],
        "boot_id": ["b", "b"],
        "sequence": [1, 1],
        "frame": ["0", "0"],
        "tag": ["A", "A"],
        "time": [1, 2],
        "value": [1.0, 2.0],
        "quality": [192, 192],
    }
    loose = pa.schema([field.with_nullable(True) for field in SCHEMA])
    return pa.table(rows | changes, schema=loose)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (table, "its columns are others"),
        (lambda: table(source=["S", "T"]).cast(SCHEMA), "it is of another source"),
        (lambda: table(quality=[192, None]).cast(SCHEMA), "a quality is missing"),
        (lambda: table().slice(0, 0).cast(SCHEMA), "a value is missing"),
    ],
    ids=["nullable", "two sources", "half a quality", "nothing"],
)
def test_what_was_not_written_here_is_not_read(stored, said):
    sink = io.BytesIO()
    with parquet.ParquetWriter(sink, stored().schema) as writer:
        writer.write_table(stored())
    with pytest.raises(FileAlteredError, match=said):
        back(sink)


@pytest.mark.parametrize("content", [b"", b"PAR1" * 10], ids=["empty", "no footer"])
def test_bytes_that_are_no_parquet_are_named_as_altered(content):
    with pytest.raises(FileAlteredError):
        back(io.BytesIO(content))


def test_a_flipped_bit_is_found_by_the_checksum_of_its_page():
    content = bytearray(written([one_frame()]).getvalue())
    place = content.index(b"boot") + 1  # in the page of a dictionary
    content[place] ^= 1
    with pytest.raises(FileAlteredError, match="CRC"):
        back(io.BytesIO(bytes(content)))
