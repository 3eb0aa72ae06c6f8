"""I-6, master data: what a skid can measure is a closed table; what is derived is never sent."""

import pytest

from batches.readings.rules.parameters import PARAMETERS, factor, measured, parameter, rate_factor
from gatekeeper.core.quantity import unit
from gatekeeper.core.refusal import Refusal


def test_every_parameter_has_a_known_unit():
    for code, row in PARAMETERS.items():
        assert parameter(code) is row
        assert unit(row.unit).code == row.unit
        assert factor(row.unit, row.unit) == 1


@pytest.mark.parametrize(("code", "fault"), [("mood", "unknown_parameter"), ("wall_shear", "parameter_is_derived")])
def test_a_source_cannot_send_what_is_unknown_or_computed(code, fault):
    with pytest.raises(Refusal) as refused:
        measured(code, field="tags.0.parameter")
    assert (refused.value.code, refused.value.field) == (fault, "tags.0.parameter")


def test_a_source_sends_what_is_measured_in_any_unit_of_its_kind():
    assert measured("flow").unit == "L/min"
    assert factor("mL/min", "L/min") == 0.001


@pytest.mark.parametrize(
    ("source", "target", "scale"),
    [("Cel", "Cel/min", 1), ("bar", "mbar/min", 1000), ("uS/cm", "mS/cm/min", 0.001), ("[pH]", "[pH]/min", 1)],
)
def test_a_rate_is_a_change_a_minute_in_a_unit_of_its_kind(source, target, scale):
    assert rate_factor(source, target) == scale


@pytest.mark.parametrize(("source", "target"), [("Cel", "bar/min"), ("Cel", "Cel"), ("L", "L/min")])
def test_a_rate_of_another_kind_is_refused(source, target):
    with pytest.raises(Refusal) as refused:
        rate_factor(source, target)
    assert refused.value.code == "units_differ_in_kind"
