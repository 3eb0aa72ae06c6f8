"""E-f: the permitted sequence of steps is enforced."""

import pytest

from tests.batches.making import make_batch_record

pytestmark = pytest.mark.django_db


def test_a_batch_record_is_walked_from_issue_to_review_by_actions():
    record = make_batch_record(at="reviewed")
    assert record.status == "reviewed"
    assert record.lot.status == "quarantine"
    assert record.lot.quantity == 84
    assert {phase.state for phase in record.phases.all()} == {"verified"}
    assert not record.deviations.exists()
