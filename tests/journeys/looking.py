"""What is looked at on every page: accessibility by axe, the width of the page, and which pages there are."""

from axe_playwright_python.base import AXE_SCRIPT

from tests.journeys.browsing import DESK, TABLET
from tests.journeys.stage import LONG_LOT, PERFORMED, QUARANTINED, REFUSING, RELEASED
from tests.journeys.watched import NUMBER as WATCHED

NARROW = (768, 1024)
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EVERYTHING = {"runOnly": {"type": "tag", "values": _TAGS}, "resultTypes": ["violations"]}
# What another size or scheme can change; the structure of a page is the same at both.
_SEEN = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block", "region"]
_SIGHT = {"runOnly": {"type": "rule", "values": _SEEN}, "resultTypes": ["violations"]}
# What is folded is unfolded; of what is alike a few are looked at, for axe takes as long as there are elements.
_ALIKE = (
    "#signals > section:nth-of-type(n+4), tbody tr:nth-child(n+5), li:nth-child(n+9), .dots > :nth-child(n+3), "
    "details ~ details ~ details ~ details, svg text:nth-of-type(n+13), .plot ~ .plot ~ .plot"
)
_UNFOLD = """(alike) => {
  document.querySelectorAll(alike).forEach((one) => one.remove());
  [...document.querySelectorAll("details")].slice(0, 6).forEach((one) => { one.open = true; });
}"""
_RUN = """async (options) => (await axe.run(document, options)).violations.map((found) =>
  `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 140)).slice(0, 3).join(" | ")}`)"""


# Lists and versions of controlled documents.
DOCUMENTS = (
    "master-batch-records/", "master-batch-records/LV-3G/1/", "plasmid-specifications/",
    "plasmid-specifications/PL-IN/1/", "markets/", "markets/SG/1/", "specifications/", "specifications/LV-DP-SG/1/",
)  # fmt: skip


def pages(deviation, reported, certificate, excursion, file, *, alarm, log):
    """Who opens which address: every list, every detail and every form of the site."""
    lot, record = RELEASED.lot, RELEASED.number
    measured = measured_pages(excursion, alarm, log)
    release, running = f"/release/lots/{lot}/", f"/batches/{REFUSING.number}/"
    return {
        "rafael": [
            "/", "/lots/", f"/lots/{lot}/", "/lots/PL-2026-0101/", f"/lots/{LONG_LOT}/",
            f"/lots/{LONG_LOT}/decide/release/", "/lots/?q=nothing-is-called-this",
            "/lots/materials/", "/lots/materials/pLV-CAR19/", "/lots/materials/?q=nothing-is-called-this",
            "/plasmids/", "/plasmids/pLV-CAR19/", "/plasmids/lots/PL-2026-0101/",
            *(f"/documents/{page}" for page in DOCUMENTS),
            f"/plasmids/lots/{QUARANTINED.lot}/release/", "/batches/", f"/batches/{record}/", running,
            "/batches/deviations/", f"/batches/deviations/{deviation}/", f"/batches/deviations/{reported}/close/",
            "/batches/equipment/", "/batches/equipment/HF-0117/", "/batches/equipment/?q=nothing-is-called-this",
            *measured["rafael"], "/release/", release,
            f"/release/lots/{REFUSING.lot}/", f"{release}results/", f"{release}files/{file}/",
            f"/release/certificates/{certificate}/", f"/ledger/batches.batchrecord/{record}/",
            f"/ledger/batches.deviation/{deviation}/",
            "/accounts/password/", "/accounts/accountability/", "/nowhere/",
        ],
        "priya": ["/", *measured["priya"]],
        "arun": measured["arun"],
        "wen": [
            "/lots/receive/", "/lots/materials/define/", "/plasmids/lots/receive/",
            f"/plasmids/lots/{QUARANTINED.lot}/results/correct/?attribute=endotoxin",
        ],
        "farid": ["/batches/issue/", f"{running}report/"],
        "quinn": [f"/release/lots/{REFUSING.lot}/review/"],
        "hana": [f"/release/lots/{REFUSING.lot}/results/enter/", f"/release/lots/{REFUSING.lot}/files/receive/"],
        "mei": [
            "/plasmids/register/", *(f"/documents/{page}import/" for page in DOCUMENTS if page.count("/") == 1),
            "/batches/equipment/register/", "/batches/equipment/HF-0117/calibrate/",
            "/batches/equipment/HF-0117/geometry/", *measured["mei"],
        ],
        "grace": [
            "/accounts/people/", "/accounts/people/olivia/", "/accounts/people/lims/", "/accounts/enrol/",
            "/accounts/people/lims/tokens/issue/", "/accounts/roles/", "/accounts/sites/",
        ],
        "olivia": [
            "/", *measured["olivia"], f"{running}phases/L4/start/", f"{running}phases/L3/materials/transfer/",
            f"{running}phases/L3/controls/complexation/", f"{running}phases/L3/controls/complexation/not-done/",
            f"/batches/{PERFORMED.number}/phases/L1/controls/viability/check/",
            f"/batches/{PERFORMED.number}/phases/L1/controls/viability/correct/",
            f"/batches/{PERFORMED.number}/phases/L1/verify/", f"/batches/{record}/phases/L3/done/",
            f"{running}phases/L3/sign/",
        ],
    }  # fmt: skip


