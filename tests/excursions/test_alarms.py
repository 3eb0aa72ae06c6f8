"""A-6: an alarm is raised, acknowledged (who, when, comment) and cleared on record; acknowledged is not resolved."""

import itertools
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from batches.actions import execution, records
from batches.excursions.actions.alarms import Acknowledge, acknowledge
from batches.excursions.models import Acknowledgement, Excursion
from batches.excursions.queries.alarms import alarm_of
from batches.excursions.rules.alarms import AlarmState, alarm_state, cleared_at
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from tests.doors import machine, post, signed_in
from tests.excursions.making import START, frame
from tests.excursions.test_evaluation import frames, surging

REST = "/api/v1/batch-records/BR-1/alarms/"


@pytest.fixture
def surged(plant, time):
    """A phase with an excursion at alert and one at action level, both over."""
    time.after(120)
    for row in frames():
        plant.send(row)
    plant.detect()
    return plant


def of(level):
    return Excursion.objects.get(level=level)


def note(plant, name, level="action", comment="Pump slowed at once."):
    return acknowledge(by=plant.people[name], excursion=of(level), command=Acknowledge(comment))


def refused(plant, name, **given):
    with pytest.raises(Refusal) as refusal:
        note(plant, name, **given)
    return refusal.value.code, refusal.value.field


def test_the_four_states_are_those_of_two_questions():
    states = [
        alarm_state(cleared=cleared, acknowledged=noted)
        for cleared, noted in itertools.product([False, True], repeat=2)
    ]
    assert states == list(AlarmState)


def test_an_alarm_is_cleared_by_what_comes_first():
    first, second = START, START + timedelta(seconds=1)
    assert cleared_at(ended_at=None, withdrawn_at=None, phase_ended_at=None) is None
    assert cleared_at(ended_at=second, withdrawn_at=first, phase_ended_at=second) == first
    assert cleared_at(ended_at=None, withdrawn_at=None, phase_ended_at=second) == second


def test_who_when_and_the_comment_are_recorded_and_nothing_is_resolved(surged):
    noted = note(surged, "olivia", comment="  Pump slowed at once. ")
    assert (noted.comment, noted.acknowledged_by.username) == ("Pump slowed at once.", "olivia")
    assert noted.acknowledged_at == START + timedelta(seconds=120)
    excursion = of("action")
    assert excursion.deviation.status == "open"
    assert alarm_of(excursion).state is AlarmState.CLEARED_ACKNOWLEDGED
    assert alarm_of(of("alert")).state is AlarmState.CLEARED_UNACKNOWLEDGED


def test_an_action_needs_words_and_an_alert_does_not(surged):
    assert refused(surged, "olivia", comment=" - ") == ("reason_missing", "comment")
    assert note(surged, "olivia", "alert", "").comment == ""


def test_each_person_acknowledges_once_and_several_may(surged):
    note(surged, "olivia")
    assert refused(surged, "olivia") == ("already_acknowledged", None)
    note(surged, "quinn", comment="Seen by quality.")
    assert [
        acknowledgement.acknowledged_by.username for acknowledgement in alarm_of(of("action")).acknowledgements
    ] == ["olivia", "quinn"]


@pytest.mark.parametrize("name", ["sol", "mei", "hana"])
def test_only_operators_and_quality_of_the_site_acknowledge(surged, name):
    assert refused(surged, name) == ("not_authorised", None)


def withdraw(plant):
    """Another body comes under the identity of the frame that showed it: which is true, nobody knows."""
    plant.send(frame(2, range(30, 60), lambda _at: 0.1))
    plant.detect()
    assert of("action").withdrawn_at


def test_what_later_readings_withdrew_sounds_no_more(surged):
    withdraw(surged)
    assert refused(surged, "olivia") == ("excursion_withdrawn", None)
    assert alarm_of(of("action")).state is AlarmState.CLEARED_UNACKNOWLEDGED


def test_an_excursion_that_begins_again_is_a_new_alarm(surged, time):
    note(surged, "olivia")
    time.after(300)
    surged.send(frame(50, range(120, 300), lambda at: surging(at - 170)))
    surged.detect()
    again = Excursion.objects.filter(level="action").order_by("started_at")
    assert [alarm_of(row).state for row in again] == [
        AlarmState.CLEARED_ACKNOWLEDGED,
        AlarmState.CLEARED_UNACKNOWLEDGED,
    ]


def test_the_database_keeps_what_was_acknowledged(surged):
    noted = note(surged, "olivia")
    for sql in ("UPDATE excursions_acknowledgement SET comment = 'x'", "DELETE FROM excursions_acknowledgement"):
        with pytest.raises(Exception, match=r"permission denied|append"), transaction.atomic():
            connection.cursor().execute(sql)
    with pytest.raises(IntegrityError), transaction.atomic():
        Acknowledgement.objects.create(
            excursion=noted.excursion, acknowledged_by=noted.acknowledged_by, acknowledged_at=noted.acknowledged_at
        )


