"""E-8, 2.5, 2.2.11: tags are registered with type, sampling, sensor, unit in any spelling; faults are refused."""

from decimal import Decimal

import pytest

from batches.excursions.models import Evaluation
from batches.excursions.queries.evaluation_inputs import Scope, conditions_of
from batches.readings.models import Source, Tag
from batches.readings.queries.unassigned import unassigned_of
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Site
from tests.doors import post, signed_in
from tests.excursions.making import PH, SHEAR, START, frame, make_plant, make_rules, make_unit, rules_toml
from tests.excursions.test_master_data_pages import REGISTER, faults, source
from tests.readings.test_sensors import make_sensor

TAG = {"code": "PI101", "parameter": "feed_pressure", "unit": "bar"}


def body(**tag):
    return {"code": "TFF01", "name": "TFF skid", "equipment": "TFF-1", "tags": [TAG | tag]}


@pytest.fixture
def desk(people):
    """Mei before both doors, with a TFF unit and a probe registered."""
    make_unit(people, 13)
    make_sensor(people, "P-01", due=36_500)
    make_sensor(people, "P-OLD", due=-1)
    return signed_in(people["mei"])


def test_a_tag_is_registered_with_all_that_is_known_of_it_and_the_unit_in_its_own_spelling(desk):
    answer = post(
        desk,
        "/api/v1/sources/",
        body(unit="MBR", signal_type="hold", sampling_s="0.50", sensor="P-01", range_high="4e3"),
    )
    assert answer.status_code == 201, answer.content
    (shown,) = answer.json()["tags"]
    assert (shown["unit"], shown["unit_unece"]) == ("mbar", "MBR")
    assert (shown["signal_type"], shown["sampling_s"], shown["range_high"]) == ("hold", "0.5", "4000")
    assert (shown["sensor"], shown["too_seldom_for"]) == ("P-01", [])
    (listed,) = desk.get("/api/v1/sources/").json()["results"]
    assert listed == desk.get("/api/v1/sources/TFF01/").json()
    page = desk.get("/readings/sources/TFF01/").content.decode()
    assert all(word in page for word in ("MBR", "last value holds", "0.5", "P-01", "In order"))


def test_what_a_tag_does_not_say_its_parameter_says(desk):
    tags = [TAG, {"code": "OI101", "parameter": "osmolality", "unit": "mosm/kg"}]
    shown = post(desk, "/api/v1/sources/", body() | {"tags": tags}).json()["tags"]
    assert {tag["code"]: tag["signal_type"] for tag in shown} == {"PI101": "linear", "OI101": "hold"}
    assert [tag["sampling_s"] for tag in shown] == [None, None]
    # What was registered before anybody asked says it by its parameter too.
    assert Tag(parameter="osmolality").declared_type.value == "hold"


def declare(plant, code, **fields):
    """Mei says more of a tag that has sent nothing yet."""
    tag = Tag.objects.get(code=code)
    for name, value in fields.items():
        setattr(tag, name, value)
    with acting_as(plant.people["mei"]):
        tag.save()


BAD = [
    ({"code": "TI101"}, "tag_name_contradicts", "code", 422),
    ({"unit": "psi"}, "unknown_unit", "unit", 422),
    ({"unit": "CEL"}, "units_differ_in_kind", "unit", 422),
    ({"sampling_s": "0"}, "sampling_not_positive", "sampling_s", 422),
    ({"sampling_s": "0.0000001"}, "number_out_of_range", "sampling_s", 422),
    ({"sampling_s": "1 s"}, "not_a_number", "sampling_s", 422),
    ({"sensor": "P-99"}, "unknown_equipment", "sensor", 422),
    ({"sensor": "P-OLD"}, "equipment_calibration_overdue", "sensor", 409),
]


@pytest.mark.parametrize(("given", "code", "field", "status"), BAD)
def test_both_doors_refuse_a_tag_alike_at_its_field_and_record_nothing(desk, given, code, field, status):
    answer = post(desk, "/api/v1/sources/", body(**given))
    fault = answer.json()["errors"][0]
    assert (answer.status_code, fault["code"], fault["pointer"].lstrip("#/")) == (status, code, f"tags/0/{field}")
    row = {f"tags.0.{name}": text for name, text in (TAG | given).items()}
    page = desk.post(REGISTER, source(**row))
    assert (page.status_code, faults(page)) == (status, {(f"tags.0.{field}", code)})
    assert not Source.objects.exists()


