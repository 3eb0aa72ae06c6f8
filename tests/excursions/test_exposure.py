"""domain.md 2.4, X4: the exposure of a batch says by page and by REST what was computed by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.presentation.charts import exposure_bars
from batches.excursions.queries.exposure import exposure_of
from batches.excursions.rules.exposure import Durations
from tests.doors import signed_in
from tests.excursions import making
from tests.excursions.test_rules_exposure import GAPPY, X4, flow_of

PAGE = "/excursions/batch-records/BR-1/exposure/"
REST = "/api/v1/batch-records/BR-1/exposure/"
SPARSE = (
    making.SHEAR.replace('sampling_s = "1"', 'sampling_s = "60"')
    .replace('max_gap_s = "10"', 'max_gap_s = "120"')
    .replace('t_merge_s = "30"', 't_merge_s = "60"')
)
DOSE = """
[[rule]]
code = "dose"
version = 1
parameter = "wall_shear"
unit = "1/s"
derived = "wall_shear"
requires_geometry = true
signal_type = "linear"
kind = "dose"
direction = "high"
accumulate_above = "0"
action_total = "9000000"
sampling_s = "60"
max_gap_s = "120"
min_coverage = "0.95"
phases = ["L10"]
"""
POTENCY = """
[[rule]]
code = "potency"
version = 1
parameter = "potency_loss"
unit = "{log10}/s"
derived = "potency_loss"
signal_type = "linear"
kind = "dose"
direction = "high"
accumulate_above = "0"
action_total = "0.10"
sampling_s = "60"
max_gap_s = "120"
min_coverage = "0.95"
phases = ["L10"]
basis = "Half-lives of our own formulation."

