"""E-f: the permitted sequence of steps is enforced."""

from datetime import timedelta

import pytest

from batches.actions import equipment, execution, records
from batches.actions.commands import EnterResult, StartPhase, UseLot
from batches.actions.deviations import close_deviation
from batches.models import InProcessResult
from batches.queries.phases import signed_facts
from batches.queries.records import changed_values
from batches.queries.yields import yields_of
from gatekeeper.accounts.actions.roles import assign_role, grant_qualification
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import database, now
from gatekeeper.accounts.models import Qualification
from gatekeeper.accounts.queries import day_at
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.lots.models import Use
from tests.batches.making import make_batch_record, walk


def refused(code):
    return pytest.raises(Refusal, check=lambda refusal: code in {fault.code for fault in refusal.all})


def phase(record, code):
    return record.phases.select_related("batch_record").get(code=code)


def enter(house, record, code, *entry, by=None):
    command = EnterResult(*entry)
    return execution.enter_result(by=by or house.olivia, phase=phase(record, code), command=command)


def test_a_batch_record_is_walked_from_issue_to_review_by_actions(house):
    record = make_batch_record(house, at="reviewed")
    assert record.status == "reviewed"
    assert (record.lot.status, record.lot.quantity) == ("quarantine", 84)
    assert {row.state for row in record.phases.all()} == {"verified"}
    assert not record.deviations.exists()
    assert [f"{row.overall_percent:.2f}" for row in yields_of(record)[1:]] == [
        "90.75",
        "56.67",
        "45.00",
        "28.80",
    ]  # K-5
    used = Use.objects.filter(child=record.lot).values_list("parent__number", "quantity")
    assert {number for number, _ in used} == {"PL-transfer", "PL-gag_pol", "PL-rev", "PL-envelope"}


def test_a_phase_cannot_start_before_the_phase_it_waits_for(house):
    record = make_batch_record(house)
    with refused("phase_out_of_order"):
        execution.start_phase(by=house.olivia, phase=phase(record, "L2"), command=StartPhase(("BIOREACTOR",)))


def test_the_first_phase_starts_the_record_and_its_lot(house):
    record = make_batch_record(house, at="running:L1")
    assert (record.status, record.lot.status) == ("in_progress", "in_process")


def test_a_gating_result_outside_holds_the_next_phase_until_its_deviation_is_closed(house):
    record = make_batch_record(house, at="running:L1")
    enter(house, record, "L1", "temperature", "37.0")
    enter(house, record, "L1", "viability", "85")
    enter(house, record, "L1", "cell_density", "1.2")
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L1"))
    deviation = record.deviations.get()
    assert (deviation.origin, deviation.origin_key, deviation.status) == ("in_process", "L1:viability", "open")
    start = {"by": house.olivia, "phase": phase(record, "L2"), "command": StartPhase(("BIOREACTOR",))}
    with refused("gating_result_outside"):
        execution.start_phase(**start)
    close_deviation(
        by=house.priya,
        credentials=credentials(house.priya),
        deviation=deviation,
        root_cause="One flask was overgrown.",
        impact="None: the inoculum was diluted.",
        justification="The density at transfection was inside its limits.",
    )
    assert execution.start_phase(**start).state == "running"


def test_equipment_that_is_missing_overdue_or_of_another_kind_is_refused(house):
    record = make_batch_record(house)
    start = {"by": house.olivia, "phase": phase(record, "L1")}
    with refused("equipment_missing"):
        execution.start_phase(**start, command=StartPhase())
    with refused("equipment_not_asked_for"):
        execution.start_phase(**start, command=StartPhase(("INCUBATOR", "FREEZER")))
    with refused("unknown_equipment"):
        execution.start_phase(**start, command=StartPhase(("NOBODY-KNOWS",)))
    unit = house.units["incubator"]
    today = day_at(unit.site)  # which may be another day than at Greenwich
    unit.calibration_due_date = today - timedelta(days=1)
    with acting_as(house.mei):
        unit.save()
    with refused("equipment_calibration_overdue"):
        execution.start_phase(**start, command=StartPhase(("INCUBATOR",)))
    equipment.calibrate(by=house.mei, equipment=unit, due_date=today, reason="Certificate 2026-118")
    assert execution.start_phase(**start, command=StartPhase(("INCUBATOR",))).state == "running"


def test_a_person_without_training_or_authority_or_of_another_site_cannot_start(house):
    record = make_batch_record(house)
    start = {"phase": phase(record, "L1"), "command": StartPhase(("INCUBATOR",))}
    for person, code in ((house.quinn, "not_authorised"), (house.sol, "not_authorised")):
        with refused(code):
            execution.start_phase(by=person, **start)
    trained = Qualification.objects.get(person=house.olivia, procedure="SOP-UPSTREAM")
    trained.expiry_date = trained.from_date
    with acting_as(house.grace):
        trained.save()
    with refused("qualification_expired"):
        execution.start_phase(by=house.olivia, **start)


