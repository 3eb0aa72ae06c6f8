"""F-2, E-e and 1.5: lots are received, judged and used; every line stays, nothing goes below zero."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import database, now
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.ledger.models import Signature
from gatekeeper.lots.actions.registration import RegisterLot, register_lot
from gatekeeper.lots.actions.statuses import change_status, decide
from gatekeeper.lots.models import Lot, StatusChange, Use
from tests.excursions.making import standing_clock
from tests.lots.making import make_lot, make_material, take


def test_a_received_lot_waits_in_quarantine_until_quality_signs(people):
    lot = make_lot(people, "B-1", released=False)
    assert lot.status == "quarantine"
    change = decide(by=people["rafael"], credentials=credentials(people["rafael"]), lot=lot, verb="release", reason="")
    lot.refresh_from_db()
    assert (lot.status, change.signature.printed_name, change.signature.meaning) == (
        "released",
        "Rafael Cruz",
        "Released",
    )
    assert [c.target for c in lot.status_changes.all()] == ["quarantine", "released"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quantity": "ten"}, "not_a_number", "quantity"),
        ({"quantity": "0"}, "quantity_not_positive", "quantity"),
        ({"unit": "mg/ml"}, "unknown_unit", "unit"),
        ({"unit": "mL"}, "units_differ_in_kind", "unit"),
        ({"number": " "}, "blank_value", "number"),
        ({"number": "B/9"}, "key_malformed", "number"),
        ({"quantity": "1e30"}, "number_out_of_range", "quantity"),
        ({"quantity": "1e-10"}, "number_out_of_range", "quantity"),
        ({"days": -1}, "expired_on_arrival", "expiry_date"),
    ],
)
def test_a_bad_label_is_refused_and_nothing_is_recorded(people, changes, code, field):
    fields = {"number": "B-9", "quantity": "1", "unit": "mg", "days": 30} | changes
    material = make_material(people)
    with pytest.raises(Refusal) as refused:
        register_lot(
            by=people["wen"],
            command=RegisterLot(
                number=fields["number"],
                material=material,
                site=Site.objects.get(code="SG01"),
                source="S",
                quantity=fields["quantity"],
                unit=fields["unit"],
                expiry_date=now().date() + timedelta(days=fields["days"]),
            ),
        )
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Lot.objects.exists()


def test_a_number_is_never_given_twice_in_whatever_case(people):
    make_lot(people, "b-1", released=False)
    with pytest.raises(Refusal) as refused:
        make_lot(people, "B-1", released=False)
    assert refused.value.code == "already_registered"


def test_only_who_may_receive_at_the_site_receives(people):
    people["wen"] = people["sol"]
    with pytest.raises(Refusal) as refused:
        make_lot(people, "B-1")
    assert refused.value.code == "not_authorised"


def test_what_is_used_is_taken_and_the_edge_says_where(people):
    parent, child = make_lot(people, "B-1"), make_lot(people, "B-2")
    edge = take(people, parent, child, "30.5")
    parent.refresh_from_db()
    assert parent.quantity_left == 69.5
    assert (edge.batch_record, edge.phase, edge.used_by.username) == ("BR-1", "L3", "olivia")


def test_more_than_is_left_is_refused_and_nothing_is_taken(people):
    parent, child = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, parent, child, "60")
    with pytest.raises(Refusal) as refused:
        take(people, parent, child, "60")
    parent.refresh_from_db()
    assert (refused.value.code, parent.quantity_left, Use.objects.count()) == ("more_than_is_left", 40, 1)


def test_a_lot_expires_with_the_day_of_its_site_not_with_that_of_greenwich(people):
    with standing_clock() as clock:
        clock.at = datetime.combine(database().date() + timedelta(days=0), time(3), UTC)  # eleven in Singapore
        parent, child = make_lot(people, "B-1", days=0), make_lot(people, "B-2")
        take(people, parent, child)
        clock.at += timedelta(hours=13, minutes=30)  # half past midnight there, the day before in Greenwich
        with pytest.raises(Refusal) as refused:
            take(people, parent, child)
        assert refused.value.code == "lot_expired"
        with pytest.raises(Refusal) as refused:
            make_lot(people, "B-3", days=0)
        assert refused.value.code == "expired_on_arrival"


def test_a_lot_in_quarantine_is_not_used(people):
    with pytest.raises(Refusal) as refused:
        take(people, make_lot(people, "B-1", released=False), make_lot(people, "B-2"))
    assert refused.value.code == "lot_not_released"


def test_grams_are_taken_from_milligrams_but_never_millilitres(people):
    parent, child = make_lot(people, "B-1", quantity="2000"), make_lot(people, "B-2")
    take(people, parent, child, "1", unit="g")
    parent.refresh_from_db()
    assert parent.quantity_left == 1000
    with pytest.raises(Refusal) as refused:
        take(people, parent, child, "1", unit="mL")
    assert refused.value.code == "units_differ_in_kind"


def test_no_lot_is_made_from_itself_however_long_the_way(people):
    a, b, c = (make_lot(people, f"B-{n}") for n in "123")
    take(people, a, b)
    take(people, b, c)
    for parent, child in ((c, a), (a, a)):
        with pytest.raises(Refusal) as refused:
            take(people, parent, child)
        assert refused.value.code == "would_make_a_circle"


def test_a_use_too_small_to_be_recorded_is_refused_not_recorded_as_none(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    with pytest.raises(Refusal) as refused:
        take(people, a, b, "0.0001", "ng")
    assert (refused.value.code, refused.value.field) == ("number_out_of_range", "quantity")
    assert not Use.objects.exists()


def test_the_database_refuses_a_circle_and_a_negative_quantity_by_itself(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, a, b)
    with acting_as(people["olivia"]), connection.cursor() as cursor:
        for statement, name in (
            (
                "INSERT INTO lots_use (parent_id, child_id, quantity, unit, batch_record, phase, used_at, used_by_id)"
                f" VALUES ({b.pk}, {a.pk}, 1, 'mg', '', '', now(), {people['olivia'].pk})",
                "circle|made from itself",
            ),
            (f"UPDATE lots_lot SET quantity_left = -1 WHERE id = {a.pk}", "lot_quantity_left_not_negative"),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                cursor.execute(statement)


def test_a_temporary_table_of_the_same_name_does_not_blind_the_guard(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, a, b)
    with acting_as(people["olivia"]), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE lots_use (parent_id bigint, child_id bigint) ON COMMIT DROP")
        with pytest.raises(IntegrityError, match="made from itself"), transaction.atomic():
            cursor.execute(
                "INSERT INTO public.lots_use (parent_id, child_id, quantity, unit, batch_record, phase, used_at,"
                f" used_by_id) VALUES ({b.pk}, {a.pk}, 1, 'mg', '', '', now(), {people['olivia'].pk})"
            )


def test_a_status_jump_is_refused_by_the_table_and_by_the_database(people):
    lot = make_lot(people, "B-1")
    with pytest.raises(Refusal) as refused:
        change_status(by=people["rafael"], lot=lot, verb="destroy", reason="no")
    assert refused.value.code == "transition_not_allowed"
    with acting_as(people["rafael"]), pytest.raises(Exception, match=r"not allowed|destroyed"), transaction.atomic():
        Lot.objects.filter(pk=lot.pk).update(status="destroyed")
    assert StatusChange.objects.filter(lot=lot).count() == 2


def test_holding_a_lot_needs_a_reason(people):
    lot = make_lot(people, "B-1")
    with pytest.raises(Refusal) as refused:
        decide(by=people["rafael"], credentials=credentials(people["rafael"]), lot=lot, verb="hold", reason=" ")
    assert (refused.value.code, refused.value.field) == ("reason_missing", "reason")
    assert Signature.objects.count() == 1
