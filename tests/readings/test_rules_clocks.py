"""domain.md 2.2, point 10: which clock is ahead, and what a signed offset covers."""

from decimal import Decimal

import numpy as np
import pytest

from batches.readings.rules.clocks import Correction, ahead, correction_faults, offset_us


def test_the_last_correction_that_covers_a_frame_counts():
    rows = (Correction("b", 1, 9, -5), Correction("b", 5, None, -7), Correction("c", 0, None, 3))
    asked = [("b", 0), ("b", 4), ("b", 5), ("b", 90), ("c", 2), ("d", 1)]
    assert [offset_us(rows, boot, sequence) for boot, sequence in asked] == [0, -5, -7, -7, 3, 0]


def test_what_lies_at_the_tolerance_is_not_ahead():
    assert ahead(np.array([59, 60, 61]), received_us=0, tolerance_us=60).tolist() == [False, False, True]


GOOD = {
    "first_sequence": 1,
    "last_sequence": 2,
    "offset": Decimal(-600),
    "longest_s": 86_400,
    "corrected_before": False,
}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, []),
        ({"last_sequence": None}, []),
        ({"first_sequence": -1}, ["sequence_out_of_range"]),
        ({"last_sequence": 0}, ["sequence_out_of_range"]),
        ({"offset": Decimal(0)}, ["offset_zero"]),
        ({"offset": Decimal(0), "corrected_before": True}, []),
        ({"offset": Decimal(86_401)}, ["offset_too_large"]),
    ],
)
def test_a_correction_names_everything_that_is_wrong_with_it(given, codes):
    assert [one.code for one in correction_faults(**GOOD | given)] == codes
