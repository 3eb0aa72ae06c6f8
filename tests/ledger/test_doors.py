"""E-e, E-n: the audit trail of any record can be read, as a page and with its proofs over REST."""

import pytest

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.people import enrol_person
from gatekeeper.core.refusal import Refusal
from gatekeeper.ledger import checkpoint, merkle, queries, sealing
from tests.ledger.people import FIRST, credentials, found_town, open_site, rename_site
from tests.ledger.test_signing import approve_site, content_of

ORIGIN = "gatekeeper.example/ledger"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def town(founded_template, committed_db, settings):
    settings.ROOT_URLCONF = "tests.ledger.urls"
    settings.LEDGER_SEAL_WAIT_SECONDS = 0.0
    return found_town()


@pytest.fixture
def reader(town, client):
    """A browser of Ada, who may read the audit trail at her site."""
    client.force_login(town.ada, backend=BACKEND)
    return client


@pytest.fixture
def seal(ledger_keys):
    def now():
        with sealing.connect() as conn:
            return sealing.seal(conn, checkpoint.read_private_key(ledger_keys.private), ORIGIN)

    return now


def sign(town):
    with pytest.raises(Refusal, match="not sealed yet"):
        approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)


def test_the_page_says_who_what_old_new_when_and_why(town, reader, seal):
    rename_site(by=town.ben, site=town.site, name="Jurong", reason="The building moved.")
    seal()
    rename_site(by=town.ada, site=town.site, name="Tuas")
    page = reader.get("/ledger/accounts.site/SG1/")
    text = " ".join(page.content.decode().split())
    assert page.status_code == 200
    assert "Ben Ong" in text
    assert "The building moved." in text
    assert '<del class="n">Singapore</del> → <ins class="n">Jurong</ins>' in text
    assert " UTC</time>" in text
    assert " Asia/Singapore</time>" in text
    assert text.count("not sealed yet") == 1
    assert text.index("Tuas") < text.index("Jurong")
    assert "Nobody has signed" in text


def test_the_page_shows_valid_and_void_signatures(town, reader, monkeypatch):
    monkeypatch.setattr(type(town.site), "signed_content", lambda self, _act: content_of(self), raising=False)
    sign(town)
    assert "Valid" in reader.get("/ledger/accounts.site/SG1/").content.decode()
    rename_site(by=town.ben, site=town.site, name="Jurong")
    text = reader.get("/ledger/accounts.site/SG1/").content.decode()
    assert "Void" in text
    assert "Ada Lim" in text
    assert "Approved" in text


def test_a_signature_whose_content_is_not_known_is_shown_without_a_verdict(town, reader):
    sign(town)
    text = reader.get("/ledger/accounts.site/SG1/").content.decode()
    assert "Approved" in text
    assert "Void" not in text
    assert "Valid" not in text


def test_the_page_counts_its_queries(town, reader, django_assert_max_num_queries):
    for number in range(10):
        rename_site(by=town.ben, site=town.site, name=f"Jurong {number}")
    with django_assert_max_num_queries(20):
        reader.get("/ledger/accounts.site/SG1/")


@pytest.mark.parametrize("path", ["accounts.site/MY1/", "accounts.site/none/", "auth.group/1/", "jobs.job/1/"])
def test_a_record_of_another_site_or_of_none_is_not_there(town, reader, path):
    open_site(by=town.ada, code="MY1")
    assert reader.get(f"/ledger/{path}").status_code == 404


def test_somebody_without_the_permission_or_without_a_name_is_refused(town, client):
    assert client.get("/ledger/accounts.site/SG1/").status_code == 302
    assert client.get("/api/v1/ledger/entries/?record=accounts.site:SG1").status_code in {401, 403}
    nobody = enrol_person(
        by=town.ada, username="cara", full_name="Cara Tan", identity_checked_by=town.ben, initial_password=FIRST
    )
    type(nobody).objects.get(pk=nobody.pk)
    client.force_login(nobody, backend=BACKEND)
    assert client.get("/ledger/accounts.site/SG1/").status_code != 200
    assert client.get("/api/v1/ledger/entries/?record=accounts.site:SG1").status_code in {401, 403}


def test_entries_come_with_proofs_that_verify_in_the_newest_checkpoint(town, reader, seal, ledger_keys):
    rename_site(by=town.ben, site=town.site, name="Jurong", reason="moved")
    seal()
    rename_site(by=town.ada, site=town.site, name="Tuas")
    newest = reader.get("/api/v1/ledger/checkpoint/").json()
    head = checkpoint.open_note(newest["note"], checkpoint.read_verifier(ledger_keys.public, ORIGIN))
    assert (newest["size"], newest["origin"], newest["waiting"]) == (head.size, ORIGIN, 1)
    assert newest["lag_seconds"] > 0
    tuas, jurong, created = reader.get("/api/v1/ledger/entries/?record=accounts.site:SG1").json()["results"]
    assert (tuas["sealed"], tuas["path"], tuas["actor"]) == (False, None, "ada")
    assert jurong["changes"] == [{"field": "name", "old": "Singapore", "new": "Jurong"}]
    assert (jurong["reason"], jurong["sealed"]) == ("moved", True)
    for entry in (jurong, created):
        path = [bytes.fromhex(step) for step in entry["path"]]
        leaf = merkle.leaf_hash(entry["body"].encode())
        assert merkle.root_from_inclusion(entry["index"], head.size, leaf, path) == head.root


def test_entries_are_read_by_cursor(town, reader):
    for number in range(4):
        rename_site(by=town.ben, site=town.site, name=f"Jurong {number}")
    first = reader.get("/api/v1/ledger/entries/?record=accounts.site:SG1&page_size=3").json()
    second = reader.get(first["next"]).json()
    assert [len(first["results"]), len(second["results"])] == [3, 2]
    ids = [entry["id"] for entry in first["results"] + second["results"]]
    assert ids == [entry.id for entry in queries.entries_of(town.site)][::-1]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "record_malformed"),
        ("record=lots", 422, "record_malformed"),
        ("record=accounts.site:none", 404, "record_not_found"),
        ("record=auth.group:1", 404, "record_not_found"),
    ],
)
def test_bad_input_over_rest_is_a_problem_with_a_code(town, reader, query, status, code):
    answer = reader.get(f"/api/v1/ledger/entries/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_before_the_first_seal_the_checkpoint_is_pending(town, reader):
    answer = reader.get("/api/v1/ledger/checkpoint/")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_sealed_yet")


def test_times_in_the_page_are_the_databases(town, reader):
    rename_site(by=town.ben, site=town.site, name="Jurong")
    assert f"{clock.now():%Y-%m-%d}" in reader.get("/ledger/accounts.site/SG1/").content.decode()
