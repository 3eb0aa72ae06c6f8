"""E-d, E-g, E-n: everybody sees what is theirs, on every page, readable for everybody, in their language."""

import re

import pytest
from django.conf import settings

from batches.excursions.models import Excursion
from batches.readings.models import InstrumentFile as PhaseFile
from gatekeeper.demo.client import RefusedError
from release.models import InstrumentFile
from tests.journeys import watched
from tests.journeys.browsing import TABLET
from tests.journeys.looking import NARROW, faults_of, faults_of_dialogs, pages
from tests.journeys.stage import LONG_LOT, LONG_NAME, QUARANTINED, REFUSING, RELEASED

pytestmark = pytest.mark.browser


# Four limits as close as a hair: the words that the page's own script places.
_WORDS_MEET = """async () => {
  const { placed } = await import("/static/js/plots.js");
  const limits = [20, 21, 120, 121, 121].map((y) => ({ y, width: 90 }));
  const boxes = placed(limits, { left: 64, right: 700, bottom: 130 });
  return boxes.filter((one, place) => boxes.slice(place + 1).some((other) =>
    one.x < other.end && other.x < one.end && Math.abs(one.y - other.y) < 13));
}"""


# Somebody is on the way to another page when the page that they leave finds that it should be shown anew.
_LEAVING = """async () => {
  const { reload } = await import("/static/js/reload.js");
  dispatchEvent(new Event("beforeunload"));
  reload();
  return await new Promise((done) => setTimeout(() => done("still here"), 300));
}"""

_STAYING = """() => {
  dispatchEvent(new Event("pageshow"));
  import("/static/js/reload.js").then(({ reload }) => reload());
}"""


@pytest.fixture
def every_page(told_site):
    """Addresses by who opens them: see tests.journeys.looking.pages."""
    with told_site.live.database():
        excursion = Excursion.objects.filter(phase__batch_record__number=RELEASED.number, level="action").first()
        file = InstrumentFile.objects.filter(lot__number=RELEASED.lot).first()
        alarm = Excursion.objects.filter(phase__batch_record__number=watched.NUMBER, level="action").first()
        log = PhaseFile.objects.get(phase__batch_record__number=watched.NUMBER)
    shown = (told_site.deviation, told_site.reported, told_site.certificate, excursion.pk, file.pk)
    return pages(*shown, alarm=alarm.pk, log=log.pk)


@pytest.mark.parametrize("name", ["rafael", "priya", "arun", "wen", "farid", "quinn", "hana", "mei", "grace", "olivia"])
def test_every_page_is_readable_for_everybody_at_every_size(visit, every_page, name):
    visitor = visit(name)
    faults = []
    for path in every_page[name]:
        faults += faults_of(visitor, path) + faults_of_dialogs(visitor)
    assert faults == []


def test_the_doors_before_the_house_are_readable_too(visit):
    visitor = visit("")
    faults = faults_of(visitor, "/accounts/log-in/")
    visitor.log_in("vera")
    visitor.leave(lambda: visitor.page.get_by_role("button", name="Lock", exact=True).click())
    assert faults + faults_of(visitor, "/accounts/lock/") == []


@pytest.mark.parametrize("name", ["olivia"])
def test_everything_an_operator_touches_is_large_enough_for_gloves(visit, every_page, name):
    visitor = visit(name, size=TABLET, touch=True)
    small = {}
    for path in every_page[name][2:]:  # the first page and the receipt of a file are for a desk
        assert visitor.open(path).status == 200
        small[path] = visitor.small_targets()
    assert {path: found for path, found in small.items() if found} == {}


