"""E-e: who, what, old and new, when and why are recorded for every write, whichever way it takes."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Person, Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.ledger import queries
from gatekeeper.ledger.models import Entry
from tests.ledger.people import found_town, open_site, rename_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(founded_template):
    return found_town()


def sites_entries() -> list[dict]:
    return [json.loads(entry.body) for entry in Entry.objects.filter(tbl="public.accounts_site").order_by("id")]


def test_an_entry_says_who_what_old_and_new_when_and_why(town):
    site = open_site(by=town.ada, code="MY1", name="Penang")
    rename_site(by=town.ben, site=site, name="Ipoh", reason="The building moved.")
    created, renamed = queries.entries_of(site)
    assert (created.operation, created.actor, created.name) == ("INSERT", "ada", "Ada Lim")
    assert {change.field: change.new for change in created.changes}["code"] == "MY1"
    assert (renamed.operation, renamed.actor, renamed.reason) == ("UPDATE", "ben", "The building moved.")
    (change,) = renamed.changes
    assert (change.field, change.label, change.old, change.new) == ("name", "name", "Penang", "Ipoh")
    assert abs(renamed.at - clock.now()) < timedelta(minutes=1)
    assert renamed.at.utcoffset() == timedelta(0)
    assert renamed.act == "people.rename_site"
    assert renamed.database_role == "gk_app"
    assert not renamed.sealed


def test_writes_that_pass_by_the_models_leave_entries_too(town):
    before = len(sites_entries())
    fields = {"country": "TH", "timezone": "Asia/Bangkok"}
    with acting_as(town.ada):
        Site.objects.bulk_create([Site(code=f"TH{n}", name="Rayong", **fields) for n in range(3)])
        Site.objects.filter(country="TH").update(name="Chonburi")
        Site.objects.bulk_update([*Site.objects.filter(country="TH")], ["timezone"])
        Site.objects.bulk_create(
            [Site(code="TH1", name="Bangkok", **fields)],
            update_conflicts=True,
            update_fields=["name"],
            unique_fields=["code"],
        )
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_site SET name = 'Pattaya' WHERE code = 'TH2'")
    entries = sites_entries()[before:]
    assert [entry["op"] for entry in entries] == ["INSERT"] * 3 + ["UPDATE"] * 5
    assert (entries[-1]["old"]["name"], entries[-1]["new"]["name"]) == ("Chonburi", "Pattaya")


def test_a_write_that_is_rolled_back_leaves_no_entry(town):
    before = Entry.objects.count()
    with transaction.atomic():
        with acting_as(town.ada):
            Site.objects.create(code="XX1", name="Nowhere", country="XX", timezone="UTC")
        transaction.set_rollback(True)
    assert Entry.objects.count() == before


def test_an_update_that_changes_nothing_leaves_no_entry(town):
    before = Entry.objects.count()
    with acting_as(town.ada):
        Site.objects.filter(pk=town.site.pk).update(name=town.site.name)
    assert Entry.objects.count() == before


def test_a_password_enters_the_evidence_as_a_digest_only(town):
    hashed = Person.objects.get(username="ada").password
    entries = Entry.objects.filter(tbl="public.accounts_person")
    assert entries.exists()
    assert not entries.filter(body__contains=hashed).exists()
    latest = json.loads(entries.filter(pk_text=str(town.ada.pk)).latest("id").body)
    assert latest["new"]["password"].startswith("sha256:")


def test_a_new_password_is_seen_as_a_change_although_it_is_not_shown(town):
    digests = {
        json.loads(entry.body)["new"]["password"]
        for entry in Entry.objects.filter(tbl="public.accounts_person", pk_text=str(town.ada.pk))
    }
    assert len(digests) == 2


def test_the_session_cannot_change_how_a_value_is_written_down(town):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'")
        with acting_as(town.ada):
            Person.objects.filter(pk=town.ada.pk).update(accountability_accepted_at=clock.now())
    entry = json.loads(Entry.objects.latest("id").body)
    assert entry["new"]["accountability_accepted_at"].endswith("+00:00")
    assert entry["at"].endswith("+00:00")


def test_a_record_is_found_by_its_natural_key_or_number(town):
    assert queries.record_named("accounts.site", "SG1") == town.site
    assert queries.record_named("accounts.person", "ada") == town.ada
    assert queries.key_of(town.site) == "SG1"
    assert queries.record_named("accounts.site", str(town.site.pk)) == town.site


@pytest.mark.parametrize(
    ("kind", "key"),
    [("accounts.site", "nope"), ("nobody.knows", "1"), ("jobs.job", "1"), ("accounts.site", "9" * 30)],
)
def test_a_record_that_is_not_there_is_refused(town, kind, key):
    with pytest.raises(Refusal) as refused:
        queries.record_named(kind, key)
    assert refused.value.code == "record_not_found"


def test_a_record_of_another_site_is_not_there(town):
    with pytest.raises(Refusal) as refused:
        queries.record_named("accounts.site", "SG1", sites=Site.objects.none())
    assert refused.value.code == "record_not_found"
