"""domain.md 2.2, 10, and scenario 19: a device 10 min ahead is quarantined, and corrected by a signed offset."""

import json
from datetime import datetime, timedelta

import pytest
from django.test import Client

from batches.excursions.models import Evaluation, Excursion
from batches.readings import models
from batches.readings.queries.evidence import verify_frame
from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.ledger.queries import signatures_of
from tests.doors import post, signature, signed_in
from tests.excursions.making import SECOND, START
from tests.excursions.test_evaluation import surging

BEGIN = int(START.timestamp()) * SECOND
AHEAD = 600
URL = "/api/v1/sources/TFF01/clock-corrections/"
PAGE = "/readings/sources/TFF01/clock/"
GIVEN = {
    "boot_id": "boot-1",
    "first_sequence": 1,
    "offset_s": "-600",
    "reason": "The clock of the skid was set to the wrong time server; compared with the reference clock.",
}


@pytest.fixture
def skid(plant, time):
    """Sends the seconds of the phase in frames of half a minute, each with a clock ten minutes ahead."""
    token = issue_token(
        by=plant.people["grace"],
        person=plant.people["skid-gateway"],
        site=plant.site,
        scopes=frozenset({"readings.record"}),
        expires_at=START + timedelta(days=30),
    )
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for number, begin in enumerate(range(0, 120, 30), 1):
        time.after(begin + 30)
        seconds = range(begin, begin + 30)
        columns = {
            "times": [BEGIN + (at + AHEAD) * SECOND for at in seconds],
            "values": [surging(at) for at in seconds],
        }
        body = {"source": "TFF01", "boot_id": "boot-1", "sequence": number, "tags": {"FI101": columns}}
        answer = client.post("/api/v1/readings/", json.dumps(body), content_type="application/json")
        assert (answer.status_code, answer.json()["quarantined"]) == (201, 30)
    plant.detect()
    time.after(120)
    return plant


def stored():
    rows = models.Segment.objects.order_by("frame_id").values_list("first_us", "last_us", "times", "values")
    frames = models.Frame.objects.order_by("pk").values_list("sha256", "first_at", "last_at", "received_at")
    return [[bytes(one) if isinstance(one, memoryview) else one for one in row] for row in rows], list(frames)


def correct_by_page(person):
    return signed_in(person).post(PAGE, signature(person, **GIVEN)).status_code == 302


def correct_by_rest(person):
    return post(signed_in(person), URL, signature(person, **GIVEN)).status_code == 201


@pytest.mark.parametrize("correct", [correct_by_page, correct_by_rest])
def test_a_device_ahead_is_quarantined_and_read_at_the_right_time_once_its_clock_is_corrected(skid, correct):
    quinn = skid.people["quinn"]
    assert not Excursion.objects.exists()
    assert "120 readings quarantined" in page_of(skid)
    before = stored()
    assert correct(quinn)
    assert skid.detect() == 1
    found = Excursion.objects.get(level="action")
    assert (found.started_at - START).total_seconds() == pytest.approx(29.4, abs=1)
    assert (found.ended_at - START).total_seconds() == pytest.approx(60.6, abs=1)
    assert found.deviation.status == "open"
    assert "quarantined" not in page_of(skid)
    assert stored() == before
    first, last = times_shown(skid)
    assert START <= first < last <= START + timedelta(seconds=120)
    assert all(verify_frame(one) for one in models.Frame.objects.all())
    row = models.ClockCorrection.objects.get()
    assert [one.printed_name for one in signatures_of(row)] == [quinn.full_name]


def test_a_phase_that_was_over_is_judged_anew_in_a_further_version(skid):
    skid.end()
    skid.detect()
    first = Evaluation.objects.get(rule="shear", final=True)
    assert Excursion.objects.get(withdrawn_at=None).content["side"] == "coverage"
    assert correct_by_rest(skid.people["quinn"])
    skid.detect()
    last = Evaluation.objects.filter(rule="shear", final=True).latest("version")
    assert (last.version, last.content["coverage"] > first.content["coverage"]) == (first.version + 1, True)


