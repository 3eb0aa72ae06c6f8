"""E-c, I-8: which month may go to files, and what the manifest of a file says."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from batches.readings.rules.archives import (
    FORMAT,
    LogPosition,
    Manifest,
    Month,
    check_cold,
    drop_faults,
    manifest_from,
    month_from,
    name_of,
    parts_here,
)
from batches.readings.rules.parquet_frames import FileAlteredError
from gatekeeper.core.refusal import Refusal

MARCH = Month(date(2026, 3, 1))
MANIFEST = Manifest(
    format=FORMAT,
    source="TFF01",
    month="2026-03",
    part=1,
    ledger=LogPosition("gatekeeper", 7, "ab"),
    file="a.parquet",
    file_sha256="cd",
    file_bytes=9,
    segments=1,
    samples=2,
    frames=(("boot", 1, "ef", 2),),
)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2028-02", datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_month_is_that_of_utc(text, start, end):
    month = month_from(text)
    assert (month.start, month.end, str(month)) == (start, end, text)


@pytest.mark.parametrize("text", ["2026-3", "2026-00", "2026-13", "1999-12", "2026-03-01", "", "２０２６-03"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(Refusal) as refused:
        month_from(text)
    assert refused.value.code == "month_malformed"


def test_a_month_is_cold_to_the_day():
    check_cold(MARCH, at=datetime(2026, 4, 11, tzinfo=UTC), after_days=10)
    with pytest.raises(Refusal) as refused:
        check_cold(MARCH, at=datetime(2026, 4, 10, 23, 59, tzinfo=UTC), after_days=10)
    assert refused.value.code == "month_not_cold"
    assert "from 2026-04-11 on: 10 days after its end" in refused.value.message


def test_every_reason_why_a_month_stays_is_said():
    assert drop_faults(MARCH, waiting=[], unjudged=0) == []
    found = drop_faults(MARCH, waiting=["BR-1 · L10", "BR-2 · L10"], unjudged=3)
    assert [one.code for one in found] == ["phase_without_disposition"] * 2 + ["readings_not_judged"]
    assert found[0].message == "BR-1 · L10 has readings in 2026-03, and its lot is neither released nor rejected."


@pytest.mark.parametrize(
    ("source", "name"), [("TFF01", "2026-03-TFF01-5-2"), ("../µ x", "2026-03-_____x-5-2"), ("a" * 40, None)]
)
def test_a_name_is_safe_whatever_the_source_is_called(source, name):
    made = name_of(source, 5, MARCH, 2)
    assert made == (name or f"2026-03-{'a' * 40}-5-2")
    assert len(made) <= 100


def test_a_manifest_reads_back_as_it_is_written():
    assert manifest_from(MANIFEST.content) == MANIFEST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"{}",
        MANIFEST.content + b" ",
        MANIFEST.content.replace(b'"part":1', b'"part":1.0'),
        MANIFEST.content.replace(b'"part":1', b'"part":99999999999999999'),
        replace(MANIFEST, format="other").content,
    ],
    ids=["empty", "no text", "no manifest", "a space more", "another number", "a number too large", "another format"],
)
def test_anything_else_is_no_manifest(content):
    with pytest.raises(FileAlteredError):
        manifest_from(content)


@pytest.mark.parametrize(
    ("present", "parts", "here"),
    [
        ({"a", "b"}, [(1, {"a", "b"})], [1]),
        ({"a", "b", "c"}, [(1, {"a", "b"}), (2, {"c"})], [1, 2]),
        ({"c"}, [(1, {"a", "b"}), (2, {"c"})], [2]),
        ({"a", "b", "c"}, [(1, {"a", "b"})], None),
        ({"a"}, [(1, {"a", "b"})], None),
        (set(), [(1, {"a"})], []),
    ],
    ids=["all", "two parts", "one of them is away", "one is in no part", "half a part", "nothing"],
)
def test_the_parts_that_hold_exactly_what_is_there(present, parts, here):
    assert parts_here(present, [(key, frozenset(frames)) for key, frames in parts]) == here
