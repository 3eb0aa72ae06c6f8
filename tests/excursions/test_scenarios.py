"""domain.md 11: shear, salt, drop-out and late telemetry (scenarios 2 to 5) through the real doors.

A skid sends over REST with its token, the detection worker does what its queue holds, people sign over REST with both
components, and the gate of the lot is asked.
"""

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from batches.excursions.models import Evaluation
from gatekeeper.accounts.actions.tokens import issue_token
from tests.documents.making import approve, draft
from tests.doors import post, signature, signed_in
from tests.excursions.making import PH, SECOND, SHEAR, START, make_plant, rules_toml
from tests.release.making import make_markets

RELEASE = Path(__file__).resolve().parents[2] / "release" / "data"
SHIPPED = (RELEASE.parents[1] / "batches" / "excursions" / "data" / "lv_rules.toml").read_text()
SALT = "\n[[rule]]\n" + next(part for part in SHIPPED.split("[[rule]]") if 'code = "lv-salt-time"' in part)
BEGIN = int(START.timestamp()) * SECOND
API = "/api/v1"


class Day:
    """One lot of one phase, its skid with a token, and everybody at their own door."""

    def __init__(self, time, toml):
        self.time = time
        self.plant = make_plant(toml)
        people = self.plant.people
        make_markets(people)
        approve(people["arun"], draft(people["mei"], "specification", (RELEASE / "lv_dp_sg.toml").read_bytes()))
        token = issue_token(
            by=people["grace"],
            person=people["skid-gateway"],
            site=self.plant.site,
            scopes=frozenset({"readings.record"}),
            expires_at=START + timedelta(days=30),
        )
        self.skid = Client(headers={"Authorization": f"Bearer {token}", "Content-Encoding": "gzip"})
        self.sequence = 0

    def send(self, **tags):
        """Let the skid send {second: value} of each tag in one frame, and the worker judge it."""
        self.sequence += 1
        columns = {
            tag: {"times": [BEGIN + round(at * SECOND) for at in values], "values": list(values.values())}
            for tag, values in tags.items()
        }
        frame = {"source": "TFF01", "boot_id": "boot-1", "sequence": self.sequence, "tags": columns}
        body = gzip.compress(json.dumps(frame).encode())
        answer = self.skid.post(f"{API}/readings/", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
        assert self.plant.detect() == 1

    def sign(self, person, path, **given):
        """Let somebody sign at an address of the API."""
        person = self.plant.people[person]
        answer = post(signed_in(person), f"{API}/{path}", signature(person, **given))
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    def end(self, seconds):
        """Let the phase end after so many seconds, signed by Olivia and checked by Vera, and be judged for good."""
        self.time.after(seconds)
        self.plant.end()
        self.sign("vera", "batch-records/BR-1/phases/L10/verify/")
        assert self.plant.detect() == 1

    def read(self, path, person="quinn", **query):
        """Return what somebody reads at an address of the API."""
        answer = signed_in(self.plant.people[person]).get(f"{API}/{path}", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def excursions(self):
        """Return level and rule of each excursion of the record."""
        return [(row["level"], row["rule"]) for row in self.read("batch-records/BR-1/excursions/")["results"]]

    def gate(self):
        """Return the findings of the gate by their codes."""
        return {row["code"]: row for row in self.read("lots/LOT-1/gate/", market="SG")["findings"]}


@pytest.fixture
def day(time, db):
    return lambda *rules: Day(time, rules_toml(*rules))


def test_a_shear_surge_opens_a_deviation_that_quality_closes_and_the_excursion_stays(day):
    """Scenario 2, geometry X2: 1 L/min through 13 fibres of 1 mm is 13 058.87 1/s."""
    lot = day(SHEAR)
    lot.time.after(120)
    lot.send(FI101={at: 1.0 if 30 <= at <= 60 else 0.2 for at in range(120)})
    lot.end(120)
    (action,) = [row for row in lot.read("batch-records/BR-1/excursions/")["results"] if row["level"] == "action"]
    assert action["peak"]["value"].startswith("13058.867")
    number = action["deviation"]
    deviation = lot.read(f"deviations/{number}/")
    assert (deviation["status"], deviation["origin"]) == ("open", "excursion")
    assert "deviation_open" in lot.gate()
    words = {
        "root_cause": "A valve was opened too fast.",
        "impact": "None on the product: the titre is unchanged.",
        "justification": "Thirty seconds; see the study of shear of this vector.",
    }
    lot.sign("rafael", f"deviations/{number}/close/", **words)
    assert "deviation_open" not in lot.gate()
    assert ("action", "shear") in lot.excursions()
    (row,) = lot.read("batch-records/BR-1/exposure/")["rows"]
    assert (row["state"], row["deviations"]) == ("action", [number])


@pytest.mark.parametrize(("seconds", "levels"), [(900, ["alert"]), (901, ["action", "alert"])])
def test_salt_at_its_limit_is_inside_and_one_second_more_is_not(day, seconds, levels):
    """Scenario 3: conductivity crosses 45 mS/cm at 1 s on its way up and at 1 s + the time on its way down."""
    lot = day(SALT)
    lot.time.after(1200)
    wiggle = {at: 50.0 + (at % 2) / 10 for at in range(2, seconds + 1)}  # a probe that stands still is not believed
    low = {at: 40.0 + (at % 2) / 10 for at in range(seconds + 2, 1200)}
    salt = {0: 40.0} | wiggle | low
    salt[2] = salt[seconds] = 50.0
    salt[seconds + 2] = 40.0
    lot.send(CI101=salt, TI101={at: 25.0 + (at % 2) / 1e9 for at in salt})
    lot.end(1199)
    assert sorted(level for level, _rule in lot.excursions()) == levels
    assert ("deviation_open" in lot.gate()) == ("action" in levels)
    (row,) = lot.read("batch-records/BR-1/exposure/")["rows"]
    assert abs(float(row["time_outside"]["value"]) - seconds) < 0.001


def test_a_probe_that_drops_out_blocks_the_lot_although_every_value_was_good(day):
    """Scenario 4 (X15): values at 0, 1, 2, 9 and 10 min, largest gap 3 min: 30 % of the phase is known."""
    lot = day(PH)
    lot.time.after(600)
    lot.send(AI101={at: 7.2 + at / 10_000 for at in (0, 60, 120, 540, 600)})
    lot.end(600)
    assert lot.excursions() == [("action", "ph")]
    (row,) = lot.read("batch-records/BR-1/exposure/")["rows"]
    assert (row["coverage"]["value"], row["time"]["unknown"]["value"]) == ("0.300000", "420")
    assert {"deviation_open", "lot_not_testing"} & lot.gate().keys() >= {"deviation_open"}


def test_readings_after_the_review_take_it_back_and_the_first_evaluation_stays(day):
    """Scenario 5 (X16): a value beyond the action limit arrives for a time at which the signed record knew none."""
    lot = day(PH)
    lot.time.after(600)
    values = {at: 7.2 + at / 10_000 for at in range(0, 601, 60)}
    lot.send(AI101=values)
    lot.end(600)
    olivia, farid = lot.plant.people["olivia"], lot.plant.people["farid"]
    assert post(signed_in(olivia), f"{API}/batch-records/BR-1/complete/", {}).status_code in {200, 201}
    lot.sign("farid", "batch-records/BR-1/review/")
    lot.sign("quinn", "lots/LOT-1/reviews/", remark="")
    first = Evaluation.objects.get(final=True)
    kept = dict(first.content)
    assert not {"production_review_missing", "quality_review_reopened", "signature_void"} & lot.gate().keys()

    lot.time.after(3600)
    lot.send(AI101={330: 8.4})

    second = Evaluation.objects.filter(final=True).latest("version")
    first.refresh_from_db()
    assert (first.content, second.version, second.state) == (kept, first.version + 1, "action")
    record = lot.read("batch-records/BR-1/")
    assert (record["status"], record["reviewed_by"], record["reopened_by"]) == ("completed", None, "monitor")
    assert "L10" in record["reopened_reason"]
    assert {"production_review_missing", "quality_review_reopened", "signature_void"} <= lot.gate().keys()
    page = signed_in(farid).get(reverse("batches:detail", args=["BR-1"])).content.decode()
    assert "The record was reopened." in page
    assert "void" in page

    lot.sign("farid", "batch-records/BR-1/review/")
    assert lot.read("batch-records/BR-1/")["reopened_reason"] == ""
    assert "production_review_missing" not in lot.gate()


def test_a_review_waits_until_the_readings_are_judged(day):
    lot = day(PH)
    lot.time.after(600)
    lot.send(AI101={at: 7.2 + at / 10_000 for at in range(0, 601, 60)})
    lot.plant.end()
    lot.sign("vera", "batch-records/BR-1/phases/L10/verify/")
    olivia, farid = lot.plant.people["olivia"], lot.plant.people["farid"]
    post(signed_in(olivia), f"{API}/batch-records/BR-1/complete/", {})
    refused = post(signed_in(farid), f"{API}/batch-records/BR-1/review/", signature(farid))
    assert (refused.status_code, refused.json()["code"]) == (409, "evaluation_outstanding")
    assert lot.plant.detect() == 1
    lot.sign("farid", "batch-records/BR-1/review/")


def test_readings_that_change_nothing_leave_the_review_as_it_is(day):
    lot = day(PH)
    lot.time.after(600)
    lot.send(AI101={at: 7.2 + at / 10_000 for at in range(0, 601, 60)})
    lot.end(600)
    post(signed_in(lot.plant.people["olivia"]), f"{API}/batch-records/BR-1/complete/", {})
    lot.sign("farid", "batch-records/BR-1/review/")
    lot.time.after(3600)
    lot.send(AI101={at: 7.2 + at / 10_000 for at in (0, 60)})
    assert lot.read("batch-records/BR-1/")["status"] == "reviewed"
