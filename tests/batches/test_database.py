"""E-a, E-e, B-9: the database itself refuses what the actions refuse; raw SQL gets no further."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from batches.actions import execution
from batches.actions.commands import EnterResult
from batches.models import BatchRecord, Deviation, InProcessResult, Phase
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import now
from gatekeeper.documents.models import Document
from tests.batches.making import make_batch_record


def attack(house, sql, *params):
    with pytest.raises(DatabaseError) as fault:
        execute(house, sql, params)
    return str(fault.value)


def execute(house, sql, params):
    # The savepoint inside: the refusal itself is seen, not that the transaction is broken after it.
    with acting_as(house.olivia), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_frozen_copy_of_an_issued_record_cannot_be_changed(house):
    record = make_batch_record(house)
    for column, value in (("content", "'{}'"), ("sha256", "'x'"), ("number", "'BR-X'")):
        sql = f"UPDATE batches_batchrecord SET {column} = {value} WHERE id = %s"
        assert "frozen" in attack(house, sql, record.pk)
    record.refresh_from_db()
    assert record.content["master"]["code"] == "LV-3G"


def test_an_approved_master_cannot_be_changed(house):
    record = make_batch_record(house)
    for column, value in (("content", "'{}'"), ("sha256", "'x'"), ("approved_by_id", "authored_by_id")):
        sql = f"UPDATE documents_document SET {column} = {value} WHERE id = %s"
        assert "frozen" in attack(house, sql, record.master_id)


def test_an_entry_cannot_be_overwritten_nor_its_check_taken_back(house):
    record = make_batch_record(house, at="ready:L2")
    result = InProcessResult.objects.get(phase__batch_record=record, control="cell_density", phase__code="L2")
    for column, value in (("reported", "'2.6'"), ("value", "3"), ("entered_by_id", "1")):
        sql = f"UPDATE batches_inprocessresult SET {column} = {value} WHERE id = %s"
        assert "frozen" in attack(house, sql, result.pk)
    taken_back = "UPDATE batches_inprocessresult SET verified_by_id = NULL, verified_at = NULL WHERE id = %s"
    assert "frozen" in attack(house, taken_back, result.pk)


def test_one_person_cannot_perform_and_verify_by_sql(house):
    record = make_batch_record(house, at="performed:L1")
    phase = record.phases.get(code="L1")
    sql = "UPDATE batches_phase SET state = 'verified', verified_at = now(), verified_by_id = %s WHERE id = %s"
    assert "phase_verifier_is_not_performer" in attack(house, sql, house.olivia.pk, phase.pk)
    result = phase.results.first()
    sql = "UPDATE batches_inprocessresult SET verified_at = now(), verified_by_id = %s WHERE id = %s"
    assert "in_process_verifier_is_not_performer" in attack(house, sql, house.olivia.pk, result.pk)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("batches_phase", "state", "verified"),
        ("batches_batchrecord", "status", "reviewed"),
        ("documents_document", "status", "draft"),
    ],
)
def test_a_status_moves_only_along_its_table(house, table, column, value):
    make_batch_record(house)
    attack(house, f"UPDATE {table} SET {column} = %s", value)


def test_a_deviation_is_not_closed_without_a_justification(house):
    record = make_batch_record(house, at="running:L1")
    execution.enter_result(
        by=house.olivia, phase=record.phases.get(code="L1"), command=EnterResult("temperature", "50")
    )
    deviation = record.deviations.get()
    sql = "UPDATE batches_deviation SET status = 'closed', closed_at = now(), closed_by_id = %s WHERE id = %s"
    assert "deviation_closed_with_justification" in attack(house, sql, house.priya.pk, deviation.pk)
    for change in ("severity = 'minor'", "title_code = 'control_unjudged'", "title_params = '{}'"):
        attack(house, f"UPDATE batches_deviation SET {change} WHERE id = %s", deviation.pk)


@pytest.mark.parametrize("texts", [{"title_code": "yield_outside"}, {"title": "", "description": ""}])
def test_a_deviation_has_either_a_typed_title_or_a_code(house, texts):
    record = make_batch_record(house)
    row = {"title": "Leak", "description": "A drop at the pump.", "number": "D-1", "origin": "manual"} | texts
    people = {"opened_at": now(), "updated_at": now(), "opened_by": house.olivia}
    with pytest.raises(IntegrityError, match="deviation_title_typed_or_coded"), transaction.atomic():
        Deviation.objects.create(batch_record=record, severity="minor", **row, **people)


def test_nothing_is_deleted(house):
    make_batch_record(house, at="running:L1")
    for model in (Document, BatchRecord, Phase, InProcessResult, Deviation):
        attack(house, f"DELETE FROM {model._meta.db_table}")
