"""E-g: the REST door of release: what machines record, what only people sign, what each may see."""

import json
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.clock import now
from gatekeeper.demo.people import PASSWORD
from release import queries
from release.models import Certificate, Result
from tests.release.making import DATA
from tests.release.test_files import ddpcr
from tests.release.test_pages import signed_in


def post(client, url, body, **headers):
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def url_of(name, *args):
    return reverse(f"release_api:{name}", args=args)


def machine(house, *scopes) -> Client:
    """A client with a service token of the LIMS."""
    token = issue_token(
        by=house.grace, person=house.lims, site=house.site, scopes=frozenset(scopes), expires_at=now() + timedelta(1)
    )
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_a_machine_records_results_and_never_signs(releasable):
    house, record = releasable
    lot = record.lot.number
    client = machine(house, "release.view", "release.record_result")
    body = {
        "test": "ph",
        "method": "USP <791>",
        "sample": "S-1",
        "reported": "7.30",
        "unit": "[pH]",
        "measured_at": "2026-01-05T01:00:00Z",
        "analyst": "Hana Sato",
    }
    before = Result.objects.count()
    first = post(client, url_of("results", lot), body, **{"Idempotency-Key": "one"})
    again = post(client, url_of("results", lot), body, **{"Idempotency-Key": "one"})
    assert first.status_code == 201, first.content
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert Result.objects.count() == before + 1
    assert client.get(url_of("gate", lot), {"market": "SG"}).json()["open"] is False
    release = {"market": "SG", "decision": "released", "username": "rafael", "password": PASSWORD}
    refused = post(client, url_of("dispositions", lot), release, **{"Idempotency-Key": "two"})
    assert refused.status_code == 403
    assert not Certificate.objects.exists()