def test_twelve_alarms_leave_the_plots_on_the_first_screen_and_no_word_over_another(visit):
    olivia = visit("olivia", size=TABLET, touch=True)
    row = olivia.page.get_by_role("listitem").filter(has_text=watched.NUMBER).filter(has_text="UF/DF")
    olivia.leave(row.get_by_role("link", name=re.compile("^Live")).click)
    page = olivia.page
    assert f"{watched.ALARMS} alarms" in olivia.text
    first = page.locator(".plot").first
    first.locator("canvas").wait_for()
    box = first.locator(".canvas").bounding_box()
    assert box["y"] > 0
    assert box["y"] + box["height"] <= TABLET[1]
    page.locator("#alarms > details > summary").click()
    assert page.locator("[data-alarm]").count() == watched.ALARMS
    assert "in quarantine" in first.inner_text()
    assert "times corrected" in first.inner_text()
    assert page.evaluate(_WORDS_MEET) == []


def test_a_page_that_shows_itself_anew_takes_nobody_back(visit):
    page = visit("olivia").page
    assert page.evaluate(_LEAVING) == "still here"
    with page.expect_navigation():
        page.evaluate(
            "dispatchEvent(new Event('pageshow')); import('/static/js/reload.js').then((own) => own.reload())"
        )


def test_the_step_that_runs_leads_to_what_is_measured_by_one_touch(visit):
    olivia = visit("olivia", size=TABLET, touch=True)
    olivia.open(f"/batches/{watched.NUMBER}/phases/{watched.PHASE}/")
    olivia.follow("Live")
    assert olivia.page.url.endswith(f"/{watched.NUMBER}/live/")


def test_who_works_at_another_site_sees_nothing_of_this_one(visit, every_page, told_site):
    sol = visit("sol")
    for path in (
        "/",
        "/lots/",
        "/batches/",
        "/batches/equipment/",
        "/batches/deviations/",
        "/plasmids/",
        "/release/",
        "/readings/sources/",
    ):
        assert sol.open(path).status == 200
        assert not re.search("LV-2026|PL-2026|BR-2026|TFF01|Olivia", sol.text), path
    sol.open("/plasmids/pLV-CAR19/")
    assert "PL-2026" not in sol.text
    hidden = [path for path in every_page["rafael"] if re.search(r"\d", path) and "/masters/" not in path]
    answers = {path: sol.page.request.get(f"{sol.site}{path}", max_redirects=0).status for path in hidden}
    # Controlled documents, materials and constructs belong to the product, and none of them to a site.
    shared = ("/documents/", "/plasmids/pLV-CAR19/", "/lots/materials/")
    seen = {path: status for path, status in answers.items() if status not in {403, 404}}
    assert {path for path in seen if not any(part in path for part in shared)} == set()
    assert answers[f"/lots/{RELEASED.lot}/"] == 404
    assert answers[f"/batches/{RELEASED.number}/"] == 404
    for path in (
        f"lots/{RELEASED.lot}/",
        f"batch-records/{RELEASED.number}/",
        f"certificates/{told_site.certificate}.pdf",
    ):
        with pytest.raises(RefusedError) as refused:
            told_site.client("sol").fetch(path)
        assert refused.value.status == 404, path


# Who may open the page; everybody else of the four is told that it is not theirs.
MATRIX = {
    "/lots/": {"olivia", "rafael", "wen"},
    "/lots/receive/": {"wen"},
    "/lots/materials/": {"olivia", "rafael", "wen"},
    "/lots/materials/define/": {"wen"},
    "/plasmids/register/": set(),
    "/documents/plasmid-specifications/": {"olivia", "rafael", "wen"},
    "/documents/plasmid-specifications/import/": set(),
    f"/plasmids/lots/{QUARANTINED.lot}/results/correct/": {"wen"},
    "/documents/markets/": {"rafael"},
    "/documents/markets/import/": set(),
    "/plasmids/lots/receive/": {"wen"},
    f"/plasmids/lots/{QUARANTINED.lot}/release/": {"rafael"},
    "/batches/": {"olivia", "rafael"},
    f"/batches/{REFUSING.number}/phases/L4/start/": {"olivia"},
    "/documents/master-batch-records/import/": set(),
    "/batches/issue/": set(),
    "/batches/equipment/": {"olivia", "rafael"},
    "/batches/equipment/register/": set(),
    "/readings/sources/": {"olivia", "rafael"},
    "/readings/sources/register/": set(),
    "/release/": {"rafael"},
    f"/release/lots/{REFUSING.lot}/review/": set(),
    f"/release/lots/{REFUSING.lot}/results/enter/": set(),
    f"/ledger/batches.batchrecord/{REFUSING.number}/": {"rafael", "grace"},
    "/accounts/people/": {"grace"},
    "/accounts/people/olivia/": {"grace"},
    "/accounts/enrol/": {"grace"},
    "/accounts/people/lims/tokens/issue/": {"grace"},
}


