"""F-1, E-f, B-9: order, gating results, materials and two people decide about a phase, as pure rules."""

from datetime import date
from decimal import Decimal

import pytest

from batches.rules import phases as rules
from batches.rules.phases import EquipmentFacts, PhaseFacts, ResultFacts, UsedMaterial
from batches.rules.recipe import Control, EquipmentNeed, MaterialNeed, PhaseRecipe
from gatekeeper.core.limits import Limits, Verdict
from gatekeeper.core.quantity import Quantity
from gatekeeper.core.refusal import Refusal

TODAY = date(2026, 11, 14)
NONE = Limits(None, None, None, None, "1")


def control(code, *, gating=False, critical=False):
    return Control(code, code.title(), NONE, None, gating, critical, product_quantity=False, severity="major", basis="")


def recipe(code="P2", **parts):
    fields = {"equipment": (), "materials": (), "controls": ()} | parts
    return PhaseRecipe(
        code=code,
        title=f"Phase {code}",
        unit_procedure="U",
        operation="O",
        after=(),
        qualification="",
        instruction="Do.",
        significant=True,
        hold=None,
        yielded=None,
        **fields,
    )


def facts(state="running", definition=None, **more):
    fields = {"record_status": "in_progress", "site": "SG01"} | more
    return PhaseFacts(recipe=definition or recipe(), state=state, **fields)


def result(code="ph", verdict=Verdict.INSIDE, **more):
    fields = {"not_done": False, "entered_by": "olivia"} | more
    return ResultFacts(code, verdict, **fields)


def codes(check, *arguments, **named):
    try:
        check(*arguments, **named)
    except Refusal as refusal:
        return [fault.code for fault in refusal.all]
    return []


NEED = MaterialNeed("transfer", "", Quantity.parse("100", "mg"), Decimal(5))
GATING = recipe("P1", controls=(control("free"), control("ph", gating=True)))
FILTER = recipe(equipment=(EquipmentNeed("filter"),))


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (facts("pending"), (), []),
        (facts("running"), (), ["phase_already_started"]),
        (facts("pending", record_status="completed"), (), ["batch_record_closed"]),
        (facts("pending"), (facts("running", recipe("P1")),), ["phase_out_of_order"]),
        (facts("pending"), (facts("performed", GATING),), ["gating_result_missing"]),
        (facts("pending"), (facts("verified", GATING, results=(result(),)),), []),
        (facts("pending"), (facts("verified", GATING, results=(result(verdict=Verdict.ALERT),)),), []),
        (
            facts("pending"),
            (facts("verified", GATING, results=(result(verdict=Verdict.ACTION, deviation="open"),)),),
            ["gating_result_outside"],
        ),
        (
            facts("pending"),
            (facts("verified", GATING, results=(result(verdict=Verdict.ACTION, deviation="closed"),)),),
            [],
        ),
        (
            facts("pending"),
            (facts("verified", GATING, results=(result(not_done=True),)),),
            ["gating_result_outside"],
        ),
    ],
)
def test_a_phase_waits_for_those_before_it(now, before, expected):
    assert codes(rules.check_may_start, now, predecessors=before, today=TODAY) == expected


@pytest.mark.parametrize(
    ("equipment", "expected"),
    [
        ((), ["equipment_missing"]),
        ((EquipmentFacts("F1", "filter", "SG01", None),), []),
        ((EquipmentFacts("F1", "filter", "SG01", TODAY),), []),
        ((EquipmentFacts("F1", "filter", "SG01", date(2026, 11, 13)),), ["equipment_calibration_overdue"]),
        ((EquipmentFacts("F1", "filter", "KR01", None),), ["equipment_at_other_site"]),
        ((EquipmentFacts("B1", "bag", "SG01", None),), ["equipment_missing", "equipment_not_asked_for"]),
    ],
)
def test_equipment_must_be_there_and_fit(equipment, expected):
    now = facts("pending", FILTER, equipment=equipment)
    assert codes(rules.check_may_start, now, predecessors=(), today=TODAY) == expected


def test_a_refusal_of_equipment_says_which_kind():
    with pytest.raises(Refusal, match="“filter”"):
        rules.check_may_start(facts("pending", FILTER), predecessors=(), today=TODAY)


