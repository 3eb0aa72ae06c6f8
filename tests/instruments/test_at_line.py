"""I-4: a sample beside the line is a point with its time, unit, text and place, or is named."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from batches.readings.rules.parameters import measured
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.instrument_files import FlexSample, nova_flex2_csv, simulated_flex_sample
from gatekeeper.instruments.at_line import TAGS, AtLine, points_of
from gatekeeper.instruments.nova_flex2 import COLUMNS
from gatekeeper.instruments.readings import ParsedFile
from gatekeeper.instruments.registry import parse

REAL = "SampleResultsDEVICE1232021-02-18_104838.csv"
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 12, 5, tzinfo=BERLIN)


def sample(name: str = "LV-001", minutes: int = 0, **values: str) -> FlexSample:
    return simulated_flex_sample(
        random.Random(5), sample=name, measured_at=NOON + timedelta(minutes=minutes), operator="Olivia", batch="B7",
        values={"ph": Decimal("7.34"), "osmolality": Decimal(312), **values},
    )  # fmt: skip


def points(*samples: FlexSample) -> AtLine:
    name, content = nova_flex2_csv("FLEX1", samples)
    return points_of(parse("nova_flex2", name, content, timezone=BERLIN))


def test_the_real_file_gives_its_points_and_names_every_osmolality_without_one(
    real_file: Callable[[str], bytes],
) -> None:
    found = points_of(parse("nova_flex2", REAL, real_file(REAL), timezone=NEW_YORK))
    assert [(one.tag, one.text, one.unit) for one in found.points[:2]] == [
        ("ph", "7.340", "[pH]"),
        ("osmolality", "300", "mosm/kg"),
    ]
    assert found.points[0].at == datetime(2021, 2, 18, 10, 28, 4, tzinfo=NEW_YORK)
    assert [one.sample for one in found.points if one.tag == "osmolality"] == ["SAMPLE 0001", "SAMPLE 0002"]
    assert len([one for one in found.points if one.tag == "ph"]) == 6
    assert [(one.code, one.sample) for one in found.left_out] == [
        ("value_missing", f"SAMPLE 000{number}") for number in (3, 4, 5, 6)
    ]


def test_a_point_keeps_text_place_and_what_the_row_says() -> None:
    point = points(sample()).points[0]
    assert (point.value, point.text, point.at) == (Decimal("7.340"), "7.340", NOON)
    assert (point.sample, point.locator) == ("LV-001", "row 2, column pH")
    assert dict(point.context)["batch"] == "B7"


@pytest.mark.parametrize("text", [">2000", "---", "", "-1", "3,12"])
def test_a_cell_that_is_no_result_is_named_and_its_neighbours_stay(text: str) -> None:
    found = points(sample(osmolality=text), sample("LV-002", 10))
    assert [(one.sample, one.tag) for one in found.points] == [
        ("LV-001", "ph"), ("LV-002", "ph"), ("LV-002", "osmolality"),
    ]  # fmt: skip
    (finding,) = found.left_out
    assert (finding.sample, finding.parameter) == ("LV-001", "osmolality")


def test_a_finding_about_the_row_leaves_out_all_of_it_and_is_named_once() -> None:
    found = points(sample(), sample(), sample("LV-002", 10))
    assert {one.sample for one in found.points} == {"LV-002"}
    assert [one.code for one in found.left_out] == ["duplicate_row", "duplicate_row"]
    unnamed = points(sample(" "), sample("LV-002", 10))
    assert {one.sample for one in unnamed.points} == {"LV-002"}


def test_a_sample_without_a_time_is_no_point() -> None:
    name, content = nova_flex2_csv("FLEX1", [sample()])
    late = content.replace(b"11/20/2026  12:05:00 PM", b"11/20/2026  11:59:00 PM")
    found = points_of(parse("nova_flex2", name, late, timezone=BERLIN))
    assert (found.points, [one.code for one in found.left_out]) == ((), ["time_after_export"])


def test_a_reading_that_no_finding_explains_is_no_point_either() -> None:
    name, content = nova_flex2_csv("FLEX1", [sample(osmolality="---")])
    parsed = parse("nova_flex2", name, content, timezone=BERLIN)
    silent = ParsedFile(parsed.kind, parsed.sha256, "", "", parsed.readings, (), ())
    assert [one.tag for one in points_of(silent).points] == ["ph"]


def test_every_tag_is_a_measured_parameter_of_monitoring_in_the_same_unit() -> None:
    units = {column.parameter: column.unit for column in COLUMNS}
    assert {tag: units[name] for name, tag in TAGS["nova_flex2"].items()} == {
        tag: measured(tag).unit for tag in TAGS["nova_flex2"].values()
    }


def test_a_kind_of_file_without_points_is_refused() -> None:
    with pytest.raises(Refusal, match="bio_rad_ddpcr") as refused:
        points_of(ParsedFile("bio_rad_ddpcr", "", "", "", (), (), ()))
    assert refused.value.code == "no_points_at_line"
