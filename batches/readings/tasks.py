"""What workers do after frames were judged: the envelopes that charts are drawn from."""

from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

from batches.readings.actions.envelopes import keep_envelopes
from batches.readings.models import Frame
from gatekeeper.accounts.queries import person_named

MONITOR = "monitor"  # the machine that judges readings
_FRAMES = 100  # whose samples are in memory at once


def make_envelopes(payloads: Sequence[Mapping[str, Any]]) -> None:
    """Make the envelopes of the minutes that the frames of a source touch; nobody waits for them."""
    for ids in batched(frames_in(payloads), _FRAMES):
        frames = Frame.objects.select_related("source__site").filter(pk__in=ids)
        keep_envelopes(by=person_named(MONITOR), frames=list(frames))


def frames_in(payloads: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the primary keys of the frames that jobs name, in their order."""
    return [frame for payload in payloads for frame in payload["frames"]]