@pytest.mark.parametrize("state", ["pending", "performed", "verified"])
def test_a_first_entry_needs_a_running_phase(state):
    assert codes(rules.check_may_enter, facts(state)) == ["phase_not_running"]
    assert codes(rules.check_may_enter, facts("running")) == []


def test_a_correction_is_possible_until_the_review():
    assert codes(rules.check_may_correct, facts("pending")) == ["phase_not_running"]
    assert codes(rules.check_may_correct, facts("verified", record_status="completed")) == []
    assert codes(rules.check_may_correct, facts("verified", record_status="reviewed")) == ["batch_record_closed"]


ASKED = recipe(materials=(NEED,), controls=(control("ph", critical=True),))
USED = (UsedMaterial("PL-1", "transfer", Decimal(100)),)


@pytest.mark.parametrize(
    ("now", "by", "expected"),
    [
        (facts("pending", ASKED), "olivia", ["phase_not_running"]),
        (facts("running", ASKED), "olivia", ["result_missing", "material_missing"]),
        (facts("running", ASKED, used=USED, results=(result(),)), "olivia", ["critical_value_not_verified"]),
        (facts("running", ASKED, used=USED, results=(result(not_done=True),)), "olivia", []),
        (facts("running", ASKED, used=USED, results=(result(verified_by="vera"),)), "olivia", []),
        (facts("performed", performed_signature_valid=True), "olivia", ["already_signed"]),
        (facts("verified", verified_by="vera"), "vera", ["verifier_performed"]),
        (facts("verified", verified_by="vera"), "olivia", []),
    ],
)
def test_a_performer_signs_for_what_is_complete(now, by, expected):
    assert codes(rules.check_may_sign, now, by=by, name="Olivia Tan") == expected


@pytest.mark.parametrize(
    ("now", "by", "expected"),
    [
        (facts("running"), "vera", ["phase_not_performed"]),
        (facts("performed", performed_by="olivia"), "olivia", ["verifier_performed"]),
        (
            facts("performed", performed_by="olivia", hands=frozenset({"vera"}), performed_signature_valid=True),
            "vera",
            ["verifier_performed"],
        ),
        (
            facts("performed", performed_by="olivia", results=(result(entered_by="vera"),)),
            "vera",
            ["verifier_performed"],
        ),
        (facts("performed", performed_by="olivia"), "vera", ["signature_void"]),
        (facts("performed", performed_by="olivia", performed_signature_valid=True), "vera", []),
        (facts("verified", performed_by="olivia").signed(performed=True, verified=True), "vera", ["already_signed"]),
        (facts("verified", performed_by="olivia").signed(performed=True, verified=False), "vera", []),
    ],
)
def test_another_person_verifies(now, by, expected):
    assert codes(rules.check_may_verify, now, by=by, name="Vera Lim") == expected


@pytest.mark.parametrize(
    ("entered_by", "verified_by", "by", "expected"),
    [
        ("olivia", "", "vera", []),
        ("olivia", "", "olivia", ["verifier_performed"]),
        ("olivia", "vera", "vera", ["result_already_verified"]),
    ],
)
def test_another_person_checks_an_entry(entered_by, verified_by, by, expected):
    who = {"entered_by": entered_by, "verified_by": verified_by, "by": by, "name": "Olivia Tan"}
    assert codes(rules.check_may_verify_result, facts(), **who) == expected


def test_a_need_is_found_by_role_or_by_material():
    buffer = MaterialNeed("", "BUF", Quantity.parse("1", "L"), Decimal(1))
    phase = recipe(materials=(NEED, buffer))
    assert rules.need_for(phase, role="transfer", material="pT") is NEED
    assert rules.need_for(phase, role="", material="BUF") is buffer
    assert rules.need_for(phase, role="", material="other") is None


@pytest.mark.parametrize(("used", "off"), [("100", 0), ("95", 0), ("105", 0), ("94.9", 1), ("105.1", 1)])
def test_a_quantity_outside_its_tolerance_is_found(used, off):
    now = facts(definition=ASKED, used=(UsedMaterial("PL-1", "transfer", Decimal(used)),))
    assert len(rules.quantities_off(now)) == off


def test_a_record_is_complete_when_every_phase_is_verified_and_validly_signed():
    verified = facts("verified")
    assert codes(rules.check_may_complete, [verified.signed(performed=True, verified=True)]) == []
    assert codes(rules.check_may_complete, [facts("performed"), verified]) == ["phase_not_verified", "signature_void"]
