"""B-11: a reviewer sees what stands in the way first, and signs only from a page that shows it (design: screens)."""

import json
import re

from django.test import Client
from django.urls import reverse

from gatekeeper.demo.people import PASSWORD
from release.models import Certificate, Result
from tests.batches.making import make_batch_record

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def shown_digest(page) -> str:
    return re.search(r'name="shown_digest" value="([0-9a-f]{64})"', page.content.decode())[1]


def sign(client, url, person, **fields):
    page = client.get(url)
    assert page.status_code == 200
    return client.post(
        url, {"username": person.username, "password": PASSWORD, "shown_digest": shown_digest(page)} | fields
    )


def test_a_lot_goes_from_review_to_its_certificate_by_pages(reviewable):
    house, record = reviewable
    lot = record.lot
    gate = reverse("release:gate", args=[lot])
    quinn, rafael = signed_in(house.quinn), signed_in(house.rafael)
    closed = quinn.get(gate)
    assert closed.status_code == 200
    assert "Quality has not reviewed" in closed.content.decode()
    assert "Environmental monitoring" in closed.content.decode()
    assert sign(quinn, reverse("release:review", args=[lot]), house.quinn, remark="read").url == gate
    opened = rafael.get(gate).content.decode()
    assert "Nothing: the gate is open" in opened
    released = sign(rafael, reverse("release:release", args=[lot, "SG"]), house.rafael)
    certificate = Certificate.objects.get(lot=lot)
    assert released.url == reverse("release:certificate", args=[certificate.number])
    assert "Rafael Cruz" in rafael.get(released.url).content.decode()
    pdf = rafael.get(reverse("release:certificate_pdf", args=[certificate.number]))
    assert pdf.content == bytes(certificate.pdf)
    data = rafael.get(reverse("release:certificate_json", args=[certificate.number]))
    assert json.loads(data.content)["lot"]["number"] == lot.number
    assert certificate.number in rafael.get(gate).content.decode()


def test_every_page_of_release_opens(releasable):
    house, record = releasable
    lot = record.lot
    result = Result.objects.filter(lot=lot).first()
    pages = {
        "rafael": [
            reverse("release:list"),
            reverse("release:list") + "?status=rejected",
            reverse("documents:specification_list"),
            reverse("documents:specification_detail", args=["LV-DP-SG", 1]),
            reverse("release:reject", args=[lot, "SG"]),
            reverse("release:result_list", args=[lot]),
            reverse("release:gate", args=[lot]) + "?market=JP",
            reverse("home"),
        ],
        "hana": [
            reverse("release:result_enter", args=[lot]) + "?test=ph",
            reverse("release:result_correct", args=[lot, result.pk]),
            reverse("release:file_receive", args=[lot]),
        ],
        "jonas": [
            reverse("release:result_review", args=[lot]),
            reverse("release:result_invalidate", args=[lot, result.pk]),
        ],
    }
    for name, urls in pages.items():
        client = signed_in(house.people[name])
        for url in urls:
            assert client.get(url).status_code == 200, url


def test_another_site_sees_nothing(releasable):
    house, record = releasable
    sol = signed_in(house.sol)
    assert sol.get(reverse("release:gate", args=[record.lot])).status_code == 404
    assert record.lot.number not in sol.get(reverse("release:list")).content.decode()


def test_a_result_is_entered_reviewed_and_refused_by_pages(reviewable):
    house, _record = reviewable
    record = make_batch_record(house, at="issued", number="BR-2", lot="LV-2")
    before = Result.objects.count()
    hana, jonas = signed_in(house.hana), signed_in(house.jonas)
    url = reverse("release:result_enter", args=[record.lot])
    good = {
        "test": "ph",
        "method": "USP <791>",
        "sample": "S-1",
        "reported": "7.31",
        "unit": "[pH]",
        "measured_at": "2026-01-05T09:00:00",
        "analyst": "Hana Sato",
    }
    bad = hana.post(url, good | {"unit": "mosm/kg", "reported": "ND"})
    assert bad.status_code == 422
    assert "may mean" in bad.content.decode()
    assert Result.objects.count() == before
    assert hana.post(url, good).status_code == 302
    result = Result.objects.get(lot=record.lot)
    assert result.measured_at.isoformat() == "2026-01-05T01:00:00+00:00"
    review = reverse("release:result_review", args=[record.lot])
    assert sign(jonas, review, house.jonas, results=[result.pk]).status_code == 302
    result.refresh_from_db()
    assert result.status == "reviewed"
