"""A-6: an alarm is raised, acknowledged and cleared, each by itself; acknowledged is not resolved."""

from datetime import UTC, datetime

import pytest

from batches.excursions.rules.alarms import alarm_state, check_acknowledge, cleared_at
from gatekeeper.core.refusal import Refusal

EARLY, LATE = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_the_four_states():
    found = [alarm_state(cleared=cleared, acknowledged=noted) for cleared in (False, True) for noted in (False, True)]
    assert found == ["active-unacknowledged", "active-acknowledged", "cleared-unacknowledged", "cleared-acknowledged"]


def test_an_alarm_ceases_with_whatever_comes_first():
    assert cleared_at(ended_at=None, withdrawn_at=None, phase_ended_at=None) is None
    assert cleared_at(ended_at=LATE, withdrawn_at=None, phase_ended_at=EARLY) == EARLY


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"withdrawn": True}, "excursion_withdrawn"),
        ({"already": True}, "already_acknowledged"),
        ({"comment": " "}, "reason_missing"),
    ],
)
def test_who_acknowledges_says_something_and_once(given, code):
    whole = {"level": "action", "withdrawn": False, "already": False, "comment": "Valve closed."}
    with pytest.raises(Refusal) as caught:
        check_acknowledge(**whole | given)
    assert caught.value.code == code
    assert check_acknowledge(**whole) == "Valve closed."
    assert check_acknowledge(**whole | {"level": "alert", "comment": " "}) == ""
