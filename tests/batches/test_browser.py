"""E-f: an operator performs a phase on a tablet in a real browser; the limit speaks before the value is recorded."""

import os
from pathlib import Path

import pytest

from gatekeeper.demo.people import PASSWORD
from tests.batches.making import make_batch_record, make_house, walk

pytestmark = pytest.mark.browser


@pytest.fixture
def tablet(live_site, chromium):
    with live_site.database():
        house = make_house()
        record = make_batch_record(house)
        walk(house, record, "running:L10")
    page = chromium.new_page(viewport={"width": 1024, "height": 768}, locale="en")
    page.set_default_timeout(20_000)
    page.goto(f"{live_site.url}/accounts/log-in/")
    page.fill("input[name=username]", "olivia")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "log-in" not in url)
    yield page
    page.close()


def photograph(page, name):
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=name.startswith("record"))


def test_a_limit_speaks_at_entry_and_a_second_person_checks(tablet, live_site):
    page, base = tablet, f"{live_site.url}/batches/BR-2026-0041"
    page.goto(f"{base}/phases/L10/controls/retentate_ph/")
    page.fill("input[name=reported]", "7.82")
    page.wait_for_selector("[data-verdict].alert")
    assert "7.80" in page.inner_text("[data-verdict]")
    photograph(page, "operator")
    page.click("main form button.primary")
    page.wait_for_url("**/retentate_ph/check/")
    assert "7.82" in page.inner_text("main")
    photograph(page, "check")
    page.fill("input[name=username]", "vera")
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button.primary")
    page.wait_for_url("**/controls/diavolumes/")
    page.goto(f"{base}/")
    assert page.locator("text=UF/DF").count() > 0
    photograph(page, "record")
