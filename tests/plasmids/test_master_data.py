"""F-2, E-f: constructs and what their lots must meet are written by one person and approved by another, on pages."""

from django.urls import reverse

from gatekeeper.accounts.models import Site
from gatekeeper.documents.work_list import specifications_to_approve
from plasmids.models import IncomingResult, Plasmid
from plasmids.queries import specification_in_force
from tests.doors import signature, signed_in, upload
from tests.plasmids.making import GOOD, SPECIFICATION, make_plasmid, make_plasmid_lot, make_specification, sequence_of

LIST, IMPORT = "/documents/plasmid-specifications/", "/documents/plasmid-specifications/import/"


def test_a_construct_is_registered_with_its_material(people):
    mei, address = signed_in(people["mei"]), reverse("plasmids:register")
    assert address in mei.get(reverse("plasmids:list")).content.decode()
    given = {
        "code": "pX",
        "name": "X",
        "role": "rev",
        "size_bp": "9000",
        "sequence_sha256": sequence_of("pX"),
        "site": "SG01",
    }
    assert 'value="gag_pol"' in mei.get(address).content.decode()
    wrong = mei.post(address, given | {"role": "beer", "size_bp": "0", "sequence_sha256": "x"})
    assert wrong.context["form"].errors["role"] == ["There is no plasmid role “beer”."]
    assert not Plasmid.objects.exists()
    done = mei.post(address, given)
    assert done.url == reverse("plasmids:detail", args=["pX"])
    material = reverse("lots:material_detail", args=["pX"])
    assert f'href="{material}"' in mei.get(done.url).content.decode()
    assert f'href="{done.url}"' in mei.get(material).content.decode()
    assert signed_in(people["wen"]).get(address).status_code == 403


def test_a_specification_is_imported_by_one_and_approved_by_another_from_the_page_that_shows_it(people):
    mei, arun = signed_in(people["mei"]), signed_in(people["arun"])
    assert mei.get(IMPORT).status_code == 200
    written = upload(mei, IMPORT, SPECIFICATION.read_bytes()).url
    assert written == reverse("documents:plasmid_specification_detail", args=["PL-IN", 1])
    page = mei.get(written).content.decode()
    assert "E. coli genomic DNA" in page
    approve = reverse("documents:plasmid_specification_approve", args=["PL-IN", 1])
    assert approve not in page
    (row,) = specifications_to_approve(person=people["arun"], sites=[]).rows
    assert row.url == written
    assert row.url in arun.get("/").content.decode()
    assert specifications_to_approve(person=people["mei"], sites=[]).count == 0
    assert approve in arun.get(written).content.decode()
    page = arun.get(approve)
    assert page.context["digest"] in page.content.decode()
    sent = signature(people["arun"], shown_digest=page.context["digest"])
    assert arun.post(approve, sent | {"password": "not mine at all"}).status_code == 403
    assert specification_in_force() is None
    assert arun.post(approve, sent).url == written
    assert "Valid" in arun.get(written).content.decode()
    assert "effective" in arun.get(LIST).content.decode()
    assert arun.post(approve, sent).status_code == 409


def test_one_version_is_read_over_rest(people):
    make_specification(people)
    olivia = signed_in(people["olivia"])
    found = olivia.get("/api/v1/plasmid-specifications/PL-IN/versions/1/").json()
    assert (found["status"], found["approved_by"], found["content"]["code"]) == ("approved", "arun", "PL-IN")
    assert olivia.get("/api/v1/plasmid-specifications/PL-IN/versions/2/").status_code == 404


def test_a_suppliers_result_is_corrected_with_a_reason_and_stays_to_be_read(people):
    make_plasmid_lot(people, "P-1", results=GOOD | {"endotoxin": ("46", "{EU}/mg")}, released=False)
    wen, lot = signed_in(people["wen"]), reverse("plasmids:lot_detail", args=["P-1"])
    correct = reverse("plasmids:lot_correct", args=["P-1"])
    assert f"{correct}?attribute=endotoxin" in wen.get(lot).content.decode()
    page = wen.get(correct, {"attribute": "endotoxin"}).content.decode()
    assert "46" in page
    assert 'value="46"' not in page  # nothing stands in the field before a person types it
    assert wen.get(correct).status_code == 200
    given = {"attribute": "endotoxin", "reported": "4.6", "unit": "{EU}/mg", "reason": "Point misplaced on entry"}
    assert wen.post(correct, given).url == lot
    assert "<del>46</del>" in wen.get(lot).content.decode()
    assert "Point misplaced on entry" in wen.get(lot).content.decode()
    assert correct not in signed_in(people["rafael"]).get(lot).content.decode()
    assert signed_in(people["sol"]).get(correct).status_code == 403


def test_what_is_released_is_corrected_no_more(people):
    make_plasmid_lot(people, "P-1")
    wen = signed_in(people["wen"])
    assert "Correct" not in wen.get(reverse("plasmids:lot_detail", args=["P-1"])).content.decode()
    given = {"attribute": "endotoxin", "reported": "4.6", "unit": "{EU}/mg", "reason": "Late"}
    page = wen.post(reverse("plasmids:lot_correct", args=["P-1"]), given)
    assert (page.status_code, "judged already" in page.content.decode()) == (409, True)
    assert IncomingResult.objects.filter(attribute="endotoxin").count() == 1


def test_a_bad_result_of_a_delivery_is_shown_at_its_own_field(people):
    make_specification(people)
    make_plasmid(people)
    given = {
        "number": "P-7",
        "plasmid": "pTRANSFER",
        "site": Site.objects.get(code="SG01").code,
        "supplier": "Plasmid House",
        "quantity": "250",
        "unit": "mg",
        "certificate_number": "COA-7",
        "sequence_sha256": sequence_of("pTRANSFER"),
        "result_supercoiled": "93,6",
        "result_bioburden": "ND",
    }
    page = signed_in(people["wen"]).post(reverse("plasmids:lot_receive"), given)
    faults = {name: [fault.code for fault in at] for name, at in page.context["form"].errors.as_data().items()}
    assert (page.status_code, faults) == (
        422,
        {"result_supercoiled": ["not_a_number"], "result_bioburden": ["ambiguous_result"]},
    )
    elsewhere = signed_in(people["wen"]).post(reverse("plasmids:lot_receive"), given | {"site": "KR01"})
    assert elsewhere.status_code == 403
