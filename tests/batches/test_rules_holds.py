"""F-3: a hold time warns at 80 % of its limit and is exceeded beyond it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from batches.rules.holds import clock
from batches.rules.recipe import Hold
from gatekeeper.core.limits import Verdict

HOLD = Hold("L8", Decimal(4), Decimal(80), "2-8 °C", "major")
ENDED = datetime(2026, 11, 14, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [(0, Verdict.INSIDE), (192, Verdict.INSIDE), (193, Verdict.ALERT), (240, Verdict.ALERT), (241, Verdict.ACTION)],
)
def test_a_hold_time_is_judged_by_the_minute(minutes, verdict):
    hold = clock(HOLD, since=ENDED, at=ENDED + timedelta(minutes=minutes))
    assert hold.verdict is verdict
    assert hold.ends_at == ENDED + timedelta(hours=4)


def test_hours_are_exact():
    assert clock(HOLD, since=ENDED, at=ENDED + timedelta(minutes=90)).elapsed_h == Decimal("1.5")
