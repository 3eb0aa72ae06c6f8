"""E-f: equipment, skids and rules: one table of bad inputs gives the same codes through page and endpoint."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.models import Equipment
from batches.readings.models import Source
from gatekeeper.documents.models import Document
from tests.doors import signed_in
from tests.excursions.making import PH, SHIPPED_MAPPING, make_skid, make_unit, rules_toml

UNIT, EQUIPMENT = "equipment/TFF-1/", {"code": "HF-1", "name": "Module", "kind": "module", "site": "SG01"}
SOURCE, TAG = {"code": "S-1", "name": "Skid", "equipment": "TFF-1"}, {"code": "A", "parameter": "ph", "unit": "[pH]"}


@dataclass(frozen=True)
class Case:
    """A bad input: its code, field and status, its address (page, REST) and what is sent; ``table`` becomes rows."""

    code: str
    field: str
    addresses: tuple[str, str]
    sent: dict
    table: str = ""
    status: int = 422
    before: Callable = lambda people: None


def registering(**changes):
    return {"addresses": ("batches/equipment/register/", "equipment/"), "sent": EQUIPMENT | changes}


def describing(*tags, **changes):
    address = ("readings/sources/register/", "sources/")
    return {"addresses": address, "sent": SOURCE | changes | {"tags": list(tags)}, "table": "tags"}


def importing(toml):
    return {"addresses": ("documents/rule-sets/import/", "rule-sets/"), "sent": {"file": toml}}


def mapping(toml):
    return {"addresses": ("documents/log-mappings/import/", "log-mappings/"), "sent": {"file": toml}}


SHIPPED = SHIPPED_MAPPING.read_bytes()
CALIBRATE = ("batches/equipment/TFF-1/calibrate/", f"{UNIT}calibrations/")
MEASURE = ("batches/equipment/TFF-1/geometry/", f"{UNIT}geometry/")
CASES = (
    Case("already_registered", "code", **registering(code="tff-1"), status=409),
    Case("key_malformed", "code", **registering(code="a/b")),
    Case("date_in_the_past", "due_date", CALIBRATE, {"due_date": "2020-01-01", "reason": "Certificate C-1"}),
    Case("reason_missing", "reason", CALIBRATE, {"due_date": "2031-01-01", "reason": "n/a"}),
    Case("reason_missing", "reason", MEASURE, {"geometry": {}, "reason": ""}),
    Case("already_registered", "code", **describing(TAG, code="tff01"), status=409, before=make_skid),
    Case("key_malformed", "code", **describing(TAG, code="register")),
    Case("unknown_unit", "tags.0.unit", **describing(TAG | {"unit": "furlong"})),
    Case("units_differ_in_kind", "tags.0.unit", **describing(TAG | {"unit": "bar"})),
    Case("not_a_number", "tags.0.range_low", **describing(TAG | {"range_low": "warm"})),
    Case("range_upside_down", "tags.0.range_high", **describing(TAG | {"range_low": "9", "range_high": "2"})),
    Case("tag_twice", "tags", **describing(TAG, TAG | {"parameter": "flow", "unit": "L/min"})),
    Case("parameter_twice", "tags", **describing(TAG, TAG | {"code": "B"})),
    Case("not_toml", "file", **importing(b"a = ")),
    Case("rule_set_empty", "rule", **importing(rules_toml())),
    Case("unknown_unit", "rule.0.unit", **importing(rules_toml(PH.replace('"[pH]"', '"pH"')))),
    Case("not_toml", "file", **mapping(b"a = ")),
    Case("blank_value", "title", **mapping(SHIPPED.replace(b"title =", b'title = ""#'))),
    Case("unknown_unit", "column.3.unit", **mapping(SHIPPED.replace(b'"Cel"', b'"warm"'))),
    Case("mapping_value_invalid", "time.zone", **mapping(SHIPPED.replace(b"Asia/Singapore", b"Here"))),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.addresses[1]}")
def test_both_doors_refuse_with_the_same_code_at_the_same_field(people, case):
    if case.before is make_skid:
        make_skid(people)
    else:
        make_unit(people, 13)
    desk, before = signed_in(people["mei"]), recorded()
    page, answer = by_page(desk, case), by_api(desk, case)
    assert (page.status_code, answer.status_code) == (case.status, case.status)
    (shown,) = [
        (fault.code, "" if at == "__all__" else at)
        for at, found in page.context["form"].errors.as_data().items()
        for fault in found
    ]
    (told,) = [(fault["code"], fault["pointer"].lstrip("#/").replace("/", ".")) for fault in answer.json()["errors"]]
    assert told == (case.code, case.field)
    # A table and a file have fields of their own; what concerns all of them is shown above them.
    assert shown[0] == case.code
    assert shown[1] in {case.field, "file" if "file" in case.sent else "", "" if case.field == case.table else shown[1]}
    assert recorded() == before


def by_page(desk, case):
    form = {name: text for name, text in case.sent.items() if name not in {case.table, "geometry"}}
    for place, row in enumerate(case.sent.get(case.table, [])):
        form |= {f"{case.table}.{place}.{name}": text for name, text in row.items()}
    if "file" in form:
        form["file"] = SimpleUploadedFile("rules.toml", form["file"], content_type="application/toml")
    return desk.post(f"/{case.addresses[0]}", form)


def by_api(desk, case):
    body, kind = case.sent.get("file", case.sent), "application/toml" if "file" in case.sent else "application/json"
    return desk.post(f"/api/v1/{case.addresses[1]}", body, content_type=kind, headers={"If-Match": "*"})


def recorded():
    rows = Equipment.objects.order_by("pk").values_list("code", "geometry_version", "calibration_due_date")
    return list(rows), Source.objects.count(), Document.objects.count()