def test_a_performer_new_to_the_procedure_is_refused_until_qualified(house):
    record = make_batch_record(house)
    start = {"phase": phase(record, "L1"), "command": StartPhase(("INCUBATOR",))}
    today = now().date() - timedelta(days=1)
    assign_role(by=house.grace, person=house.hana, role="operator", site=house.site, from_date=today)
    with refused("qualification_missing"):
        execution.start_phase(by=house.hana, **start)
    grant_qualification(
        by=house.grace,
        person=house.hana,
        procedure="SOP-UPSTREAM",
        from_date=today,
        expiry_date=today + timedelta(days=9),
    )
    assert execution.start_phase(by=house.hana, **start).started_by == house.hana


def test_a_lot_that_the_recipe_does_not_ask_for_is_refused(house):
    record = make_batch_record(house, at="running:L3")
    wrong = UseLot(house.plasmid_lots["rep_cap"].number, "10", "mg")
    with refused("material_not_in_recipe"):
        execution.use_lot(by=house.olivia, phase=phase(record, "L3"), command=wrong)
    with refused("more_than_is_left"):
        much = UseLot(house.plasmid_lots["transfer"].number, "501", "mg")
        execution.use_lot(by=house.olivia, phase=phase(record, "L3"), command=much)
    with refused("unknown_lot"):
        execution.use_lot(by=house.olivia, phase=phase(record, "L3"), command=UseLot("PL-?", "1", "mg"))


def test_a_phase_cannot_be_signed_while_something_is_missing(house):
    record = make_batch_record(house, at="running:L3")
    with pytest.raises(Refusal) as refusal:
        execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L3"))
    codes = [fault.code for fault in refusal.value.all]
    assert codes.count("material_missing") == 4
    assert codes.count("result_missing") == 2
    enter(house, record, "L3", "complexation", "12")
    with refused("critical_value_not_verified"):
        execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L3"))


def test_a_wrong_quantity_opens_a_deviation_at_signing(house):
    record = make_batch_record(house, at="running:L3")
    for role, quantity in (("transfer", "60"), ("gag_pol", "21.4"), ("rev", "21.4"), ("envelope", "21.4")):
        command = UseLot(house.plasmid_lots[role].number, quantity, "mg")
        execution.use_lot(by=house.olivia, phase=phase(record, "L3"), command=command)
    for control in ("complexation", "pei_dna"):
        enter(house, record, "L3", control, "12" if control == "complexation" else "2.0")
        execution.verify_result(by=house.vera, phase=phase(record, "L3"), control=control)
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L3"))
    assert record.deviations.get().origin_key == "L3:material:transfer"


def test_a_phase_cannot_be_verified_by_its_performer(house):
    record = make_batch_record(house, at="performed:L1")
    with refused("verifier_performed"):
        execution.verify_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L1"))


def test_who_started_a_phase_or_used_a_lot_in_it_cannot_verify_it(house):
    record = make_batch_record(house, at="pending:L1")
    unit = house.units["incubator"].code
    execution.start_phase(by=house.vera, phase=phase(record, "L1"), command=StartPhase((unit,)))
    assert "vera" in signed_facts(phase(record, "L1")).hands
    used = make_batch_record(house, at="running:L3", number="BR-2", lot="LV-2")
    command = UseLot(house.plasmid_lots["rev"].number, "1", "mg")
    execution.use_lot(by=house.vera, phase=phase(used, "L3"), command=command)
    assert signed_facts(phase(used, "L3")).hands == {"olivia", "vera"}


def test_who_entered_a_value_cannot_verify_the_phase_nor_check_the_value(house):
    record = make_batch_record(house, at="running:L1")
    enter(house, record, "L1", "temperature", "37.0", by=house.vera)
    enter(house, record, "L1", "viability", "96")
    enter(house, record, "L1", "cell_density", "1.2")
    with refused("verifier_performed"):
        execution.verify_result(by=house.vera, phase=phase(record, "L1"), control="temperature")
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L1"))
    with refused("verifier_performed"):
        execution.verify_phase(by=house.vera, credentials=credentials(house.vera), phase=phase(record, "L1"))


def test_a_second_person_checks_an_entry_at_the_performers_screen(house):
    record = make_batch_record(house, at="running:L2")
    enter(house, record, "L2", "cell_density", "2.5")
    checked = execution.check_result_here(
        credentials=credentials(house.vera), phase=phase(record, "L2"), control="cell_density"
    )
    assert checked.verified_by == house.vera


