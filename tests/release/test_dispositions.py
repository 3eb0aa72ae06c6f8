"""G: a lot leaves only through the gate, with a signature, once, and its certificate with it (domain.md 4.2)."""

import hashlib
import json
import threading

import pytest
from django.db import DatabaseError, connections, transaction

from batches.actions.commands import OpenDeviation
from batches.actions.deviations import open_deviation
from gatekeeper.accounts.actor import acting_as
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.lots.actions.statuses import change_status
from release import queries
from release.actions.dispositions import reject_lot
from release.models import Certificate, Disposition
from release.rules.gate import findings
from tests.release import making


def dossier_of(record, market="SG"):
    record.lot.refresh_from_db()
    return queries.dossier(record.lot, queries.market_named(market))


def refused(house, record, **options):
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        making.release(house, record, **options)
    return [row.code for row in refusal.value.all]


def test_a_lot_with_nothing_in_its_way_is_released_with_its_certificate(releasable):
    house, record = releasable
    dossier = dossier_of(record)
    assert findings(dossier) == ()
    disposition = making.release(house, record, dossier_sha256=digest(dossier))
    record.lot.refresh_from_db()
    assert record.lot.status == "released"
    assert disposition.dossier_sha256 == digest(dossier)
    assert disposition.signature.meaning == "Released for supply in Singapore"
    certificate = Certificate.objects.get(disposition=disposition)
    content = json.loads(certificate.content)
    assert content["lot"]["number"] == record.lot.number
    assert {row["outcome"] for row in content["results"]} == {"pass", "reported"}
    assert [row["printed_name"] for row in content["signatures"]] == ["Farid Aziz", "Quinn Rao", "Rafael Cruz"]
    assert certificate.sha256 == hashlib.sha256(certificate.content.encode()).hexdigest()
    assert bytes(certificate.pdf).startswith(b"%PDF")
    assert "already_released" in refused(house, record)
    assert refused(house, record, market="ZZ") == ["unknown_market"]


def test_the_gate_refuses_with_every_finding_and_changes_nothing(reviewable):
    house, record = reviewable
    assert refused(house, record) == ["gate_is_closed", "quality_review_missing"]
    assert {"gate_is_closed", "no_specification", "signature_of_market_missing"} <= set(
        refused(house, record, market="JP")
    )
    record.lot.refresh_from_db()
    assert record.lot.status == "quarantine"
    assert not Disposition.objects.exists()


def test_what_comes_between_page_and_release_blocks_it(releasable):
    house, record = releasable
    digest_before = digest(dossier_of(record))
    deviation = OpenDeviation(
        origin="manual", severity="minor", title="Label torn", description="A label was torn in the freezer."
    )
    with transaction.atomic():
        open_deviation(by=house.quinn, batch_record=record, command=deviation)
        assert set(refused(house, record, dossier_sha256=digest_before)) == {
            "gate_is_closed", "deviation_open", "quality_review_reopened", "signature_void"
        }  # fmt: skip
        transaction.set_rollback(True)
    assert refused(house, record, dossier_sha256="0" * 64) == ["dossier_changed"]


def test_late_readings_that_show_an_excursion_block_the_release(releasable):
    house, record = releasable
    making.send_temperature(house, record, celsius=40.0, sequence=2, judged=False)
    # Nobody has evaluated them yet: the gate does it by itself, on the readings as they are.
    assert "evaluation_not_final" in refused(house, record)


def test_an_input_lot_on_hold_now_blocks_the_release(releasable):
    house, record = releasable
    change_status(by=house.rafael, lot=house.plasmid_lots["rev"], verb="hold", reason="complaint")
    assert "input_not_released" in refused(house, record)


def test_a_row_changed_behind_the_log_blocks_the_release(committed):
    house, record = committed
    making.review(house, record)
    assert findings(dossier_of(record)) == ()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE release_result DISABLE TRIGGER USER")
        cursor.execute("UPDATE release_result SET reported = '7.40' WHERE test = 'ph'")
        cursor.execute("ALTER TABLE release_result ENABLE TRIGGER USER")
    blocking = findings(dossier_of(record))
    assert [row.code for row in blocking] == ["evidence_broken"]
    assert "release.result" in blocking[0].message


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ("quinn", "not_authorised"),
        ("sol", "not_authorised"),
        ("lims", "machine_cannot_sign"),
        ("hana", "not_authorised"),
    ],
)
def test_only_a_releaser_of_the_site_releases(releasable, person, code):
    house, record = releasable
    assert refused(house, record, by=person) == [code]


def test_the_database_refuses_a_release_by_a_maker(releasable):
    house, record = releasable
    disposition = making.release(house, record)
    with pytest.raises(DatabaseError, match="had a part in lot"), transaction.atomic(), acting_as(house.olivia):
        Disposition.objects.create(
            lot=record.lot,
            market="KR",
            specification=disposition.specification,
            decision="released",
            dossier="{}",
            dossier_sha256="0" * 64,
            decided_at=disposition.decided_at,
            decided_by=house.olivia,
            signature=disposition.signature,
        )


def test_a_lot_is_rejected_with_a_reason_and_never_released_again(reviewable):
    house, record = reviewable
    signed = {"by": house.rafael, "credentials": credentials(house.rafael), "lot": record.lot, "market": "SG"}
    with pytest.raises(Refusal) as blank, transaction.atomic():
        reject_lot(**signed, reason=" ")
    assert blank.value.code == "reason_missing"
    reject_lot(**signed, reason="confirmed out of specification")
    record.lot.refresh_from_db()
    assert record.lot.status == "rejected"
    assert {"already_rejected", "lot_not_in_quarantine"} <= set(refused(house, record))
    with pytest.raises(Refusal) as again, transaction.atomic():
        reject_lot(**signed, reason="once more")
    assert again.value.code == "decided_already"


def test_two_releasers_at_once_release_once(committed):
    house, record = committed
    making.review(house, record)
    start, outcomes = threading.Barrier(2), []

    def release():
        try:
            start.wait(10)
            outcomes.append(making.release(house, record).decision)
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=release) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["gate_is_closed", "released"]
    assert Disposition.objects.count() == Certificate.objects.count() == 1
