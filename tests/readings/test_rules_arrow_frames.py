"""api.md, Readings: an Arrow stream and the JSON of the same samples are one frame; nothing else is believed."""

import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.readings.rules.arrow_frames import arrow_from, decoded_arrow, frame_identity
from batches.readings.rules.frames import frame_from
from gatekeeper.core.refusal import Refusal
from tests.readings.test_rules_frames import AT, tags

IDENTITY = {"source": "TFF01", "boot_id": "boot", "sequence": 1}
ROWS = {"tag": ["A", "B", "A"], "time": [AT, AT, AT + 1], "value": [1.0, 2.0, None]}
TYPES = {"tag": pa.string(), "time": pa.int64(), "value": pa.float64(), "quality": pa.uint8()}
SEQUENCE = {"sequence": pa.int64()}


def stream(rows=ROWS, types=None, *, batch_rows=1000, **options):
    """Return rows as an Arrow stream; ``types`` replaces the types of some columns."""
    kinds = TYPES | SEQUENCE | (types or {})
    table = pa.table({name: pa.array(column, kinds.get(name)) for name, column in rows.items()})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=batch_rows)
    return sink.getvalue()


def read(body):
    return decoded_arrow(body, **IDENTITY)


def refused(body):
    with pytest.raises(Refusal) as caught:
        read(body)
    return caught.value


@st.composite
def rows_and_tags(draw):
    """The same samples as rows in any order between tags, and as columns."""
    given_tags = draw(tags())
    with_quality = draw(st.booleans())
    order = draw(st.permutations([tag for tag, columns in given_tags.items() for _ in columns["times"]]))
    rows = {"tag": [], "time": [], "value": []} | ({"quality": []} if with_quality else {})
    at = dict.fromkeys(given_tags, 0)
    for tag in order:
        columns, place = given_tags[tag], at[tag]
        rows["tag"].append(tag)
        rows["time"].append(columns["times"][place])
        rows["value"].append(columns["values"][place])
        if with_quality:
            columns.setdefault("quality", []).append(place % 256)
            rows["quality"].append(place % 256)
        at[tag] += 1
    return rows, given_tags


