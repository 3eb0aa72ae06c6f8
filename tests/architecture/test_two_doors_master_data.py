"""E-f: bad master data gets the same code through page and endpoint, at its field, and nothing is recorded."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.files.base import ContentFile
from django.test import RequestFactory

from gatekeeper.ledger.records import own_models
from tests.doors import post, row_counts, signed_in, upload
from tests.lots.making import make_material
from tests.plasmids.making import GOOD, SPECIFICATION, make_plasmid, make_plasmid_lot, sequence_of
from tests.release.making import DATA, make_markets

MATERIAL = {"code": "BUF-2", "name": "Buffer", "kind": "raw_material", "unit": "L", "site": "SG01"}
PLASMID = {
    "code": "pX",
    "name": "X",
    "role": "transfer",
    "size_bp": 9000,
    "sequence_sha256": sequence_of("pX"),
    "site": "SG01",
}
LINE = {"attribute": "endotoxin", "reported": "4.6", "unit": "{EU}/mg", "reason": "Point misplaced"}


@dataclass(frozen=True)
class Case:
    """A bad form: who sends it to which address of each door, and how both refuse it."""

    code: str
    field: str
    page: str
    api: str
    given: dict
    person: str = "mei"
    status: int = 422
    before: Callable = lambda _people: None


def material(code, field, status=422, before=lambda _people: None, /, **changes):
    return Case(
        code, field, "/lots/materials/define/", "materials/", MATERIAL | changes, status=status, before=before
    )  # fmt: skip


def plasmid(code, field, status=422, before=lambda _people: None, /, **changes):
    return Case(code, field, "/plasmids/register/", "plasmids/", PLASMID | changes, status=status, before=before)


def arrived(people):
    make_plasmid_lot(people, "P-1", results=GOOD | {"endotoxin": ("46", "{EU}/mg")}, released=False)


def line(code, field, /, **changes):
    page, api = "/plasmids/lots/P-1/results/correct/", "plasmid-lots/P-1/results/"
    return Case(code, field, page, api, LINE | changes, person="wen", before=arrived)


CASES = (
    material("unknown_unit", "unit", unit="furlong"),
    material("unknown_material_kind", "kind", kind="beer"),
    material("already_registered", "code", 409, make_material, code="BUF-1"),
    material("key_malformed", "code", code="define"),
    material("does_not_exist", "site", site="XX99"),
    material("not_authorised", "", 403, site="KR01"),
    plasmid("unknown_plasmid_role", "role", role="beer"),
    plasmid("not_a_digest", "sequence_sha256", sequence_sha256="ACGT"),
    plasmid("size_not_positive", "size_bp", size_bp=0),
    plasmid("number_out_of_range", "size_bp", size_bp=2**40),
    plasmid("already_registered", "code", 409, make_plasmid, code="pTRANSFER"),
    plasmid("already_registered", "code", 409, make_material, code="BUF-1"),
    plasmid("key_malformed", "code", code="specifications"),
    plasmid("not_authorised", "", 403, site="KR01"),
    line("reason_missing", "reason", reason=""),
    line("unknown_unit", "unit", unit="EU/mg"),
    line("units_differ_in_kind", "unit", unit="{EU}/mL"),
    line("not_a_number", "reported", reported="4,6"),
    line("unknown_test", "attribute", attribute="hue"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.page}{case.code}")
def test_both_doors_refuse_alike_and_record_nothing(people, case):
    case.before(people)
    desk, before = signed_in(people[case.person]), rows()
    page, answer = desk.post(case.page, case.given), post(desk, f"/api/v1/{case.api}", case.given)
    assert faults_of(page) == (case.status, {(case.code, case.field)})
    document = answer.json()
    found = {(fault["code"], fault["pointer"].lstrip("#/")) for fault in document["errors"]}
    assert (answer.status_code, found) == (case.status, {(case.code, case.field)})
    assert rows() == before


INCOMING = SPECIFICATION.read_bytes()
PRODUCT = (DATA / "lv_dp_sg.toml").read_bytes()
KOREA = (DATA / "markets" / "kr.toml").read_bytes()


def known(people):
    """What a specification of a product names: its material and its markets."""

    make_material(people, "LV-DP")
    make_markets(people)


@dataclass(frozen=True)
class File:
    """A bad file: the two addresses that take it, and how both refuse it."""

    code: str
    page: str
    api: str
    toml: bytes
    status: int = 422
    before: Callable = lambda _people: None


def incoming(code, toml, status=422):
    return File(code, "/documents/plasmid-specifications/import/", "plasmid-specifications/", toml, status)


def product(code, toml, status=422, before=known):
    return File(code, "/documents/specifications/import/", "specifications/", toml, status, before)


def markets(code, toml, status=422):
    return File(code, "/documents/markets/import/", "markets/", toml, status)


FILES = (
    incoming("not_toml", b"code = "),
    incoming("nested_too_deeply", b"a = " + b"[" * 50_000),
    incoming("text_unprintable", INCOMING.replace(b"Plasmid DNA", b"Plasmid \\u0000")),
    incoming("number_not_text", INCOMING.replace(b'low = "1.8"', b"low = 1.8")),
    incoming("date_not_text", b"since = 2026-01-01\n" + INCOMING),
    incoming("unknown_unit", INCOMING.replace(b"ug/mg", b"ug per mg")),
    incoming("version_invalid", INCOMING.replace(b"version = 1", b"version = 0")),
    incoming("version_invalid", INCOMING.replace(b"version = 1", b"version = 4000000000")),
    incoming("key_malformed", INCOMING.replace(b'"PL-IN"', b'"PL/IN"')),
    incoming("text_too_long", INCOMING.replace(b"Plasmid DNA", b"Plasmid " * 40)),
    incoming("text_too_long", INCOMING.replace(b'"bioburden"', b'"' + b"bioburden" * 9 + b'"')),
    incoming("attribute_twice", INCOMING.replace(b'"bioburden"', b'"host_dna"')),
    incoming("attribute_no_table", b'code = "X"\nversion = 1\ntitle = "t"\nattribute = ["ph"]\n'),
    incoming("panel_empty", b'code = "X"\nversion = 1\ntitle = "t"\n'),
    product("not_toml", b"\xff"),
    product("unknown_unit", PRODUCT.replace(b"mosm/kg", b"mosm")),
    product("unknown_material", PRODUCT.replace(b'"LV-DP"', b'"LV-XX"')),
    product("unknown_market", PRODUCT.replace(b'market = "SG"', b'market = "XX"')),
    product("specification_incomplete", PRODUCT.replace(b'market = "SG"', b"market = 1")),
    product("number_not_text", PRODUCT.replace(b'"7.8"', b"7.8")),
    markets("not_toml", b"[[market"),
    markets("market_incomplete", KOREA.replace(b'language = "ko"', b"")),
    markets("market_incomplete", KOREA.replace(b'signatures = ["', b'signatures = [1, "')),
    markets("market_incomplete", re.sub(rb"(?m)^signatures = .*$", b"signatures = []", KOREA)),
    markets("key_malformed", KOREA.replace(b'"KR"', b'"K/R"')),
    markets("text_too_long", KOREA.replace(b'"KR"', b'"' + b"KR" * 30 + b'"')),
)


@pytest.mark.parametrize("case", FILES, ids=lambda case: f"{case.page}{case.code}")
def test_both_doors_refuse_a_bad_file_alike_at_the_file_and_record_nothing(people, case):
    case.before(people)
    desk, before = signed_in(people["mei"]), rows()
    assert faults_of(upload(desk, case.page, case.toml)) == (case.status, {(case.code, "file")})
    answer = _sent(desk, case.api, case.toml)
    assert (answer.status_code, answer.json()["code"]) == (case.status, case.code)
    assert rows() == before


@pytest.mark.parametrize(
    ("page", "api", "toml"),
    [
        ("/documents/plasmid-specifications/import/", "plasmid-specifications/", INCOMING),
        ("/documents/specifications/import/", "specifications/", PRODUCT),
    ],
)
def test_what_came_in_by_one_door_is_known_at_the_other(people, page, api, toml):
    known(people)
    desk = signed_in(people["mei"])
    assert upload(desk, page, toml).status_code == 302
    assert faults_of(upload(desk, page, toml)) == (409, {("already_registered", "file")})
    assert (_sent(desk, api, toml).status_code, _sent(desk, api, toml).json()["code"]) == (409, "already_registered")


PLACES = {
    "/documents/plasmid-specifications/import/": "plasmid-specifications/",
    "/documents/specifications/import/": "specifications/",
    "/documents/markets/import/": "markets/",
    "/documents/master-batch-records/import/": "master-batch-records/",
}


@pytest.mark.parametrize(("page", "api"), PLACES.items())
def test_one_setting_bounds_every_file_at_both_doors(people, settings, page, api):
    settings.UPLOAD_MAX_BYTES, desk = 300, signed_in(people["mei"])
    assert faults_of(upload(desk, page, b"#" * 301)) == (422, {("file_too_large", "file")})
    answer = _sent(desk, api, b"#" * 301)
    assert (answer.status_code, answer.json()["code"]) == (422, "file_too_large")
    assert ("file_too_large", "file") not in faults_of(upload(desk, page, b"#" * 300))[1]
    assert _sent(desk, api, b"#" * 300).json()["code"] != "file_too_large"


def test_of_a_request_beyond_every_bound_no_byte_is_kept_and_the_field_still_says_why(people, settings):
    settings.UPLOAD_MAX_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 300, 700
    desk = signed_in(people["mei"])
    page = upload(desk, "/documents/markets/import/", b"#" * 5000)
    assert faults_of(page) == (422, {("file_too_large", "file")})
    given = RequestFactory().post("/", {"file": ContentFile(b"#" * 5000, "given.toml")}).FILES["file"]
    assert (given.size, given.read()) == (5000, b"")
    answer = _sent(desk, "markets/", b"#" * 5000)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_too_large")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_form_without_a_file_asks_for_it(people):
    page = signed_in(people["mei"]).post("/documents/markets/import/")
    assert faults_of(page) == (422, {("required", "file")})


def _sent(desk, api, toml):
    return desk.post(f"/api/v1/{api}", toml, content_type="application/toml")


def faults_of(page):
    """The status of a page and every fault it shows: code and field, empty for the form itself."""
    faults = page.context["form"].errors.as_data().items()
    return page.status_code, {(fault.code, "" if at == "__all__" else at) for at, found in faults for fault in found}


def rows():
    """How many rows each table of ours has: history grows with every change."""
    return row_counts(own_models())
