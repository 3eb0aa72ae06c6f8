"""G: the gate lists everything that stands in the way of a lot, by name (domain.md 4.2)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from release.rules.dossier import Duty, LedgerFacts
from release.rules.gate import GATE, NOT_CHECKED, checked, findings
from tests.release import dossiers as d

LATE = d.MONDAY.replace(day=9)

# check, finding, what is changed in a dossier that is otherwise open
CLOSED = [
    ("G-00", "already_released", {"lot": replace(d.LOT, decided="released", status="released")}),
    ("G-00", "already_rejected", {"lot": replace(d.LOT, decided="rejected")}),
    ("G-00", "lot_not_in_quarantine", {"lot": replace(d.LOT, status="on_hold")}),
    ("G-00", "quantity_not_recorded", {"lot": replace(d.LOT, quantity=Decimal(0))}),
    ("G-00", "expiry_not_recorded", {"lot": replace(d.LOT, expiry_date=None)}),
    ("G-00", "lot_expired", {"lot": replace(d.LOT, expired=True)}),
    ("G-01a", "no_batch_record", {"record": None}),
    ("G-01a", "record_not_complete", {"record": replace(d.RECORD, status="in_progress")}),
    ("G-01a", "no_phases", {"phases": ()}),
    ("G-01a", "phase_not_verified", {"phases": (d.phase(state="performed"),)}),
    ("G-01a", "signature_missing", {"phases": (d.phase(signatures=(d.signature(),)),)}),
    ("G-01a", "signature_missing", {"phases": (d.phase(verified_by="sol"),)}),
    (
        "G-01a",
        "signature_void",
        {"phases": (d.phase(signatures=(d.signature(valid=False), d.signature("phase.verify", "vera"))),)},
    ),
    ("G-01b", "control_not_entered", {"controls": (d.control(entered=False),)}),
    ("G-01b", "entry_not_verified", {"controls": (d.control(verified_by=""),)}),
    ("G-02", "production_review_missing", {"record": replace(d.RECORD, status="completed")}),
    ("G-02", "signature_void", {"record": replace(d.RECORD, signatures=(d.signature(valid=False),))}),
    ("G-02", "quality_review_missing", {"reviews": ()}),
    ("G-02", "quality_review_reopened", {"reviews": (d.review(entries_now=42),)}),
    ("G-02", "quality_review_reopened", {"reviews": (d.review(sha256_now="b" * 64),)}),
    ("G-02", "quality_review_before_production", {"record": replace(d.RECORD, reviewed_at=LATE)}),
    ("G-02", "signature_void", {"reviews": (d.review(signature=d.signature("lot.review", "quinn", valid=False)),)}),
    ("G-03", "rule_not_evaluated", {"evaluations": (d.evaluation(version=0),)}),
    ("G-03", "evaluation_not_final", {"evaluations": (d.evaluation(final=False),)}),
    ("G-03", "evaluation_not_final", {"evaluations": (d.evaluation(up_to_date=False),)}),
    ("G-03", "coverage_unknown", {"evaluations": (d.evaluation(state="unknown", coverage_percent=Decimal(30)),)}),
    ("G-03", "coverage_unknown", {"evaluations": (d.evaluation(state="unknown", coverage_percent=None),)}),
    ("G-03", "action_without_excursion", {"excursions": ()}),
    ("G-03", "excursion_without_deviation", {"excursions": (d.excursion(deviation=""),)}),
    ("G-04", "deviation_open", {"deviations": (d.deviation(status="open"),)}),
    ("G-04", "control_outside_limits", {"controls": (d.control(verdict="action"),)}),
    ("G-04", "control_not_done", {"controls": (d.control(not_done=True, verdict="unknown", verified_by=""),)}),
    ("G-05", "no_specification", {"specification": None}),
    ("G-05", "result_missing", {"results": ()}),
    ("G-05", "result_missing", {"results": (d.result(superseded=True),)}),
    ("G-05", "result_missing", {"results": (d.result(status="invalidated"),)}),
    ("G-05", "results_compete", {"results": (d.result(), d.result(id=2))}),
    ("G-05", "result_out_of_specification", {"results": (d.result(reported="9.4×10^7"),)}),
    ("G-05", "result_invalid", {"results": (d.result(method="p24 ELISA"),)}),
    ("G-05", "result_invalid", {"results": (d.result(unit="{vg}/mL"),)}),
    ("G-05", "result_not_reviewed", {"results": (d.result(status="entered", reviewed_by=""),)}),
    ("G-06", "no_input_lots", {"ingredients": (d.ingredient(direct=False),)}),
    ("G-06", "input_expired_at_use", {"ingredients": (d.ingredient(expired_at_use=True),)}),
    ("G-06", "input_not_released", {"ingredients": (d.ingredient(status="on_hold"),)}),
    ("G-06", "input_not_released", {"ingredients": (d.ingredient(status="conditionally_released"),)}),
    ("G-07", "yield_outside_limits", {"yields": (d.yielded(verdict="action"),)}),
    ("G-07", "yield_outside_limits", {"yields": (d.yielded(verdict="action", step=None, overall=None),)}),
    ("G-07", "yield_not_computable", {"yields": (d.yielded(verdict="unknown"),)}),
    ("G-08", "hold_time_exceeded", {"holds": (d.hold(verdict="action"),)}),
    ("G-08", "hold_time_unknown", {"holds": (d.hold(verdict="unknown", hours=None),)}),
    ("G-09", "calibration_overdue", {"equipment": (d.equipment(in_date=False),)}),
    ("G-12", "duties_not_separate", {"results": (d.result(reviewed_by="hana"),)}),
    (
        "G-12",
        "duties_not_separate",
        {"phases": (d.phase(verified_by="olivia", signatures=(d.signature(), d.signature("phase.verify"))),)},
    ),
    ("G-12", "duties_not_separate", {"duties": (Duty("quinn", "Quinn Rao", "tested", "titre"),)}),
    ("G-14", "paper_missing", {"market": replace(d.MARKET, papers=("National lot release certificate",))}),
    ("G-14", "signature_of_market_missing", {"market": replace(d.MARKET, signatures=("Factory", "Market"))}),
    ("G-15", "evidence_broken", {"ledger": LedgerFacts(whole=False, fault="entry 12")}),
]


def test_the_gate_is_open_when_nothing_stands_in_the_way():
    assert findings(d.open_dossier()) == ()
    assert all(check.passed for check in checked(d.open_dossier()))


@pytest.mark.parametrize(("check", "code", "change"), CLOSED, ids=[f"{row[0]}-{row[1]}" for row in CLOSED])
def test_the_gate_names_what_stands_in_the_way(check, code, change):
    blocking = findings(d.open_dossier(**change))
    assert (check, code) in [(finding.check, finding.code) for finding in blocking]
    assert not next(row.passed for row in checked(d.open_dossier(**change)) if row.code == check)
    for finding in blocking:
        assert finding.message
        assert finding.clears.format(**dict(finding.params))


def test_every_check_has_a_case_that_closes_it():
    assert {row[0] for row in CLOSED} == {check.code for check in GATE}


def test_codes_of_checks_are_given_once_and_what_is_not_checked_is_said():
    assert len({check.code for check in GATE}) == len(GATE)
    assert {"G-10", "G-11", "G-13"} <= {row.code for row in NOT_CHECKED}


def test_every_finding_is_listed_not_only_the_first():
    closed = d.open_dossier(results=(), reviews=(), ledger=LedgerFacts(whole=False, fault="entry 12"))
    assert {f.code for f in findings(closed)} >= {"result_missing", "quality_review_missing", "evidence_broken"}


@pytest.mark.parametrize(
    "fact", ["results", "phases", "reviews", "excursions", "ingredients", "record", "specification"]
)
def test_taking_away_any_required_fact_closes_the_gate(fact):
    emptied = None if fact in {"record", "specification"} else ()
    assert findings(d.open_dossier(**{fact: emptied}))


def test_a_closed_deviation_clears_yield_hold_and_gap():
    explained = ("DEV-1",)
    dossier = d.open_dossier(
        yields=(d.yielded(verdict="action", deviations=explained),),
        holds=(d.hold(verdict="action", deviations=explained),),
        evaluations=(d.evaluation(state="unknown", deviations=explained),),
        controls=(d.control(verdict="action", deviations=explained),),
    )
    assert findings(dossier) == ()


def test_one_of_two_deviations_closed_is_not_enough():
    dossier = d.open_dossier(
        yields=(d.yielded(verdict="action", deviations=("DEV-1", "DEV-2")),),
        deviations=(d.deviation(), d.deviation(number="DEV-2", status="open")),
    )
    assert [f.code for f in findings(dossier)] == ["deviation_open", "yield_outside_limits"]


def test_a_void_signature_that_was_given_again_is_no_finding():
    again = (d.signature(), d.signature(valid=False), d.signature("phase.verify", "vera"))
    renewed = replace(d.RECORD, signatures=(d.signature("record.review"), d.signature("record.review", valid=False)))
    assert findings(d.open_dossier(phases=(d.phase(signatures=again),), record=renewed)) == ()


def test_a_control_that_is_not_critical_needs_no_second_person():
    assert findings(d.open_dossier(controls=(d.control(critical=False, verified_by=""),))) == ()


def test_an_alert_alone_does_not_close_the_gate():
    alerted = d.open_dossier(
        evaluations=(d.evaluation(state="alert"),),
        excursions=(d.excursion(level="alert", deviation=""),),
        controls=(d.control(verdict="alert"),),
    )
    assert findings(alerted) == ()
