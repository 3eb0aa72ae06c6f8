"""I-6, master data: what a skid can measure is a closed table; what is derived is never sent."""

import pytest

from batches.monitoring.rules.parameters import PARAMETERS, factor, measured, parameter
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
