"""E-d, E-g: every door declares who may open it; one refusal has one code and one status through both doors."""

import pytest
from django.db import OperationalError
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from gatekeeper.accounts.models import Site
from gatekeeper.accounts.permissions import DeclaredPermission, declared
from gatekeeper.accounts.rules.permissions import CODES, PUBLIC, SIGNED_IN
from gatekeeper.core.refusal import Kind
from gatekeeper.doors import STATUS
from gatekeeper.web import server_error
from tests.accounts.making import browser, make_house
from tests.architecture.sample_urls import REFUSALS

# Whoever adds a public door adds it here as well, and says in the review why.
PUBLIC_DOORS = {"accounts:log_in", "accounts:log_out", "health", "set_language"}
VALUES = {"str": "X1", "int": 1, "slug": "x-1", "path": "x", "uuid": "0190b6f0-0000-7000-8000-000000000000"}


def doors(patterns=None, names=(), before=""):
    """Yield (full name, address with made-up values, view class, initial arguments) of each address of the site."""
    for pattern in patterns if patterns is not None else get_resolver("gatekeeper.urls").url_patterns:
        address = before + _filled(pattern)
        if isinstance(pattern, URLResolver):
            inner = (*names, pattern.namespace) if pattern.namespace else names
            yield from doors(pattern.url_patterns, inner, address)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            door = getattr(view, "view_class", None) or getattr(view, "cls", None)
            name = ":".join((*names, pattern.name or ""))
            yield name, "/" + address, door, getattr(view, "initkwargs", None) or getattr(view, "view_initkwargs", {})


def _filled(pattern):
    route = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            route = route.replace(written, str(VALUES.get(kind, "X1")))
    return route.lstrip("^").rstrip("$")


def permissions_of_door(door):
    own = getattr(door, "permissions", None) or {}
    methods = [m.upper() for m in ("get", "post", "put", "patch", "delete") if hasattr(door, m)]
    return {declared(door, method) for method in methods} | set(own.values())


def test_every_door_is_a_class_that_declares_a_permission_of_the_table():
    for name, address, door, _options in doors():
        assert door is not None, f"{address} is a function: nothing guards it"
        found = permissions_of_door(door)
        assert found, f"{name} {address} answers no method"
        assert found <= CODES | {PUBLIC, SIGNED_IN}, f"{name} {address} declares {found}"


def test_public_doors_are_the_listed_ones():
    assert {name for name, _, door, _ in doors() if PUBLIC in permissions_of_door(door)} == PUBLIC_DOORS


def test_every_rest_door_asks_for_what_it_declares():
    for _name, address, door, options in doors():
        if issubclass(door, APIView):
            classes = options.get("permission_classes", door.permission_classes)
            assert list(classes) == [DeclaredPermission], address


def test_a_door_that_signs_is_for_people():
    from gatekeeper.accounts.rules.permissions import PEOPLE_ONLY

    for _name, address, door, _options in doors():
        if getattr(door, "signs", False):
            assert declared(door, "POST") in PEOPLE_ONLY, f"{address}: a token could hold {declared(door, 'POST')}"


def test_nobody_in_particular_opens_only_public_doors(db):
    client = browser()
    for name, address, door, _options in doors():
        if name in PUBLIC_DOORS:
            continue
        for method in ("get", "post"):
            if not hasattr(door, method) or method.upper() not in {m.upper() for m in door.http_method_names}:
                continue
            answer = getattr(client, method)(address)
            if issubclass(door, APIView):
                assert answer.status_code == 401, (method, address)
                assert answer["Content-Type"] == "application/problem+json"
            else:
                assert answer.status_code == 302, (method, address)
                assert answer.url.startswith("/accounts/log-in/"), (method, address)


def test_whoever_holds_no_role_opens_only_what_is_for_everybody(db):
    house = make_house()
    house.enrol("nora")
    client = browser("nora")
    for name, address, door, _options in doors():
        for method in ("get", "post"):
            needed = declared(door, method.upper())
            if not hasattr(door, method) or needed in {PUBLIC, SIGNED_IN} or name in PUBLIC_DOORS:
                continue
            assert getattr(client, method)(address).status_code == 403, (method, address)


