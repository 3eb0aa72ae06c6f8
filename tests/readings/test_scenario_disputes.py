"""domain.md 2.2, 9: another value under the same key leaves the time unknown until a signed decision, at both doors."""

import gzip
import json
import re

import pytest
from django.urls import reverse

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries.states import states_of
from batches.readings.models import ConflictResolution, Frame, FrameConflict
from batches.readings.queries.evidence import verify_frame
from gatekeeper.ledger.queries import signatures_of
from tests.doors import post, signature, signed_in
from tests.excursions.making import PH, SECOND, START, rules_toml
from tests.excursions.test_scenarios import API, BEGIN, Day

WHY = "The gateway sent the buffer of the day before; the paper chart of the skid agrees with the body chosen."


def readings(value=7.2):
    return {at: value + at / 10_000 for at in range(0, 601, 60)}


def columns(values):
    return {"times": [BEGIN + at * SECOND for at in values], "values": list(values.values())}


def send_again(lot, values, *, sequence=1):
    """Let the skid send another body under the identity of a frame, and the worker judge what is left."""
    frame = {"source": "TFF01", "boot_id": "boot-1", "sequence": sequence, "tags": {"AI101": columns(values)}}
    body = gzip.compress(json.dumps(frame).encode())
    answer = lot.skid.post(f"{API}/readings/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "frame_conflict")
    assert lot.plant.detect() == 1


@pytest.fixture
def lot(time, db):
    """A phase that has ended with good readings, reviewed by both."""
    day = Day(time, rules_toml(PH))
    day.time.after(600)
    day.send(AI101=readings())
    day.end(600)
    post(signed_in(day.plant.people["olivia"]), f"{API}/batch-records/BR-1/complete/", {})
    day.sign("farid", "batch-records/BR-1/review/")
    day.time.after(3600)
    return day


def listed(lot):
    return lot.read("sources/TFF01/disputes/")["results"]


def by_page(lot, chosen, *, person="quinn", **more):
    """Settle through the page and return its answer; the digest is that of the page as it was shown."""
    (frame,) = Frame.objects.filter(conflicts__isnull=False).distinct()
    person = lot.plant.people[person]
    url = reverse("readings:dispute_settle", args=["TFF01", frame.pk])
    shown = signed_in(person).get(url)
    if shown.status_code != 200:
        return shown
    digest = re.search(r'name="shown_digest" value="([0-9a-f]{64})"', shown.content.decode())[1]
    given = {"chosen": chosen, "reason": WHY, "shown_digest": digest} | more
    return signed_in(person).post(url, signature(person, **given))


def by_rest(lot, chosen, *, person="quinn", **more):
    """Settle through REST and return its answer."""
    (dispute,) = listed(lot)
    person = lot.plant.people[person]
    given = {"chosen": chosen, "reason": WHY, "dispute_sha256": dispute["dispute_sha256"]} | more
    url = f"{API}/sources/TFF01/disputes/{dispute['id']}/resolutions/"
    return post(signed_in(person), url, signature(person, **given))


def page(lot, name, *args, person="quinn"):
    answer = signed_in(lot.plant.people[person]).get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("settle", "status"), [(by_page, 302), (by_rest, 201)])
def test_a_dispute_blocks_the_lot_until_the_other_body_is_chosen_and_then_that_one_is_judged(lot, settle, status):
    first = Evaluation.objects.get(final=True)
    kept = first.content
    send_again(lot, readings(8.2))
    disputed = Evaluation.objects.filter(final=True).latest("version")
    assert (disputed.version, disputed.content["gaps"][0]["reason"]) == (first.version + 1, "disputed")
    assert lot.read("batch-records/BR-1/")["status"] == "completed"  # the review over the first is taken back
    assert {"production_review_missing", "deviation_open"} <= lot.gate().keys()
    (dispute,) = listed(lot)
    stored, other = (body["sha256"] for body in dispute["bodies"])
    assert dispute["counts"] is None
    frame = Frame.objects.get()
    assert reverse("readings:dispute_detail", args=["TFF01", frame.pk]) in page(
        lot, "excursions:phase_signals", "BR-1", "L10"
    )

    assert settle(lot, other).status_code == status
    assert lot.plant.detect() == 1

    third = Evaluation.objects.filter(final=True).latest("version")
    first.refresh_from_db()
    assert (third.version, third.state, third.content["gaps"]) == (disputed.version + 1, "action", [])
    assert (first.state, first.content) == ("normal", kept)
    (above,) = Excursion.objects.filter(withdrawn_at=None, level="action")
    assert above.content["side"] == "high"
    assert states_of(lot.plant.phase).complete
    assert listed(lot)[0]["counts"] == other
    (row,) = ConflictResolution.objects.all()
    assert (row.bodies, row.chosen) == ([stored, other], other)
    assert [one.printed_name for one in signatures_of(row)] == [lot.plant.people["quinn"].full_name]
    assert verify_frame(frame)
    assert "in dispute" not in page(lot, "excursions:phase_signals", "BR-1", "L10")
    series = lot.read("batch-records/BR-1/readings/", parameter="ph", points=20)["series"]
    assert {one["min"][:3] for part in series for one in part["buckets"]} == {"8.2"}


