"""What every scene of the story shares: the site, everybody's client, and the story's clock."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gatekeeper.demo import clock
from gatekeeper.demo.client import Client
from gatekeeper.demo.people import PASSWORD

SITE = "SG01"
_PATIENCE = 60.0  # s of real time until a worker must have done what a reading asks for


@dataclass
class Stage:
    """The stage: ``people`` logged in by user name, ``machines`` with their tokens, the story's present."""

    site: str
    machines: dict[str, Client]
    present: datetime
    _people: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Client:
        """Return somebody's client; a person logs in when first needed."""
        if name in self.machines:
            return self.machines[name]
        if name not in self._people:
            self._people[name] = Client(self.site).log_in(name, PASSWORD)
        return self._people[name]

    def later(self, **duration: float) -> datetime:
        """Let story time pass (``hours=2``) and return the new present."""
        self.present += timedelta(**duration)
        clock.set_to(self.present)
        return self.present


def say(sentence: str) -> None:
    """Print one line of the story."""
    print(f"    {sentence}", flush=True)


@contextmanager
def scene(title: str) -> Iterator[None]:
    """Print a scene's title and, when it ends, how long it took in real time."""
    began = time.monotonic()
    print(f"==> {title}", flush=True)
    yield
    print(f"    ({time.monotonic() - began:.1f} s)", flush=True)


def until(what: str, query: Callable[[], Any]) -> Any:
    """Return the first result of ``query`` that is not empty; it is repeated until then.

    :raises TimeoutError: when it stays empty for a minute.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if result := query():
            return result
        time.sleep(0.2)
    raise TimeoutError(f"{what} did not happen within {_PATIENCE:.0f} s.")
