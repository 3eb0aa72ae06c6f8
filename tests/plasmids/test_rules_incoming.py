"""F-2: a plasmid lot is released when all that is required is there, passes, and is the construct."""

import pytest

from gatekeeper.core.criteria import Outcome
from gatekeeper.core.panels import panel
from plasmids.rules.incoming import Arrival, obstacles

PANEL = panel(
    {
        "attribute": [
            {"code": "supercoiled", "title": "Supercoiled share", "kind": "at_least", "low": "80", "unit": "%"},
            {"code": "appearance", "title": "Appearance", "kind": "report"},
        ]
    }
)
GOOD = {"supercoiled": Outcome.PASS, "appearance": Outcome.REPORTED}
MISSING = "result_missing"


@pytest.mark.parametrize(
    ("outcomes", "codes"),
    [
        (GOOD, []),
        ({}, [(MISSING, "supercoiled"), (MISSING, "appearance")]),
        ({"appearance": Outcome.PASS}, [(MISSING, "supercoiled")]),
        (GOOD | {"supercoiled": Outcome.FAIL}, [("result_does_not_pass", "supercoiled")]),
        (GOOD | {"appearance": Outcome.INVALID}, [("result_does_not_pass", "appearance")]),
    ],
)
def test_every_obstacle_is_named_in_the_order_of_the_specification(outcomes, codes):
    faults = obstacles(PANEL, Arrival(outcomes, "a" * 64, "a" * 64))
    assert [(fault.code, fault.field) for fault in faults] == codes


def test_another_sequence_is_another_plasmid_however_good_its_results():
    (faults,) = obstacles(PANEL, Arrival(GOOD, "a" * 64, "b" * 64))
    assert (faults.code, faults.field) == ("sequence_is_not_the_construct", "sequence_sha256")
