"""F-2, B-12: a plasmid lot is judged on its supplier's results and released by quality, never by its receiver."""

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.lots.actions.statuses import decide
from gatekeeper.lots.models import Lot
from plasmids import queries
from plasmids.actions.receiving import SupplierResult, correct_result, receive_lot
from plasmids.actions.releasing import release_lot
from plasmids.models import IncomingResult
from plasmids.rules.incoming import KIND
from tests.documents.making import approve, draft
from tests.plasmids.making import GOOD, SPECIFICATION, command, make_plasmid_lot


def _release(people, plasmid_lot, by="rafael"):
    return release_lot(by=people[by], credentials=credentials(people[by]), plasmid_lot=plasmid_lot)


def test_a_lot_with_every_result_passing_is_released_with_a_signature(people):
    plasmid_lot = make_plasmid_lot(people, "P-1", released=False)
    assert {result.outcome for result in plasmid_lot.results.all()} == {"pass"}
    change = _release(people, plasmid_lot)
    assert (change.target, change.signature.meaning) == ("released", "Released for use in manufacture")


def test_what_is_printed_is_kept_and_what_is_judged_is_rounded(people):
    line = make_plasmid_lot(people, "P-1").results.get(attribute="supercoiled")
    assert (line.reported, line.judged_as, line.outcome) == ("93.67", "94", "pass")


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"supercoiled": ("71.24", "%")}, ["result_does_not_pass"]),
        ({"endotoxin": None}, ["result_missing"]),
        ({"bioburden": ("<100", "[CFU]/(10.mL)")}, ["result_does_not_pass"]),
        ({"supercoiled": ("71.24", "%"), "endotoxin": None}, ["result_does_not_pass", "result_missing"]),
    ],
)
def test_everything_that_stands_in_the_way_is_named_at_once(people, changed, codes):
    results = {name: value for name, value in (GOOD | changed).items() if value}
    plasmid_lot = make_plasmid_lot(people, "P-1", results=results, released=False)
    with pytest.raises(Refusal) as refused:
        _release(people, plasmid_lot)
    assert [refusal.code for refusal in refused.value.all] == codes
    assert Lot.objects.get(number="P-1").status == "quarantine"


def test_another_sequence_is_another_plasmid(people):
    plasmid_lot = make_plasmid_lot(people, "P-1", sequence="0" * 64, released=False)
    assert [refusal.code for refusal in queries.obstacles(plasmid_lot)] == ["sequence_is_not_the_construct"]


@pytest.mark.parametrize(
    ("result", "code", "field"),
    [
        (SupplierResult("endotoxin", "4", "EU/mg"), "unknown_unit", "results.0.unit"),
        (SupplierResult("endotoxin", "4", "{EU}/mL"), "units_differ_in_kind", "results.0.unit"),
        (SupplierResult("endotoxin", " ", "{EU}/mg"), "blank_value", "results.0.reported"),
        (SupplierResult("endotoxin", "4,6", "{EU}/mg"), "not_a_number", "results.0.reported"),
        (SupplierResult("colour", "blue"), "unknown_test", "results.0.attribute"),
    ],
)
def test_a_bad_result_is_refused_at_its_line_and_no_lot_is_made(people, result, code, field):
    delivery = command(people, "P-1", results={})
    object.__setattr__(delivery, "results", [result])
    with pytest.raises(Refusal) as refused:
        receive_lot(by=people["wen"], command=delivery)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Lot.objects.filter(number="P-1").exists()


def test_a_correction_keeps_the_former_result_and_asks_why(people):
    plasmid_lot = make_plasmid_lot(people, "P-1", results=GOOD | {"supercoiled": ("9.367", "%")}, released=False)
    right = SupplierResult("supercoiled", "93.67", "%")
    with pytest.raises(Refusal, match="Say why"):
        correct_result(by=people["wen"], plasmid_lot=plasmid_lot, result=right, reason=" ")
    correct_result(by=people["wen"], plasmid_lot=plasmid_lot, result=right, reason="Comma misplaced on entry")
    line = next(line for line in queries.lines(plasmid_lot) if line.attribute.code == "supercoiled")
    assert (line.result.reported, [former.reported for former in line.former]) == ("93.67", ["9.367"])
    assert queries.obstacles(plasmid_lot) == []


def test_a_plasmid_lot_is_not_released_past_its_results_from_the_list_of_lots(people):
    lot = make_plasmid_lot(people, "P-1", results={}, released=False).lot
    with pytest.raises(Refusal) as refused:
        decide(by=people["rafael"], credentials=credentials(people["rafael"]), lot=lot, verb="release", reason="x")
    assert refused.value.code == "released_through_its_own_gate"


def test_who_wrote_the_specification_cannot_approve_it(people):
    written = draft(people["mei"], KIND, SPECIFICATION.read_bytes())
    with pytest.raises(Refusal) as refused:
        approve(people["mei"], written)
    assert refused.value.code == "not_authorised"  # the roles already keep the two apart
    written.refresh_from_db()
    assert written.status == "draft"


@pytest.mark.parametrize("toml", [b"\xff", b"code = 1", b'code = "X"\nversion = 1\ntitle = "t"\n'])
def test_a_broken_specification_is_refused(people, toml):
    with pytest.raises(Refusal) as refused:
        draft(people["mei"], KIND, toml)
    assert {fault.code for fault in refused.value.all} & {"not_toml", "panel_empty", "blank_value"}


def test_results_can_be_neither_changed_nor_deleted(people):
    make_plasmid_lot(people, "P-1")
    with pytest.raises(Exception, match=r"not allowed|permission denied"):
        IncomingResult.objects.update(outcome="fail")
