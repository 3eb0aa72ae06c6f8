"""B-10, B-11: a deviation is closed with a signed justification by an independent person, and never deleted."""

import pytest

from batches.actions import execution
from batches.actions.commands import EnterResult, OpenDeviation
from batches.actions.deviations import close_deviation, open_deviation, reopen_deviation
from batches.queries.deviations import deviation_content, listed_deviations, timeline_of
from batches.serializers import DeviationOutput
from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.ledger.queries import signatures_of
from tests.batches.making import make_batch_record

CONCLUSION = {"root_cause": "A worn seal.", "impact": "None on the product.", "justification": "All results pass."}


def refused(code):
    return pytest.raises(Refusal, check=lambda refusal: code in {fault.code for fault in refusal.all})


def opened(house, record, by=None, **more):
    fields = {"origin": "manual", "severity": "major", "title": "Leak", "description": "A drop at the pump."} | more
    return open_deviation(by=by or house.olivia, batch_record=record, command=OpenDeviation(**fields))


def closed(house, deviation, by=None, **more):
    by = by or house.priya
    return close_deviation(by=by, credentials=credentials(by), deviation=deviation, **(CONCLUSION | more))


def test_a_deviation_is_opened_once_for_the_same_cause(house):
    record = make_batch_record(house)
    first = opened(house, record, origin="excursion", origin_key="UFDF/shear/1", by=house.monitor)
    again = opened(house, record, origin="excursion", origin_key="UFDF/shear/1", by=house.monitor)
    other = opened(house, record)
    assert first == again
    assert (first.number, other.number) == ("BR-2026-0041-D01", "BR-2026-0041-D02")
    assert set(listed_deviations([record.site], status="open")) == {first, other}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"origin": "rumour"}, "unknown_origin"),
        ({"severity": "huge"}, "unknown_severity"),
        ({"title": " "}, "reason_missing"),
        ({"description": "n/a"}, "reason_missing"),
    ],
)
def test_a_deviation_says_what_happened(house, more, code):
    record = make_batch_record(house)
    with refused(code):
        opened(house, record, **more)


def coded(house, record, code="yield_not_computable", **params):
    command = {"title": "", "description": "", "title_code": code, "title_params": params}
    return opened(house, record, origin="yield", by=house.monitor, **command)


def test_what_the_machine_says_is_kept_as_code_and_written_in_the_readers_language(house, monkeypatch):
    deviation = coded(house, make_batch_record(house), phase="Harvest", reason="a measured value is missing")
    assert (deviation.title, deviation.description) == ("", "")
    assert deviation.title_text == deviation.title_english == "Yield of Harvest: not computable"
    assert deviation.description_text == "Yield of Harvest: not computable: a measured value is missing."
    german = {"Yield of {phase}: not computable": "Ausbeute von {phase}: nicht berechenbar"}
    monkeypatch.setattr("batches.models.gettext", lambda text: german.get(text, text))
    assert DeviationOutput(deviation).data["title"] == "Ausbeute von Harvest: nicht berechenbar"
    assert deviation.title_english == "Yield of Harvest: not computable"


def test_a_code_without_its_parameters_is_not_recorded(house):
    record = make_batch_record(house)
    with pytest.raises(KeyError):
        coded(house, record, phase="Harvest")
    assert not record.deviations.exists()


def test_it_is_closed_with_a_signed_conclusion(house):
    record = make_batch_record(house)
    deviation = closed(house, opened(house, record))
    assert (deviation.status, deviation.closed_by) == ("closed", house.priya)
    (signature,) = signatures_of(deviation, content=deviation_content(deviation))
    assert (signature.valid, signature.meaning) == (True, "Closed: investigation complete")
    assert not listed_deviations([record.site], status="open")
    assert [event.what for event in timeline_of(deviation)] == ["opened", "closed"]
    with refused("transition_not_allowed"):
        closed(house, deviation)


@pytest.mark.parametrize("field", ["root_cause", "impact", "justification"])
def test_every_part_of_the_conclusion_is_asked_for(house, field):
    deviation = opened(house, make_batch_record(house))
    with pytest.raises(Refusal) as refusal:
        closed(house, deviation, **{field: "n/a"})
    assert (refusal.value.code, refusal.value.field) == ("reason_missing", field)


def test_who_opened_a_major_one_does_not_close_it(house):
    record = make_batch_record(house)
    with refused("opener_closes"):
        closed(house, opened(house, record, by=house.priya))
    assert closed(house, opened(house, record, by=house.priya, severity="minor")).status == "closed"


def test_who_performed_the_phase_does_not_close_its_deviation(house):
    record = make_batch_record(house, at="running:L1")
    phase = record.phases.get(code="L1")
    for control, value in (("temperature", "37.0"), ("viability", "80"), ("cell_density", "1.2")):
        execution.enter_result(by=house.vera, phase=phase, command=EnterResult(control, value))
    execution.sign_phase(by=house.olivia, credentials=credentials(house.olivia), phase=phase)
    since = now().date()
    assign_role(by=house.grace, person=house.olivia, role="qa_investigator", site=house.site, from_date=since)
    with refused("performer_closes"):
        closed(house, record.deviations.get(), by=house.olivia)


def test_a_person_of_another_site_or_without_the_role_cannot_close(house):
    deviation = opened(house, make_batch_record(house))
    for person in (house.sol, house.olivia):
        with refused("not_authorised"):
            closed(house, deviation, by=person)


def test_a_closed_one_is_opened_again_with_a_reason(house):
    deviation = closed(house, opened(house, make_batch_record(house)))
    with refused("reason_missing"):
        reopen_deviation(by=house.priya, deviation=deviation, reason="")
    again = reopen_deviation(by=house.priya, deviation=deviation, reason="A second leak was found.")
    assert (again.status, again.root_cause, again.closed_at) == ("open", "A worn seal.", None)
    assert [event.what for event in timeline_of(again)] == ["opened", "closed", "reopened"]
