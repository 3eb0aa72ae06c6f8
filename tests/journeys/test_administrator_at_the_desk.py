"""E-d, E-p, E-q: two enrol a third in a real browser, who then works; what is shown once cannot be read again."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Error

from gatekeeper.demo.people import PASSWORD

pytestmark = pytest.mark.browser
FIRST, OWN = "given-at-the-gate-2026", "a passphrase that nadia chose"


def fill(page, **fields):
    for name, value in fields.items():
        page.locator(f"main [name={name}]").fill(value)


def test_two_enrol_a_third_who_chooses_a_password_and_works(visit):
    grace = visit("grace")
    grace.open("/accounts/people/")
    grace.follow("Enrol a person")
    fill(grace.page, full_name="Nadia Koh", username="nadia", initial_password=FIRST)
    fill(grace.page, identity_checked_by="grace", password=PASSWORD)
    assert grace.press("Enrol").status == 403
    assert "Somebody other than grace must check the identity." in grace.text
    fill(grace.page, initial_password=FIRST, identity_checked_by="dev", password=PASSWORD)
    grace.press("Enrol")
    assert grace.heading == "Nadia Koh"
    grace.follow("Assign a role")
    grace.page.get_by_label("Role").select_option(label="Warehouse receiver")
    grace.press("Assign")
    assert "Warehouse receiver" in grace.text

    nadia = visit("")
    nadia.log_in("nadia", FIRST)
    assert nadia.heading == "Change password"
    fill(nadia.page, old_password=FIRST, new_password=OWN, repeated=OWN)
    nadia.press("Change password")
    assert nadia.open("/lots/receive/").status == 200

    grace.follow("Disable", exact=True)
    fill(grace.page, reason="It was a trial.")
    grace.press("Disable")
    assert "Disabled" in grace.page.locator(".head").inner_text()
    nadia.open("/lots/receive/")
    assert "/accounts/log-in/" in nadia.page.url


def test_a_token_is_gone_when_its_page_is_left_and_back_does_not_bring_it(visit):
    grace = visit("grace")
    grace.open("/accounts/people/lims/tokens/issue/")
    grace.page.get_by_label("See materials, lots, their status and their family.").check()
    # The site's own clock says what day it is.
    now = grace.page.locator("body").get_attribute("data-now")
    fill(grace.page, expires_at=(datetime.fromisoformat(now) + timedelta(days=9)).date().isoformat())
    grace.press("Issue the token")
    plain = grace.page.locator("[data-once]").inner_text()
    assert re.fullmatch(r"gk_[0-9a-f]{8}_[\w-]{43}", plain)
    grace.follow("It is in its place")
    assert f"{plain[:11]}_…" in grace.text
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept nothing that it could show
        grace.page.go_back()
