"""I-6: what the columns of a skid's log mean is versioned data, written by one person and approved by another."""

import pytest

from batches.readings.queries.files import LOG_MAPPING
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.documents.models import Document
from gatekeeper.instruments.log_mappings import mapping_of
from gatekeeper.ledger.queries import signatures_of
from tests.documents.making import approve, draft
from tests.doors import signature, signed_in, upload
from tests.excursions.making import SHIPPED_MAPPING

IMPORT, THERE = "/documents/log-mappings/import/", "/documents/log-mappings/TFF-LOG/1/"
SHIPPED = SHIPPED_MAPPING.read_bytes()


def changed(old, new):
    return SHIPPED.replace(old.encode(), new.encode())


def refused(people, toml):
    with pytest.raises(Refusal) as caught:
        draft(people["mei"], LOG_MAPPING, toml)
    assert not Document.objects.exists()
    return [(one.code, one.field) for one in caught.value.all]


def test_the_shipped_example_is_imported_by_one_person_and_approved_by_another(people):
    arun = people["arun"]
    approved = approve(arun, draft(people["mei"], LOG_MAPPING, SHIPPED))
    assert (str(approved), approved.status, approved.approved_by) == ("TFF-LOG 1", "approved", arun)
    assert signatures_of(approved)[0].meaning == "Approved for use"
    assert mapping_of(approved.content).code == approved.code
    assert digest(approved.content) == approved.sha256


def test_every_fault_is_named_at_its_place_and_nothing_is_recorded(people):
    bad = changed('unit = "Cel"', 'unit = "warm"').replace(b'delimiter = ";"', b'delimiter = "x"')
    assert set(refused(people, bad)) == {
        ("unknown_unit", "column.3.unit"),
        ("mapping_value_invalid", "delimiter"),
    }
    assert refused(people, b"a = ") == [("not_toml", "file")]
    title = 'title = "Log of a TFF skid, semicolons and decimal commas"'
    assert refused(people, changed(title, "")) == [("blank_value", "title")]
    assert refused(people, changed(title, "title = 7")) == [("blank_value", "title")]
    assert refused(people, changed(title, f'title = "{"x" * 161}"')) == [("text_too_long", "title")]
    assert refused(people, changed('zone = "Asia/Singapore"', "")) == [("mapping_value_invalid", "time.zone")]


def test_a_mapping_is_imported_on_a_page_read_and_approved_with_a_signature(people):
    mei, arun = signed_in(people["mei"]), signed_in(people["arun"])
    assert upload(mei, IMPORT, SHIPPED).url == THERE
    assert "TFF-LOG 1" in arun.get("/").content.decode()
    page = arun.get(THERE).content.decode()
    for text in ("Feed flow", "pH state: OK", "Asia/Singapore", "Approve"):
        assert text in page
    assert arun.post(f"{THERE}approve/", signature(people["arun"])).url == THERE
    assert Document.objects.get().status == "approved"
    assert upload(mei, IMPORT, SHIPPED).status_code == 409
