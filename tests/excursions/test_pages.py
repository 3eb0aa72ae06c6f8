"""screens.md, the reviewer: an excursion is a picture, with the rule, the data and the deviation beside it."""

import pytest

from batches.excursions.models import Excursion
from batches.readings.actions.clocks import CorrectClock, correct_clock
from batches.readings.queries.clock_spans import clock_spans
from gatekeeper.demo.people import PASSWORD, credentials
from gatekeeper.documents.models import Document
from tests.documents.making import draft
from tests.excursions.making import PH, frame, rules_toml
from tests.excursions.test_evaluation import frames, surging


@pytest.fixture
def shown(plant, time, client):
    """Log in as one of the cast and open an address."""
    time.after(120)
    for row in frames():
        plant.send(row)
    plant.detect()

    def show(username, url):
        client.force_login(plant.people[username], backend="django.contrib.auth.backends.ModelBackend")
        return client.get(url)

    return show


def action():
    return Excursion.objects.get(level="action")


def test_an_excursion_shows_trace_limits_the_part_outside_and_a_table(shown):
    page = shown("priya", f"/excursions/{action().pk}/").content.decode()
    assert 'class="trace' in page
    assert 'class="outside action"' in page
    assert 'class="outside alert"' in page
    assert "Action 6000 s⁻¹" in page
    assert "<table" in page
    assert "style=" not in page


def test_an_excursion_names_its_duration_peak_dose_rule_geometry_data_and_deviation(shown):
    found = action()
    page = shown("priya", f"/excursions/{found.pk}/").content.decode()
    for text in ("13058.867", "13 fibres", "UFDF-RULES 1", "BR-1-D01", found.evaluation.data_sha256, "s⁻¹·s"):
        assert text in page


def test_an_excursion_has_digits_for_people_and_every_digit_to_unfold(shown):
    page = " ".join(shown("priya", f"/excursions/{action().pk}/").content.decode().split())
    exact = page.split("Every digit, as recorded")[1].split("</details>")[0]
    assert ">13058.9 s⁻¹</span>" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "13058.867" in exact
    assert "Excess dose" in exact


def test_a_clock_that_was_corrected_or_is_ahead_is_told_over_the_pictures_and_in_words(shown, plant):
    plant.send(frame(97, [4000], lambda at: 1.0))
    url = "/excursions/batch-records/BR-1/phases/L10/"
    assert 'class="strip held"' in shown("olivia", url).content.decode()
    assert 'class="strip corrected"' not in shown("olivia", url).content.decode()
    command = CorrectClock("boot-1", 97, None, "-3900", "The clock was set to another zone.")
    priya = plant.people["priya"]
    correct_clock(by=priya, credentials=credentials(priya), source=plant.source, command=command)
    page = shown("olivia", url).content.decode()
    assert 'class="strip corrected"' in page
    assert 'class="strip held"' not in page
    assert "Times corrected" in page
    assert "How to read the charts" in page
    plant.end()
    assert 'class="strip corrected"' in shown("priya", f"/excursions/{action().pk}/").content.decode()


def test_a_step_that_did_not_begin_has_no_special_times(plant):
    plant.phase.started_at = None
    assert clock_spans(plant.phase) == ()


def test_a_step_that_runs_leads_to_what_is_measured_from_home_from_its_page_and_from_its_alarms(shown, plant, client):
    live = 'href="/excursions/batch-records/BR-1/live/"'
    home = shown("olivia", "/").content.decode()
    assert Excursion.objects.count() > 1
    assert home.count(live) == 2  # at the first alarm of the record, and at the step
    assert live in shown("olivia", "/batches/BR-1/phases/L10/controls/vials/").content.decode()
    plant.end()
    assert live not in shown("olivia", "/").content.decode()
    assert live not in client.get("/batches/BR-1/phases/L10/done/").content.decode()


def test_a_withdrawn_excursion_says_so_and_stays_readable(shown, plant, time):
    late = action()
    plant.send(frame(90, [44], lambda at: 0.9))  # two values for one second: the interval is unknown now
    plant.send(frame(91, range(28, 62), lambda at: 0.1))
    plant.detect()
    late.refresh_from_db()
    page = shown("priya", f"/excursions/{late.pk}/")
    assert page.status_code == 200
    if late.withdrawn_at:
        assert "Later readings no longer show" in page.content.decode()


def test_the_signals_of_a_phase_are_small_pictures_that_renew_themselves(shown, plant):
    page = shown("olivia", "/excursions/batch-records/BR-1/phases/L10/").content.decode()
    assert "data-refresh-seconds" in page
    assert "Wall shear" in page
    assert "Feed flow" in page
    plant.end()
    assert "data-refresh-seconds" not in shown("olivia", "/excursions/batch-records/BR-1/phases/L10/").content.decode()


def test_another_site_sees_nothing(shown):
    for url in (
        f"/excursions/{action().pk}/",
        "/excursions/batch-records/BR-1/phases/L10/",
        "/readings/sources/TFF01/",
    ):
        assert shown("sol", url).status_code == 404
    assert "TFF01" not in shown("sol", "/readings/sources/").content.decode()


def test_a_skid_shows_its_tags_its_frames_and_what_came_twice(shown, plant):
    plant.send(frame(1, range(30), lambda at: 5.0))
    assert "TFF01" in shown("olivia", "/readings/sources/").content.decode()
    page = shown("olivia", "/readings/sources/TFF01/").content.decode()
    assert "FI101" in page
    assert "came again with another body" in page


def test_rules_are_approved_on_the_page_that_shows_them_by_another_person(shown, plant, client):
    written = draft(plant.people["mei"], "rule_set", rules_toml(PH, version=2))
    url = f"/documents/rule-sets/{written.code}/2/"
    assert "UFDF-RULES" in shown("mei", "/documents/rule-sets/").content.decode()
    assert 'name="password"' not in shown("mei", url).content.decode()
    assert 'name="password"' in shown("arun", url).content.decode()
    wrong = client.post(f"{url}approve/", {"username": "arun", "password": "no"})
    assert wrong.status_code == 403
    assert client.post(f"{url}approve/", {"username": "arun", "password": PASSWORD}).status_code == 302
    written.refresh_from_db()
    assert (written.status, written.approved_by.username) == (Document.Status.APPROVED, "arun")


def test_an_open_excursion_waits_for_quality(shown):
    page = shown("priya", "/").content.decode()
    assert "Excursions to investigate" in page
    assert f"/excursions/{action().pk}/" in page


def test_a_surge_is_what_the_pictures_show():
    assert (surging(29), surging(30), surging(60), surging(61)) == (0.2, 1.0, 1.0, 0.2)