def test_alarms_wait_on_the_first_page_until_somebody_takes_note(surged):
    browser = signed_in(surged.people["olivia"])
    page = browser.get("/").content.decode()
    assert "Alarms that nobody has acknowledged" in page
    address = f"/excursions/{of('action').pk}/acknowledge/"
    assert address in page
    assert browser.post(address, {"comment": "Pump slowed."}).url == "/excursions/batch-records/BR-1/live/"
    page = signed_in(surged.people["quinn"]).get("/").content.decode()
    assert address not in page
    assert f"/excursions/{of('alert').pk}/acknowledge/" in page
    assert "Alarms that nobody" not in signed_in(surged.people["sol"]).get("/").content.decode()


def test_a_record_that_was_reviewed_waits_no_more_for_an_acknowledgement(surged):
    surged.end()
    surged.detect()
    vera, farid = surged.people["vera"], surged.people["farid"]
    execution.verify_phase(by=vera, credentials=credentials(vera), phase=surged.phase)
    records.complete(by=surged.people["olivia"], batch_record=surged.record)
    assert b"Alarms that nobody" in signed_in(vera).get("/").content
    records.review(by=farid, credentials=credentials(farid), batch_record=surged.record)
    assert b"Alarms that nobody" not in signed_in(vera).get("/").content


def test_the_excursion_says_who_took_note_and_that_it_resolves_nothing(surged):
    note(surged, "olivia")
    address = f"/excursions/{of('action').pk}/"
    page = signed_in(surged.people["quinn"]).get(address).content.decode()
    for text in ("Olivia Tan", "Pump slowed at once.", "It resolves nothing", f"{address}acknowledge/"):
        assert text in page
    assert f"{address}acknowledge/" not in signed_in(surged.people["olivia"]).get(address).content.decode()
    assert f"{address}acknowledge/" not in signed_in(surged.people["mei"]).get(address).content.decode()


def test_the_page_of_one_that_is_withdrawn_or_noted_has_no_button(surged):
    address = f"/excursions/{of('action').pk}/acknowledge/"
    browser = signed_in(surged.people["olivia"])
    assert "<textarea" in browser.get(address).content.decode()
    note(surged, "olivia")
    page = browser.get(address).content.decode()
    assert "<textarea" not in page
    assert "You have acknowledged" in page
    surged.end()
    vera = signed_in(surged.people["vera"])
    assert vera.post(address, {"comment": "Seen."}).url == f"/excursions/{of('action').pk}/"


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [("", "reason_missing", 422), ("again", "already_acknowledged", 409), ("gone", "excursion_withdrawn", 409)],
)
def test_both_doors_refuse_with_the_same_code(surged, given, code, status):
    browser, excursion = signed_in(surged.people["olivia"]), of("action")
    if given == "again":
        note(surged, "olivia")
    if given == "gone":
        withdraw(surged)
    page = browser.post(f"/excursions/{excursion.pk}/acknowledge/", {"comment": given})
    answer = post(browser, f"/api/v1/excursions/{excursion.pk}/acknowledgements/", {"comment": given})
    assert (page.status_code, answer.status_code) == (status, status)
    assert [fault.code for faults in page.context["form"].errors.as_data().values() for fault in faults] == [code]
    assert [fault["code"] for fault in answer.json()["errors"]] == [code]


def test_a_client_acknowledges_and_reads_raised_acknowledged_and_cleared(surged):
    url = f"/api/v1/excursions/{of('action').pk}/acknowledgements/"
    answer = post(signed_in(surged.people["olivia"]), url, {"comment": "Pump slowed."})
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (201, "olivia")
    rows = signed_in(surged.people["quinn"]).get(REST).json()["results"]
    states = {row["level"]: row["state"] for row in rows}
    assert states == {"action": "cleared-acknowledged", "alert": "cleared-unacknowledged"}
    (action,) = (row for row in rows if row["level"] == "action")
    assert action["raised_at"].startswith("2026-03-02T09:02:00")
    assert action["cleared_at"] is not None
    assert (action["acknowledgements"][0]["comment"], action["deviation"]) == ("Pump slowed.", "BR-1-D01")


def test_no_machine_acknowledges_and_another_site_sees_nothing(surged):
    url = f"/api/v1/excursions/{of('action').pk}/acknowledgements/"
    assert post(machine(surged.people, "readings.view"), url, {"comment": "x y"}, key="k").status_code == 403
    assert post(signed_in(surged.people["sol"]), url, {"comment": "x y"}).status_code == 404
    assert signed_in(surged.people["sol"]).get(REST).status_code == 404