def test_a_review_that_was_signed_over_the_dispute_is_taken_back_by_its_settlement(lot):
    send_again(lot, readings(8.2))
    lot.sign("farid", "batch-records/BR-1/review/")
    assert lot.read("batch-records/BR-1/")["status"] == "reviewed"
    assert by_rest(lot, listed(lot)[0]["bodies"][0]["sha256"]).status_code == 201
    lot.plant.detect()
    record = lot.read("batch-records/BR-1/")
    assert (record["status"], record["reopened_by"]) == ("completed", "monitor")
    newest = Evaluation.objects.filter(final=True).latest("version")
    first = Evaluation.objects.filter(final=True).earliest("version")
    assert (newest.state, newest.content) == ("normal", first.content)  # the stored body: what was said at first


def test_neither_is_settled_and_stays_a_gap(lot):
    send_again(lot, readings(8.2))
    waits = "Disputed frames to settle"
    assert waits in signed_in(lot.plant.people["quinn"]).get("/").content.decode()
    assert waits not in signed_in(lot.plant.people["olivia"]).get("/").content.decode()
    before = Evaluation.objects.filter(final=True).latest("version")
    assert by_page(lot, "neither").status_code == 302
    lot.plant.detect()
    assert Evaluation.objects.filter(final=True).latest("version") == before
    assert listed(lot)[0]["counts"] == "neither"
    assert waits not in signed_in(lot.plant.people["quinn"]).get("/").content.decode()
    assert "in dispute" not in page(lot, "excursions:phase_signals", "BR-1", "L10")
    assert "none of the bodies counts" in page(lot, "readings:source_detail", "TFF01")
    assert lot.read("batch-records/BR-1/readings/", parameter="ph", points=20)["series"][0]["buckets"] == []


def test_a_further_body_reopens_what_was_settled_and_a_later_resolution_supersedes(lot):
    send_again(lot, readings(8.2))
    assert by_rest(lot, listed(lot)[0]["bodies"][1]["sha256"]).status_code == 201
    lot.plant.detect()
    send_again(lot, readings(7.4))
    (dispute,) = listed(lot)
    assert (dispute["counts"], len(dispute["bodies"]), len(dispute["resolutions"])) == (None, 3, 1)
    assert Evaluation.objects.filter(final=True).latest("version").content["gaps"][0]["reason"] == "disputed"
    assert by_rest(lot, dispute["bodies"][2]["sha256"]).status_code == 201
    lot.plant.detect()
    assert Evaluation.objects.filter(final=True).latest("version").state == "normal"
    assert by_rest(lot, dispute["bodies"][1]["sha256"]).status_code == 201
    lot.plant.detect()
    assert Evaluation.objects.filter(final=True).latest("version").state == "action"
    shown = page(lot, "readings:dispute_detail", "TFF01", dispute["id"])
    assert shown.count(WHY) == 3