def test_each_role_opens_its_own_pages_only(visit):
    found = {path: set() for path in MATRIX}
    for name in ("olivia", "rafael", "wen", "grace"):
        visitor = visit(name)
        for path in MATRIX:
            answer = visitor.page.request.get(f"{visitor.site}{path}", max_redirects=0)
            assert answer.status in {200, 403}, f"{name} {path}: {answer.status}"
            if answer.ok:
                found[path].add(name)
    assert found == MATRIX


def test_every_link_on_a_page_leads_somewhere(visit, every_page):
    rafael, answers = visit("rafael"), {}
    for path in every_page["rafael"][:-1]:
        shown = rafael.page.request.get(f"{rafael.site}{path}").text()
        links = {link for link in re.findall(r'href="(/[^"#]*)"', shown) if not link.startswith("/static/")}
        # Of links that differ in a number only, one of each page is followed.
        alike = {re.sub(r"[\w.-]*\d[\w.-]*", "#", link): link for link in sorted(links)}
        for link in set(alike.values()) - answers.keys():
            answers[link] = rafael.page.request.head(f"{rafael.site}{link.replace('&amp;', '&')}").status
    assert {link: status for link, status in answers.items() if status != 200} == {}
    assert len(answers) > 40


@pytest.mark.parametrize("size", [TABLET, NARROW])
def test_names_as_long_as_they_may_be_break_no_page(visit, told_site, size):
    longest = visit("longest", size=size)
    for path in (
        "/",
        "/lots/",
        f"/lots/{LONG_LOT}/",
        f"/batches/deviations/{told_site.reported}/",
        "/batches/deviations/",
    ):
        longest.open(path)
        assert longest.overflow() == "", path
        assert LONG_NAME.split()[0] in longest.page.locator("body").inner_text()


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES if code != "en"])
def test_every_page_is_there_in_each_language(visit, every_page, language):
    visitor = visit("rafael", size=TABLET, language=language)
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": visitor.site}
    visitor.page.context.add_cookies([cookie])
    for path in every_page["rafael"][:-1]:
        answer = visitor.page.request.get(f"{visitor.site}{path}")
        assert answer.status == 200, path
        assert f'<html lang="{language}"' in answer.text()
        assert not re.search(r"%\(\w+\)s|\{\{|\{%", answer.text()), path
    for path in ("/", "/lots/", f"/batches/{RELEASED.number}/", f"/release/lots/{REFUSING.lot}/"):
        visitor.open(path)
        assert visitor.overflow() == "", path


def test_a_person_chooses_their_language_on_any_page_and_keeps_it(visit):
    longest = visit("longest")
    longest.open("/lots/")
    longest.page.locator("summary", has_text="Language").click()
    longest.leave(lambda: longest.page.get_by_role("button", name="日本語").click())
    assert longest.page.locator("html").get_attribute("lang") == "ja"
    assert "/lots/" in longest.page.url
    longest.open("/batches/")
    assert longest.page.locator("html").get_attribute("lang") == "ja"
    longest.page.locator(".who summary").click()
    longest.leave(lambda: longest.page.get_by_role("button", name="English").click())
    assert longest.page.locator("html").get_attribute("lang") == "en"
