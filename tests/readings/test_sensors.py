"""2.5, G-9: a sensor is fitted to a tag; its calibration counts when a phase starts and in what its readings say."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from batches.actions import equipment, execution
from batches.actions.commands import RegisterEquipment, StartPhase
from batches.excursions.models import Excursion
from batches.models import Equipment
from batches.queries.equipment import equipment_log
from batches.readings.actions.sensors import FitSensor, fit_sensor
from batches.readings.models import SensorFitting, Tag
from batches.readings.queries.sensors import lapses_of
from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from tests.doors import post, signed_in
from tests.excursions.making import START, frame, issue_record

API, PAGE = "/api/v1/sources/TFF01/sensors/", "/readings/sources/TFF01/sensors/"


def make_sensor(people, code="PH-01", *, due=90, site="SG01"):
    """Mei registers a probe; ``due`` days after the start of the phase its calibration ends (None: it needs none)."""
    day = None if due is None else (START + timedelta(days=due)).date()
    command = RegisterEquipment(code=code, name="pH probe", kind="ph_probe", site=site, calibration_due_date=day)
    return equipment.register_equipment(by=people["mei"], command=command)


def fit(plant, sensor="PH-01", tag="AI101", reason="New probe of the campaign"):
    return fit_sensor(by=plant.people["mei"], source=plant.source, command=FitSensor(tag, sensor, reason))


def test_a_fitted_sensor_serves_the_phase_that_runs_with_its_calibration_as_it_is(plant):
    make_sensor(plant.people)
    fitting = fit(plant)
    assert (fitting.tag.code, fitting.sensor.code, fitting.fitted_by) == ("AI101", "PH-01", plant.people["mei"])
    use = plant.phase.equipment_uses.get(equipment__code="PH-01")
    assert (use.calibration_due_date, use.used_at) == ((START + timedelta(days=90)).date(), fitting.fitted_at)


def test_one_probe_can_measure_two_tags_and_serves_a_phase_once(plant):
    make_sensor(plant.people)
    fit(plant)
    fit(plant, tag="TI101")
    assert plant.phase.equipment_uses.filter(equipment__code="PH-01").count() == 1


def test_a_phase_starts_with_the_sensors_of_its_skid_and_only_the_newest_of_a_tag(plant):
    for code in ("PH-01", "PH-02"):
        make_sensor(plant.people, code)
        fit(plant, code)
    record = issue_record(plant.people["farid"], "BR-2", "LOT-2")
    phase = record.phases.get(code="L10")
    execution.start_phase(by=plant.people["olivia"], phase=phase, command=StartPhase(("TFF-1",)))
    assert set(phase.equipment_uses.values_list("equipment__code", flat=True)) == {"TFF-1", "PH-02"}


def test_a_phase_does_not_start_while_the_calibration_of_a_sensor_of_its_skid_is_overdue(plant, time):
    make_sensor(plant.people, due=3)
    fit(plant)
    phase = issue_record(plant.people["farid"], "BR-2", "LOT-2").phases.get(code="L10")
    time.after(86400 * 4)
    with pytest.raises(Refusal) as caught:
        execution.start_phase(by=plant.people["olivia"], phase=phase, command=StartPhase(("TFF-1",)))
    assert (caught.value.code, caught.value.field) == ("equipment_calibration_overdue", "equipment")
    assert "PH-01" in caught.value.message
    assert not phase.equipment_uses.exists()


@pytest.mark.parametrize(
    ("given", "code", "field", "status"),
    [
        ({"tag": "XX"}, "unknown_tag", "tag", 422),
        ({"sensor": "PH-99"}, "unknown_equipment", "sensor", 422),
        ({"sensor": "PH-KR"}, "equipment_at_other_site", "sensor", 409),
        ({"sensor": "PH-OLD"}, "equipment_calibration_overdue", "sensor", 409),
        ({"sensor": "PH-01"}, "sensor_fitted_already", "sensor", 409),
        ({"reason": " n/a "}, "reason_missing", "reason", 422),
    ],
)
def test_what_cannot_be_fitted_is_refused_and_nothing_is_recorded(plant, given, code, field, status):
    make_sensor(plant.people)
    make_sensor(plant.people, "PH-02")
    make_sensor(plant.people, "PH-OLD", due=-1)
    abroad = Site.objects.get(code="KR01")
    day = (START - timedelta(days=30)).date()
    assign_role(
        by=plant.people["grace"], person=plant.people["mei"], role="master_data_author", site=abroad, from_date=day
    )
    make_sensor(plant.people, "PH-KR", site="KR01")
    fit(plant)
    body = {"tag": "AI101", "sensor": "PH-02", "reason": "Exchanged"} | given
    answer = post(signed_in(plant.people["mei"]), API, body)
    fault = answer.json()["errors"][0]
    assert (answer.status_code, fault["code"], fault["pointer"].lstrip("#/")) == (status, code, field)
    assert SensorFitting.objects.count() == 1


def test_the_page_fits_a_sensor_and_the_source_shows_it_with_its_calibration(plant):
    make_sensor(plant.people, due=10)
    desk = signed_in(plant.people["mei"])
    assert "No tag of this source names a sensor yet." in desk.get(PAGE).content.decode()
    sent = {"tag": "AI101", "sensor": "PH-01", "reason": "New probe of the campaign"}
    assert desk.post(PAGE, sent).url == "/readings/sources/TFF01/"
    shown = desk.get("/readings/sources/TFF01/").content.decode()
    assert "PH-01" in shown
    assert "Due soon" in shown
    assert "New probe of the campaign" in desk.get(PAGE).content.decode()
    again = desk.post(PAGE, sent)
    assert (again.status_code, again.context["form"].errors.as_data()["sensor"][0].code) == (
        409,
        "sensor_fitted_already",
    )
    assert desk.post(PAGE, sent | {"sensor": "TFF-1"}).status_code == 422  # a skid is no sensor of its own
    tag = next(one for one in desk.get("/api/v1/sources/TFF01/").json()["tags"] if one["code"] == "AI101")
    assert (tag["sensor"], tag["sensor_calibration_due_date"]) == (
        "PH-01",
        (START + timedelta(days=10)).date().isoformat(),
    )
    (listed,) = desk.get(API).json()["results"]
    assert (listed["tag"], listed["sensor"], listed["fitted_by"]) == ("AI101", "PH-01", "mei")


def test_only_who_configures_fits_a_sensor_and_another_site_sees_none(plant):
    make_sensor(plant.people)
    body = {"tag": "AI101", "sensor": "PH-01", "reason": "New probe"}
    for name in ("olivia", "arun"):
        assert post(signed_in(plant.people[name]), API, body).status_code == 403
        assert signed_in(plant.people[name]).get(PAGE).status_code == 403
    assert signed_in(plant.people["sol"]).get(API).status_code == 404
    assert not SensorFitting.objects.exists()


def test_a_fitting_cannot_be_changed_or_taken_away_even_by_raw_sql(plant):
    make_sensor(plant.people)
    fitting = fit(plant)
    for statement in ("UPDATE readings_sensorfitting SET reason = 'x'", "DELETE FROM readings_sensorfitting"):
        with (
            acting_as(plant.people["mei"]),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"{statement} WHERE id = %s", [fitting.pk])
    tag = Tag.objects.get(code="FI101")
    plant.send(frame(1, range(5), lambda _at: 1.0))
    for assignment in ("signal_type = 'hold'", "sampling_s = 5"):
        with (
            acting_as(plant.people["mei"]),
            pytest.raises(DatabaseError, match="is frozen"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE readings_tag SET {assignment} WHERE id = %s", [tag.pk])


def test_a_calibration_that_ran_out_while_the_phase_ran_is_shown_with_what_its_sensor_measured(plant, time):
    make_sensor(plant.people, "FLOW-1", due=0)
    fit(plant, "FLOW-1", "FI101")
    # Site SG01 is eight hours ahead: its day of the start ends at 16:00 UTC, seven hours into the phase.
    time.after(7 * 3600 + 200)
    plant.send(frame(1, list(range(7 * 3600 + 60, 7 * 3600 + 120)), lambda _at: 1.0))
    plant.detect()
    sensor = Equipment.objects.get(code="FLOW-1")
    equipment.calibrate(by=plant.people["mei"], equipment=sensor, due_date=date(2999, 1, 1), reason="Certificate 4711")
    recorded = equipment_log(sensor).calibrations[0].at  # evidence is dated by the clock of the database
    time.at = recorded + timedelta(days=1)
    found = lapses_of(plant.record)
    # Here the clock of the record stands months before that of the database: the registration is a piece of its own.
    unit, one, last = found[0], *(row for row in found if row.equipment == sensor)
    assert (unit.equipment.code, unit.tags) == ("TFF-1", ())
    assert (one.equipment, [tag.code for tag in one.tags], one.due_date) == (sensor, ["FI101"], START.date())
    assert one.lapse.began_at == START + timedelta(hours=7)
    assert (last.equipment, last.lapse.ended_at) == (sensor, recorded)
    desk = signed_in(plant.people["mei"])
    both = desk.get("/api/v1/batch-records/BR-1/exposure/").json()["calibration_lapses"]
    shown = both[2]
    assert (shown["equipment"], shown["tags"], shown["calibration_due_date"]) == (
        "FLOW-1",
        ["FI101"],
        START.date().isoformat(),
    )
    assert desk.get("/api/v1/lots/LOT-1/exposure/").json()["calibration_lapses"] == both
    excursion = Excursion.objects.filter(rule="shear").first()
    for page in (
        "/excursions/batch-records/BR-1/exposure/",
        "/excursions/batch-records/BR-1/phases/L10/",
        f"/excursions/{excursion.pk}/",
    ):
        html = desk.get(page).content.decode()
        assert "Out of calibration" in html, page
        assert "TFF01.FI101" in html


def test_an_excursion_is_not_marked_for_a_sensor_of_another_signal_or_another_time(plant, time):
    make_sensor(plant.people, "PH-01", due=0)
    fit(plant)
    time.after(7 * 3600 + 200)
    plant.send(frame(1, list(range(7 * 3600 + 60, 7 * 3600 + 120)), lambda _at: 1.0))
    plant.detect()
    desk = signed_in(plant.people["mei"])
    excursion = Excursion.objects.filter(rule="shear").first()
    assert "Out of calibration" not in desk.get(f"/excursions/{excursion.pk}/").content.decode()
    assert "Out of calibration" in desk.get("/excursions/batch-records/BR-1/exposure/").content.decode()


def test_a_sensor_that_was_exchanged_in_time_has_no_lapse_and_one_exchanged_late_has_it_until_then(plant, time):
    for code in ("PH-01", "PH-02"):
        make_sensor(plant.people, code, due=0)
    make_sensor(plant.people, "PH-03", due=30)
    fit(plant, "PH-01")
    time.after(3600)
    fit(plant, "PH-02")
    time.at = START + timedelta(hours=10)
    fit(plant, "PH-03")  # three hours after the day on which the calibration of PH-02 ended
    time.at = START + timedelta(days=5)
    (one,) = lapses_of(plant.record)
    assert (one.equipment.code, [tag.code for tag in one.tags]) == ("PH-02", ["AI101"])
    assert (one.lapse.began_at, one.lapse.ended_at) == (START + timedelta(hours=7), START + timedelta(hours=10))