@given(
    rows_and_tags(),
    st.sampled_from([pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]),
    st.sampled_from([pa.int64(), pa.timestamp("us", "UTC")]),
    st.sampled_from([pa.uint8(), pa.int16(), pa.int64()]),
    st.integers(1, 40),
)
def test_arrow_and_json_of_the_same_samples_are_one_frame(given_both, tag, time, quality, batch_rows):
    rows, as_columns = given_both
    types = {"tag": tag, "time": time, "quality": quality}
    frame = read(stream(rows, types, batch_rows=max(batch_rows, len(rows["tag"]) // 60 + 1)))
    assert frame.sha256() == frame_from(*IDENTITY.values(), as_columns).sha256()
    assert frame.samples == len(rows["tag"])


def test_single_precision_is_widened_exactly():
    frame = read(stream({**ROWS, "value": [0.5, 2.0, None]}, {"value": pa.float32()}))
    assert frame.columns[0].values.tolist()[0] == 0.5
    assert np.isnan(frame.columns[0].values[1])


def test_a_dictionary_that_changes_within_the_stream_is_followed():
    sink = io.BytesIO()
    schema = pa.schema({**TYPES, "tag": pa.dictionary(pa.int8(), pa.string())}.items()).remove(3)
    with pa.ipc.new_stream(sink, schema) as writer:
        for names in (["A", "B"], ["B", "A", "A"]):
            coded = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(names))
            columns = [coded, pa.array([AT, AT]), pa.array([float(len(names)), 1.0])]
            writer.write_batch(pa.record_batch(columns, schema=schema))
    frame = read(sink.getvalue())
    assert {column.tag: column.values.tolist() for column in frame.columns} == {"A": [2.0, 1.0], "B": [1.0, 3.0]}


def test_a_tag_without_any_quality_has_none_beside_one_that_has():
    frame = read(stream({**ROWS, "quality": [None, 192, None]}))
    a, b = frame.columns
    assert a.quality is None
    assert b.quality.tolist() == [192]


def test_no_rows_are_a_frame_without_columns():
    assert read(stream({name: [] for name in ROWS})).columns == ()


def test_what_is_read_back_is_written_as_it_was():
    given_columns = [("A", np.array([AT, AT + 1]), np.array([1.0, np.nan]), np.array([192, 0], dtype=np.uint8))]
    frame = read(arrow_from(given_columns))
    (column,) = frame.columns
    assert (column.tag, column.times.tolist(), column.quality.tolist()) == ("A", [AT, AT + 1], [192, 0])
    assert read(arrow_from([])).columns == ()


def test_every_tag_with_an_impossible_quality_is_named():
    fault = refused(stream({**ROWS, "quality": [300, -1, 2]}, {"quality": pa.int16()}))
    assert [(one.code, one.field) for one in fault.all] == [
        ("quality_out_of_range", "tags.A.quality"),
        ("quality_out_of_range", "tags.B.quality"),
    ]


NAMED_NULL = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array(["A", None]))


@pytest.mark.parametrize(
    "body",
    [
        stream({**ROWS, "tag": ["A", None, "B"]}),
        stream({**ROWS, "tag": NAMED_NULL}, {"tag": None}),
        stream({**ROWS, "time": [AT, None, AT]}),
        stream({**ROWS, "quality": [1, None, None]}),
        stream({**ROWS, "colour": ["red", "red", "red"]}),
        stream({"tag": ["A"], "time": [AT]}),
        stream(ROWS, {"time": pa.timestamp("us")}),
        stream(ROWS, {"time": pa.timestamp("ms", "UTC")}),
        stream({**ROWS, "value": [1, 2, 3]}, {"value": pa.int64()}),
        stream({**ROWS, "tag": [1, 2, 3]}, {"tag": pa.int64()}),
        stream({**ROWS, "tag": [b"A", b"B", b"C"]}, {"tag": pa.binary()}),
        stream(ROWS, compression="zstd"),
        stream(ROWS, {"tag": pa.dictionary(pa.int8(), pa.string())}, compression="lz4"),
        stream({name: column * 30 for name, column in ROWS.items()}, batch_rows=1),
        stream({name: column * 60 for name, column in ROWS.items()}, batch_rows=1),
        stream()[:-8],
        stream()[:-9],
        stream() + stream(),
        b"",
        b"ARROW1",
        b"\xff\xff\xff\xff\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\xff\xff\xff\xff\0\0\0\0",
    ],
)
def test_what_is_no_whole_plain_stream_of_these_columns_is_refused(body):
    assert {one.code for one in refused(body).all} == {"frame_not_readable"}


def test_a_column_that_comes_twice_is_refused():
    sink = io.BytesIO()
    schema = pa.schema([("tag", pa.string()), ("time", pa.int64()), ("value", pa.float64()), ("value", pa.float64())])
    with pa.ipc.new_stream(sink, schema) as writer:
        columns = [pa.array(["A"]), pa.array([AT]), pa.array([1.0]), pa.array([1.0])]
        writer.write_batch(pa.record_batch(columns, schema=schema))
    assert refused(sink.getvalue()).code == "frame_not_readable"


WHOLE = [
    stream({**ROWS, "quality": [192, 0, 1]}),
    stream(ROWS, {"tag": pa.dictionary(pa.int8(), pa.string())}),
    stream(ROWS, compression="zstd"),
]


@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6), st.data())
def test_a_damaged_stream_is_refused_or_read_and_nothing_else_happens(whole, edits, data):
    body = bytearray(whole)
    for place, byte in edits:
        body[place % len(body)] = byte
    cut = data.draw(st.integers(0, len(body)))
    for tried in (bytes(body), bytes(body[:cut]) + whole[-8:]):
        try:
            frame = read(tried)
        except Refusal:
            continue
        assert all(len(column.times) == len(column.values) for column in frame.columns)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    assert refused(noise + b"\xff\xff\xff\xff\0\0\0\0").code == "frame_not_readable"


def test_the_headers_hold_the_identity():
    assert frame_identity("TFF01", "boot", "17") == ("TFF01", "boot", 17)
    assert frame_identity("Kühl".encode().decode("latin-1"), "b", "-1") == ("Kühl", "b", -1)
    assert frame_identity("日本", "b", "0")[0] == "日本"


@pytest.mark.parametrize("given_headers", [(None, "b", "1"), ("s", "b", "1.5"), ("s", "b", ""), ("s", "b", "9" * 20)])
def test_headers_that_are_no_identity_are_refused(given_headers):
    with pytest.raises(Refusal) as caught:
        frame_identity(*given_headers)
    assert caught.value.code == "frame_not_readable"
