"""B-1: a batch record is an exact copy of an approved master, whose recipe is read with every fault listed."""

import copy
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from batches.rules.recipe import parse
from gatekeeper.core.limits import Limits
from gatekeeper.core.refusal import Refusal

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "batches" / "data").glob("*.toml"))
MINIMAL = tomllib.loads("""
[master]
code = "M"
version = 1
title = "Made for a test"
material = "DP"
family = "lentiviral_vector"
shelf_life_d = 10

[[phase]]
code = "P1"
title = "First"
unit_procedure = "Upstream"
operation = "Growth"
instruction = "Grow."

[[phase.control]]
code = "volume"
title = "Volume"
unit = "L"
action_low = "1"

[[phase.control]]
code = "titre"
title = "Titre"
unit = "{vg}/mL"

[phase.yield]
volume = "volume"
concentration = "titre"
analyte = "{vg}"
method = "ddPCR"
method_version = "1"

[[phase]]
code = "P2"
title = "Second"
unit_procedure = "Fill"
operation = "Fill"
after = ["P1"]
instruction = "Fill."
significant = true

[[phase.material]]
role = "transfer"
quantity = "10"
unit = "mg"
tolerance_percent = "5"

[[phase.equipment]]
kind = "filler"

[[phase.control]]
code = "vials"
title = "Vials"
unit = "{vial}"
product_quantity = true
target = "80"

[phase.hold]
after = "P1"
limit_h = "4"
alert_percent = "80"
class = "2-8 °C"
""")


def without(path, key):
    content = copy.deepcopy(MINIMAL)
    at(content, path).pop(key)
    return content


def changed(path, key, value):
    content = copy.deepcopy(MINIMAL)
    at(content, path)[key] = value
    return content


def at(content, path):
    for part in path:
        content = content[part]
    return content


def faults(content):
    with pytest.raises(Refusal) as refusal:
        parse(content)
    return {(fault.code, fault.field) for fault in refusal.value.all}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_read_and_every_limit_has_a_basis(path):
    recipe = parse(tomllib.loads(path.read_text(encoding="utf-8")))
    limited = [
        control
        for phase in recipe.phases
        for control in phase.controls
        if control.limits != Limits(None, None, None, None, control.unit)
    ]
    assert len(limited) > 20
    assert all("domain 1." in control.basis for control in limited)


def test_the_parts_of_a_recipe_are_found_by_their_codes():
    recipe = parse(MINIMAL)
    second = recipe.phase("P2")
    assert recipe.phase("P3") is None
    assert second.control("vials").target == Decimal(80)
    assert second.control("volume") is None
    assert second.hold.limit_h == Decimal(4)
    assert second.materials[0].name == "transfer"
    assert recipe.phase("P1").yielded.step is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, ("recipe_table_wrong", "master")),
        ({"master": 3}, ("recipe_table_wrong", "master")),
        (without(["master"], "title"), ("recipe_text_missing", "master.title")),
        (changed(["master"], "version", True), ("recipe_whole_number_missing", "master.version")),
        (changed(["master"], "shelf_life_d", 0), ("recipe_whole_number_missing", "master.shelf_life_d")),
        (changed(["master"], "colour", "red"), ("recipe_unknown_key", "master.colour")),
        (changed([], "other", {}), ("recipe_unknown_key", "other")),
        (without([], "phase"), ("recipe_without_phases", "phase")),
        (changed([], "phase", "P1"), ("recipe_table_wrong", "phase")),
        (changed(["phase", 0], "code", "P2"), ("recipe_code_twice", "phase[1].code")),
        (changed(["phase", 0], "significant", "yes"), ("recipe_flag_wrong", "phase[0].significant")),
        (changed(["phase", 0], "after", "P0"), ("recipe_list_wrong", "phase[0].after")),
        (changed(["phase", 0], "after", ["P2"]), ("recipe_predecessor_unknown", "phase[0].after")),
        (changed(["phase", 0], "hold", 3), ("recipe_table_wrong", "phase[0].hold")),
        (changed(["phase", 1, "hold"], "after", "P9"), ("recipe_predecessor_unknown", "phase[1].hold.after")),
        (changed(["phase", 1, "hold"], "limit_h", "four"), ("not_a_number", "phase[1].hold.limit_h")),
        (without(["phase", 1, "hold"], "limit_h"), ("recipe_text_missing", "phase[1].hold.limit_h")),
        (changed(["phase", 1, "hold"], "severity", "huge"), ("recipe_unknown_choice", "phase[1].hold.severity")),
        (
            changed(["phase", 0, "control", 1], "code", "volume"),
            ("recipe_code_twice", "phase[0].control"),
        ),
        (changed(["phase", 0, "control", 0], "unit", "gallon"), ("unknown_unit", "phase[0].control[0].unit")),
        (
            changed(["phase", 0, "control", 0], "action_low", 1.5),
            ("number_not_text", "phase[0].control[0].action_low"),
        ),
        (
            changed(["phase", 0, "control", 0], "action_high", "0.5"),
            ("limits_not_nested", "phase[0].control[0].action_low"),
        ),
        (changed(["phase", 0, "yield"], "volume", "mass"), ("recipe_control_unknown", "phase[0].yield.volume")),
        (changed(["phase", 0, "yield"], "analyte", "vg"), ("unknown_unit", "phase[0].yield.analyte")),
        (
            changed(["phase", 0, "yield"], "step", {"action_low": 80.0}),
            ("number_not_text", "phase[0].yield.step.action_low"),
        ),
        (
            changed(["phase", 0, "yield"], "step", {"action_low": "80", "unit": "L"}),
            ("units_differ_in_kind", "phase[0].yield.step.unit"),
        ),
        (
            changed(["phase", 1, "material", 0], "material", "BUF"),
            ("recipe_need_unnamed", "phase[1].material[0].role"),
        ),
        (
            changed(["phase", 1, "material", 0], "quantity", "ten"),
            ("not_a_number", "phase[1].material[0].quantity"),
        ),
        (
            changed(["phase", 1, "control", 0], "product_quantity", False),
            ("recipe_without_product_quantity", "phase"),
        ),
    ],
)
def test_a_fault_is_named_at_its_place(content, expected):
    assert expected in faults(content)


def test_every_fault_is_listed_at_once():
    content = changed(["master"], "version", 0)
    content["phase"][0]["control"][0]["unit"] = "gallon"
    content["phase"][1]["after"] = ["P7"]
    assert {code for code, _ in faults(content)} >= {
        "recipe_whole_number_missing",
        "unknown_unit",
        "recipe_predecessor_unknown",
    }
