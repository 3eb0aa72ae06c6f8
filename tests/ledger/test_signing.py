"""E-m, E-o: a signature shows name, time and meaning, and is bound to the content that was shown."""

import hashlib
import json

import pytest
from django.db import IntegrityError, transaction

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions.authentication import prove
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import AccessEvent, Person, Site
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import queries
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.models import Entry, Leaf, Signature
from gatekeeper.ledger.signing import signed_action
from tests.ledger.people import credentials, found_town, open_site, rename_site


def content_of(site: Site) -> dict:
    return {"code": site.code, "name": site.name}


@signed_action
def approve_site(*, by: Person, proof, site: Site, reason: str = "") -> Signature:
    return sign(by=by, proof=proof, act="approve", meaning="Approved", subject=site, content=content_of(site))


@signed_action
def approve_and_rename(*, by: Person, proof, site: Site, name: str) -> Signature:
    rename_site(by=by, site=site, name=name)
    return approve_site(by=by, proof=proof, site=site)


@pytest.fixture
def town(founded_template, db):
    return found_town()


def test_a_signature_holds_name_role_meaning_time_and_the_digest_of_the_content(town):
    signature = approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    (view,) = queries.signatures_of(town.site, content_of(town.site))
    assert (view.printed_name, view.username, view.meaning, view.act) == ("Ada Lim", "ada", "Approved", "approve")
    assert view.role
    assert view.site == "Singapore"
    assert view.valid is True
    assert signature.content == '{"code":"SG1","name":"Singapore"}'
    assert view.digest == hashlib.sha256(signature.content.encode()).hexdigest()


def test_a_changed_record_shows_its_signature_as_void_and_keeps_it(town):
    approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    rename_site(by=town.ben, site=town.site, name="Jurong")
    (view,) = queries.signatures_of(town.site, content_of(town.site))
    assert view.valid is False
    approve_site(by=town.ben, credentials=credentials(town.ben), site=town.site)
    newest, oldest = queries.signatures_of(town.site, content_of(town.site))
    assert (newest.valid, oldest.valid) == (True, False)
    assert Signature.objects.count() == 2


def test_the_current_content_may_depend_on_the_act_or_be_unknown(town, monkeypatch):
    approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    assert queries.signatures_of(town.site)[0].valid is None
    assert queries.signatures_of(town.site, lambda act: {"act": act})[0].valid is False
    monkeypatch.setattr(Site, "signed_content", lambda self, _act: content_of(self), raising=False)
    assert queries.signatures_of(town.site)[0].valid is True


def test_a_signature_of_one_record_is_not_one_of_another(town):
    approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    assert queries.signatures_of(open_site(by=town.ada)) == []


def test_a_wrong_password_is_recorded_and_nothing_is_signed(town):
    with pytest.raises(Refusal) as refused:
        approve_site(by=town.ada, credentials=credentials(town.ada, "not my passphrase"), site=town.site)
    assert (refused.value.code, refused.value.field) == ("wrong_password", "password")
    assert AccessEvent.objects.filter(person=town.ada, kind=AccessEvent.Kind.SIGNING_FAILED).count() == 1
    assert not Signature.objects.exists()


def test_nobody_signs_with_another_persons_components(town):
    with pytest.raises(Refusal):
        approve_site(by=town.ada, credentials=credentials(town.ben), site=town.site)
    proof = prove(by=town.ben, credentials=credentials(town.ben))
    with pytest.raises(Refusal) as refused:
        approve_site(by=town.ada, proof=proof, site=town.site)
    assert (refused.value.code, refused.value.kind) == ("proof_of_another", Kind.FORBIDDEN)


def test_a_signed_action_within_another_takes_over_its_proof(town):
    before = AccessEvent.objects.filter(kind=AccessEvent.Kind.PROVED).count()
    approve_and_rename(by=town.ada, credentials=credentials(town.ada), site=town.site, name="Jurong")
    assert AccessEvent.objects.filter(kind=AccessEvent.Kind.PROVED).count() == before + 1
    assert queries.signatures_of(town.site, content_of(town.site))[0].valid is True


def test_a_signed_action_names_its_act_and_reason_in_the_evidence(town):
    approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site, reason="It is ready.")
    entry = json.loads(Entry.objects.get(tbl="public.ledger_signature").body)
    assert (entry["ctx"]["actor"], entry["ctx"]["reason"]) == ("ada", "It is ready.")
    assert entry["ctx"]["act"] == "test_signing.approve_site"


FORGERIES = {
    "signature_printed_name": {"printed_name": "Somebody Else"},
    "signature_digest": {"sha256": "0" * 64},
    "signature_names_its_meaning": {"meaning": ""},
}


@pytest.mark.parametrize(("constraint", "forged"), FORGERIES.items(), ids=FORGERIES)
def test_the_database_refuses_a_forged_signature(town, constraint, forged):
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), acting_as(town.ada):
        Signature.objects.create(**(genuine(town) | forged))
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_the_database_refuses_a_signature_of_another(town):
    with pytest.raises(IntegrityError, match="person who acts"), transaction.atomic(), acting_as(town.ben):
        Signature.objects.create(**genuine(town))
    with acting_as(town.ada):
        assert Signature.objects.create(**genuine(town)).pk


@pytest.mark.parametrize("change", [{"kind": "machine"}, {"is_active": False}], ids=["machine", "disabled"])
def test_the_database_refuses_a_signature_of_a_machine_and_of_a_disabled_person(town, change):
    with acting_as(town.ben):
        Person.objects.filter(pk=town.ada.pk).update(**change)
    with pytest.raises(IntegrityError, match="only an active person"), transaction.atomic(), acting_as(town.ada):
        Signature.objects.create(**genuine(town))


def genuine(town) -> dict:
    content = '{"code":"SG1"}'
    return {
        "signer": town.ada,
        "printed_name": "Ada Lim",
        "act": "approve",
        "meaning": "Approved",
        "signed_at": clock.now(),
        "subject_type": "accounts.site",
        "subject_key": str(town.site.pk),
        "content": content,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


def test_a_signed_action_answers_only_after_its_evidence_is_sealed(founded_template, committed_db, sealer):
    town = found_town()
    signature = approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    entry = Entry.objects.get(tbl="public.ledger_signature", pk_text=str(signature.pk))
    assert Leaf.objects.filter(entry__xid=entry.xid).count() == Entry.objects.filter(xid=entry.xid).count() > 0


def test_without_a_sealer_it_is_recorded_and_answered_as_pending(founded_template, committed_db, settings):
    settings.LEDGER_SEAL_WAIT_SECONDS = 0.2
    town = found_town()
    with pytest.raises(Refusal) as refused:
        approve_site(by=town.ada, credentials=credentials(town.ada), site=town.site)
    assert (refused.value.code, refused.value.kind) == ("seal_pending", Kind.PENDING)
    assert Signature.objects.count() == 1


def test_a_wrong_password_stays_on_record_after_the_refusal(founded_template, committed_db):
    town = found_town()
    with pytest.raises(Refusal):
        approve_site(by=town.ada, credentials=credentials(town.ada, "not my passphrase"), site=town.site)
    assert AccessEvent.objects.filter(kind=AccessEvent.Kind.SIGNING_FAILED).count() == 1
