"""I-9: a lot is found by whoever may see it, with its status, its family and its signatures on one page."""

from django.urls import reverse

from gatekeeper.lots.models import Lot
from tests.doors import signature, signed_in
from tests.lots.making import make_lot, make_material, take


def test_the_list_is_searched_and_filtered_and_says_what_to_do_when_empty(people):
    olivia = signed_in(people["olivia"])
    address = reverse("lots:list")
    assert "No lot yet" in olivia.get(address).content.decode()
    make_lot(people, "B-1")
    make_lot(people, "B-2", released=False)
    page = olivia.get(address, {"status": "quarantine", "kind": "raw_material", "q": "b-"}).content.decode()
    assert "B-2" in page
    assert "B-1" not in page
    assert "No lot matches" in olivia.get(address, {"q": "nothing like it"}).content.decode()


def test_a_lot_shows_its_family_and_that_its_signature_is_valid(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, a, b, "2.5")
    page = signed_in(people["rafael"]).get(reverse("lots:detail", args=["B-1"])).content.decode()
    for words in ("2.5 mg", "B-2", "Rafael Cruz", "Valid", "Put on hold", "Audit trail"):
        assert words in page
    quiet = signed_in(people["olivia"]).get(reverse("lots:detail", args=["B-1"])).content.decode()
    assert "Put on hold" not in quiet


def test_a_lot_whose_label_changed_shows_the_signature_as_void(people):
    from gatekeeper.accounts.actor import acting_as

    make_lot(people, "B-1")
    with acting_as(people["mei"]):
        Lot.objects.filter(number="B-1").update(source="Somebody else")
    page = signed_in(people["rafael"]).get(reverse("lots:detail", args=["B-1"])).content.decode()
    assert "Void: the record changed after signing" in page


def test_a_material_is_received_from_a_form_and_a_fault_is_shown_at_its_field(people):
    make_material(people)
    wen, address = signed_in(people["wen"]), reverse("lots:receive")
    form = {
        "number": "B-5",
        "material": "BUF-1",
        "site": "SG01",
        "source": "Supplier Ltd",
        "quantity": "ten",
        "unit": "mg",
        "expiry_date": "2099-01-31",
    }
    assert wen.get(address).status_code == 200
    refused = wen.post(address, form)
    assert refused.status_code == 422
    assert refused.context["form"].errors["quantity"] == ["“ten” is not a number."]
    assert not Lot.objects.exists()
    assert wen.post(address, form | {"quantity": "10.0"}).url == reverse("lots:detail", args=["B-5"])


def test_a_decision_is_signed_from_a_page_that_shows_what_is_signed(people):
    make_lot(people, "B-1")
    rafael, address = signed_in(people["rafael"]), reverse("lots:decide", args=["B-1", "hold"])
    page = rafael.get(address)
    assert page.context["digest"] in page.content.decode()
    without_reason = rafael.post(address, signature(people["rafael"], verb="hold"))
    assert without_reason.status_code == 422
    assert "Say why." in without_reason.content.decode()
    done = rafael.post(address, signature(people["rafael"], verb="hold", reason="Supplier's recall"))
    assert done.url == reverse("lots:detail", args=["B-1"])
    assert Lot.objects.get(number="B-1").status == "on_hold"
    assert rafael.get(address).status_code == 409  # the table has no such row any more


def test_sol_at_another_site_finds_no_lot(people):
    make_lot(people, "B-1")
    sol = signed_in(people["sol"])
    assert "B-1" not in sol.get(reverse("lots:list")).content.decode()
    assert sol.get(reverse("lots:detail", args=["B-1"])).status_code == 404
    assert sol.get(reverse("lots:decide", args=["B-1", "hold"])).status_code in {403, 404}
