"""I-6: what an instrument's file gives a source is decided by the file and the source's tags alone."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from batches.readings.rules.recordings import Belonging, KnownTag, boot_id, frames_of, taken_at_line, taken_from_traces
from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.at_line import AtLine, Point
from gatekeeper.instruments.readings import Finding
from gatekeeper.instruments.traces import Trace, TraceFile, quality_of

PH, FLOW = KnownTag("pH", "ph", "[pH]"), KnownTag("Flow", "flow", "L/min")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OURS = Belonging({"BR-1", "LOT-1"}, "TFF-1")


def trace(name, values, unit="[pH]"):
    numbers = np.array(values, dtype=np.float64)
    at = np.arange(1, len(values) + 1, dtype=np.int64)
    return Trace(name, unit, unit or "furlong", at, numbers, quality_of(numbers), f"curve ({name}), point", at)


def file(*traces, findings=()):
    return TraceFile("cytiva_unicorn", "00", "ÄKTA", traces, (), findings, ())


def point(name="S1", tag="ph", unit="[pH]", row=2, **context):
    return Point(NOON, tag, Decimal("7.20"), unit, "7.20", name, f"row {row}, column {tag}", tuple(context.items()))


def at_line(*points, tags=(PH,), belonging=OURS):
    return taken_at_line("FLEX2", (), AtLine(points, ()), tags, belonging)


def refused(function, *args, **more):
    with pytest.raises(Refusal) as caught:
        function(*args, **more)
    return [one.code for one in caught.value.all]


def test_a_trace_is_taken_by_the_name_of_a_tag_with_text_and_place():
    taken = taken_from_traces(file(trace("pH", [7.2, np.inf]), trace("UV", [1.0])), [PH, FLOW])
    (series,) = taken.series
    assert (len(series), series.text(0), series.text(1), series.place(1)) == (2, "7.2", "", "curve (pH), point 2")
    column = series.column()
    assert (column.values[0], np.isnan(column.values[1])) == (7.2, True)
    assert list(column.quality) == [192, 0]
    assert [(one.code, one.parameter) for one in taken.findings] == [("signal_without_tag", "UV")]


def test_a_value_in_single_precision_is_written_with_the_digits_that_it_has():
    (series,) = taken_from_traces(file(trace("pH", [float(np.float32(7.2)), 7.2])), [PH]).series
    assert (series.text(0), series.text(1)) == ("7.2", "7.2")


def test_an_unusable_trace_and_an_empty_one_are_no_series():
    cut = Finding("curve_cut_short", "cut", "curve 1", blocking=True, parameter="pH")
    assert taken_from_traces(file(trace("Flow", [], "L/min"), findings=(cut,)), [PH, FLOW]).series == ()
    assert refused(taken_from_traces, file(trace("UV", [1.0])), [PH]) == ["file_without_signals"]


def test_every_unit_that_is_not_that_of_its_tag_is_refused():
    wrong = file(trace("pH", [7.0], ""), trace("Flow", [1.0], "mL/min"))
    assert refused(taken_from_traces, wrong, [PH, FLOW]) == ["unknown_unit", "unit_of_file_differs"]


@pytest.mark.parametrize(
    ("context", "chosen", "belongs"),
    [
        ({"batch": "BR-1"}, "", True),
        ({"batch": "LOT-1", "vessel": "X"}, "", True),
        ({"batch": "BR-2", "vessel": "TFF-1"}, "", False),
        ({"vessel": "TFF-1"}, "", True),
        ({"vessel": "X"}, "", False),
        ({}, "", False),
        ({}, "S1", True),
        ({}, "S2", False),
        ({"batch": "BR-2"}, "S1", False),
    ],
)
def test_a_sample_belongs_by_its_batch_its_vessel_or_by_choice_but_never_against_its_batch(context, chosen, belongs):
    belonging = Belonging(OURS.batches, OURS.vessel, chosen)
    if belongs:
        (series,) = at_line(point(**context), belonging=belonging).series
        assert (series.text(0), series.place(0), series.values[0]) == ("7.20", "row 2, column ph", 7.2)
    else:
        assert refused(at_line, point(**context), belonging=belonging) == ["no_sample_of_this_phase"]


def test_what_is_not_taken_of_a_file_of_samples_is_named():
    ours, theirs = point(batch="BR-1"), point("S2", row=3, batch="BR-2")
    salt = point("S1", "osmolality", "mosm/kg", batch="BR-1")
    taken = at_line(ours, salt, theirs)
    assert [(one.code, one.sample or one.parameter) for one in taken.findings] == [
        ("signal_without_tag", "osmolality"),
        ("sample_not_of_this_phase", "S2"),
    ]
    assert refused(at_line, point(batch="BR-1"), tags=[FLOW]) == ["file_without_signals"]
    assert refused(at_line, point(unit="1", batch="BR-1")) == ["unit_of_file_differs"]


def test_frames_hold_at_most_so_many_samples_and_each_sample_once():
    series = taken_from_traces(
        file(trace("pH", [7.0, np.nan, 7.2]), trace("Flow", [1.0, 2.0, 3.0], "L/min")), [PH, FLOW]
    ).series
    frames = [[(column.tag, list(column.times)) for column in frame] for frame in frames_of(series, most=2)]
    assert frames == [[("Flow", [1, 2])], [("Flow", [3]), ("pH", [1])], [("pH", [2, 3])]]
    assert [len(frame) for frame in frames_of(series, most=4)] == [2, 1]
    assert list(frames_of((), most=2)) == []


def test_the_identity_of_a_file_is_that_of_its_bytes_and_its_sample():
    names = {boot_id("a", ""), boot_id("b", ""), boot_id("a", "S1"), boot_id("a", "")}
    assert len(names) == 3
    assert {len(name) for name in names} == {37}
