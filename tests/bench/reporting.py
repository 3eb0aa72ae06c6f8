"""A report of half a minute in the general queue: the evidence is verified and certificates are typeset, in turns."""

import time
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

SECONDS = 30.0
_MADE = "bench-reports"


@shared_task(name="bench.report", ignore_result=True)
def report(seconds: float) -> None:
    """Verify the log and typeset certificates until the time is up."""
    from gatekeeper.ledger import checkpoint, verification
    from tests.bench.certificates import Picture

    picture = Picture()
    verifier = checkpoint.read_verifier(Path(settings.LEDGER_PUBLIC_KEY_FILE), settings.LEDGER_ORIGIN)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        verification.verify(verifier)
        picture.run()
        cache.set(_MADE, cache.get(_MADE, 0) + 1, timeout=None)


def made() -> int:
    """Return how many rounds of verifying and typesetting the worker has done."""
    return int(cache.get(_MADE, 0))


class Reports:
    """Keeps one report going in the general queue while a case runs."""

    def __init__(self) -> None:
        self._until = 0.0

    def keep_going(self) -> None:
        """Ask for a report when the last one has ended."""
        if time.monotonic() >= self._until:
            report.apply_async((SECONDS,), queue="general")
            self._until = time.monotonic() + SECONDS
