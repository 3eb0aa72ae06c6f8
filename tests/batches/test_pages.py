"""E-f: the permitted sequence of steps is enforced on the operator's pages too; one step a screen."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from batches.rules.recipe import MaterialNeed
from gatekeeper.core.quantity import Quantity
from gatekeeper.demo.people import PASSWORD
from plasmids.models import Plasmid
from tests.batches.making import make_batch_record, make_master, walk


def at_desk(person):
    client = Client()
    client.force_login(person)
    return client


def signed(person, **more):
    return {"username": person.username, "password": PASSWORD, **more}


def page(record, name, *args):
    return reverse(f"batches:{name}", args=[record, *args])


def test_an_operator_performs_the_first_phase_screen_by_screen(house):
    record = make_batch_record(house)
    desk = at_desk(house.olivia)
    here = page(record, "phase", "L1")
    assert desk.get(here).url == page(record, "phase_start", "L1")
    assert desk.get(page(record, "phase_start", "L1")).status_code == 200
    assert desk.post(page(record, "phase_start", "L1"), {"equipment_0": "INCUBATOR"}).url == here
    for control, value in (("temperature", "37.0"), ("viability", "96"), ("cell_density", "1.2")):
        assert desk.get(here).url == page(record, "phase_enter", "L1", control)
        screen = desk.get(page(record, "phase_enter", "L1", control))
        assert screen.status_code == 200
        assert desk.post(page(record, "phase_enter", "L1", control), {"reported": value}).url == here
    assert desk.get(here).url == page(record, "phase_sign", "L1")
    screen = desk.get(page(record, "phase_sign", "L1"))
    answer = desk.post(page(record, "phase_sign", "L1"), signed(house.olivia, shown_digest=screen.context["digest"]))
    assert answer.url == here
    assert desk.get(here).url == page(record, "phase_verify", "L1")
    refused = desk.post(page(record, "phase_verify", "L1"), signed(house.olivia))
    assert (refused.status_code, "Olivia Tan performed it: another" in refused.content.decode()) == (403, True)
    assert desk.post(page(record, "phase_verify", "L1"), signed(house.vera)).url == here
    assert desk.get(here).url == page(record, "phase_done", "L1")
    assert desk.get(page(record, "phase_done", "L1")).status_code == 200
    assert record.phases.get(code="L1").verified_by == house.vera


def test_lots_are_scanned_and_a_critical_value_is_checked_by_a_second_person(house):
    record = make_batch_record(house, at="running:L3")
    desk = at_desk(house.olivia)
    here = page(record, "phase", "L3")
    for role, quantity in (("transfer", "85.7"), ("gag_pol", "21.4"), ("rev", "21.4"), ("envelope", "21.4")):
        screen = page(record, "phase_material", "L3", role)
        assert desk.get(here).url == screen
        assert desk.get(screen).status_code == 200
        assert desk.post(screen, {"lot": f"PL-{role}", "quantity": quantity}).url == here
    check = page(record, "phase_check", "L3", "complexation")
    assert desk.post(page(record, "phase_enter", "L3", "complexation"), {"reported": "12"}).url == check
    assert b"second person" in desk.get(check).content
    assert desk.post(check, signed(house.olivia)).status_code == 403
    assert desk.post(check, signed(house.vera)).url == here
    desk.post(page(record, "phase_enter", "L3", "pei_dna"), {"reported": "2.0"})
    assert at_desk(house.vera).post(page(record, "phase_check", "L3", "pei_dna")).url == here
    assert desk.get(here).url == page(record, "phase_sign", "L3")


def test_plasmids_are_called_as_people_write_them(house):
    record = make_batch_record(house, at="running:L3")
    screen = at_desk(house.olivia).get(page(record, "phase_material", "L3", "gag_pol")).content.decode()
    assert "Use gag/pol" in screen
    assert "gag_pol ·" not in screen
    for role in Plasmid.Role:
        need = MaterialNeed(role.value, "", Quantity.parse("1", "mg"), Decimal(5))
        assert (need.name, need.title) == (role.value, role.label)


def test_a_refusal_is_shown_with_its_sentence_and_nothing_is_recorded(house):
    record = make_batch_record(house)
    answer = at_desk(house.olivia).post(page(record, "phase_start", "L2"), {"equipment_0": "BIOREACTOR"})
    assert answer.status_code == 409
    assert "Phase L2 waits for L1" in answer.content.decode()
    assert record.phases.get(code="L2").state == "pending"


def test_a_former_value_is_struck_through(house):
    record = make_batch_record(house, at="running:L1")
    desk = at_desk(house.olivia)
    desk.post(page(record, "phase_enter", "L1", "temperature"), {"reported": "38.5"})
    correct = page(record, "phase_correct", "L1", "temperature")
    assert desk.post(correct, {"reported": "37.5", "reason": ""}).status_code == 422
    assert desk.post(correct, {"reported": "37.5", "reason": "misread"}).status_code == 302
    text = desk.get(page(record, "phase_enter", "L1", "temperature")).content.decode()
    assert "<del" in text
    assert "38.5" in text
    assert "<del" in at_desk(house.quinn).get(page(record, "detail")).content.decode()


def test_every_page_of_a_record_opens(house):
    record = make_batch_record(house)
    walk(house, record, "running:L10")
    reviewer = at_desk(house.farid)
    for name in ("detail", "review", "complete", "reopen", "deviation_report"):
        person = house.olivia if name in {"complete", "deviation_report"} else house.farid
        assert at_desk(person).get(page(record, name)).status_code == 200, name
    for name in ("list", "deviation_list", "issue"):
        assert reviewer.get(reverse(f"batches:{name}")).status_code == 200, name
    assert reviewer.get(reverse("documents:master_detail", args=["LV-3G", 1])).status_code == 200
    assert at_desk(house.mei).get(reverse("documents:master_import")).status_code == 200


def test_a_draft_is_approved_on_its_page_by_another_person(house):
    master = make_master(house, file="aav_triple_transfection.toml", approved=False)
    approve = reverse("documents:master_approve", args=[master.code, master.version])
    assert at_desk(house.arun).get(approve).status_code == 200
    assert at_desk(house.arun).post(approve, signed(house.arun)).status_code == 302
    master.refresh_from_db()
    assert (master.status, master.approved_by) == ("approved", house.arun)


def test_a_deviation_is_reported_closed_and_opened_again(house):
    record = make_batch_record(house, at="running:L1")
    report = {"severity": "minor", "title": "Spill at the bench", "description": "A flask fell.", "phase": "L1"}
    there = at_desk(house.olivia).post(page(record, "deviation_report"), report).url
    quality = at_desk(house.priya)
    assert quality.get(there).status_code == 200
    assert quality.get(f"{there}close/").status_code == 200
    assert quality.post(f"{there}close/", signed(house.priya, root_cause="-")).status_code == 422
    conclusion = {"root_cause": "A wet floor.", "impact": "None.", "justification": "Nothing was lost."}
    assert quality.post(f"{there}close/", signed(house.priya, **conclusion)).url == there
    assert "Investigation" in quality.get(there).content.decode() or quality.get(there).context["signatures"]
    assert quality.post(f"{there}reopen/", {"reason": "New facts came up."}).url == there
    assert record.deviations.get().status == "open"


@pytest.mark.parametrize("name", ["detail", "review", "complete"])
def test_a_person_of_another_site_finds_nothing(house, name):
    record = make_batch_record(house)
    assert at_desk(house.sol).get(page(record, name)).status_code in {403, 404}
