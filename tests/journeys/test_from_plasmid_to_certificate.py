"""T-9, E-a: somebody who has never seen the site follows a lot from its plasmids to its certificate, by links only."""

import json

import pytest

from tests.journeys.stage import RELEASED

pytestmark = pytest.mark.browser


def test_a_lot_is_followed_from_plasmid_to_certificate(visit, told_site):
    rafael = visit("")
    rafael.open("/")
    assert "/accounts/log-in/" in rafael.page.url
    rafael.log_in("rafael")
    assert rafael.heading == "Waiting for me"
    _looks_at_the_family(rafael)
    _reads_the_record(rafael)
    _looks_at_the_excursion(rafael, told_site)
    _opens_the_certificate(rafael, told_site)


def _looks_at_the_family(rafael):
    rafael.follow("Lots", exact=True)
    assert rafael.heading == "Lots"
    rafael.follow(RELEASED.lot, exact=True)
    assert rafael.heading == RELEASED.lot
    assert "Released" in rafael.text
    family = rafael.page.get_by_role("region", name="Family")
    for construct in RELEASED.constructs:
        assert family.get_by_role("link", name=construct.lot).is_visible()
    family.get_by_text("Read it as a table").click()
    row = family.get_by_role("row").filter(has_text="PL-2026-0101")
    assert "85.7 mg" in " ".join(row.inner_text().split())
    rafael.follow("PL-2026-0101", within=family)
    assert rafael.heading == "PL-2026-0101"
    rafael.follow("Supplier's results")
    assert "Supercoiled" in rafael.text or "supercoiled" in rafael.text
    assert "Rafael Cruz" in rafael.text
    rafael.follow("Lot and family")
    rafael.follow(RELEASED.lot, within=rafael.page.get_by_role("region", name="Family"))
    assert rafael.heading == RELEASED.lot


def _reads_the_record(rafael):
    rafael.follow("Batch record", exact=True)
    assert rafael.heading == RELEASED.number
    steps = rafael.page.get_by_role("region", name="Steps")
    assert steps.get_by_role("listitem").count() == 13
    rafael.page.locator("summary", has_text="L3 Transfection").click()
    used = rafael.page.locator("details").filter(has=rafael.page.locator("summary", has_text="L3 Transfection"))
    assert "PL-2026-0104" in used.inner_text()
    assert "Olivia Tan" in used.inner_text()
    assert "Vera Lim" in used.inner_text()


def _looks_at_the_excursion(rafael, told_site):
    rafael.page.locator("summary", has_text="L10 UF/DF").click()
    uf_df = rafael.page.locator("details").filter(has=rafael.page.locator("summary", has_text="L10 UF/DF"))
    rafael.follow("Signals", within=uf_df)
    assert "UF/DF" in rafael.heading
    excursions = rafael.page.get_by_role("region", name="Excursions").get_by_role("listitem")
    rafael.leave(excursions.filter(has_text="action").first.get_by_role("link").click)
    assert "excursion" in rafael.heading
    assert "shear" in rafael.heading.lower()
    picture = rafael.page.locator("svg[role=img]")
    assert picture.is_visible()
    assert picture.locator("polyline.trace").count() >= 1
    assert picture.locator("polygon.outside.action").count() >= 1
    assert picture.locator("line.limit").count() >= 1
    rafael.page.get_by_text("Read it as a table").click()
    assert rafael.page.locator("details[open] tbody tr").count() > 1
    actions = rafael.page.locator(".actions")
    rafael.follow("Deviation", within=actions)
    assert "closed" in actions.inner_text()
    assert "Priya Nair" in rafael.text
    assert "set-point" in rafael.text


def _opens_the_certificate(rafael, told_site):
    rafael.follow("Release", within=rafael.page.get_by_role("navigation", name="Main"), exact=True)
    rafael.follow(RELEASED.lot)
    assert rafael.heading == RELEASED.lot
    rafael.follow(told_site.certificate)
    assert rafael.heading == "Certificate of analysis"
    for words in (told_site.certificate, "Rafael Cruz", "Infectious titre", "TU/mL"):
        assert words in rafael.text
    with rafael.page.expect_download() as download:
        rafael.page.get_by_role("link", name="PDF", exact=True).click()
    assert download.value.suggested_filename.endswith(".pdf")
    content = download.value.path().read_bytes()
    assert content.startswith(b"%PDF")
    assert content == told_site.client("rafael").fetch(f"certificates/{told_site.certificate}.pdf")
    told = rafael.page.get_by_role("link", name="JSON", exact=True).get_attribute("href")
    shown = rafael.page.request.get(f"{told_site.url}{told}")
    assert shown.ok
    through_the_api = told_site.client("rafael").fetch(f"certificates/{told_site.certificate}.json")
    assert shown.body() == through_the_api
    assert told_site.certificate in json.loads(through_the_api).values()