def measured_pages(excursion, alarm, log):
    """Who opens which address of what is measured; of a lot that is released and of a phase that runs."""
    record, watched = RELEASED.number, f"/excursions/batch-records/{WATCHED}/"
    files = f"/readings/batch-records/{WATCHED}/phases/L10/files/"
    return {
        "rafael": [
            "/readings/sources/", "/readings/sources/TFF01/", "/documents/rule-sets/", "/documents/log-mappings/",
            "/documents/rule-sets/LV-PROCESS/1/", f"/excursions/{excursion}/",
            f"/excursions/batch-records/{record}/phases/L10/", f"/excursions/batch-records/{record}/exposure/",
            f"/excursions/batch-records/{REFUSING.number}/exposure/", f"/excursions/lots/{RELEASED.lot}/comparison/",
            "/documents/log-mappings/TFF-LOG/1/", f"/excursions/batch-records/{REFUSING.number}/live/",
            f"{watched}live/", f"{watched}phases/L10/", files, f"{files}{log}/",
        ],
        "priya": ["/readings/sources/TFF01/clock/", f"/excursions/{alarm}/"],
        "arun": ["/documents/rule-sets/LV-CLOSE/2/"],
        "mei": ["/readings/sources/register/", "/documents/rule-sets/import/", "/documents/log-mappings/import/"],
        "olivia": [
            f"{files}receive/", f"{watched}live/", f"/excursions/{alarm}/acknowledge/",
            f"/batches/{WATCHED}/phases/L10/controls/vials/",
        ],
    }  # fmt: skip


def faults_of(visitor, path):
    """Open a page and return what is wrong with it: its answer, its width at three sizes, what axe finds.

    Axe looks at the desk in the light and at the tablet in the dark, so that both sizes and both schemes are seen.
    """
    page, faults = visitor.page, []
    _resize(page, DESK)
    answer = visitor.open(path)
    if answer.status != (404 if path == "/nowhere/" else 200):
        return [f"{path} answered {answer.status}"]
    for size in (NARROW, TABLET, DESK):
        _resize(page, size)
        faults += [f"{path} at {size[0]} overflows: {wide}" for wide in [visitor.overflow()] if wide]
    page.evaluate(AXE_SCRIPT)
    page.evaluate(_UNFOLD, _ALIKE)
    for size, scheme, options in ((DESK, "light", _EVERYTHING), (TABLET, "dark", _SIGHT)):
        _resize(page, size)
        page.emulate_media(color_scheme=scheme)
        faults += [f"{path} at {size[0]}, {scheme}: {found}" for found in page.evaluate(_RUN, options)]
    page.emulate_media(color_scheme="light")
    return faults


def faults_of_dialogs(visitor):
    """Open each signature dialog of the page and return what axe finds in it."""
    page, faults = visitor.page, []
    for link in page.locator("[data-opens]").all()[:1]:
        link.click()
        page.get_by_role("dialog").wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            faults += [f"{page.url}, dialog, {scheme}: {found}" for found in page.evaluate(_RUN, _EVERYTHING)]
        page.emulate_media(color_scheme="light")
    return faults


def _resize(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
