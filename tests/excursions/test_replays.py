"""Issue 3, People: an exposure summary on every lot, and a comparison with the earlier lots of the product."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.queries.exposure import exposure_of
from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from tests.doors import signed_in
from tests.excursions import making
from tests.excursions.making import frame
from tests.excursions.test_exposure import DOSE, POTENCY, SPARSE

LOT, PAGE, REST = "/lots/LOT-2/", "/excursions/lots/LOT-2/comparison/", "/api/v1/lots/LOT-2/"
ROOM = """
[[rule]]
code = "room"
version = 1
parameter = "temperature"
unit = "Cel"
signal_type = "linear"
kind = "cumulative_time"
direction = "high"
accumulate_above = "8"
action_total = "7200"
sampling_s = "60"
max_gap_s = "120"
min_coverage = "0.95"
phases = ["L10"]
"""


@pytest.fixture
def plant(time, db):
    """A running phase watched for shear, its dose, time at room temperature and loss of potency."""
    return making.make_plant(making.rules_toml(SPARSE, DOSE, ROOM, POTENCY))


def run(plant, time, flow, *, at=0, number=""):
    """Let a phase of four minutes be run at this flow, the first one or that of a further lot."""
    if number:
        time.after(at)
        plant = making.make_run(plant, f"BR-{number}", f"LOT-{number}")
    time.after(at + 240)
    plant.send(frame(at + 1, range(at, at + 241, 60), lambda _at: flow, boot=f"boot-{at}"))
    plant.send(frame(at + 2, range(at, at + 241, 60), lambda _at: 5.0, tag="TI101", boot=f"boot-{at}"))
    plant.end()
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    return plant


@pytest.fixture
def two(plant, time):
    """Two lots: the second at twice the flow of the first."""
    run(plant, time, 0.1)
    return run(plant, time, 0.2, at=3600, number="2")


def page_of(plant, url, name="priya"):
    answer = signed_in(plant.people[name]).get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_lot_says_what_it_went_through_in_one_table_and_one_picture(two):
    page = page_of(two, LOT)
    section = page.split('aria-labelledby="exposure-heading"')[1].split("</section>")[0]
    # 0.2 L/min is a fifth of X2, 2 611.7734 1/s, over 240 s.
    for text in ("626825.6", "Temperature, time above 8 °C", "Residual potency", "99.9519 %", "own stability study"):
        assert text in section, text
    assert section.count("<svg") == 1
    assert "/excursions/batch-records/BR-2/exposure/" in section
    assert PAGE in section


def test_a_lot_without_readings_says_so_and_one_that_nobody_made_says_nothing(plant):
    assert "No skid has sent readings of this batch yet" in page_of(plant, "/lots/LOT-1/")
    assert "What the vector went through" not in page_of(plant, "/lots/LOT-1/", "wen")


def test_the_endpoint_of_a_lot_says_the_same_as_text(two):
    found = signed_in(two.people["priya"]).get(f"{REST}exposure/").json()
    assert (found["lot"], found["batch_record"]) == ("LOT-2", "BR-2")
    room = next(result for result in found["time_outside"] if result["parameter"] == "temperature")
    assert room["value"] == {"value": "0", "unit": "s"}
    assert room["counted_beyond"] == [{"side": "high", "value": "8", "unit": "Cel"}]
    assert {result["measure"] for result in found["totals"]} >= {
        "shear_dose",
        "residual_potency",
        "particle_shear_dose",
    }


def test_a_lot_stands_beside_the_earlier_ones_newest_first(two):
    page = page_of(two, PAGE)
    assert page.index(">LOT-2<") < page.index(">LOT-1<")
    for text in ("this lot", "Median of the earlier lots", "above all of them", "within their range", "3.134×10^5"):
        assert text in page, text
    assert 'class="dot now"' in page
    found = signed_in(two.people["priya"]).get(f"{REST}comparison/").json()
    dose = next(result for result in found["standings"] if result["key"] == "shear_dose")
    assert (dose["place"], dose["lots"], dose["above"], dose["median"]) == ("above", 1, 0, dose["high"])
    assert [result["lot"] for result in found["lots"]] == ["LOT-2", "LOT-1"]


def test_the_first_lot_has_nothing_to_be_compared_with(two):
    page = page_of(two, PAGE.replace("LOT-2", "LOT-1"))
    assert "This is the first lot of its product" in page
    assert "LOT-2" not in page  # only earlier lots
    assert "<svg" not in page.split("<main")[1]


def test_a_lot_without_any_number_says_what_will_bring_them(plant):
    assert "Nothing was measured yet" in page_of(plant, PAGE.replace("LOT-2", "LOT-1"))


def test_a_number_that_this_lot_lacks_is_a_question_and_no_zero(two, time):
    time.after(7200)
    making.make_run(two, "BR-3", "LOT-3")
    page = page_of(two, PAGE.replace("LOT-2", "LOT-3"))
    assert ">?</text>" in page
    assert "not measured" in page


def test_the_number_of_lots_changes_no_number_of_queries(two, time):
    def count(url):
        client = signed_in(two.people["priya"])
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    few = count(PAGE.replace("LOT-2", "LOT-1"))
    run(two, time, 0.15, at=7200, number="3")
    assert count(PAGE.replace("LOT-2", "LOT-3")) == few


@pytest.mark.parametrize("url", [PAGE, f"{REST}exposure/", f"{REST}comparison/"])
def test_another_site_finds_nothing_and_who_may_not_see_readings_is_refused(two, url):
    assert signed_in(two.people["sol"]).get(url).status_code == 404
    assert signed_in(two.people["grace"]).get(url).status_code == 403


def test_a_name_that_a_rule_has_given_up_is_neither_shown_nor_counted(plant, time):
    evaluated = [{"shear", "dose", "room", "potency"}]
    time.after(120)
    plant.send(frame(1, range(0, 121, 60), lambda _at: 0.2))
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    assert {row.name for row in exposure_of(plant.record).rows} == evaluated[0]
    tags = (DescribeTag("FI900", "flow", "L/min"),)
    register_source(by=plant.people["mei"], command=RegisterSource("TFF02", "Second meter", "TFF-1", tags))
    plant.send(frame(1, range(0, 121, 60), lambda _at: 0.1, source="TFF02", tag="FI900"))
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    found = exposure_of(plant.record)
    assert {row.name for row in found.rows} == {
        "shear@TFF01", "shear@TFF02", "dose@TFF01", "dose@TFF02", "room", "potency",
    }  # fmt: skip
    dose = next(total for total in found.totals if total.measure.value == "shear_dose")
    assert dose.phases == ("L10",)