def test_a_signal_type_that_does_not_exist_is_refused(desk):
    answer = post(desk, "/api/v1/sources/", body(signal_type="wave"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_signal_type")


def test_the_digest_of_what_a_phase_is_judged_on_covers_the_type_of_its_tags(plant):
    before = conditions_of(plant.phase, scope=Scope.ALL).content["tags"]
    assert ["TFF01", "FI101", "flow", "L/min", "linear"] in before
    declare(plant, "FI101", signal_type="hold")
    assert ["TFF01", "FI101", "flow", "L/min", "hold"] in conditions_of(plant.phase, scope=Scope.ALL).content["tags"]


@pytest.mark.usefixtures("db")
def test_a_running_phase_is_judged_by_the_type_of_the_tag_and_so_is_the_whole_of_it(time):
    plant = make_plant(rules_toml(PH))
    declare(plant, "AI101", signal_type="hold")
    time.after(300)
    for number, (at, value) in enumerate(((0, 7.0), (60, 9.0), (120, 7.0), (180, 7.0), (240, 7.0), (300, 7.0)), 1):
        plant.send(frame(number, [at], lambda _at, value=value: value, tag="AI101"))
    plant.detect()
    spells = {(one["level"], one["started_us"], one["ended_us"]) for one in _newest().content["excursions"]}
    begun, ended = ((int(START.timestamp()) + at) * 1_000_000 for at in (60, 120))
    assert spells == {("action", begun, ended), ("alert", begun, ended)}
    running = _newest().content
    plant.end()
    plant.detect()
    assert _newest().final
    assert _newest().content["excursions"] == running["excursions"]


def _newest():
    return Evaluation.objects.order_by("-id").first()


def test_tags_that_are_sampled_too_seldom_are_named_beside_the_rules_that_need_more(people, desk):
    make_rules(people, Site.objects.get(code="SG01"), rules_toml(SHEAR, PH))
    tags = [
        {"code": "FI101", "parameter": "flow", "unit": "L/min", "sampling_s": "6"},
        {"code": "AI101", "parameter": "ph", "unit": "[pH]", "sampling_s": "1"},
    ]
    shown = post(desk, "/api/v1/sources/", body() | {"tags": tags}).json()["tags"]
    seldom = {tag["code"]: tag["too_seldom_for"] for tag in shown}
    # 6 s: two of them are longer than the largest gap of 10 s; the merge time of 30 s holds one.
    assert seldom == {"FI101": [{"rule_set": "UFDF-RULES 1", "rule": "shear", "times": ["max_gap_s"]}], "AI101": []}
    for page in ("/readings/sources/TFF01/", "/documents/rule-sets/UFDF-RULES/1/"):
        assert "Sampled too seldom" in desk.get(page).content.decode()


def test_a_phase_says_which_of_its_tags_come_too_seldom(plant):
    desk = signed_in(plant.people["mei"])
    address = "/excursions/batch-records/BR-1/phases/L10/"
    assert "Sampled too seldom" not in desk.get(address).content.decode()
    declare(plant, "FI101", sampling_s=Decimal(6))
    assert "Sampled too seldom" in desk.get(address).content.decode()


def test_readings_outside_every_assignment_are_counted_from_the_first_to_the_last(plant, time):
    desk, address = signed_in(plant.people["mei"]), "/api/v1/sources/TFF01/unassigned-readings/"
    assert desk.get(address).json() == []
    assert "Every reading belongs to a phase." in desk.get("/readings/sources/TFF01/").content.decode()
    plant.send(frame(1, range(-30, -20), lambda _at: 1.0))  # before
    plant.send(frame(2, range(-2, 3), lambda _at: 1.0))  # across the start: two of five
    time.after(20)
    plant.send(frame(3, range(5, 15), lambda _at: 1.0))
    plant.end()
    plant.send(frame(4, range(18, 24), lambda _at: 1.0))  # across the end: 21, 22, 23
    after, before = desk.get(address).json()
    assert (before["after"], before["samples"], after["before"], after["samples"]) == (None, 12, None, 3)
    found = unassigned_of(plant.source)
    seconds = [((one.from_at - START).total_seconds(), (one.until_at - START).total_seconds()) for one in found]
    assert seconds == [(21.0, 23.0), (-30.0, -1.0)]
    shown = desk.get("/readings/sources/TFF01/").content.decode()
    assert "These readings are kept, and no rule judges them." in shown


def test_readings_of_a_source_that_never_served_are_all_outside(plant):
    lone = signed_in(plant.people["mei"])
    make_unit(plant.people, 13, "TFF-2")
    post(lone, "/api/v1/sources/", body() | {"code": "TFF02", "equipment": "TFF-2", "tags": [TAG]})
    plant.send(frame(1, range(3), lambda _at: 1.0, tag="PI101", source="TFF02"))
    (one,) = unassigned_of(Source.objects.get(code="TFF02"))
    assert (one.samples, one.between.after, one.between.before) == (3, None, None)
