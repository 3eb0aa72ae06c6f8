"""2.5, ISA-5.1: a tag whose name says another measured variable than its parameter is refused; plain names are free."""

from string import ascii_uppercase

import pytest

from batches.readings.rules.loop_names import VARIABLES, check_loop_name
from batches.readings.rules.parameters import PARAMETERS
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.process import TAGS


@pytest.mark.parametrize(
    ("code", "parameter"),
    [
        ("PI101", "pressure"),
        ("PDI101", "pressure"),
        ("PIC-101A", "feed_pressure"),
        ("PI101.PV", "retentate_pressure"),
        ("TFF01/PI101.PV", "permeate_pressure"),
        ("Lyon/DSP2/TFF01/FeedPump/FIT101.PV", "flow"),
        ("TFF01.TI101", "temperature"),
        ("FQI101", "volume"),
        ("WI101", "volume"),
        ("LT12", "volume"),
        ("AI101", "ph"),
        ("QI101", "ph"),
        ("CI101", "conductivity"),
        ("DI101", "dissolved_oxygen"),
        ("SIC101", "agitation"),
        ("OI101", "osmolality"),
        ("UV201", "absorbance"),
    ],
)
def test_a_loop_name_that_fits_passes(code, parameter):
    check_loop_name(code, parameter)


@pytest.mark.parametrize(
    ("code", "parameter", "variable"),
    [
        ("TI101", "pressure", "temperature"),
        ("PI101.PV", "temperature", "pressure"),
        ("TFF01/PI101.PV", "flow", "pressure"),
        ("TFF01.PT101", "temperature", "pressure"),
        ("FI101", "volume", "flow rate"),
        ("AI101", "temperature", "analysis"),
        ("EI101", "ph", "voltage"),
        ("ZI101", "volume", "position"),
    ],
)
def test_a_loop_name_that_contradicts_is_refused_and_says_what_it_stands_for(code, parameter, variable):
    with pytest.raises(Refusal) as caught:
        check_loop_name(code, parameter, field="tags.3.code")
    assert (caught.value.code, caught.value.field) == ("tag_name_contradicts", "tags.3.code")
    assert variable in caught.value.message


@pytest.mark.parametrize(
    "code", ["PT100", "PT1000", "pH", "T1", "TEMP", "Temp101", "pi101", "PH101", "", "1", "P", "TI"]
)
def test_a_name_that_is_no_loop_name_is_free(code):
    for parameter in PARAMETERS:
        check_loop_name(code, parameter)


def test_every_letter_has_its_row_and_every_parameter_a_letter_that_is_not_anybodys_choice():
    assert set(VARIABLES) == set(ascii_uppercase)
    chosen = frozenset(PARAMETERS)
    measured = {row.code for row in PARAMETERS.values() if not row.derived}
    assert measured <= frozenset().union(*(allowed for _, allowed in VARIABLES.values() if allowed != chosen))


def test_the_tags_of_the_simulated_skids_are_loop_names_that_fit():
    for tags in TAGS.values():
        for code, tag in tags.items():
            check_loop_name(code, tag.parameter)