def test_the_page_of_a_dispute_shows_the_bodies_side_by_side_and_who_may_settle_finds_the_way(lot):
    send_again(lot, readings() | {60: 8.9, 90: 7.0})
    (dispute,) = listed(lot)
    shown = page(lot, "readings:dispute_detail", "TFF01", dispute["id"])
    assert "At 2 times of their tags the bodies differ." in shown
    assert all(text in shown for text in ("7.206", "8.9", "no sample", "Body 1, stored", "Body 2", "BR-1 · L10"))
    settle = reverse("readings:dispute_settle", args=["TFF01", dispute["id"]])
    assert settle in shown
    assert settle not in page(lot, "readings:dispute_detail", "TFF01", dispute["id"], person="olivia")
    source = page(lot, "readings:source_detail", "TFF01")
    assert "One waits to be settled." in source
    assert reverse("readings:dispute_detail", args=["TFF01", dispute["id"]]) in source
    one = lot.read(f"sources/TFF01/disputes/{dispute['id']}/")
    assert (one["differing"], one["differences"][0]) == (
        2,
        {
            "tag": "AI101",
            "at": (START.replace(minute=1)).isoformat().replace("+00:00", "Z"),
            "samples": [{"value": "7.206", "quality": 192}, {"value": "8.9", "quality": 192}],
        },
    )
    assert one["differences"][1]["samples"][0] is None


REFUSED = [
    ({"chosen": "neither", "reason": " n/a "}, [("reason_missing", "reason")], 422),
    ({"chosen": "neither"}, [("dispute_changed", "dispute_sha256")], 409),
]


@pytest.mark.parametrize(("given", "faults", "status"), REFUSED, ids=[faults[0][0] for _g, faults, _s in REFUSED])
def test_both_doors_refuse_alike(lot, given, faults, status):
    send_again(lot, readings(8.2))
    more = dict(given)
    if status == 409:
        more |= {"dispute_sha256": "0" * 64, "shown_digest": "0" * 64}
    chosen = more.pop("chosen")
    answer = by_rest(lot, chosen, **more)
    assert answer.status_code == status
    assert [(one["code"], one["pointer"]) for one in answer.json()["errors"]] == [(c, f"#/{f}") for c, f in faults]
    shown = by_page(lot, chosen, **more)
    assert shown.status_code == status
    assert [one.code for errors in shown.context["form"].errors.as_data().values() for one in errors] == [
        code for code, _field in faults
    ]
    assert not ConflictResolution.objects.exists()


def test_what_counts_already_is_not_settled_again_and_an_unknown_body_never(lot):
    send_again(lot, readings(8.2))
    assert by_rest(lot, "neither").status_code == 201
    again = by_rest(lot, "neither")
    assert (again.status_code, again.json()["code"]) == (409, "resolution_unchanged")
    page_again = by_page(lot, "neither")
    assert page_again.status_code == 409
    assert [one.code for one in page_again.context["form"].errors.as_data()["chosen"]] == ["resolution_unchanged"]
    unknown = by_rest(lot, "f" * 64)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_body")


def test_only_who_corrects_readings_of_the_site_settles(lot):
    send_again(lot, readings(8.2))
    for name, status in (("mei", 403), ("olivia", 403), ("sol", 404)):
        assert by_rest(lot, "neither", person=name).status_code == status
        assert by_page(lot, "neither", person=name).status_code == status
    sol = signed_in(lot.plant.people["sol"])
    frame = Frame.objects.get()
    for url in (f"{API}/sources/TFF01/disputes/", f"{API}/sources/TFF01/disputes/{frame.pk}/"):
        assert sol.get(url).status_code == 404
    assert sol.get(reverse("readings:dispute_detail", args=["TFF01", frame.pk])).status_code == 404
    assert not ConflictResolution.objects.exists()


def test_a_frame_that_nobody_disputes_has_no_such_page(lot):
    frame = Frame.objects.get()
    quinn = signed_in(lot.plant.people["quinn"])
    assert quinn.get(reverse("readings:dispute_settle", args=["TFF01", frame.pk])).status_code == 404
    assert quinn.get(f"{API}/sources/TFF01/disputes/{frame.pk}/").status_code == 404
    assert listed(lot) == []
    assert not FrameConflict.objects.exists()


def test_two_frames_that_say_two_values_for_one_time_are_flagged_and_neither_is_trusted(lot):
    lot.send(AI101={60: 7.9})
    newest = Evaluation.objects.filter(final=True).latest("version")
    assert [gap["reason"] for gap in newest.content["gaps"]] == ["conflict"]
    shown = page(lot, "excursions:phase_signals", "BR-1", "L10")
    assert "TFF01 sent two values of pH for one time: neither is trusted." in shown
