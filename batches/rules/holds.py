"""Hold times: how long material waits between the end of one phase and the start of the next. domain.md F-3."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from batches.rules.recipe import Hold
from gatekeeper.core.limits import Limits, Verdict, judge
from gatekeeper.core.quantity import EXACT

_MICROSECONDS_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """A hold time at a moment: ``elapsed_h`` of ``limit_h`` hours, counted from ``since``."""

    after: str
    since: datetime
    limit_h: Decimal
    elapsed_h: Decimal
    temperature_class: str
    verdict: Verdict

    @property
    def ends_at(self) -> datetime:
        """When the limit is reached."""
        return self.since + timedelta(hours=float(self.limit_h))


def hours(duration: timedelta) -> Decimal:
    """Return the duration in hours, exact to 50 digits."""
    return EXACT.divide(Decimal(duration // timedelta(microseconds=1)), Decimal(_MICROSECONDS_PER_HOUR))


def clock(hold: Hold, *, since: datetime, at: datetime) -> Clock:
    """Return the hold time at a moment; a wait exactly as long as the limit is inside it."""
    elapsed = hours(at - since)
    alert = EXACT.divide(EXACT.multiply(hold.limit_h, hold.alert_percent), Decimal(100))
    limits = Limits(None, alert, None, hold.limit_h, "h")
    return Clock(hold.after, since, hold.limit_h, elapsed, hold.temperature_class, judge(elapsed, limits))
