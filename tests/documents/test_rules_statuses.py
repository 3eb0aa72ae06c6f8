"""E-k: what a version is follows from its status and its dates, at every time."""

from datetime import UTC, datetime, timedelta

import pytest

from gatekeeper.documents.rules.statuses import State, state_of

AT = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "effective_from", "effective_until", "state"),
    [
        ("draft", None, None, State.DRAFT),
        ("approved", AT, None, State.EFFECTIVE),
        ("approved", AT - DAY, AT + DAY, State.EFFECTIVE),
        ("approved", AT + DAY, None, State.APPROVED),
        ("approved", AT - DAY, AT, State.SUPERSEDED),
        ("approved", AT + DAY, AT + DAY, State.SUPERSEDED),
        ("retired", AT - DAY, AT, State.RETIRED),
    ],
)
def test_a_version_is_what_its_dates_make_of_it(status, effective_from, effective_until, state):
    assert state_of(status, effective_from=effective_from, effective_until=effective_until, at=AT) is state
