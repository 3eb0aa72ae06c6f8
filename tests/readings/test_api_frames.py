"""api.md, Readings: one POST is one frame; 201, 200, 409, 415 and 422 mean what the contract says."""

import base64
import gzip
import json
from datetime import timedelta

import pytest

from batches.readings import models
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.arrow_frames import MEDIA_TYPE
from gatekeeper.accounts.actions.tokens import issue_token
from tests.excursions.making import SECOND, START
from tests.readings.test_rules_arrow_frames import stream

BEGIN = int(START.timestamp()) * SECOND
URL = "/api/v1/readings/"


@pytest.fixture
def gateway(plant, time, client):
    """Sends a body as the skid gateway, with its token."""
    token = issue_token(
        by=plant.people["grace"],
        person=plant.people["skid-gateway"],
        site=plant.site,
        scopes=frozenset({"readings.record", "readings.view"}),
        expires_at=START + timedelta(days=30),
    )
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    time.after(120)

    def send(body, content_type="application/json", *, url=URL, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(url, raw, content_type=content_type, headers=headers)

    return send


def body(sequence=1, **tags):
    tags = tags or {"FI101": {"times": [BEGIN, BEGIN + SECOND], "values": [0.2, None], "quality": [192, 0]}}
    return {"source": "TFF01", "boot_id": "boot-1", "sequence": sequence, "tags": tags}


def test_recorded_then_replayed_then_in_conflict(gateway):
    assert gateway(body()).status_code == 201
    answer = gateway(body())
    assert (answer.status_code, answer.json()["status"], answer.json()["samples"]) == (200, "replayed", 2)
    answer = gateway(body(FI101={"times": [BEGIN], "values": [9.0]}))
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["code"] == "frame_conflict"
    assert (models.Frame.objects.count(), models.FrameConflict.objects.count()) == (1, 1)


def test_the_answer_says_how_many_samples_are_quarantined_and_says_so_again_to_a_replay(gateway, time):
    sent = body(FI101={"times": [BEGIN, BEGIN + 1000 * SECOND], "values": [0.2, 0.2]})
    answer = gateway(sent)
    assert (answer.status_code, answer.json()["samples"], answer.json()["quarantined"]) == (201, 2, 1)
    time.after(5000)
    assert gateway(sent).json()["quarantined"] == 1


def test_a_gzip_body_is_unpacked(gateway):
    assert gateway(gzip.compress(json.dumps(body()).encode()), **{"Content-Encoding": "gzip"}).status_code == 201


def test_a_gzip_bomb_is_refused_before_it_unpacks(gateway, settings):
    settings.READINGS_MAX_BYTES = 1 << 20
    bomb = gzip.compress(b" " * (200 << 20))
    assert len(bomb) < 1 << 20
    answer = gateway(bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (422, "body_too_large")


@pytest.mark.parametrize(
    "cut", [b"", b"\x1f\x8b", gzip.compress(b"{}", mtime=0)[:-4], b"plain"], ids=["empty", "head", "cut", "plain"]
)
def test_a_body_that_is_no_whole_gzip_is_refused(gateway, cut):
    answer = gateway(cut, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 422
    assert models.Frame.objects.count() == 0


def test_a_body_beyond_the_bound_is_refused(gateway, settings):
    settings.READINGS_MAX_BYTES = 100
    assert gateway(b" " * 101).json()["code"] == "body_too_large"


def test_other_formats_are_refused_by_name(gateway):
    answer = gateway(b"tag,time", content_type="text/csv")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert gateway(body(), **{"Content-Encoding": "br"}).status_code == 415


IDENTITY = {"Gatekeeper-Source": "TFF01", "Gatekeeper-Boot-Id": "boot-1", "Gatekeeper-Sequence": "1"}
ARROW = {"tag": ["FI101", "FI101"], "time": [BEGIN, BEGIN + SECOND], "value": [0.2, None], "quality": [192, 0]}


def test_an_arrow_stream_is_the_same_frame_as_its_json(gateway):
    assert gateway(body()).status_code == 201
    answer = gateway(stream(ARROW), content_type=MEDIA_TYPE, **IDENTITY)
    assert (answer.status_code, answer.json()["status"]) == (200, "replayed")
    packed = {"Content-Encoding": "gzip", **IDENTITY, "Gatekeeper-Sequence": "2"}
    answer = gateway(gzip.compress(stream(ARROW)), content_type=MEDIA_TYPE, **packed)
    assert (answer.status_code, answer.json()["samples"]) == (201, 2)
    assert verify_frame(models.Frame.objects.get(sequence=2))


def test_another_arrow_body_under_the_same_identity_is_kept_to_the_byte(gateway):
    gateway(body())
    other = stream({**ARROW, "value": [9.0, None]})
    assert gateway(other, content_type=MEDIA_TYPE, **IDENTITY).status_code == 409
    media_type, _, kept = models.FrameConflict.objects.get().body.partition(";base64,")
    assert (media_type, base64.b64decode(kept)) == (f"data:{MEDIA_TYPE}", other)


def test_arrow_has_the_faults_of_json_all_at_once(gateway):
    rows = {"tag": ["FI101", "XX999"], "time": [BEGIN // 1000, BEGIN], "value": [1.0, 1.0]}
    answer = gateway(stream(rows), content_type=MEDIA_TYPE, **IDENTITY)
    assert answer.status_code == 422
    assert {(one["code"], one["pointer"]) for one in answer.json()["errors"]} == {
        ("unknown_tag", "#/tags/XX999"),
        ("reading_before_2000", "#/tags/FI101/times/0"),
    }
    assert gateway(stream(ARROW), content_type=MEDIA_TYPE).json()["code"] == "frame_not_readable"
    assert gateway(stream({name: [] for name in ARROW}), content_type=MEDIA_TYPE, **IDENTITY).json()["code"] == (
        "empty_frame"
    )
    assert models.Frame.objects.count() == 0


def test_every_fault_has_its_pointer_and_nothing_is_recorded(gateway):
    tags = {
        "XX999": {"times": [BEGIN], "values": [1.0]},
        "FI101": {"times": [BEGIN + 100_000 * SECOND], "values": [1.0]},
    }
    answer = gateway(body(**tags))
    assert answer.status_code == 422
    assert {(one["code"], one["pointer"]) for one in answer.json()["errors"]} == {
        ("unknown_tag", "#/tags/XX999"),
        ("reading_from_the_future", "#/tags/FI101/times/0"),
    }
    assert models.Frame.objects.count() == 0


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ({"times": [1, 2], "values": [1.0]}, "columns_differ_in_length"),
        ({"times": [10**30], "values": [1.0]}, "time_out_of_range"),
        ({"times": [1], "values": [1.0], "quality": [300]}, "quality_out_of_range"),
        ({"times": ["now"], "values": [1.0]}, "frame_not_readable"),
        ({"times": [1.5], "values": [1.0]}, "frame_not_readable"),
        ({"times": [1], "values": ["7.2"]}, "frame_not_readable"),
    ],
)
def test_a_column_that_is_none_is_refused(gateway, tag, code):
    answer = gateway(body(FI101=tag))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_nobody_sends_readings_without_a_token(plant, client):
    assert client.post(URL, b"{}", content_type="application/json").status_code == 401


def test_the_skid_reads_back_its_envelope_and_its_excursions(gateway, plant, client):
    values = [0.2] * 30 + [1.0] * 31 + [0.2] * 59
    gateway(body(FI101={"times": [BEGIN + at * SECOND for at in range(120)], "values": values}))
    plant.detect()
    answer = client.get("/api/v1/batch-records/BR-1/readings/?parameter=flow&points=10").json()
    (series,) = answer["series"]
    assert (answer["unit"], series["phase"], series["source"]) == ("L/min", "L10", "TFF01")
    assert len(series["buckets"]) == 10
    assert max(float(bucket["max"]) for bucket in series["buckets"]) == 1.0
    assert sum(bucket["samples"] for bucket in series["buckets"]) == 120
    shear = client.get("/api/v1/batch-records/BR-1/readings/?parameter=wall_shear").json()
    assert max(float(bucket["max"]) for bucket in shear["series"][0]["buckets"]) == pytest.approx(13058.87, abs=0.01)
    found = client.get("/api/v1/batch-records/BR-1/excursions/").json()["results"]
    assert {(one["level"], one["rule"], one["deviation"]) for one in found} == {
        ("action", "shear", "BR-1-D01"),
        ("alert", "shear", None),
    }
    assert client.get("/api/v1/sources/TFF01/").json()["tags"][0]["unit"] == "[pH]"


def test_an_unknown_parameter_is_refused(gateway, client):
    answer = client.get("/api/v1/batch-records/BR-1/readings/?parameter=mood")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
