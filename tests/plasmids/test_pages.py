"""F-2: a reviewer sees what stands in the way of a plasmid lot and signs from the page that shows its certificate."""

from django.urls import reverse

from gatekeeper.lots.models import Lot
from plasmids.work_list import lots_to_release
from tests.doors import signature, signed_in
from tests.plasmids.making import GOOD, make_plasmid, make_plasmid_lot, make_specification, sequence_of


def test_constructs_are_listed_with_their_lots(people):
    rafael = signed_in(people["rafael"])
    assert "No plasmid yet" in rafael.get(reverse("plasmids:list")).content.decode()
    make_plasmid_lot(people, "P-1")
    assert "1 / 1" in rafael.get(reverse("plasmids:list")).content.decode()
    page = rafael.get(reverse("plasmids:detail", args=["pTRANSFER"])).content.decode()
    assert "P-1" in page
    assert sequence_of("pTRANSFER") in page


def test_what_stands_in_the_way_comes_first_and_nothing_can_be_signed(people):
    make_plasmid_lot(people, "P-1", results=GOOD | {"supercoiled": ("71.24", "%")}, released=False)
    page = signed_in(people["rafael"]).get(reverse("plasmids:lot_detail", args=["P-1"])).content.decode()
    assert "Supercoiled does not pass" in page
    assert "Release…" not in page


def test_quality_releases_from_the_page_that_shows_the_certificate(people):
    make_plasmid_lot(people, "P-1", released=False)
    rafael, address = signed_in(people["rafael"]), reverse("plasmids:lot_release", args=["P-1"])
    assert "Release…" in rafael.get(reverse("plasmids:lot_detail", args=["P-1"])).content.decode()
    assert "93.67 (≥ 90 %)" in rafael.get(address).content.decode()
    wrong = rafael.post(address, signature(people["rafael"]) | {"password": "not mine at all"})
    assert wrong.status_code == 403
    assert Lot.objects.get(number="P-1").status == "quarantine"
    assert rafael.post(address, signature(people["rafael"])).url == reverse("plasmids:lot_detail", args=["P-1"])
    page = rafael.get(reverse("plasmids:lot_detail", args=["P-1"])).content.decode()
    assert "Valid" in page


def test_a_delivery_is_received_from_a_form_that_asks_for_what_the_specification_asks(people):
    wen, address = signed_in(people["wen"]), reverse("plasmids:lot_receive")
    assert "No specification is approved" in wen.get(address).content.decode()
    make_specification(people)
    make_plasmid(people)
    assert "Asked: ≥ 90 %" in wen.get(address).content.decode()
    form = {
        "number": "P-7",
        "plasmid": "pTRANSFER",
        "site": "SG01",
        "supplier": "Plasmid House",
        "quantity": "250",
        "unit": "mg",
        "expiry_date": "2099-01-31",
        "certificate_number": "COA-7",
        "sequence_sha256": sequence_of("pTRANSFER"),
        **{f"result_{name}": value for name, (value, _unit) in GOOD.items()},
    }
    refused = wen.post(address, form | {"quantity": "2,5"})
    assert refused.status_code == 422
    assert refused.context["form"].errors["quantity"] == ["“2,5” is not a number."]
    assert wen.post(address, form).url == reverse("plasmids:lot_detail", args=["P-7"])


def test_what_is_ready_waits_first_for_quality(people):
    make_plasmid_lot(people, "P-1", results={}, released=False)
    make_plasmid_lot(people, "P-2", released=False)
    waiting = lots_to_release(person=people["rafael"], sites=[Lot.objects.first().site])
    assert (waiting.count, [row.title for row in waiting.rows]) == (2, ["P-2", "P-1"])
    assert [row.state for row in waiting.rows] == ["inside", "action"]


def test_sol_at_another_site_finds_no_plasmid_lot(people):
    make_plasmid_lot(people, "P-1")
    assert signed_in(people["sol"]).get(reverse("plasmids:lot_detail", args=["P-1"])).status_code == 404
