"""G, B-11: each way of letting a lot go that should stay, tried for real against PostgreSQL (domain.md 4.2)."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import DatabaseError, connections, transaction

from batches.actions import execution, records
from batches.actions.commands import EnterResult
from batches.actions.equipment import calibrate
from batches.excursions.actions.evaluation import evaluate_phase
from batches.readings.actions.frames import record_frame
from batches.readings.rules.frames import Column, Frame
from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import database, now
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from release import queries
from release.actions.results import correct_result, invalidate_result, record_result, review_results
from release.models import Certificate, Disposition, Result
from release.rules.gate import findings
from tests.batches.making import make_batch_record, walk
from tests.excursions.making import standing_clock
from tests.release import making


def refused(house, record, **options):
    """The codes that a release is refused with; nothing of it is left."""
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        making.release(house, record, **options)
    record.lot.refresh_from_db()
    assert record.lot.status != "released"
    assert not Disposition.objects.exists()
    assert not Certificate.objects.exists()
    return {row.code for row in refusal.value.all}


def result_of(record, test):
    return Result.objects.get(lot=record.lot, test=test)


def replaced(house, record, test, *, reviewed=True, **changes):
    """A result taken out with a reason, and another one in its place."""
    invalidate_result(by=house.jonas, result=result_of(record, test), reason="The standard had expired.")
    made = record_result(by=house.hana, command=making.result_command(record.lot.number, test, **changes))
    if reviewed:
        review_results(by=house.jonas, credentials=credentials(house.jonas), results=[made])
    making.review(house, record)


def second_record(house, at):
    return make_batch_record(house, at=at, number="BR-2", lot="LV-2")


def finished_after(house, record, time, *, minutes):
    """L10, which runs and has its entries, is signed so many minutes after it began; then the rest is done."""
    phase = record.phases.get(code="L10")
    time.at = phase.started_at + timedelta(minutes=minutes)
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase)
    execution.verify_phase(by=house.vera, credentials=credentials(house.vera), phase=phase)
    walk(house, record, "completed")
    phase.refresh_from_db()
    return phase


def send(house, phase, minutes):
    """A good temperature at each of these minutes of the phase."""
    start = (phase.started_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    times = np.array([start + minute * 60_000_000 for minute in minutes], dtype="<i8")
    frame = Frame("TFF01", "boot-9", 1, (Column("TI101", times, np.linspace(7, 8, len(times)), None),))
    record_frame(by=house.people["skid-gateway"], site=house.site, frame=frame)


@pytest.mark.parametrize("at", ["issued", "running:L1", "performed:L1"])
def test_a_lot_with_an_unverified_phase_stays(reviewable, at):
    house, _ = reviewable
    codes = refused(house, second_record(house, at))
    assert {"gate_is_closed", "record_not_complete", "phase_not_verified", "lot_not_in_quarantine"} <= codes


def test_a_lot_with_a_void_signature_stays(releasable):
    house, record = releasable
    records.reopen(by=house.farid, batch_record=record, reason="A digit was mistaken.")
    phase = record.phases.get(code="L1")
    execution.correct_result(
        by=house.olivia, phase=phase, command=EnterResult("temperature", "37.1"), reason="Read again on the chart."
    )
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        records.review(by=house.farid, credentials=credentials(house.farid), batch_record=record)
    assert refusal.value.code == "signature_void"
    codes = refused(house, record)
    assert {"signature_void", "production_review_missing", "quality_review_reopened"} <= codes


def test_a_lot_whose_signal_is_not_known_for_all_of_a_phase_stays(reviewable):
    house, _ = reviewable
    with standing_clock() as time:
        time.at = database()
        record = second_record(house, "ready:L10")
        phase = finished_after(house, record, time, minutes=300)
        send(house, phase, [*range(0, 151, 5), *range(161, 296, 5), 300])  # eleven minutes are missing
        assert "rule_not_evaluated" in refused(house, record)
        (evaluation,) = evaluate_phase(by=house.monitor, phase=phase)
        assert (evaluation.state, evaluation.final) == ("unknown", True)
        assert "coverage_unknown" in refused(house, record)


def test_a_lot_whose_readings_never_came_stays(reviewable):
    house, _ = reviewable
    record = second_record(house, "completed")
    assert "rule_not_evaluated" in refused(house, record)
    evaluate_phase(by=house.monitor, phase=record.phases.get(code="L10"))
    assert "deviation_open" in refused(house, record)


def test_a_lot_that_lacks_a_result_stays(releasable):
    house, record = releasable
    invalidate_result(by=house.jonas, result=result_of(record, "sterility"), reason="The control grew.")
    making.review(house, record)
    assert refused(house, record) == {"gate_is_closed", "result_missing"}


@pytest.mark.parametrize(
    ("test", "changes", "code"),
    [
        ("endotoxin", {"reported": "12"}, "result_out_of_specification"),
        ("sterility", {"reported": "growth"}, "result_out_of_specification"),
        ("endotoxin", {"reported": "<20"}, "result_invalid"),
        ("infectious_titre", {"replicates": ("1.0e8", "4.9e8", "1.9e8")}, "result_invalid"),
        ("infectious_titre", {"reported": "9.4×10^7", "replicates": ("9.4e7", "9.3e7", "9.5e7")},
         "result_out_of_specification"),
    ],
)  # fmt: skip
def test_a_lot_with_a_failed_or_invalid_result_stays(releasable, test, changes, code):
    house, record = releasable
    replaced(house, record, test, **changes)
    assert refused(house, record) == {"gate_is_closed", code}


def test_a_lot_with_a_result_that_nobody_reviewed_stays(releasable):
    house, record = releasable
    command = making.result_command(record.lot.number, "ph", reported="7.3")
    correct_result(by=house.hana, result=result_of(record, "ph"), command=command, reason="A digit too many.")
    making.review(house, record)
    assert refused(house, record) == {"gate_is_closed", "result_not_reviewed"}


def test_a_result_is_not_reviewed_by_its_tester_through_any_way(reviewable):
    house, record = reviewable
    command = making.result_command(record.lot.number, "ph", analyst="Jonas Berg")
    result = correct_result(by=house.hana, result=result_of(record, "ph"), command=command, reason="Jonas measured.")
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        review_results(by=house.jonas, credentials=credentials(house.jonas), results=[result])
    assert refusal.value.code == "tester_reviews"
    with pytest.raises(DatabaseError, match="reviewer"), transaction.atomic(), acting_as(house.hana):
        Result.objects.filter(pk=result.pk).update(status="reviewed", reviewed_at=now(), reviewed_by=house.hana)


def test_who_had_a_hand_in_the_lot_does_not_release_it(releasable):
    house, record = releasable
    assign_role(by=house.grace, person=house.olivia, role="qa_releaser", site=house.site, from_date=now().date())
    assert refused(house, record, by="olivia") == {"maker_releases"}


@pytest.mark.parametrize(
    ("table", "change", "where"),
    [
        ("lots_lot", "expiry_date = '2020-01-01'", "number = 'PL-rev'"),
        ("lots_lot", "status = 'on_hold'", "number = 'PL-rev'"),
        ("documents_document", "content = content || '{\"title\": \"Other\"}'", "code = 'LV-DP-SG'"),
        ("documents_document", "title = 'Other rules'", "code = 'LV-PROCESS'"),
        ("batches_phase", "verified_by_id = NULL, verified_at = NULL", "code = 'L1'"),
    ],
)  # fmt: skip
def test_what_the_gate_reads_is_what_the_evidence_says(committed, table, change, where):
    house, record = committed
    making.review(house, record)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {change} WHERE {where}")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    record.lot.refresh_from_db()
    codes = findings(queries.dossier(record.lot, queries.market_named("SG")))
    assert "evidence_broken" in {row.code for row in codes}
    assert "gate_is_closed" in refused(house, record)


def test_equipment_out_of_calibration_never_starts_a_phase(reviewable):
    house, _ = reviewable
    unit = house.units["incubator"]
    with pytest.raises(Refusal):
        calibrate(by=house.mei, equipment=unit, due_date=now().date().replace(year=2020), reason="Typing error.")