def test_every_kind_of_refusal_has_a_status():
    assert set(STATUS) == set(Kind)


@pytest.fixture
def wen(db):
    """Wen's browser: a warehouse receiver, before the sample resource."""
    make_house().enrol("wen", "warehouse_receiver")
    return browser("wen")


@pytest.mark.urls("tests.architecture.sample_urls")
@pytest.mark.parametrize("name", REFUSALS)
def test_one_refusal_has_one_code_and_one_status_through_both_doors(wen, name):
    expected = REFUSALS[name]
    sent = {"code": "NEW", "name": name}
    page, rest = wen.post("/sample/", sent), wen.post("/api/v1/sample/", sent, content_type="application/json")

    assert page.status_code == rest.status_code == STATUS[expected[0].kind]
    document = rest.json()
    assert document["code"] == expected[0].code
    assert [error["code"] for error in document["errors"]] == [one.code for one in expected]
    if expected[0].kind in {Kind.MISSING, Kind.PENDING}:
        assert page.context["code"] == expected[0].code
    else:
        shown = [error.code for errors in page.context["form"].errors.as_data().values() for error in errors]
        assert sorted(shown) == sorted(one.code for one in expected)
        fields = {
            field: errors[0].code
            for field, errors in page.context["form"].errors.as_data().items()
            if field != "__all__"
        }
        assert fields == {one.field: one.code for one in expected if one.field}
    assert not Site.objects.filter(code="NEW").exists()


@pytest.mark.urls("tests.architecture.sample_urls")
def test_what_goes_through_one_door_is_there_for_the_other(wen):
    assert wen.post("/sample/", {"code": "A1", "name": "One"}).status_code == 302
    answer = wen.post("/api/v1/sample/", {"code": "A2", "name": "Two"}, content_type="application/json")
    assert answer.status_code == 201
    listed = wen.get("/api/v1/sample/").json()["results"]
    assert [row["code"] for row in listed] == ["SG1", "A1", "A2"]


@pytest.mark.urls("tests.architecture.sample_urls")
@pytest.mark.parametrize(
    ("password", "status", "code"), [("wrong", 403, "wrong_password"), ("right", 302, None), (None, 422, "required")]
)
def test_signing_through_a_page(db, password, status, code):
    from tests.accounts.making import OWN

    make_house().enrol("rafael", "qa_releaser")
    words = {"wrong": "not the right passphrase", "right": OWN, None: ""}[password]
    answer = browser("rafael").post("/sample/signing/", {"username": "rafael", "password": words})
    assert answer.status_code == status
    if code:
        assert answer.context["form"].errors.as_data()["password"][0].code == code


@pytest.mark.urls("tests.architecture.sample_urls")
def test_a_refusal_that_leaves_a_page_is_an_error_page_that_escapes_what_it_quotes(wen):
    answer = wen.get("/sample/missing/")
    assert answer.status_code == 404
    assert "There is no lot “&lt;b&gt;L1&lt;/b&gt;”." in answer.content.decode()


@pytest.mark.urls("tests.architecture.sample_urls")
def test_an_address_that_leads_nowhere_is_answered_in_the_way_of_its_door(wen):
    page, rest = wen.get("/nowhere/"), wen.get("/api/v1/nowhere/at/all/")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (rest.status_code, rest["Content-Type"]) == (404, "application/problem+json")
    assert rest.json()["code"] == "not_found"


@pytest.mark.urls("tests.architecture.sample_urls")
def test_a_fault_of_the_program_tells_nothing_about_it(wen):
    rest = wen.get("/api/v1/sample/SG1/")
    assert (rest.status_code, rest.json()["code"]) == (500, "internal_error")
    assert "ZeroDivision" not in rest.content.decode()


def connect_to_nobody():
    raise OperationalError("the server closed the connection")


@pytest.mark.parametrize("address", ["/lots/", "/api/v1/lots/"])
def test_a_database_that_is_away_is_an_answer_that_says_when_to_come_again(rf, address):
    try:
        connect_to_nobody()
    except OperationalError:
        answer = server_error(rf.get(address))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert b"The database does not answer." in answer.content
    assert (b"database_away" in answer.content) == address.startswith("/api/")
