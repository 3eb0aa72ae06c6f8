"""E-f, E-r, I-3: the operator's step a screen on a tablet, with gloves, and with somebody who checks."""

import pytest

from gatekeeper.accounts.models import AccessEvent
from gatekeeper.demo.people import PASSWORD
from tests.journeys.browsing import TABLET
from tests.journeys.stage import EXPIRED, OPERATED, REFUSING

pytestmark = pytest.mark.browser

_SCAN = """(code) => {
  for (const key of [...code, "Enter"])
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}"""
# A page is marked before the touch: what stands on it from an earlier answer is not the answer to this one.
_STAYING = """() => {
  document.documentElement.dataset.staying = "";
  document.querySelector(".toast")?.setAttribute("hidden", "");
}"""
_ANSWERED = """() => !("staying" in document.documentElement.dataset)
  || document.querySelector(".toast.unknown:not([hidden])")"""
WRONG = "not the right passphrase"


class Operator:
    """Somebody at the tablet with a wedge scanner and the keys on the screen."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page

    def scan(self, code):
        """Let the scanner type, faster than any hand."""
        self.page.evaluate(_SCAN, code)

    def touch(self, keys):
        """Touch the number keys on the screen, "<" for the last one taken back."""
        pad = self.page.get_by_role("group", name="Number keys")
        for key in keys:
            name = "Delete the last character" if key == "<" else key
            pad.get_by_role("button", name=name, exact=True).tap()

    def says(self):
        """The verdict beside the value, in words, with its state."""
        verdict = self.page.locator("[data-verdict]")
        verdict.wait_for()
        return verdict.get_attribute("class").split()[-1], verdict.inner_text()

    def send(self, name):
        """Touch the button that records; a crowded server may be taken for a lost connection, then once more."""
        self.check_targets()
        for _attempt in range(5):
            self.page.evaluate(_STAYING)
            self.page.get_by_role("main").get_by_role("button", name=name, exact=True).tap()
            self.page.wait_for_function(_ANSWERED)
            if self.page.locator(".toast.unknown:visible").count() == 0:
                break
        self.page.wait_for_load_state()

    def check_targets(self):
        """What gloves cannot hit is a fault."""
        assert self.visitor.small_targets() == []
        assert self.visitor.overflow() == ""


def test_the_operator_performs_a_step_and_a_second_person_checks(visit, told_site):
    olivia = Operator(visit("olivia", size=TABLET, touch=True))
    _finds_the_step(olivia)
    _starts_it(olivia)
    _uses_the_plasmids(olivia)
    _enters_a_value_that_speaks(olivia)
    _cannot_check_it_herself(olivia)
    _corrects_it(olivia)
    _vera_checks(olivia)
    _signs(olivia, told_site)
    _vera_verifies(olivia)


def _finds_the_step(olivia):
    visitor = olivia.visitor
    assert visitor.heading == "Waiting for me"
    waiting = visitor.page.get_by_role("region", name="Steps that run")
    assert REFUSING.number in waiting.inner_text()
    visitor.follow("Batch records", exact=True)
    visitor.follow(OPERATED.number)
    visitor.follow("Transfection", within=visitor.page.get_by_role("region", name="Steps"))
    assert visitor.heading == "Transfection · step 3 of 13"


def _starts_it(olivia):
    assert "Scan each plasmid lot" in olivia.visitor.text
    assert "BIO-50" in olivia.visitor.text
    olivia.scan("HF-0117")
    assert "Not what this step asks for: HF-0117" in olivia.page.locator(".toast").inner_text()
    olivia.scan("BIO-50")
    assert olivia.page.get_by_label("Bioreactor").input_value() == "BIO-50"
    olivia.send("Start this step")
    assert "/materials/" in olivia.page.url


def _uses_the_plasmids(olivia):
    for construct, keys in zip(OPERATED.constructs, ("85.7", "21.4", "21.4", "21.4"), strict=True):
        assert construct.lot in olivia.visitor.text
        assert EXPIRED.lot not in olivia.visitor.text
        olivia.scan(construct.lot)
        assert olivia.page.get_by_label("Lot", exact=True).input_value() == construct.lot
        olivia.page.get_by_label("Quantity used").tap()
        olivia.touch(keys)
        olivia.send("Record the use")
    assert "/controls/complexation/" in olivia.page.url


def _enters_a_value_that_speaks(olivia):
    assert olivia.page.locator("input[name=reported]").input_value() == ""
    olivia.touch("12")
    assert olivia.says() == ("inside", "Inside")
    olivia.touch("<<25")
    assert olivia.says() == ("alert", "Alert: above 20")
    olivia.touch("<<35")
    assert olivia.says() == ("action", "Action: above 30")
    olivia.touch("<<25")
    olivia.send("Record, then a second person checks")
    assert olivia.page.url.endswith("/controls/complexation/check/")


def _cannot_check_it_herself(olivia):
    visitor = olivia.visitor
    olivia.check_targets()
    visitor.page.get_by_label("User name").fill("olivia")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    answer = visitor.press("Checked: the value is right")
    assert answer.status == 403
    assert "Olivia Tan performed it: another person verifies." in visitor.text
    assert visitor.page.get_by_label("Password").input_value() == ""


def _corrects_it(olivia):
    olivia.visitor.follow("Correct…")
    olivia.touch("12")
    olivia.send("Record the correction")
    assert "Say why" in olivia.page.locator("#id_reason_error").inner_text()
    olivia.page.get_by_label("Why is it corrected?").fill("Read from the wrong stop-watch")
    olivia.send("Record the correction")
    assert olivia.page.url.endswith("/controls/complexation/check/")
    assert "25" in olivia.page.locator("main del").inner_text()
    assert "12" in olivia.page.locator("main b.n").first.inner_text()
    assert "Read from the wrong stop-watch" in olivia.visitor.text


def _vera_checks(olivia):
    visitor = olivia.visitor
    visitor.page.get_by_label("User name").fill("vera")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    assert visitor.press("Checked: the value is right").status == 200
    assert visitor.page.url.endswith("/controls/pei_dna/")
    olivia.touch("2.0")
    olivia.send("Record, then a second person checks")
    visitor.page.get_by_label("User name").fill("vera")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    assert visitor.press("Checked: the value is right").status == 200


def _failures(told_site):
    with told_site.live.database():
        return AccessEvent.objects.filter(kind=AccessEvent.Kind.SIGNING_FAILED, username="olivia").count()


def _signs(olivia, told_site):
    visitor = olivia.visitor
    assert visitor.page.url.endswith("/sign/")
    assert "PL-2026-0101: 85.7 mg" in visitor.text
    before = _failures(told_site)
    assert visitor.sign("olivia", WRONG, verb="Sign as performed", opener="Sign as performed").status == 403
    dialog = visitor.page.get_by_role("dialog")
    dialog.wait_for()
    assert "password" in dialog.locator("#sign-password-error").inner_text().lower()
    assert dialog.get_by_label("Password").input_value() == ""
    assert _failures(told_site) == before + 1
    olivia.check_targets()
    assert "Olivia Tan" in dialog.inner_text()
    assert visitor.sign("olivia", PASSWORD, verb="Sign as performed").status == 200
    assert visitor.page.url.endswith("/verify/")


def _vera_verifies(olivia):
    visitor = olivia.visitor
    verb = "Verify with my signature"
    assert visitor.sign("olivia", PASSWORD, verb=verb, opener=verb).status == 403
    assert "Olivia Tan performed it: another person verifies." in visitor.page.get_by_role("dialog").inner_text()
    assert visitor.sign("vera", PASSWORD, verb=verb).status == 200
    assert visitor.page.url.endswith("/done/")
    olivia.check_targets()
    signatures = visitor.page.locator(".signature")
    assert signatures.count() == 2
    assert "Vera Lim" in signatures.first.inner_text()
    assert "Void" not in visitor.text
    visitor.follow("Next: Induction and medium change")
    assert visitor.heading == "Induction and medium change · step 4 of 13"


def test_the_screen_locks_when_idle_and_the_next_person_never_sees_the_draft(visit, told_site):
    step = f"/batches/{REFUSING.number}/phases/L3/controls/pei_dna/"
    olivia = Operator(visit("olivia", size=TABLET, touch=True, clock=True))
    visitor, page = olivia.visitor, olivia.page
    visitor.open(step)
    olivia.touch("1.9")
    page.locator("[data-unrecorded]:visible").wait_for()
    assert page.locator("[data-unrecorded]").inner_text() == "1 not yet recorded"
    page.clock.fast_forward(301_000)
    page.wait_for_url("**/accounts/lock/**")
    assert visitor.heading == "Olivia Tan"
    assert visitor.open(step).url.endswith("/accounts/lock/?next=" + step.replace("/", "%2F")) or "lock" in page.url
    assert "pei_dna" not in visitor.text
    visitor.follow("Someone else")
    visitor.log_in("vera")
    visitor.open(step)
    assert page.locator(".bar .person").inner_text() == "Vera Lim"
    assert page.locator("input[name=reported]").input_value() == ""
    assert page.locator("[data-unrecorded]:visible").count() == 0
    assert "1.9" not in visitor.text
    visitor.leave(lambda: page.get_by_role("button", name="Lock", exact=True).tap())
    visitor.follow("Someone else")
    visitor.log_in("olivia")
    visitor.open(step)
    assert page.locator("input[name=reported]").input_value() == "1.9"
    assert "not yet recorded" in visitor.text.lower()
    page.get_by_role("button", name="Discard").tap()
    page.wait_for_function("() => !document.querySelector('input[name=reported]')?.value")
