"""E-a, E-e: what was approved, received or reviewed stays as it was; raw SQL as the application gets no further."""

import pytest
from django.db import DatabaseError, connection, transaction

from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Site
from tests.batches.conftest import house  # noqa: F401 -- a fixture of batches
from tests.batches.making import make_batch_record
from tests.lots.making import make_lot, make_material, take
from tests.plasmids.making import make_plasmid_lot
from tests.release.making import make_results, make_specification


def changed(person, table, pk, assignment):
    """Write with raw SQL, in a savepoint of its own, as the role of the application."""
    with acting_as(person), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("gk_app",)
        cursor.execute(f"UPDATE {table} SET {assignment} WHERE id = %s", [pk])
        return cursor.rowcount


def attack(person, table, pk, *assignments):
    for assignment in assignments:
        with pytest.raises(DatabaseError, match="is frozen"):
            changed(person, table, pk, assignment)


def test_a_lot_keeps_its_number_its_material_its_site_and_its_quantity(people):
    lot, other = make_lot(people, "B-1"), make_material(people, "SALT-1")
    elsewhere = Site.objects.get(code="KR01").pk
    attack(
        people["wen"], "lots_lot", lot.pk,
        "number = 'B-9'", f"material_id = {other.pk}", f"site_id = {elsewhere}", "registered_at = now()",
        f"registered_by_id = {people['mei'].pk}", "quantity = 200", "expiry_date = '2099-01-01'",
    )  # fmt: skip
    take(people, lot, make_lot(people, "B-2"), "2.5")  # what is taken from it is no change of it
    lot.refresh_from_db()
    assert (lot.number, lot.quantity, lot.quantity_left) == ("B-1", 100, 97.5)


def test_a_material_keeps_its_code_its_kind_and_the_unit_of_its_lots(people):
    material = make_material(people)
    attack(people["mei"], "lots_material", material.pk, "code = 'X'", "kind = 'plasmid'", "unit = 'L'")
    assert changed(people["mei"], "lots_material", material.pk, "name = 'Buffer, pH 7.4'") == 1


def test_a_construct_and_the_papers_of_a_received_lot_stay_as_they_came(people):
    received = make_plasmid_lot(people, "P-1", released=False)
    attack(
        people["mei"], "plasmids_plasmid", received.plasmid_id,
        "code = 'pY'", "role = 'rev'", "size_bp = 1", f"sequence_sha256 = '{'0' * 64}'", "material_id = 0",
    )  # fmt: skip
    attack(
        people["wen"], "plasmids_plasmidlot", received.pk,
        "certificate_number = 'COA-X'", f"sequence_sha256 = '{'0' * 64}'", "plasmid_id = 0", "specification_id = 0",
    )  # fmt: skip


def test_a_result_stays_as_reported_and_a_review_is_never_taken_back(house):  # noqa: F811 -- the fixture
    record = make_batch_record(house, at="issued")
    make_specification(house)
    result = make_results(house, record.lot.number)[0]
    values = (
        "reported = '0'", "unit = 'kg'", "test = 'x'", "method = 'x'", "sample = 'x'", "analyst = 'x'",
        "measured_at = now()", "replicates = '[]'::jsonb || '\"1\"'", "locator = 'x'", "entered_at = now()",
        "lot_id = 0", "supersedes_id = id",
    )  # fmt: skip
    attack(house.hana, "release_result", result.pk, *values)
    attack(
        house.jonas, "release_result", result.pk,
        "reviewed_at = now()", f"reviewed_by_id = {house.quinn.pk}", "reviewed_at = NULL, reviewed_by_id = NULL",
        "reason = 'x'",
    )  # fmt: skip
    assert changed(house.jonas, "release_result", result.pk, "status = 'invalidated', reason = 'Vial broken'") == 1
    attack(house.jonas, "release_result", result.pk, *values, "reason = 'Another'", "reviewed_at = NULL")


def test_every_column_that_is_named_frozen_is_a_column(people):
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t.tgrelid::regclass::text, encode(t.tgargs, 'escape') FROM pg_trigger t
               JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname LIKE '%frozen%'"""
        )
        triggers = cursor.fetchall()
        assert len(triggers) > 15
        for table, arguments in triggers:
            named = set(filter(None, arguments.split("\\000")))
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
            )  # fmt: skip
            assert named <= {row[0] for row in cursor.fetchall()}, table
            assert named, table
