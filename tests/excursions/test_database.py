"""E-a, E-e: approved rules, and tags that readings came under, stay as they are; raw SQL gets no further."""

import pytest
from django.db import DatabaseError, connection, transaction

from gatekeeper.accounts.actor import acting_as
from tests.documents.making import draft, retire
from tests.excursions.making import PH, frame, make_source, make_unit, rules_toml


def attack(people, sql, *params):
    with pytest.raises(DatabaseError) as fault:
        execute(people, sql, *params)
    return str(fault.value)


def execute(people, sql, *params):
    # The savepoint inside: the refusal itself is seen, not that the transaction is broken after it.
    with acting_as(people["mei"]), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


COLUMNS = [
    ("content", "'{}'"),
    ("sha256", "'x'"),
    ("code", "'X'"),
    ("version", "9"),
    ("title", "'X'"),
    ("authored_by_id", "approved_by_id"),
    ("approved_at", "now()"),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS)
def test_approved_rules_cannot_be_changed(plant, column, value):
    sql = f"UPDATE documents_document SET {column} = {value} WHERE id = %s"
    assert f"{column} of public.documents_document is frozen" in attack(plant.people, sql, plant.rule_set.pk)


def test_retired_rules_stay_as_they_were_approved(plant):
    retire(plant.people["arun"], plant.rule_set)
    sql = "UPDATE documents_document SET content = '{}' WHERE id = %s"
    assert "frozen" in attack(plant.people, sql, plant.rule_set.pk)
    assert attack(plant.people, "UPDATE documents_document SET status = 'draft' WHERE id = %s", plant.rule_set.pk)


def test_a_draft_is_frozen_as_well(plant):
    written = draft(plant.people["mei"], "rule_set", rules_toml(PH, version=2))
    sql = "UPDATE documents_document SET title = 'Better' WHERE id = %s"
    assert "title of public.documents_document is frozen" in attack(plant.people, sql, written.pk)


TAG = [
    ("code", "'FI102'"),
    ("parameter", "'permeate_flow'"),
    ("unit", "'mL/min'"),
    ("range_low", "1"),
    ("range_high", "NULL"),
]


@pytest.mark.parametrize(("column", "value"), TAG)
def test_a_tag_is_frozen_once_its_source_has_sent_readings(plant, time, column, value):
    sql = f"UPDATE readings_tag SET {column} = {value} WHERE source_id = %s AND code = 'FI101'"
    with transaction.atomic():
        execute(plant.people, sql, plant.source.pk)
        transaction.set_rollback(True)
    time.after(60)
    plant.send(frame(1, range(30), lambda at: 0.2))
    assert f"{column} of readings_tag is frozen" in attack(plant.people, sql, plant.source.pk)


def test_no_tag_joins_or_moves_to_a_source_that_has_sent_readings(plant, time):
    time.after(60)
    plant.send(frame(1, range(30), lambda at: 0.2))
    add = """INSERT INTO readings_tag (source_id, code, parameter, unit, signal_type)
        VALUES (%s, 'PI1', 'pressure', 'bar', 'linear')"""
    assert "frozen" in attack(plant.people, add, plant.source.pk)
    silent = make_source(plant.people, code="TFF02")
    execute(plant.people, add, silent.pk)
    move = "UPDATE readings_tag SET source_id = %s WHERE source_id = %s AND code = 'PI1'"
    assert "frozen" in attack(plant.people, move, plant.source.pk, silent.pk)


def test_a_source_that_has_sent_readings_keeps_its_code_site_and_equipment(plant, time):
    make_unit(plant.people, 100, code="TFF-2")
    move = "UPDATE readings_source SET equipment_id = (SELECT id FROM batches_equipment WHERE code = %s) WHERE id = %s"
    execute(plant.people, move, "TFF-2", plant.source.pk)
    execute(plant.people, move, "TFF-1", plant.source.pk)
    time.after(60)
    plant.send(frame(1, range(30), lambda at: 0.2))
    assert "equipment_id of readings_source is frozen" in attack(plant.people, move, "TFF-2", plant.source.pk)
    assert "frozen" in attack(plant.people, "UPDATE readings_source SET code = 'X' WHERE id = %s", plant.source.pk)
    execute(plant.people, "UPDATE readings_source SET name = 'Renamed' WHERE id = %s", plant.source.pk)
