"""E-f, F-2, E-w: bad input is refused at the right field with a sentence, through the page, and nothing is recorded."""

import contextlib

import pytest
from django.apps import apps

from gatekeeper.accounts.models import AccessEvent
from gatekeeper.demo.people import PASSWORD
from gatekeeper.ledger.models import Signature
from tests.doors import row_counts
from tests.journeys.stage import EXPIRED, PERFORMED, QUARANTINED, REFUSING, SMALL

pytestmark = pytest.mark.browser

RECORDS = ("lots", "plasmids", "batches", "readings", "excursions", "release")
L3 = f"/batches/{REFUSING.number}/phases/L3/"


def _rows(told_site):
    with told_site.live.database():
        models = [model for label in RECORDS for model in apps.get_app_config(label).get_models()]
        return row_counts((*models, Signature))


@pytest.fixture
def nothing_recorded(told_site):
    """Within the block no row is added to any record, nor a signature."""

    @contextlib.contextmanager
    def block():
        before = _rows(told_site)
        yield
        assert _rows(told_site) == before

    return block


def _error(visitor, field):
    """The sentence at a field, which the field itself points to."""
    sentence = visitor.page.locator(f"#id_{field}_error")
    control = visitor.page.locator(f"#id_{field}")
    assert control.get_attribute("aria-invalid") == "true"
    assert f"id_{field}_error" in control.get_attribute("aria-describedby")
    assert "Nothing was recorded." in visitor.text
    return " ".join(sentence.inner_text().split())


def test_an_unknown_unit_is_named_at_its_field(visit, nothing_recorded):
    wen = visit("wen")
    wen.open("/lots/receive/")
    wen.page.get_by_label("Lot number").fill("RM-77")
    wen.page.get_by_label("Material").select_option("RM-LONG")
    wen.page.get_by_label("Supplier").fill("Acids and Salts Ltd")
    wen.page.get_by_label("Quantity", exact=True).fill("12.5")
    wen.page.get_by_label("Unit", exact=True).fill("furlong")
    with nothing_recorded():
        answer = wen.press("Receive into quarantine")
        assert answer.status == 422
        assert "furlong" in _error(wen, "unit")
    assert wen.page.get_by_label("Supplier").input_value() == "Acids and Salts Ltd"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ((QUARANTINED.lot, "85.7"), "lot", f"Lot {QUARANTINED.lot} is not released: its status is “quarantine”."),
        ((EXPIRED.lot, "85.7"), "lot", f"Lot {EXPIRED.lot} expired on "),
        ((SMALL.lot, "85.7"), "quantity", f"85.7 mg is more than is left of lot {SMALL.lot}: 20 mg."),
        (("PL-2026-9999", "85.7"), "lot", "There is no lot “PL-2026-9999”."),
        ((SMALL.lot, "much"), "quantity", "“much” is not a number"),
    ],
    ids=["before release", "expired", "more than is left", "unknown lot", "not a number"],
)
def test_a_lot_that_is_not_fit_is_refused_where_it_was_typed(visit, nothing_recorded, typed, field, sentence):
    lot, quantity = typed
    olivia = visit("olivia")
    olivia.open(f"{L3}materials/transfer/")
    olivia.page.get_by_label("Lot", exact=True).fill(lot)
    olivia.page.get_by_label("Quantity used").fill(quantity)
    with nothing_recorded():
        answer = olivia.press("Record the use")
        assert sentence in _error(olivia, field)
        assert answer.status == (422 if "9999" in lot or quantity == "much" else 409)
    assert olivia.page.get_by_label("Lot", exact=True).input_value() == lot


def test_a_step_waits_for_the_step_before_it(visit, nothing_recorded):
    olivia = visit("olivia")
    olivia.open(f"/batches/{PERFORMED.number}/phases/L3/start/")
    olivia.page.get_by_label("Bioreactor").fill("BIO-50")
    with nothing_recorded():
        assert olivia.press("Start this step").status == 409
    assert "L3 waits for L2" in olivia.page.get_by_role("alert").inner_text()


def test_a_value_that_is_no_number_is_refused_at_its_field(visit, nothing_recorded):
    olivia = visit("olivia")
    olivia.open(f"{L3}controls/complexation/")
    olivia.page.locator("input[name=reported]").fill("about ten")
    with nothing_recorded():
        assert olivia.press("Record, then a second person checks").status == 422
        assert "about ten" in _error(olivia, "reported")


def test_who_performed_a_step_does_not_verify_it(visit, nothing_recorded):
    olivia = visit("olivia")
    olivia.open(f"/batches/{PERFORMED.number}/phases/L1/verify/")
    verb = "Verify with my signature"
    with nothing_recorded():
        assert olivia.sign("olivia", PASSWORD, verb=verb, opener=verb).status == 403
    said = olivia.page.get_by_role("dialog").get_by_role("alert")
    assert "Olivia Tan performed it: another person verifies." in said.inner_text()


def _events(told_site):
    with told_site.live.database():
        kinds = AccessEvent.objects.filter(username="nils").order_by("at", "pk")
        return [event.kind for event in kinds if event.kind in {"signing_failed", "locked_out"}]


def test_five_wrong_passwords_lock_the_person_out_and_each_is_on_record(visit, told_site, nothing_recorded):
    nils = visit("nils")
    nils.open(f"{L3}sign/")
    verb = "Sign as performed"
    with nothing_recorded():
        for failures in range(1, 6):
            answer = nils.sign("nils", f"wrong {failures}", verb=verb, opener=verb if failures == 1 else "")
            assert answer.status == 403
            assert _events(told_site).count("signing_failed") == failures
        assert _events(told_site).count("locked_out") == 1
        assert nils.sign("nils", PASSWORD, verb=verb).status == 423
        assert "Too many failed attempts" in nils.page.get_by_role("alert").inner_text()
    again = visit("")
    again.log_in("nils")
    assert "/accounts/log-in/" in again.page.url
    waiting = visit("grace")
    assert "nils is locked out" in waiting.text
