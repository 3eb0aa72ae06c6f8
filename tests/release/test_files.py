"""I-4: results come from the instrument's own bytes, each with its place, and nothing unusable is lost unseen."""

import random
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.instrument_files import (
    Target,
    nova_flex2_csv,
    qx_manager_csv,
    simulated_flex_sample,
    simulated_well,
)
from release.actions.commands import FileResult, ReceiveFile
from release.actions.files import receive_file, results_from_file
from release.models import InstrumentFile
from tests.release.test_pages import signed_in

SITE = ZoneInfo("Asia/Singapore")


def ddpcr(lot, *, wells=3, **changes):
    rng = random.Random(7)
    target = Target("WPRE", "FAM", Decimal("850"))
    made = [
        simulated_well(rng, position=f"A0{n}", sample=lot, targets=[target], **changes) for n in range(1, wells + 1)
    ]
    return qx_manager_csv(made)


def flex(lot, **values):
    measured_at = (now() - timedelta(hours=1)).astimezone(SITE)
    values = {"ph": Decimal("7.312"), "osmolality": Decimal(318)} | values
    row = simulated_flex_sample(
        random.Random(7), sample=lot, measured_at=measured_at, values=values, operator="Hana Sato", sample_type="Simple"
    )
    return nova_flex2_csv("QC1", [row])


def receive(house, record, kind, name, content):
    return receive_file(by=house.hana, command=ReceiveFile(kind, name, content, record.lot.number))


def titre(lot, **changes):
    fields = {
        "test": "physical_titre",
        "method": "RT-ddPCR",
        "sample": lot,
        "parameter": "concentration",
        "unit": "{copies}/mL",
        "target": "WPRE",
        "reaction_volume_ul": "20",
        "template_volume_ul": "5",
        "dilution_factor": "10000",
        "measured_at": now() - timedelta(hours=1),
    }
    return FileResult(**(fields | changes))


def codes(house, file, *results):
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        results_from_file(by=house.hana, file=file, analyst="Hana Sato", wanted=results)
    return [row.code for row in refusal.value.all]


def test_a_titre_is_the_mean_of_its_wells_back_at_the_undiluted_sample(reviewable):
    house, record = reviewable
    lot = record.lot.number
    file = receive(house, record, "bio_rad_ddpcr", "run.csv", ddpcr(lot))
    assert not [row for row in file.findings if row["blocking"]]
    (result,) = results_from_file(by=house.hana, file=file, analyst="Hana Sato", wanted=[titre(lot)])
    assert (result.reported, result.unit) == ("3.4×10^10", "{copies}/mL")
    assert len(result.replicates) == 3
    assert result.instrument_file == file
    assert "A01" in result.locator


def test_ph_and_osmolality_come_from_the_rows_of_a_flex2(reviewable):
    house, record = reviewable
    lot = record.lot.number
    file = receive(house, record, "nova_flex2", *flex(lot))
    results = [
        FileResult("ph", "USP <791>", lot, "ph"),
        FileResult("osmolality", "USP <785>", lot, "osmolality"),
    ]
    ph, osmolality = results_from_file(by=house.hana, file=file, analyst="", wanted=results)
    assert (ph.reported, ph.unit, ph.analyst) == ("7.312", "[pH]", "Hana Sato")
    assert (osmolality.reported, osmolality.unit) == ("318", "mosm/kg")
    assert ph.locator != osmolality.locator


@pytest.mark.parametrize(("text", "code"), [(">2000", "above_range"), ("---", "value_missing"), ("", "value_missing")])
def test_a_cell_that_is_no_result_is_refused_by_name_and_the_file_is_kept(reviewable, text, code):
    house, record = reviewable
    file = receive(house, record, "nova_flex2", *flex(record.lot.number, osmolality=text))
    refused_codes = codes(house, file, FileResult("osmolality", "USP <785>", record.lot.number, "osmolality"))
    assert refused_codes[0] == "file_has_blocking_findings"
    assert len(refused_codes) > 1
    assert {row["code"] for row in file.findings if row["blocking"]} == set(refused_codes[1:])
    assert code in refused_codes
    assert InstrumentFile.objects.filter(pk=file.pk).exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "OTHER"}, "reading_not_found"),
        ({"sample": "OTHER"}, "reading_not_found"),
        ({"unit": "{TU}/mL"}, "unit_not_of_a_titre"),
        ({"template_volume_ul": ""}, "blank_value"),
        ({"template_volume_ul": "0"}, "titre_not_computable"),
        ({"measured_at": None}, "time_missing"),
    ],
)
def test_what_is_missing_for_a_titre_is_named(reviewable, changes, code):
    house, record = reviewable
    file = receive(house, record, "bio_rad_ddpcr", "run.csv", ddpcr(record.lot.number))
    assert codes(house, file, titre(record.lot.number, **changes)) == [code]


def test_the_same_bytes_are_received_once_and_a_cut_file_not_at_all(reviewable):
    house, record = reviewable
    content = ddpcr(record.lot.number)
    receive(house, record, "bio_rad_ddpcr", "run.csv", content)
    for fields, code in ((content, "file_received_already"), (content[: len(content) // 2], "file_cut_short")):
        with pytest.raises(Refusal) as refusal, transaction.atomic():
            receive(house, record, "bio_rad_ddpcr", "run.csv", fields)
        assert refusal.value.code == code
    assert InstrumentFile.objects.count() == 1


def test_a_result_is_made_of_a_file_on_a_page_with_the_same_refusals_as_over_rest(reviewable):
    house, record = reviewable
    lot, hana = record.lot, signed_in(house.hana)
    file = receive(house, record, "bio_rad_ddpcr", "run.csv", ddpcr(lot.number))
    address = f"/release/lots/{lot}/files/{file.pk}/"
    assert f"{address}result/" in hana.get(address).content.decode()
    assert f"{address}result/" not in signed_in(house.quinn).get(address).content.decode()
    fields = {
        "sample": "0", "test": "physical_titre", "method": "RT-ddPCR", "unit": "{copies}/mL", "analyst": "Hana Sato",
        "reaction_volume_ul": "20", "template_volume_ul": "5", "dilution_factor": "10000",
        "measured_at": (now() + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M:%S"),  # an hour ago, in Singapore
    }  # fmt: skip
    for fault, code, field in (
        ({"unit": "mg"}, "unit_not_of_a_titre", "unit"),
        ({"measured_at": ""}, "time_missing", "measured_at"),
        ({"dilution_factor": "many"}, "not_a_number", "dilution_factor"),
    ):
        page = hana.post(f"{address}result/", fields | fault)
        assert page.status_code == 422
        assert [row.code for row in page.context["form"].errors.as_data()[field]] == [code]
    assert not file.results.exists()
    assert hana.post(f"{address}result/", fields).url == address
    made = file.results.get()
    assert (made.reported, made.unit, made.analyst) == ("3.4×10^10", "{copies}/mL", "Hana Sato")