def test_the_gate_is_asked_and_the_lot_released_with_a_signature(releasable):
    house, record = releasable
    lot, client = record.lot.number, signed_in(house.rafael)
    gate = client.get(url_of("gate", lot), {"market": "SG"}).json()
    assert gate["open"] is True
    assert all(row["passed"] for row in gate["checked"])
    assert {"G-10", "G-13"} <= {row["code"] for row in gate["not_checked"]}
    body = {"market": "SG", "decision": "released", "dossier_sha256": gate["dossier_sha256"]}
    wrong = post(client, url_of("dispositions", lot), body | {"username": "rafael", "password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    stale = body | {"dossier_sha256": "0" * 64, "username": "rafael", "password": PASSWORD}
    assert post(client, url_of("dispositions", lot), stale).json()["code"] == "dossier_changed"
    released = post(client, url_of("dispositions", lot), body | {"username": "rafael", "password": PASSWORD})
    assert released.status_code == 201, released.content
    assert released.json()["meaning"] == "Released for supply in Singapore"
    number = released.json()["certificate"]
    issued = Certificate.objects.get(number=number)
    assert client.get(url_of("certificate_json", number)).content == issued.content.encode()
    assert client.get(url_of("certificate_pdf", number)).content == bytes(issued.pdf)
    assert client.get(url_of("certificate", number)).json()["content"]["lot"]["number"] == lot
    assert [row["number"] for row in client.get(url_of("certificates", lot)).json()["results"]] == [number]
    assert [row["decision"] for row in client.get(url_of("dispositions", lot)).json()["results"]] == ["released"]


def test_a_closed_gate_names_each_finding_with_its_link_and_refuses(reviewable):
    house, record = reviewable
    client = signed_in(house.rafael)
    gate = client.get(url_of("gate", record.lot.number), {"market": "SG"}).json()
    (finding,) = gate["findings"]
    assert finding["code"] == "quality_review_missing"
    assert finding["link"] == reverse("release:review", args=[record.lot.number])
    assert finding["clears"]
    body = {"market": "SG", "decision": "released", "username": "rafael", "password": PASSWORD}
    refused = post(client, url_of("dispositions", record.lot.number), body)
    assert refused.status_code == 409
    assert [error["code"] for error in refused.json()["errors"]] == ["gate_is_closed", "quality_review_missing"]
    assert client.get(url_of("gate", record.lot.number), {"market": "XX"}).status_code == 404


def test_a_result_is_recorded_and_corrected_over_rest(reviewable):
    house, record = reviewable
    lot, client = record.lot.number, signed_in(house.hana)
    result = Result.objects.get(lot=record.lot, test="ph")
    body = {
        "test": "ph",
        "method": "USP <791>",
        "sample": "S-1",
        "reported": "7.30",
        "unit": "[pH]",
        "measured_at": "2026-01-05T01:00:00Z",
        "analyst": "Hana Sato",
    }
    made = post(client, url_of("results", lot), body)
    assert made.status_code == 201
    assert made.json()["reported"] == "7.30"
    bad = post(client, url_of("results", lot), body | {"unit": "mosm/kg", "reported": "n/a"})
    assert bad.status_code == 422
    assert [(error["pointer"], error["code"]) for error in bad.json()["errors"]] == [("#/reported", "blank_value")]
    unknown = post(client, url_of("results", lot), body | {"instrument_file": "f" * 64})
    assert unknown.status_code == 422
    corrected = post(client, url_of("corrections", lot, result.pk), body | {"reason": "read again in the log book"})
    assert corrected.json()["supersedes"] == result.pk
    assert post(client, url_of("corrections", lot, result.pk), body | {"reason": ""}).status_code == 422
    listed = client.get(url_of("results", lot), {"page_size": 100}).json()["results"]
    assert [row["superseded"] for row in listed if row["id"] == result.pk] == [True]


def test_results_are_reviewed_and_taken_out_over_rest(reviewable):
    house, record = reviewable
    lot, hana, jonas = record.lot.number, signed_in(house.hana), signed_in(house.jonas)
    former = Result.objects.get(lot=record.lot, test="ph")
    out = post(jonas, url_of("invalidations", lot, former.pk), {"reason": "electrode broken, log 17"})
    assert out.json()["status"] == "invalidated"
    body = {
        "test": "ph",
        "method": "USP <791>",
        "sample": "S-1",
        "reported": "7.30",
        "unit": "[pH]",
        "measured_at": "2026-01-05T01:00:00Z",
        "analyst": "Hana Sato",
    }
    key = post(hana, url_of("results", lot), body).json()["id"]
    review = {"results": [key], "username": "jonas", "password": PASSWORD}
    assert post(jonas, url_of("result_reviews", lot), review).json()["results"][0]["status"] == "reviewed"
    quality = {"username": "quinn", "password": PASSWORD}
    reviewed = post(signed_in(house.quinn), url_of("reviews", lot), quality)
    assert reviewed.status_code == 201
    assert reviewed.json()["evidence_entries"] > 0


def test_an_instrument_file_becomes_results_with_their_places(reviewable):
    house, record = reviewable
    lot, client = record.lot.number, signed_in(house.hana)
    upload = SimpleUploadedFile("run.csv", ddpcr(lot), content_type="text/csv")
    received = client.post(url_of("files"), {"file": upload, "kind": "bio_rad_ddpcr", "lot": lot})
    assert received.status_code == 201, received.content
    reading = {
        "test": "physical_titre",
        "method": "RT-ddPCR",
        "sample": lot,
        "parameter": "concentration",
        "unit": "{copies}/mL",
        "target": "WPRE",
        "reaction_volume_ul": "20",
        "template_volume_ul": "5",
        "dilution_factor": "10000",
        "measured_at": "2026-01-05T01:00:00Z",
    }
    body = {"analyst": "Hana Sato", "results": [reading]}
    made = post(client, url_of("file_results", received.json()["id"]), body)
    assert made.status_code == 201, made.content
    assert made.json()["results"][0]["instrument_file"] == received.json()["sha256"]
    assert "A01" in made.json()["results"][0]["locator"]
    assert client.get(url_of("files")).json()["results"][0]["name"] == "run.csv"


def test_another_site_and_a_stranger_see_nothing(reviewable):
    house, record = reviewable
    sol = signed_in(house.sol)
    for name in ("gate", "results", "dispositions", "certificates"):
        assert sol.get(url_of(name, record.lot.number), {"market": "SG"}).status_code == 404
        assert Client().get(url_of(name, record.lot.number)).status_code == 401


def test_specifications_are_listed_recorded_and_approved_by_two_people(reviewable):
    house, record = reviewable
    mei, arun = signed_in(house.mei), signed_in(house.arun)
    assert mei.get("/api/v1/specifications/", {"market": "SG"}).json()["results"][0]["code"] == "LV-DP-SG"
    toml = (
        b'code = "LV-DP-SG"\nversion = 2\ntitle = "LV"\nmaterial = "LV-DP"\nmarket = "SG"\n'
        b'[[attribute]]\ncode = "ph"\ntitle = "pH"\nkind = "between"\nlow = "7.0"\nhigh = "7.8"\nunit = "[pH]"\n'
    )
    draft = mei.post("/api/v1/specifications/?reason=Shorter", toml, content_type="application/toml")
    assert draft.status_code == 201, draft.content
    again = mei.post("/api/v1/specifications/", toml, content_type="application/toml")
    assert again.json()["code"] == "already_registered"
    body = {"username": "arun", "password": PASSWORD}
    approved = post(arun, "/api/v1/specifications/LV-DP-SG/versions/2/approve/", body)
    assert approved.json()["status"] == "approved"
    # The lot was made before: it is judged by the version that was effective then. G-5.
    dossier = queries.dossier(record.lot, queries.market_named("SG"))
    assert dossier.specification.version == 1


def test_markets_are_recorded_over_rest_and_a_fault_is_named(reviewable):
    house, _ = reviewable
    client, address = signed_in(house.mei), "/api/v1/markets/"
    listed = {row["code"]: row for row in client.get(address).json()["results"]}
    assert listed["SG"]["releaser"] == "Authorised person"
    later = (DATA / "markets" / "au.toml").read_bytes().replace(b"version = 1", b"version = 2")
    later = later.replace(b'title = "Australia"', b'title = "Australia (TGA)"')
    sent = client.post(f"{address}?reason=Renamed", later, content_type="application/toml")
    assert (sent.status_code, sent.json()["title"]) == (201, "Australia (TGA)")
    bad = client.post(address, b'code = "XX"\nversion = 1\ntitle = "X"', content_type="application/toml")
    assert (bad.status_code, bad.json()["code"]) == (422, "market_incomplete")
    assert signed_in(house.quinn).post(address, later, content_type="application/toml").status_code == 403