def test_a_record_is_not_complete_before_every_phase_is_verified(house):
    record = make_batch_record(house, at="verified:L2")
    with refused("phase_not_verified"):
        records.complete(by=house.olivia, batch_record=record)


def test_who_worked_on_the_batch_cannot_review_it(house):
    record = make_batch_record(house, at="completed")
    since = now().date() - timedelta(days=1)
    assign_role(by=house.grace, person=house.vera, role="production_reviewer", site=house.site, from_date=since)
    with refused("reviewer_performed"):
        records.review(by=house.vera, credentials=credentials(house.vera), batch_record=record)


def test_a_reviewed_record_takes_no_entry_until_it_is_opened_again(house):
    record = make_batch_record(house, at="reviewed")
    correction = {"phase": phase(record, "L1"), "command": EnterResult("temperature", "37.2"), "reason": "misread"}
    with refused("batch_record_closed"):
        execution.correct_result(by=house.olivia, **correction)
    with refused("reason_missing"):
        records.reopen(by=house.farid, batch_record=record, reason="n/a")
    records.reopen(by=house.farid, batch_record=record, reason="A value was misread.")
    execution.correct_result(by=house.olivia, **correction)
    with refused("signature_void"):
        records.review(by=house.farid, credentials=credentials(house.farid), batch_record=record)
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase(record, "L1"))
    execution.verify_phase(by=house.vera, credentials=credentials(house.vera), phase=phase(record, "L1"))
    assert (
        records.review(by=house.farid, credentials=credentials(house.farid), batch_record=record).status == "reviewed"
    )


def test_a_hold_beyond_its_limit_refuses_nothing_and_opens_a_deviation(house, settings):
    record = make_batch_record(house, at="verified:L5")
    settings.CLOCK = "tests.batches.test_execution.two_days_later"
    walk(house, record, "running:L6")
    deviation = record.deviations.get()
    assert (deviation.origin, deviation.phase.code) == ("hold", "L6")


def two_days_later():
    return database() + timedelta(days=2)


def test_a_value_outside_and_its_correction_leave_one_deviation_and_both_rows(house):
    record = make_batch_record(house, at="running:L1")
    enter(house, record, "L1", "temperature", "39.5")
    command = EnterResult("temperature", "37.5")
    corrected = execution.correct_result(
        by=house.olivia, phase=phase(record, "L1"), command=command, reason="typing error"
    )
    rows = InProcessResult.objects.filter(phase__batch_record=record, control="temperature").order_by("id")
    assert [row.reported for row in rows] == ["39.5", "37.5"]
    assert corrected.supersedes == rows[0]
    assert [change.former.reported for change in changed_values(record)] == ["39.5"]
    assert record.deviations.get().status == "open"


def test_an_entry_is_made_once_and_corrected_only_with_a_reason(house):
    record = make_batch_record(house, at="running:L1")
    target = {"by": house.olivia, "phase": phase(record, "L1")}
    with refused("not_entered"):
        execution.correct_result(**target, command=EnterResult("temperature", "37.1"), reason="typing error")
    enter(house, record, "L1", "temperature", "37.0")
    with refused("already_entered"):
        enter(house, record, "L1", "temperature", "37.1")
    with refused("reason_missing"):
        execution.correct_result(**target, command=EnterResult("temperature", "37.1"), reason=" ")
    with refused("value_unchanged"):
        execution.correct_result(**target, command=EnterResult("temperature", "37.0"), reason="typing error")
    with refused("unknown_control"):
        enter(house, record, "L1", "colour", "7")
    with refused("not_a_number"):
        enter(house, record, "L1", "viability", "ninety")
    with refused("units_differ_in_kind"):
        command = EnterResult("viability", "90", "Cel")
        execution.enter_result(**target, command=command)


def test_what_is_not_done_says_why_and_a_gating_one_opens_a_deviation(house):
    record = make_batch_record(house, at="running:L1")
    target = {"by": house.olivia, "phase": phase(record, "L1")}
    with refused("reason_missing"):
        execution.mark_not_done(**target, control="viability", reason="-")
    execution.mark_not_done(**target, control="cell_density", reason="The counter was out of order.")
    assert not record.deviations.exists()
    execution.mark_not_done(**target, control="viability", reason="The counter was out of order.")
    assert record.deviations.get().origin_key == "L1:viability"
    with refused("value_unchanged"):
        execution.mark_not_done(**target, control="viability", reason="The counter was out of order.")


def test_how_much_was_made_must_be_counted(house):
    record = make_batch_record(house, at="running:L13")
    with refused("product_quantity_needed"):
        execution.mark_not_done(by=house.olivia, phase=phase(record, "L13"), control="vials_filled", reason="no time")
