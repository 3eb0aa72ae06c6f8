"""A-10: the REST door answers problems in one form, repeats safely and refuses stale changes."""

import pytest

from gatekeeper.accounts.models import Site
from gatekeeper.api import etag_of
from tests.accounts.making import OWN, browser

pytestmark = pytest.mark.urls("tests.architecture.sample_urls")
URL, JSON = "/api/v1/sample/", "application/json"


@pytest.fixture
def wen(house):
    house.enrol("wen", "warehouse_receiver")
    return browser("wen")


def post(client, body, key=None, url=URL, **headers):
    if key:
        headers["Idempotency-Key"] = key
    return client.post(url, body, content_type=JSON, headers=headers)


def test_a_problem_document_has_every_member(wen):
    answer = post(wen, {"code": "x" * 21})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert set(document) == {"type", "title", "status", "code", "detail", "instance", "errors"}
    assert (document["status"], document["code"], document["instance"]) == (422, "input_invalid", URL)
    assert {(error["pointer"], error["code"]) for error in document["errors"]} == {
        ("#/code", "max_length"),
        ("#/name", "required"),
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", JSON, 400, "parse_error"),
        ("code=A", "text/plain", 415, "unsupported_media_type"),
        ("[1]", JSON, 422, "input_invalid"),
        ("[" * 100_000, JSON, 400, "parse_error"),
    ],
)
def test_what_cannot_be_read_is_a_problem_too(wen, body, content_type, status, code):
    answer = wen.post(URL, body, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_method_that_a_resource_lacks_is_a_problem_too(wen):
    answer = wen.delete(URL)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_nobody_is_told_how_to_come_in(house):
    answer = browser().get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_repeat_gets_the_same_bytes_and_changes_nothing(wen):
    first = post(wen, {"code": "A1", "name": "One"}, "key-1")
    again = post(wen, {"code": "A1", "name": "One"}, "key-1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert (again["Idempotency-Replayed"], again["Location"]) == ("true", first["Location"])
    assert "Idempotency-Replayed" not in first
    assert Site.objects.filter(code="A1").count() == 1


def test_the_same_key_with_another_body_is_refused(wen):
    post(wen, {"code": "A1", "name": "One"}, "key-1")
    answer = post(wen, {"code": "A2", "name": "Two"}, "key-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert not Site.objects.filter(code="A2").exists()


def test_a_refused_request_is_not_kept_and_may_be_repeated(wen):
    assert post(wen, {"code": "A1", "name": "conflict"}, "key-1").status_code == 409
    assert not Site.objects.filter(code="A1").exists()
    assert post(wen, {"code": "A1", "name": "One"}, "key-1").status_code == 201


def test_one_persons_key_is_not_anothers(wen, house):
    house.enrol("willem", "warehouse_receiver")
    assert post(wen, {"code": "A1", "name": "One"}, "key-1").status_code == 201
    assert post(browser("willem"), {"code": "A2", "name": "Two"}, "key-1").status_code == 201


def test_a_machine_must_send_a_key_and_a_person_may(house, wen):
    lims = house.machine("lims", "integration_machine")
    authorization = {"Authorization": f"Bearer {house.token(lims, 'lots.receive')}"}
    answer = post(browser(), {"code": "A1", "name": "One"}, **authorization)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert not Site.objects.filter(code="A1").exists()
    assert post(browser(), {"code": "A1", "name": "One"}, "key-1", **authorization).status_code == 201
    assert post(wen, {"code": "A2", "name": "Two"}).status_code == 201


def test_a_change_needs_the_version_that_was_read(wen, house):
    url, tag = f"{URL}SG1/", etag_of(house.singapore.pk, "Singapore")
    assert post(wen, {}, url=url).json()["code"] == "if_match_missing"
    assert post(wen, {}, url=url).status_code == 428
    stale = post(wen, {}, url=url, **{"If-Match": etag_of(house.singapore.pk, "Old name")})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")
    assert post(wen, {}, url=url, **{"If-Match": tag})["ETag"] == tag


def test_lists_are_read_by_cursor_to_their_end(wen):
    for number in range(5):
        post(wen, {"code": f"A{number}", "name": "One"})
    url, codes = f"{URL}?page_size=2", []
    while url:
        page = wen.get(url).json()
        assert set(page) == {"results", "next", "previous"}
        codes += [row["code"] for row in page["results"]]
        url = page["next"]
    assert codes == ["SG1", "A0", "A1", "A2", "A3", "A4"]


@pytest.mark.parametrize("cursor", ["cD1hYmM=", "cD0lMDA=", "%00"])
def test_a_cursor_that_no_page_was_given_with_leads_nowhere(wen, cursor):
    answer = wen.get(f"{URL}?cursor={cursor}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("address", ["/lots/a%00b/", "/api/v1/lots/%00/", "/api/v1/lots/?status=%00", "/?next=%00"])
@pytest.mark.urls("gatekeeper.urls")
def test_an_address_with_a_character_that_no_text_holds_leads_nowhere(wen, address):
    assert wen.get(address).status_code == 404


@pytest.mark.parametrize("body", ["[]", "null", "1", '"name"'])
def test_a_signing_that_is_no_object_is_refused(house, body):
    house.enrol("rafael", "qa_releaser")
    assert post(browser("rafael"), body, "key-1", url=f"{URL}signing/").status_code == 422


def test_what_changed_since_a_time(wen, house):
    from gatekeeper.accounts import clock

    before = clock.now().isoformat()
    post(wen, {"code": "A1", "name": "One"})
    assert [row["code"] for row in wen.get(URL, {"updated_since": before}).json()["results"]] == ["A1"]
    answer = wen.get(URL, {"updated_since": "yesterday"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/updated_since")


def test_signing_through_rest_asks_for_both_components_each_time(house):
    house.enrol("rafael", "qa_releaser")
    client, url = browser("rafael"), f"{URL}signing/"
    assert post(client, {"username": "rafael"}, url=url).json()["errors"][0]["pointer"] == "#/password"
    wrong = post(client, {"username": "rafael", "password": "not the right passphrase"}, "key-1", url=url)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    first = post(client, {"username": "rafael", "password": OWN}, "key-1", url=url)
    again = post(client, {"username": "rafael", "password": OWN}, "key-1", url=url)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content


def test_a_session_must_show_its_csrf_token(house):
    from django.test import Client

    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    page = client.get("/accounts/log-in/")
    form = {"username": "ada", "password": OWN, "csrfmiddlewaretoken": page.context["csrf_token"]}
    assert client.post("/accounts/log-in/", form).status_code == 302
    answer = post(client, {"code": "A1", "name": "One"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_the_openapi_document_names_problems_tokens_and_keys(house):
    document = browser("ada").get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    assert document["openapi"].startswith("3.1")
    assert "Problem" in document["components"]["schemas"]
    assert document["components"]["securitySchemes"]["serviceToken"]["scheme"] == "bearer"


def test_the_document_is_read_in_a_browser_without_inline_scripts(house):
    answer = browser("ada").get("/api/v1/docs/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "<script>" not in answer.content.decode()
