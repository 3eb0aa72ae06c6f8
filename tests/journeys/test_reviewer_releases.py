"""E-m, E-o, I-11: quality looks for exceptions, closes the deviation, reviews and releases; the trail tells it all."""

import re

import pytest

from gatekeeper.demo.people import PASSWORD
from tests.journeys.browsing import DESK
from tests.journeys.stage import WAITING

pytestmark = pytest.mark.browser

CONCLUSION = {
    "Root cause": "The pump ran to its stop.",
    "Impact on quality, safety and efficacy": "Titre and particle size meet the specification.",
    "Justification": "Every result meets its criterion.",
}


def test_a_closed_gate_is_opened_finding_by_finding_and_the_lot_is_released(visit, told_site):
    rafael = visit("rafael", size=DESK)
    _sees_the_gate_closed(rafael, told_site)
    _closes_the_deviation(visit("priya", size=DESK), told_site)
    _reviews(visit("farid", size=DESK), visit("quinn", size=DESK))
    _releases(rafael, told_site)
    _reads_the_audit_trail(rafael, told_site)


def _sees_the_gate_closed(rafael, told_site):
    assert WAITING.lot in rafael.page.get_by_role("region", name=re.compile("^Lots to release")).inner_text()
    rafael.follow("Release", within=rafael.page.get_by_role("navigation", name="Main"), exact=True)
    rafael.follow(WAITING.lot)
    assert "Closed" in rafael.page.locator(".actions").inner_text()
    way = rafael.page.get_by_role("region", name="What stands in the way")
    assert told_site.deviation in way.inner_text()
    codes = {row.get_attribute("data-code") for row in way.locator("li[data-code]").all()}
    answer = told_site.client("rafael").get(f"lots/{WAITING.lot}/gate/?market=SG")
    assert codes == {finding["code"] for finding in answer["findings"]}
    assert len(codes) >= 3
    assert rafael.page.get_by_role("button", name="Release…").is_disabled()
    assert rafael.page.locator("svg[role=img] .outside.action").count() >= 1
    assert rafael.open(f"/release/lots/{WAITING.lot}/release/SG/").status == 200
    assert rafael.page.get_by_role("button", name="Sign and release").is_disabled()
    assert rafael.page.get_by_role("dialog").count() == 0


def _closes_the_deviation(priya, told_site):
    priya.leave(
        priya.page.get_by_role("listitem").filter(has_text=told_site.deviation).first.get_by_role("link").first.click
    )
    assert "Wall shear above its action limit" in priya.heading
    priya.follow("Close", within=priya.page.locator(".actions"), exact=True)
    priya.page.get_by_role("link", name="Write the conclusion and sign").click()
    for label, text in CONCLUSION.items():
        priya.page.get_by_role("dialog").get_by_label(label).fill(text)
    assert priya.sign("priya", PASSWORD, verb="Close with my signature").status == 200
    assert "closed" in priya.page.locator(".actions").inner_text()
    assert "The pump ran to its stop." in priya.text
    assert priya.page.locator(".signature.inside").filter(has_text="Priya Nair").count() == 1


def _reviews(farid, quinn):
    farid.follow("Batch records", exact=True)
    farid.follow(WAITING.number, exact=True)
    farid.follow("Review", within=farid.page.locator(".actions"), exact=True)
    assert farid.sign("farid", PASSWORD, verb="Sign the review", opener="Sign the review").status == 200
    assert "reviewed" in farid.page.locator(".actions").inner_text()
    quinn.follow("Release", within=quinn.page.get_by_role("navigation", name="Main"), exact=True)
    quinn.follow(WAITING.lot)
    quinn.follow("Sign review…")
    assert quinn.sign("quinn", PASSWORD, verb="Sign review", opener="Sign review").status == 200
    assert "Quinn Rao" in quinn.text or "Open" in quinn.page.locator(".actions").inner_text()


def _releases(rafael, told_site):
    rafael.open(f"/release/lots/{WAITING.lot}/")
    assert "Nothing: the gate is open" in rafael.text
    rafael.follow("Release…")
    opener = rafael.page.get_by_role("link", name="Sign and release")
    opener.click()
    dialog = rafael.page.get_by_role("dialog")
    dialog.wait_for()
    digest = dialog.locator("input[name=shown_digest]").input_value()
    assert len(digest) == 64
    assert digest in dialog.inner_text()
    assert "Rafael Cruz" in dialog.inner_text()
    assert rafael.sign("rafael", "not the right passphrase", verb="Sign and release").status == 403
    assert told_site.client("rafael").get(f"lots/{WAITING.lot}/certificates/")["results"] == []
    assert rafael.sign("rafael", PASSWORD, verb="Sign and release").status == 200
    assert rafael.heading in {"Certificate of analysis", WAITING.lot}
    (issued,) = told_site.client("rafael").get(f"lots/{WAITING.lot}/certificates/")["results"]
    assert issued["number"] in rafael.text
    rafael.open(f"/release/lots/{WAITING.lot}/")
    assert "Released" in rafael.page.locator(".actions").inner_text()


def _reads_the_audit_trail(rafael, told_site):
    rafael.open(f"/batches/deviations/{told_site.deviation}/")
    rafael.follow("Audit trail")
    assert rafael.heading == f"Audit trail: {told_site.deviation}"
    entries = rafael.page.get_by_role("region", name="What happened").locator("tbody tr")
    changed = entries.filter(has_text="Changed").filter(has_text="Priya Nair")
    assert changed.count() >= 1
    assert changed.first.locator("del").filter(has_text="open").count() == 1
    assert changed.first.locator("ins").filter(has_text="closed").count() == 1
    assert "2026" in changed.first.locator("td").first.inner_text()
    assert "sealed" in changed.first.inner_text()
    recorded = entries.filter(has_text="Recorded")
    assert "Process monitor" in recorded.inner_text()
    rafael.open(f"/lots/{WAITING.lot}/")
    rafael.follow("Audit trail")
    assert "Rafael Cruz" in rafael.text