def test_a_later_correction_of_the_same_frames_is_the_one_that_counts_and_zero_takes_it_back(skid):
    quinn = skid.people["quinn"]
    skid.end()
    assert correct_by_rest(quinn)
    skid.detect()
    assert "high" in sides()
    back = post(signed_in(quinn), URL, signature(quinn, **GIVEN | {"offset_s": "0"}))
    assert (back.status_code, back.json()["offset_s"]) == (201, "+0")
    skid.detect()
    assert sides() == {"coverage"}
    listed = signed_in(quinn).get(URL).json()["results"]
    assert {one["offset_s"] for one in listed} == {"-600", "+0"}


def test_a_correction_of_some_frames_leaves_the_others_in_quarantine(skid):
    quinn = skid.people["quinn"]
    assert post(signed_in(quinn), URL, signature(quinn, **GIVEN | {"last_sequence": 2})).status_code == 201
    assert "60 readings quarantined" in page_of(skid)


def test_the_page_of_the_source_shows_its_clock_and_who_may_correct_it_finds_the_way(skid):
    quinn = skid.people["quinn"]
    desk = signed_in(quinn)
    page = desk.get("/readings/sources/TFF01/").content.decode()
    assert "4 frames hold readings" in page
    assert "30 samples in quarantine" in page
    assert "outside an assignment" not in page  # the phase still runs
    assert PAGE in page
    assert PAGE not in signed_in(skid.people["olivia"]).get("/readings/sources/TFF01/").content.decode()
    assert 'value="boot-1"' in desk.get(PAGE).content.decode()
    assert correct_by_page(quinn)
    page = desk.get("/readings/sources/TFF01/").content.decode()
    assert "times corrected" in page
    assert "Corrections of the clock" in page
    assert "In quarantine" not in page


def test_readings_outside_an_assignment_are_kept_and_shown_as_such(plant, time):
    from tests.excursions.making import frame

    time.after(60)
    plant.send(frame(1, range(-600, -540), lambda at: 1.0))
    plant.detect()
    assert models.Frame.objects.count() == 1
    assert not Excursion.objects.exists()
    page = signed_in(plant.people["quinn"]).get("/readings/sources/TFF01/").content.decode()
    assert "outside an assignment" in page


REFUSED = [
    ({"offset_s": "0"}, "offset_zero", "offset_s"),
    ({"offset_s": "86401"}, "offset_too_large", "offset_s"),
    ({"offset_s": "ten"}, "not_a_number", "offset_s"),
    ({"offset_s": "0.0000001"}, "number_out_of_range", "offset_s"),
    ({"first_sequence": -1}, "sequence_out_of_range", "first_sequence"),
    ({"first_sequence": 3, "last_sequence": 2}, "sequence_out_of_range", "last_sequence"),
    ({"reason": " "}, "reason_missing", "reason"),
    ({"boot_id": "boot-9"}, "unknown_frames", "boot_id"),
    ({"first_sequence": 99}, "unknown_frames", "boot_id"),
]


@pytest.mark.parametrize(
    ("given", "code", "field"), REFUSED, ids=[f"{code}-{next(iter(g))}" for g, code, _f in REFUSED]
)
def test_both_doors_refuse_a_bad_correction_alike(skid, given, code, field):
    quinn = skid.people["quinn"]
    document = signature(quinn, **GIVEN | given)
    answer = post(signed_in(quinn), URL, document)
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["code"], fault["pointer"]) == (422, code, f"#/{field}")
    page = signed_in(quinn).post(PAGE, document)
    assert page.status_code == 422
    assert [one.code for one in page.context["form"].errors.as_data()[field]] == [code]
    assert not models.ClockCorrection.objects.exists()


def test_only_quality_of_the_site_corrects_a_clock(skid):
    for name, status in (("mei", 403), ("olivia", 403), ("sol", 404)):
        person = skid.people[name]
        assert post(signed_in(person), URL, signature(person, **GIVEN)).status_code == status
        assert signed_in(person).get(PAGE).status_code == status
    assert not models.ClockCorrection.objects.exists()


def times_shown(plant):
    asked = "/api/v1/batch-records/BR-1/readings/?parameter=flow&points=10"
    (series,) = signed_in(plant.people["quinn"]).get(asked).json()["series"]
    begins = [datetime.fromisoformat(one["at"]) for one in series["buckets"]]
    assert sum(one["samples"] for one in series["buckets"]) == 120
    return min(begins), max(begins)


def sides():
    return {one.content["side"] for one in Excursion.objects.filter(withdrawn_at=None)}


def page_of(plant):
    return signed_in(plant.people["quinn"]).get("/excursions/batch-records/BR-1/phases/L10/").content.decode()