[[rule.half_lives]]
low_cel = "2"
high_cel = "8"
hours = "96"
basis = "own stability study"
"""


@pytest.fixture
def plant(time, db):
    """A running phase watched for shear, its dose and the loss of potency."""
    return making.make_plant(making.rules_toml(SPARSE, DOSE, POTENCY))


@pytest.fixture
def surged(plant, time):
    """The shear of X4 was read, and no temperature; the phase has not ended."""
    time.after(240)
    plant.send(making.frame(1, list(X4), lambda at: flow_of(X4[at])))
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    return plant


def shown(plant, name="priya"):
    answer = signed_in(plant.people[name]).get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_says_the_time_and_the_dose_of_x4(surged):
    page = shown(surged)
    for text in ("1.5 min", "37500 s⁻¹·s", "825000 s⁻¹·s", "above 4000 s⁻¹", "4500 s⁻¹", "alert 1.6 min"):
        assert text in page
    assert 'class="part alert"' in page
    assert "style=" not in page


def test_the_picture_reads_as_a_table_of_the_same_times(surged):
    found = exposure_bars(exposure_of(surged.record).rows)
    times = {row[2]: [item.replace("\N{NO-BREAK SPACE}", " ") for item in row[3:]] for row in found.rows}
    assert found.columns[3:] == ("Inside", "Alert", "Action", "Unknown", "In all")
    assert times["shear"] == ["2.4 min", "1.6 min", "0 min", "0 min", "4 min"]
    assert times["potency"] == ["0 min", "0 min", "0 min", "4 min", "4 min"]
    (shear,) = (bar for bar in found.bars if bar["rule"] == "shear")
    assert [(row["state"], row["width"]) for row in shear["parts"]] == [("alert", 104.0), ("inside", 156.0)]


def test_what_lasted_a_moment_is_still_seen_and_long_names_are_cut(surged):
    (row,) = (row for row in exposure_of(surged.record).rows if row.name == "shear")
    moment = Durations(Decimal(86_400), Decimal("0.2"), Decimal(0), Decimal(0))
    long = replace(row, durations=moment, name="lv-wall-shear-of-the-second-module@TFF-ON-THE-LEFT")
    nothing = replace(row, durations=Durations(*[Decimal(0)] * 4), phase="L10" * 20)
    first, second = exposure_bars([long, nothing]).bars
    assert [(row["state"], row["width"]) for row in first["parts"]] == [("alert", 4.0), ("inside", 256.0)]
    assert first["said"].replace("\N{NO-BREAK SPACE}", " ") == "alert < 0.01 min"
    assert (first["rule"][-1], len(first["label"]) + len(first["rule"])) == ("…", 50)
    assert (second["parts"], second["rule"], len(second["label"])) == ([], "", 50)


def test_the_endpoint_says_the_same_as_text_with_units(surged):
    answer = signed_in(surged.people["priya"]).get(REST)
    found = answer.json()
    row = next(result for result in found["rows"] if result["rule"] == "shear")
    assert row["time_outside"] == {"value": "90", "unit": "s"}
    assert row["excess_dose"] == {"value": "37500", "unit": "1/s.s"}
    assert row["worst"] == {"value": "4500", "unit": "1/s"}
    # The deadband of 200 holds the alert until 3 800 1/s, at 201 s; the time outside ends at 4 000 1/s.
    assert row["time"]["alert"] == {"value": "96", "unit": "s"}
    assert row["counted_beyond"] == [{"side": "high", "value": "4000", "unit": "1/s"}]
    totals = {result["measure"]: result for result in found["totals"]}
    assert totals["shear_dose"]["value"] == {"value": "825000", "unit": "1/s.s"}
    assert totals["shear_excess_dose"]["counted_beyond"] == {"value": "4000", "unit": "1/s"}
    assert totals["pump_passes"]["value"] is None
    assert (found["batch_record"], found["phases"]) == ("BR-1", ["L10"])


def test_no_temperature_is_no_residual_potency_by_either_door(surged):
    page = shown(surged)
    assert "100 %" not in page.split("Residual potency")[1].split("</tr>")[0]
    assert "no data: L10" in " ".join(page.split())
    found = signed_in(surged.people["priya"]).get(REST).json()
    (left,) = (result for result in found["totals"] if result["measure"] == "residual_potency")
    assert (left["value"], left["without"]) == (None, ["L10"])
    assert next(result for result in found["rows"] if result["rule"] == "potency")["excess_dose"] is None


def test_residual_potency_names_its_half_lives_and_its_rule(surged, time):
    time.after(240)
    surged.send(making.frame(2, list(X4), lambda _at: 5.0, tag="TI101"))
    evaluate_phase(by=surged.people["monitor"], phase=surged.phase)
    page = shown(surged)
    # 2^-(240 s/96 h) = 0.999519
    for text in ("99.9519 %", "2 – 8 °C", "96 h", "own stability study", "potency, version 1 of UFDF-RULES 1", "E-9"):
        assert text in page
    found = signed_in(surged.people["priya"]).get(REST).json()
    (assumed,) = found["assumptions"]
    assert assumed["half_lives"] == [
        {"low_cel": "2", "high_cel": "8", "hours": "96", "matter": "liquid", "basis": "own stability study"}
    ]


def test_unknown_time_is_hatched_and_makes_the_dose_a_bound(plant, time):
    time.after(600)
    plant.send(making.frame(1, [*GAPPY, *range(400, 601, 10)], lambda _at: 1.0))
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    page = shown(plant)
    assert 'class="part unknown"' in page
    assert "at least" in page
    assert "part of the time is unknown" in page


def test_an_action_names_its_deviation(plant, time):
    time.after(240)
    plant.send(making.frame(1, list(X4), lambda _at: 1.0))
    evaluate_phase(by=plant.people["monitor"], phase=plant.phase)
    assert "/batches/deviations/BR-1-D01/" in shown(plant)
    found = signed_in(plant.people["priya"]).get(REST).json()
    assert [result["deviations"] for result in found["rows"]] == [["BR-1-D01"] if result["rule"] == "shear" else []
                                                            for result in found["rows"]]  # fmt: skip


def test_a_batch_without_readings_has_an_empty_page_and_no_rows(plant):
    page = shown(plant)
    assert "Nothing was monitored yet" in page
    assert "<svg" not in page.split("<main")[1]
    assert signed_in(plant.people["priya"]).get(REST).json()["rows"] == []


def test_the_record_leads_to_the_exposure(surged):
    priya = signed_in(surged.people["priya"])
    assert PAGE in priya.get("/batches/BR-1/").content.decode()


@pytest.mark.parametrize("url", [PAGE, REST])
def test_another_site_finds_nothing(surged, url):
    assert signed_in(surged.people["sol"]).get(url).status_code == 404


@pytest.mark.parametrize("url", [PAGE, REST])
def test_who_may_not_see_readings_is_refused(surged, url):
    assert signed_in(surged.people["grace"]).get(url).status_code == 403


def test_only_the_newest_version_counts_and_it_takes_a_fixed_number_of_queries(surged, time):
    def read():
        with CaptureQueriesContext(connection) as captured:
            found = exposure_of(surged.record)
        return found, len(captured)

    before, first = read()
    time.after(300)
    surged.send(making.frame(3, [300], lambda _at: flow_of(2500)))
    surged.end()
    evaluate_phase(by=surged.people["monitor"], phase=surged.phase)
    after, second = read()
    assert (first, second) == (3, 3)
    assert sorted(row.name for row in after.rows) == sorted(row.name for row in before.rows)
    assert [row.name for row in after.rows] == ["potency", "shear", "dose"]  # the worst first
    assert [row.final for row in before.rows + after.rows] == [False] * 3 + [True] * 3
    assert after.rows[1].time_outside == 90
