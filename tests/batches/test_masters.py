"""B-1: a batch record is an exact, versioned copy of an approved master; later versions never alter it."""

from functools import partial

import pytest

from batches.actions import records
from batches.actions.commands import IssueBatchRecord
from batches.queries.phases import recipe_of
from batches.queries.records import record_content
from batches.rules.recipe import KIND
from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.clock import now
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import signed_content
from gatekeeper.ledger.queries import signatures_of
from tests.batches.making import SHIPPED, make_batch_record, make_master
from tests.documents.making import approve, draft

LV = (SHIPPED / "lv_third_generation.toml").read_bytes()


def refused(code):
    return pytest.raises(Refusal, check=lambda refusal: code in {one.code for one in refusal.all})


def issue(house, *, number="BR-7", master="LV-3G", version=1, lot="LV-7", site="SG01", by=None):
    by = by or house.farid
    command = IssueBatchRecord(number, master, version, lot, site)
    return records.issue(by=by, credentials=credentials(by), command=command)


def test_a_draft_is_approved_by_another_person_than_its_author(house):
    written = make_master(house, approved=False)
    since = now().date()
    assign_role(by=house.grace, person=house.arun, role="master_data_author", site=house.site, from_date=since)
    own = draft(house.arun, KIND, LV.replace(b"version = 1\n", b"version = 2\n"))
    with refused("author_approves"):
        approve(house.arun, own)
    with refused("not_authorised"):
        approve(house.mei, written)
    approved = approve(house.arun, written)
    assert (approved.status, approved.approved_by) == ("approved", house.arun)
    assert [row.valid for row in signatures_of(approved, partial(signed_content, approved))] == [True]
    with refused("transition_not_allowed"):
        approve(house.arun, approved)


def test_a_version_is_there_once_and_its_materials_are_known(house):
    make_master(house)
    with refused("already_registered"):
        draft(house.mei, KIND, LV)
    with refused("unknown_material"):
        draft(house.mei, KIND, LV.replace(b'"LV-DP"', b'"XX-DP"').replace(b'"LV-3G"', b'"XX"'))
    with refused("units_differ_in_kind"):
        draft(house.mei, KIND, LV.replace(b'unit = "{vial}"', b'unit = "L"').replace(b'"LV-3G"', b'"XX"'))
    with refused("not_toml"):
        draft(house.mei, KIND, b"[master")
    with refused("not_authorised"):
        draft(house.olivia, KIND, LV)


def test_a_record_is_issued_only_from_what_is_approved(house):
    make_master(house, approved=False)
    with refused("master_not_approved"):
        issue(house)
    with refused("unknown_master"):
        issue(house, version=9)
    with refused("site_unknown"):
        issue(house, site="XX99")
    with refused("not_authorised"):
        issue(house, by=house.olivia)
    with refused("not_authorised"):
        issue(house, site="KR01")
    with refused("blank_value"):
        issue(house, number=" ")


def test_a_number_is_issued_once(house):
    record = make_batch_record(house)
    with refused("already_issued"):
        issue(house, number=record.number.lower(), lot="LV-8")
    with refused("already_registered"):
        issue(house, number="BR-8", lot=record.lot.number)


def test_a_later_version_of_the_master_changes_nothing_in_an_issued_record(house):
    record = make_batch_record(house)
    before = record.content
    later = draft(house.mei, KIND, LV.replace(b"version = 1\n", b"version = 2\n").replace(b'"36.5"', b'"36.8"'))
    approve(house.arun, later)
    record.refresh_from_db()
    assert record.content == before
    assert record.sha256 == digest(record.content)
    assert recipe_of(record).version == 1
    assert Document.objects.get(kind=KIND, version=1).state(now()) == "superseded"
    with refused("master_not_approved"):
        issue(house)
    assert issue(house, version=2).sha256 == later.sha256


def test_the_signature_of_issue_is_bound_to_the_frozen_copy(house):
    record = make_batch_record(house)
    (signature,) = signatures_of(record, content=record_content(record))
    assert (signature.valid, signature.meaning, signature.printed_name) == (
        True,
        "Issued, checked for accuracy",
        "Farid Aziz",
    )
