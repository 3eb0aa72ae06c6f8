"""The demonstration's clock: days of manufacture in a minute.

A file holds a story time and the real time at which it was set. From there time runs at a hundredth of its pace, so
that a slow machine leaves no gap between the last reading of a phase and its end. Without the file the demonstration
runs on real time. Entries of the evidence log always carry the database's own clock. settings.CLOCK names this module
only while GATEKEEPER_DEMO is set, and a system check refuses it elsewhere.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from gatekeeper.accounts.clock import database

PACE = 0.01  # seconds of story time in a second of real time


def simulated() -> datetime:
    """Return the story's time, or the database's when no story runs."""
    real = database()
    try:
        anchor = json.loads(_file().read_text())
    except FileNotFoundError:
        return real
    return datetime.fromisoformat(anchor["story"]) + (real - datetime.fromisoformat(anchor["real"])) * PACE


def set_to(moment: datetime) -> None:
    """Let the story's time be this moment now."""
    anchor = {"story": moment.astimezone(UTC).isoformat(), "real": database().isoformat()}
    written = _file().with_suffix(".new")
    written.write_text(json.dumps(anchor))
    os.replace(written, _file())  # noqa: PTH105 -- atomic on one file system, and said so


def back_to_real_time() -> None:
    """End the story: from now on the database's clock counts."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return settings.DEMO_DIR / "clock.json"
