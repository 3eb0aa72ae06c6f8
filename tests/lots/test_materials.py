"""I-9: what lots are lots of is defined by its author, found by everybody, and leads to its lots."""

from django.urls import reverse

from gatekeeper.lots.models import Material
from tests.doors import signed_in
from tests.lots.making import make_lot, make_material

GIVEN = {"code": "BUF-2", "name": "Formulation buffer", "kind": "raw_material", "unit": "L", "site": "SG01"}


def test_a_material_is_defined_by_its_author_and_shown_to_everybody(people):
    mei, olivia = signed_in(people["mei"]), signed_in(people["olivia"])
    assert "No material yet" in olivia.get(reverse("lots:material_list")).content.decode()
    form = mei.get(reverse("lots:material_define")).content.decode()
    assert '<option value="SG01" selected>' in form  # her only site
    assert 'value="{vg}/mL"' not in form  # no lot is a quantity of concentration
    assert 'value="plasmid"' not in form
    done = mei.post(reverse("lots:material_define"), GIVEN)
    assert done.url == reverse("lots:material_detail", args=["BUF-2"])
    page = olivia.get(done.url).content.decode()
    for words in ("Formulation buffer", "raw material", "No lot of it at your sites."):
        assert words in page
    assert olivia.get(reverse("lots:material_define")).status_code == 403


def test_every_fault_of_a_form_is_shown_at_once_and_nothing_is_recorded(people):
    make_material(people)
    wrong = GIVEN | {"code": "BUF-1", "kind": "beer", "unit": "furlong", "name": " "}
    page = signed_in(people["wen"]).post(reverse("lots:material_define"), wrong | {"name": "\u3000x"})
    faults = {name: [fault.code for fault in at] for name, at in page.context["form"].errors.as_data().items()}
    assert (page.status_code, faults) == (
        409,
        {"code": ["already_registered"], "kind": ["unknown_material_kind"], "unit": ["unknown_unit"]},
    )
    assert Material.objects.count() == 1


def test_the_list_is_searched_and_counts_the_lots_of_ones_own_sites(people):
    make_lot(people, "B-1")
    make_lot(people, "B-2", released=False)
    make_material(people, "SALT-1")
    olivia, address = signed_in(people["olivia"]), reverse("lots:material_list")
    page = olivia.get(address, {"q": "buf-", "kind": "raw_material"}).content.decode()
    assert "BUF-1" in page
    assert "1 / 2" in page
    assert "SALT-1" not in page
    assert "No material matches" in olivia.get(address, {"q": "nothing like it"}).content.decode()
    assert "0 / 0" in signed_in(people["sol"]).get(address).content.decode()


def test_a_material_leads_to_its_lots_and_a_lot_to_its_material(people):
    make_lot(people, "B-1")
    material = reverse("lots:material_detail", args=["BUF-1"])
    rafael = signed_in(people["rafael"])
    assert "B-1" in rafael.get(material).content.decode()
    assert "Audit trail" in rafael.get(material).content.decode()
    assert f'href="{material}"' in rafael.get(reverse("lots:detail", args=["B-1"])).content.decode()
    assert "B-1" not in signed_in(people["sol"]).get(material).content.decode()
    assert rafael.get(reverse("lots:material_detail", args=["NONE"])).status_code == 404
    assert f'href="{reverse("lots:material_list")}"' in rafael.get(reverse("home")).content.decode()


def test_one_material_is_read_over_rest(people):
    make_material(people)
    olivia = signed_in(people["olivia"])
    assert olivia.get("/api/v1/materials/BUF-1/").json() == {
        "code": "BUF-1",
        "name": "Buffer",
        "kind": "raw_material",
        "unit": "mg",
    }
    assert olivia.get("/api/v1/materials/NONE/").status_code == 404
