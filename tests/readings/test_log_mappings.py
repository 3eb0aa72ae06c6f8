"""I-6: what the columns of a skid's log mean is versioned data, written by one person and approved by another."""

import pytest
from django.db import DatabaseError, connection, transaction

from batches.readings.actions.log_mappings import approve_log_mapping, import_log_mapping
from batches.readings.models import LogMapping
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.instruments.log_mappings import mapping_of
from gatekeeper.ledger.queries import signatures_of
from tests.doors import signature, signed_in, upload
from tests.excursions.making import SHIPPED_MAPPING

LIST, IMPORT = "/readings/log-mappings/", "/readings/log-mappings/import/"
THERE, API = "/readings/log-mappings/TFF-LOG/1/", "/api/v1/log-mappings/"
SHIPPED = SHIPPED_MAPPING.read_bytes()


@pytest.fixture
def site(people):
    return Site.objects.get(code="SG01")


def changed(old, new):
    return SHIPPED.replace(old.encode(), new.encode())


def refused(people, site, toml):
    with pytest.raises(Refusal) as caught:
        import_log_mapping(by=people["mei"], site=site, toml=toml)
    assert not LogMapping.objects.exists()
    return [(one.code, one.field) for one in caught.value.all]


def test_the_shipped_example_is_imported_by_one_person_and_approved_by_another(people, site):
    draft = import_log_mapping(by=people["mei"], site=site, toml=SHIPPED)
    arun = people["arun"]
    approved = approve_log_mapping(by=arun, credentials=credentials(arun), site=site, mapping=draft)
    assert (str(approved), approved.status, approved.approved_by) == ("TFF-LOG 1", "approved", arun)
    assert signatures_of(approved)[0].meaning == "Approved for use"
    assert mapping_of(approved.content).sha256 == approved.sha256


def test_the_next_version_retires_the_one_before(people, site):
    arun = people["arun"]
    for version in (1, 2):
        draft = import_log_mapping(by=people["mei"], site=site, toml=changed("version = 1", f"version = {version}"))
        approve_log_mapping(by=arun, credentials=credentials(arun), site=site, mapping=draft)
    assert list(LogMapping.objects.values_list("version", "status")) == [(2, "approved"), (1, "retired")]


def test_every_fault_is_named_at_its_place_and_nothing_is_recorded(people, site):
    bad = changed('unit = "Cel"', 'unit = "warm"').replace(b'delimiter = ";"', b'delimiter = "x"')
    assert set(refused(people, site, bad)) == {
        ("unknown_unit", "column.3.unit"),
        ("mapping_value_invalid", "delimiter"),
    }
    assert refused(people, site, b"a = ") == [("not_toml", "file")]
    title = 'title = "Log of a TFF skid, semicolons and decimal commas"'
    assert refused(people, site, changed(title, "")) == [("blank_value", "title")]
    assert refused(people, site, changed(title, "title = 7")) == [("blank_value", "title")]
    assert refused(people, site, changed(title, f'title = "{"x" * 161}"')) == [("name_too_long", "title")]
    assert refused(people, site, changed('zone = "Asia/Singapore"', "")) == [("mapping_value_invalid", "time.zone")]


def test_a_version_is_registered_once_and_its_author_cannot_approve_it(people, site):
    draft = import_log_mapping(by=people["mei"], site=site, toml=SHIPPED)
    with pytest.raises(Refusal) as caught:
        import_log_mapping(by=people["mei"], site=site, toml=SHIPPED)
    assert caught.value.code == "already_registered"
    both = people["arun"]
    with acting_as(both):
        LogMapping.objects.filter(pk=draft.pk).update(authored_by=both)
    with pytest.raises(Refusal) as caught:
        approve_log_mapping(by=both, credentials=credentials(both), site=site, mapping=draft)
    assert caught.value.code == "author_approves"


def test_an_approved_mapping_stays_as_it_is_in_the_database(people, site):
    draft = import_log_mapping(by=people["mei"], site=site, toml=SHIPPED)
    arun = people["arun"]
    approve_log_mapping(by=arun, credentials=credentials(arun), site=site, mapping=draft)
    for assignment in ("content = '{}'", "title = 'x'", "sha256 = ''", "approved_at = now()", "version = 7"):
        with (
            pytest.raises(DatabaseError, match="is frozen"),
            acting_as(arun),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE readings_logmapping SET {assignment} WHERE id = %s", [draft.pk])


def test_a_mapping_is_imported_on_a_page_read_and_approved_with_a_signature(people):
    mei, arun = signed_in(people["mei"]), signed_in(people["arun"])
    assert "No mapping yet" in mei.get(LIST).content.decode()
    assert mei.get(IMPORT).status_code == 200
    assert upload(mei, IMPORT, SHIPPED).url == THERE
    assert "TFF-LOG 1" in arun.get("/").content.decode()
    page = arun.get(THERE).content.decode()
    for text in ("Feed flow", "pH state: OK", "Asia/Singapore", "Approve"):
        assert text in page
    assert arun.post(THERE, signature(people["arun"])).url == THERE
    assert LogMapping.objects.get().status == "approved"
    assert "TFF-LOG 1" in mei.get(LIST).content.decode()
    assert upload(mei, IMPORT, SHIPPED).status_code == 409


def test_a_mapping_goes_through_the_rest_door(people):
    mei, arun = signed_in(people["mei"]), signed_in(people["arun"])
    answer = mei.post(API, SHIPPED, content_type="application/toml")
    assert (answer.status_code, answer.json()["status"]) == (201, "draft")
    answer = arun.post(
        f"{API}TFF-LOG/versions/1/approve/", signature(people["arun"]), content_type="application/json",
        headers={"If-Match": "*"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["approved_by"]) == (201, "arun")
    assert mei.get(f"{API}TFF-LOG/versions/1/").json()["content"]["delimiter"] == ";"
    assert [row["code"] for row in mei.get(API).json()["results"]] == ["TFF-LOG"]
